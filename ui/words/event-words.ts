import type { EventType } from '../../domain/event.ts';
import { quarantinedCount } from '../../domain/receipt.ts';
import { explain } from './words.ts';
import type { Explained, Tone } from './words.ts';
import type { TimelineEvent } from '../../api/schemas/events.ts';
import type { Import } from '../../api/schemas/imports.ts';
import type { QuarantinedMessage } from '../../api/schemas/quarantine.ts';
import { accessLabel } from './access-words.ts';
import { plural } from './time.ts';

export interface EventWords {
  sentence: string;
  tone: Tone;
}

/** One line of a channel's timeline. `data` is thin and may lack anything, so nothing in it is relied upon. */
export function describeEvent(event: TimelineEvent, channel: Explained): EventWords {
  // A newer server may tell what this page does not know yet.
  const words: Words | undefined = EVENT_WORDS[event.type];
  return words?.(event, channel) ?? { sentence: event.type, tone: 'quiet' };
}

type Words = (event: TimelineEvent, channel: Explained) => EventWords;

const EVENT_WORDS: Record<EventType, Words> = {
  'channel.connected': plain('Connected. Everything that arrives from now on is imported.', 'good'),
  'channel.degraded': (event, channel) => ({ sentence: causeIn(event, channel, 'degraded'), tone: 'warn' }),
  'channel.reauth_required': (event, channel) => ({
    sentence: causeIn(event, channel, 'reauth_required'),
    tone: 'bad',
  }),
  'channel.reauth_reminder': plain('A reminder to act is due.', 'bad'),
  'channel.reauthorized': plain('A person signed in again; the connection works.', 'good'),
  'channel.repaired': plain('It works again, by itself.', 'good'),
  'channel.expiring': plain('The access runs out soon; a new sign-in will be needed.', 'warn'),
  'channel.blocked': (event, channel) => ({ sentence: causeIn(event, channel, 'blocked'), tone: 'bad' }),
  'channel.access_changed': ({ data }) => ({ sentence: accessChanged(data), tone: 'good' }),
  'channel.paused': plain('Paused.', 'quiet'),
  'channel.resumed': plain('Resumed.', 'good'),
  'channel.disconnected': ({ data }) => ({ sentence: disconnected(text(data, 'revocation')), tone: 'quiet' }),
  'credential.refreshed': ({ data }) => ({ sentence: `Access renewed${versionIn(data)}.`, tone: 'good' }),
  'subscription.renewal_failed': plain('The provider stopped telling us about news; we ask regularly instead.', 'warn'),
  'subscription.restored': plain('The provider tells us about news again.', 'good'),
  'gap.detected': ({ data }) =>
    text(data, 'cause') === 'access_changed'
      ? { sentence: 'The new access is compared with what is stored; an import fetches what is not.', tone: 'quiet' }
      : { sentence: 'Messages may have been missed; an import looks for them.', tone: 'warn' },
  'import.started': ({ data }) => ({
    sentence: `Import started${IMPORT_CAUSES[text(data, 'cause') ?? ''] ?? ''}.`,
    tone: 'quiet',
  }),
  'import.progress': ({ data }) => ({ sentence: progress(data), tone: 'quiet' }),
  'import.completed': ({ data }) => ({ sentence: `Import finished${receiptIn(data)}.`, tone: 'good' }),
  'import.stalled': ({ data }) => ({
    sentence: stalled(data),
    tone: 'warn',
  }),
  'message.received': ({ data }) => ({
    sentence: `${plural(number(data, 'count') ?? 1, 'new message')} stored.`,
    tone: 'quiet',
  }),
  'incident.opened': plain('Incident opened.', 'bad'),
  'incident.closed': plain('Incident closed.', 'good'),
};

function plain(sentence: string, tone: Tone): Words {
  return () => ({ sentence, tone });
}

function accessChanged(data: TimelineEvent['data']): string {
  const [from, to] = [text(data, 'from'), text(data, 'to')];
  if (from === null || to === null) return 'Moved to another access; history kept.';
  const [before, now] = [accessLabel(from), accessLabel(to)];
  const isBack = data['reversal'] === true;
  if (from === to)
    return isBack
      ? `Went back to the former ${now} access; history kept.`
      : `Moved to another ${now} access; history kept.`;
  return isBack ? `Went back from ${before} to ${now}; history kept.` : `Moved from ${before} to ${now}; history kept.`;
}

function stalled(data: TimelineEvent['data']): string {
  const folders = Array.isArray(data['set_aside']) ? data['set_aside'].map(String) : [];
  const aside = folders.length > 0 ? ` ${setAsideWords(folders)}` : '';
  return `Import got stuck${receiptIn(data)}${aside === '' ? '; it is tried again.' : `.${aside}`}`;
}

const IMPORT_CAUSES: Record<string, string> = {
  reauthorized: ' for what was missed',
  requested: ', requested',
  access_changed: ' after the access changed',
  poll: '',
  push: '',
};

/** What an import did, in one sentence; the numbers always add up to `found`. */
export function describeImport(it: Import): string {
  if (it.state === 'running') return 'Looking for what was missed and storing it.';
  if (it.state === 'cancelled') return 'Stopped before it was done; the next import goes on from here.';
  if (it.set_aside.length > 0) return setAsideWords(it.set_aside.map(({ folder }) => folder));
  if (it.missing > 0 || it.state === 'stalled') {
    return it.missing > 0
      ? `${plural(it.missing, 'message')} could not be fetched yet; it is tried again.`
      : 'It got stuck; it is tried again.';
  }
  if (it.found === 0) return it.compared ? 'Nothing was missed; compared with the mailbox.' : 'Nothing was missed.';
  const held = quarantinedCount(it);
  if (held > 0)
    return `${plural(held, 'message')} could not be had and ${held === 1 ? 'is' : 'are'} kept aside; ${rest(it)}.`;
  if (it.compared && it.cause === 'access_changed') return changedWords(it);
  if (it.compared) return 'Nothing is missing; compared with the mailbox message by message.';
  return `${plural(it.imported, 'message')} stored as ${it.imported === 1 ? 'it' : 'they'} came.`;
}

/** Its window begins before the last stored message. */
const changedWords = ({ already_had: known, imported }: Import) =>
  `Nothing is missing and nothing came twice: ${plural(known, 'message')} ${known === 1 ? 'was' : 'were'} there before, ${imported === 0 ? 'none' : plural(imported, 'message')} came new.`;

const rest = ({ compared }: Import) =>
  compared ? 'nothing else is missing, compared with the mailbox message by message' : 'everything else was stored';

/** Folders that cannot be listed. */
function setAsideWords(folders: string[]): string {
  const named = folders.slice(0, 3).map((folder) => `“${folder}”`);
  const more = folders.length > named.length ? ` and ${folders.length - named.length} more` : '';
  return `${named.join(', ')}${more} could not be listed; everything else goes on, and it is tried again within a day.`;
}

/** Why an import ran, for a heading. */
export function importTitle(cause: Import['cause']): string {
  switch (cause) {
    case 'reauthorized':
      return 'Missed messages, after signing in again';
    case 'requested':
      return 'Requested';
    case 'access_changed':
      return 'After the access changed';
    case 'push':
      return 'News the provider told us about';
    case 'poll':
      return 'Regular look';
  }
}

const SKIP_WORDS: Record<string, string> = {
  gone: 'deleted in the mailbox meanwhile',
  excluded_folder: 'in Trash, Spam or Drafts',
  outside_window: 'dated outside the window',
  unfetchable: 'kept aside, the provider does not give it',
  unparseable: 'kept aside, could not be read',
};

export function skipWords(reason: string): string {
  return SKIP_WORDS[reason] ?? reason.replaceAll('_', ' ');
}

/** Why one message lies in quarantine, and the code of its last try. */
export function quarantineWords({
  folder,
  reason,
  error,
}: Pick<QuarantinedMessage, 'folder' | 'reason' | 'error'>): string {
  const what = reason === 'unfetchable' ? 'The provider does not give it' : 'It breaks the reader';
  return `${what}${folder ? ` (folder ${folder})` : ''}${error ? `, last: ${error}` : ''}.`;
}

function causeIn(event: TimelineEvent, channel: Explained, status: 'degraded' | 'reauth_required' | 'blocked'): string {
  const reason = text(event.data, 'status_reason') ?? text(event.data, 'reason');
  return explain({ ...channel, status, status_reason: reason as Explained['status_reason'] }).cause;
}

function disconnected(revocation: string | null): string {
  const proof = REVOCATION_WORDS[revocation ?? ''];
  return proof ? `Disconnected. ${proof}` : 'Disconnected.';
}

/** What became of our access at the provider after a disconnect. */
export const REVOCATION_WORDS: Record<string, string> = {
  done: 'The provider confirmed that our access is withdrawn.',
  shared: 'Our access at the provider stays, because another channel of the same person uses it.',
  unsupported: 'The provider has no way to withdraw access from here.',
  failed: 'The provider did not confirm that our access is withdrawn.',
};

function progress(data: Record<string, unknown>): string {
  const nested = data['progress'];
  const source = typeof nested === 'object' && nested !== null ? (nested as Record<string, unknown>) : data;
  const done = number(source, 'done') ?? number(source, 'found');
  const estimate = number(source, 'estimate');
  if (done === null) return 'Import is under way.';
  return estimate === null
    ? `Import: ${plural(done, 'message')} so far.`
    : `Import: ${done} of about ${plural(estimate, 'message')}.`;
}

function receiptIn(data: Record<string, unknown>): string {
  const found = number(data, 'found');
  if (found === null) return '';
  const missing = number(data, 'missing') ?? 0;
  return `: ${found} found, ${number(data, 'imported') ?? 0} imported, ${missing} missing`;
}

function versionIn(data: Record<string, unknown>): string {
  const version = number(data, 'version') ?? number(data, 'credential_version');
  return version === null ? '' : ` (version ${version})`;
}

function text(data: Record<string, unknown>, key: string): string | null {
  const value = data[key];
  return typeof value === 'string' ? value : null;
}

function number(data: Record<string, unknown>, key: string): number | null {
  const value = data[key];
  return typeof value === 'number' ? value : null;
}
