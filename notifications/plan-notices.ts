import { findChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { EventRow, RecipientReference } from '../db/across-tenants/notices.ts';
import { findPolicy } from '../db/access/tenants.ts';
import type { Transaction } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import { findHold } from '../db/incidents/wider.ts';
import { findUnreachable } from '../db/notices/addresses.ts';
import { insertNotices, listTold, suppressNotices, suppressWarnings } from '../db/notices/notices.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import type { Person } from '../db/schema/tenants.ts';
import { normalAddress } from '../domain/address.ts';
import { NEEDS_PERSON, isOneOf, isOperatorsTrouble } from '../domain/channel.ts';
import { isAsking } from '../domain/notices/notice.ts';
import type { NoticeKind, Suppression } from '../domain/notices/notice.ts';
import type { Audience } from '../domain/notices/who-is-told.ts';
import { audienceOf, rowsOf } from './audience.ts';
import type { Step } from './audience.ts';
import { planExpiring } from './plan-expiring.ts';

const ALERT = 'alert';
const RECOVERED = 'recovered';

/**
 * Plans what an event gives reason to tell; returns the people whose workflows have to look. The row decides, and not
 * the event, which may be old: a channel that works again asks no person.
 */
export async function planNotices(tx: Transaction, event: EventRow, now: Date): Promise<RecipientReference[]> {
  const { incidentId } = event;
  const channel = event.channelId === null ? null : await findChannel(tx, event.channelId);
  if (!channel) return [];
  const end = ENDS.get(event.type);
  if (end?.renews) {
    await suppressWarnings(tx, { channelId: channel.id, before: event.at, error: end.error, now });
  }
  if (event.type === 'channel.expiring') {
    const { expiresAt } = event.data as { expiresAt?: string };
    return expiresAt === undefined ? [] : planExpiring(tx, channel, { end: new Date(expiresAt), now });
  }
  if (incidentId === null) return [];
  if (end) return planEnd(tx, channel, { ...end, incidentId, now });
  if (channel.incidentId !== incidentId) return [];
  if (event.type === 'channel.reauth_reminder') return planReminder(tx, channel, event, now);
  return planAlert(tx, channel, now);
}

/** The events that end an incident. `renews`: the grant is another one, or none, so that its warning is over as well. */
const ENDS: ReadonlyMap<EventRow['type'], { error: Suppression; tells: boolean; renews: boolean }> = new Map([
  ['channel.repaired', { error: 'repaired', tells: true, renews: false }],
  ['channel.reauthorized', { error: 'reauthorized', tells: true, renews: true }],
  ['channel.access_changed', { error: 'reauthorized', tells: true, renews: true }],
  ['channel.paused', { error: 'paused', tells: false, renews: false }],
  ['channel.disconnected', { error: 'disconnected', tells: false, renews: true }],
]);
const ASKS: readonly EventRow['type'][] = [
  'channel.reauth_required',
  'channel.blocked',
  'channel.reauth_reminder',
  'channel.expiring',
];

/** Whether an event may give reason to tell people, or to tell them no more. */
export const isPlanned = (type: EventRow['type']) => ASKS.includes(type) || ENDS.has(type);

/** The first notice of an incident. */
async function planAlert(tx: Transaction, channel: ChannelRow, now: Date): Promise<RecipientReference[]> {
  return planStep(tx, channel, { occasion: ALERT, kind: kindOfAlert(channel) }, now);
}

export function kindOfAlert({ action }: ChannelRow): NoticeKind {
  return action === 'admin_consent' ? 'admin_consent' : 'reauth_required';
}

async function planReminder(tx: Transaction, channel: ChannelRow, event: EventRow, now: Date) {
  const { number, adminsJoin, adminsAlone } = event.data as {
    number?: number;
    adminsJoin?: boolean;
    adminsAlone?: boolean;
  };
  const admins = { adminsJoin: adminsJoin === true, adminsAlone: adminsAlone === true };
  return planStep(tx, channel, { occasion: `reminder/${number ?? 1}`, kind: 'reminder', ...admins }, now);
}

/**
 * Tells the people of a channel of a step of its incident, unless the trouble is not theirs (rule 11). Every notice waits
 * for the operator while many people have to sign in at once.
 */
export async function planStep(tx: Transaction, channel: ChannelRow, step: Step, now: Date): Promise<NoticeRow[]> {
  if (!asksPerson(channel)) return [];
  const policy = await findPolicy(tx, channel.tenantId);
  const audience = await audienceOf(tx, channel, policy, step.adminsJoin === true || policy.adminsJoinAfterDays === 0);
  const hold = channel.status === 'reauth_required' ? await findHold(tx, channel.accessType, now) : null;
  const people = step.adminsAlone ? joining(audience) : audience;
  const rows = await insertNotices(tx, rowsOf(channel, step, { people, hold, now }));
  const told = rows.filter(({ state }) => state === 'queued');
  for (const { id, recipientId } of told) await suppressEarlier(tx, channel, { id, recipientId }, now);
  return told;
}

/** The admins who join because the owner did nothing; of a shared channel, whose admins are told anyway, none. */
const joining = ({ told, notTold }: Audience<Person>): Audience<Person> => ({
  told: told.filter(({ why }) => why === 'owner_silent'),
  notTold: notTold.filter(({ why }) => why === 'owner_silent'),
});

/** Whether a person of the tenant must act. */
export function asksPerson(channel: ChannelRow): boolean {
  return isOneOf(NEEDS_PERSON, channel.status) && !isOperatorsTrouble(channel) && channel.incidentId !== null;
}

/** A notice that still waits is not sent beside a later one of the same channel. */
async function suppressEarlier(
  tx: Transaction,
  { id: channelId }: ChannelRow,
  { id: exceptId, recipientId }: Pick<NoticeRow, 'id' | 'recipientId'>,
  now: Date,
): Promise<void> {
  await suppressNotices(tx, { channelId, recipientId, asking: true, exceptId }, 'superseded', now);
}

/** The end of an incident: what waits is not sent, and those who were asked are told that it is over, once. */
async function planEnd(
  tx: Transaction,
  channel: ChannelRow,
  end: { incidentId: string; error: Suppression; tells: boolean; now: Date },
): Promise<RecipientReference[]> {
  const { incidentId, error, tells, now } = end;
  if (channel.incidentId === incidentId && asksPerson(channel)) return []; // reopened since
  await suppressNotices(tx, { incidentId, asking: true }, error, now);
  if (!tells) return [];
  const asked = (await listTold(tx, incidentId, now)).filter(({ kind }) => isAsking(kind));
  const people = new Map(asked.map((row) => [row.recipientId, row]));
  const addresses = asked.flatMap(({ recipient }) => recipient ?? []);
  const unreachable = await findUnreachable(tx, { tenantId: channel.tenantId, channelId: channel.id, addresses });
  const rows = [...people.values()].map(({ tenantId, channelId, recipient, recipientId, why }) => ({
    id: newId('ntc'),
    tenantId,
    channelId,
    incidentId,
    recipient,
    recipientId,
    why,
    kind: 'recovered' as const,
    occasion: RECOVERED,
    dueAt: now,
    createdAt: now,
    at: now,
    ...stateOf(unreachable.get(normalAddress(recipient ?? ''))),
  }));
  return (await insertNotices(tx, rows)).filter(({ state }) => state === 'queued');
}

const stateOf = (error: 'unsubscribed' | 'address_refused' | undefined) =>
  error ? { state: 'suppressed' as const, error } : { state: 'queued' as const, error: null };
