import { Context as ActivityContext } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { findRunningImport, insertImport, updateImport } from '../db/imports/imports.ts';
import { hasDueQuarantine, openDueQuarantine } from '../db/imports/quarantine.ts';
import { listSetAside, reopenStalled } from '../db/imports/set-aside.ts';
import type { Session } from '../providers/contract.ts';
import { readAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { workAtAccount } from '../credentials/session.ts';
import { advanceImport } from './advance.ts';
import { tellOfStart } from './events.ts';
import { importStateOf } from './finish.ts';
import { PARSER_VERSION } from './fetching/headers.ts';
import { later } from './heads.ts';
import { ImportRun, isRoutine } from './import-run.ts';
import { askForNews, isWhole } from './news.ts';
import { WORKING, isOneOf } from '../domain/channel.ts';

/** The outcome of a poll. */
export interface PollAnswer {
  /**
   * `nothing` new; `stored` all that was new; `more`: a running import is left, whose workflow must be started;
   * `needs_refresh`: the access token is spent or refused; `refused`: the provider refused or did not answer, which is
   * recorded; `crowded`: nothing was tried, because too much work of its tenant or server hangs; `gone`: the channel does
   * not exist or has no credential.
   */
  outcome: 'nothing' | 'stored' | 'more' | 'needs_refresh' | 'refused' | 'crowded' | 'gone';
  /** Messages that became visible. */
  stored: number;
  importId: string | null;
}

/** A poll that takes longer becomes an import with its own workflow. */
const POLL_MS = 15_000;
/** After this many interruptions in a row a poll lists nothing itself: an import has a row to count them. */
const MOST_FAILURES = 3;

/** Lists a channel's news and stores it. One bounded activity of the channel's workflow. */
export async function pollChannel(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<PollAnswer> {
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return { outcome: 'gone', stored: 0, importId: null };
  if (!isPolled(access.channel)) return { outcome: 'nothing', stored: 0, importId: null };
  await reopenWhatIsDue(context, access.channel);
  const running = await context.database.inTenant(tenantId, (tx) => findRunningImport(tx, channelId));
  if (running) {
    // A poll that died may have left it without a workflow.
    await handOver(context, access.channel, true);
    return { outcome: 'more', stored: 0, importId: running.id };
  }
  const signal = ActivityContext.current().cancellationSignal;
  const careful = endsInTheMiddle(access.channel);
  const work = (session: Session) => poll(context, access, session, signal, careful);
  const polled = await workAtAccount(context, access, signal, work, { urgent: true });
  if (polled.outcome === 'crowded') return { outcome: 'crowded', stored: 0, importId: null };
  const importId = await handOver(context, access.channel, careful || polled.outcome !== 'worked');
  if (polled.outcome !== 'worked') return { outcome: polled.outcome, stored: 0, importId };
  if (access.channel.importState === 'stalled') await showRecovery(context, access.channel);
  const stored = polled.result;
  if (importId !== null) return { outcome: 'more', stored, importId };
  return { outcome: stored > 0 ? 'stored' : 'nothing', stored, importId };
}

/** Trouble of the credential alone does not stop polls. */
function endsInTheMiddle({ failures, trouble }: ChannelRow): boolean {
  const { attempt } = ActivityContext.current().info;
  return attempt >= MOST_FAILURES || (failures >= MOST_FAILURES && trouble !== 'credential');
}

const isPolled = ({ status, importMode }: ChannelRow) => isOneOf(WORKING, status) && importMode !== 'off';

/** How many messages were stored. */
async function poll(
  context: Context,
  { channel, provider }: ChannelAccess,
  session: Session,
  signal: AbortSignal,
  careful: boolean,
): Promise<number> {
  const endsAtMs = performance.now() + POLL_MS;
  const answer = await askForNews(context, channel, { session, careful, endsAtMs });
  if (!answer.news) return cover(context, channel, answer.coveredUntil);
  const { headsAt, heads, aside, listed } = answer;
  const importId = await context.database.inTenant(channel.tenantId, async (tx) => {
    const now = await context.clock.now();
    const { id: channelId, tenantId, coveredUntil: windowFrom } = channel;
    const cause = channel.pollRequestedAt === null ? 'poll' : 'push';
    const routine = { cause, windowTo: null, movesCursor: true, backfill: false } as const;
    return insertImport(tx, { tenantId, channelId, windowFrom, ...routine, now });
  });
  if (importId === null || careful) return 0; // an import that was queued meanwhile lists the same
  const given = { context, channel, provider, session, importId, heads, headsAt, aside, signal, endsAtMs };
  const run = new ImportRun({ ...given, inline: true }, { listed });
  await advanceImport(run);
  return run.stored;
}

/** Every part is complete up to its head. */
async function cover(context: Context, channel: ChannelRow, covered: Date): Promise<number> {
  await context.database.inTenant(channel.tenantId, async (tx) => {
    const row = await lockChannel(tx, channel.id);
    // A session of another access covers nothing of this one.
    if (row?.accessVersion === channel.accessVersion && (await isWhole(tx, row.id))) {
      await updateChannel(tx, row.id, { coveredUntil: later(row.coveredUntil, covered) });
    }
  });
  return 0;
}

/** Whether a part that was set aside or a message in quarantine is to be tried again. */
export async function isAnythingDue(tx: Transaction, channelId: string, now: Date): Promise<boolean> {
  const isStalledDue = (await listSetAside(tx, channelId)).some(({ retryAt }) => retryAt <= now);
  return isStalledDue || hasDueQuarantine(tx, channelId, { now, parserVersion: PARSER_VERSION });
}

/**
 * Reopens the import of a part that was set aside when its retry is due, and messages in quarantine: unfetchable ones when
 * they are due, unparseable ones that an older parser could not read.
 */
async function reopenWhatIsDue(context: Context, { id, tenantId }: ChannelRow): Promise<void> {
  await context.database.inTenant(tenantId, async (tx) => {
    const now = await context.clock.now();
    const looking = { now, parserVersion: PARSER_VERSION };
    if (!(await isAnythingDue(tx, id, now))) return;
    const channel = await lockChannel(tx, id);
    if (channel) await openDueQuarantine(tx, id, looking);
    const reopened = channel && (await reopenStalled(tx, id, now));
    if (reopened && !reopened.audit) await updateChannel(tx, id, { importState: 'catching_up' });
  });
}

/** A poll that was put off for a reason of our own has come to its end. */
async function showRecovery(context: Context, { id, tenantId }: ChannelRow): Promise<void> {
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, id);
    if (row) await updateChannel(tx, id, { importState: await importStateOf(tx, id) });
  });
}

/**
 * An import that the poll left unfinished gets events and a workflow of its own. After an interruption it continues
 * carefully.
 */
async function handOver(context: Context, channel: ChannelRow, interrupted: boolean): Promise<string | null> {
  return context.database.inTenant(channel.tenantId, async (tx) => {
    const row = await lockChannel(tx, channel.id);
    const left = row && (await findRunningImport(tx, channel.id));
    if (!row || !left) return null;
    // A queued import emits its own events.
    if (left.told || !isRoutine(left)) return left.id;
    await updateChannel(tx, channel.id, { importState: 'catching_up' });
    if (interrupted) await updateImport(tx, left.id, { failures: left.failures + 1 });
    await tellOfStart(tx, left, await context.clock.now());
    return left.id;
  });
}
