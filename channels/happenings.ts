import { asksPerson, isOneOf, isOperatorsTrouble, LEFT, transition } from '../domain/channel.ts';
import type { ChannelEventType, ChannelState, Happening, Transition } from '../domain/channel.ts';
import { CHANNEL_COLUMNS, stateOf } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertEvent } from '../db/events/events.ts';
import {
  closeIncident,
  countIncidentsOfPerson,
  openChannelIncident,
  setIncidentAction,
} from '../db/channels/incidents.ts';
import { findOutage, joinIncident } from '../db/incidents/wider.ts';
import { channels } from '../db/schema/channels.ts';
import { eq } from 'drizzle-orm';
import { reminderAfter } from './reminders.ts';

/**
 * Applies a happening to a channel: the pure transition, the row, the incident and the event, in the caller's
 * transaction. `row` must be locked (`lockChannel`). `more` are columns that change with it.
 */
export async function letHappen(
  tx: Transaction,
  row: ChannelRow,
  happening: Happening,
  now: Date,
  more: Partial<Omit<typeof channels.$inferInsert, 'status'>> = {},
): Promise<ChannelRow> {
  const change = asOperators(row, transition(stateOf(row), happening));
  const { id: incidentId, isNew, outage } = await settleIncident(tx, row, change, now);
  const state = happening.type === 'refused' ? await askSupport(tx, row, change.state, incidentId, now) : change.state;
  if (isNew) await tellOfIncident(tx, row, { incidentId, state, now });
  const ending = {
    at: now,
    healed: happening.type === 'worked',
    reauthorized: isRenewal(happening),
    paused: happening.type === 'paused',
  };
  const { event, shown, isOver, partOf } = await tellOf(tx, row, change, incidentId, ending);
  const [changed] = await tx
    .update(channels)
    .set({
      status: state.status,
      statusReason: state.reason,
      action: state.action,
      providerCode: state.providerCode,
      reasonTold: isTold(row, state, happening),
      pausedAt: state.paused ? (row.pausedAt ?? now) : null,
      credentialVersion: state.credentialVersion,
      statusSince: state.status === row.status ? row.statusSince : now,
      incidentId: shown,
      nextReminderAt: await reminderAfter(tx, row, { state, incidentId: shown, now }),
      ...(isRenewal(happening) ? { waitsFor: null } : {}),
      ...more,
    })
    .where(eq(channels.id, row.id))
    .returning(CHANNEL_COLUMNS);
  if (!changed) throw new Error(`No channel ${row.id} in this tenant`);
  const data = eventData(changed, outage ?? partOf);
  const about = { tenantId: row.tenantId, channelId: row.id, incidentId, data, at: now };
  if (event !== null) await insertEvent(tx, { ...about, data: { ...data, ...changeOf(happening) }, type: event });
  if (isOver) await insertEvent(tx, { ...about, type: 'incident.closed' });
  return changed;
}

/** The channel rests on another sign-in. */
const isRenewal = ({ type }: Happening) => type === 'reauthorized' || type === 'access_changed';

/** What the event tells of a change of access beside the channel. */
function changeOf(happening: Happening): Record<string, unknown> {
  if (happening.type !== 'access_changed') return {};
  const { from, to, reversal } = happening;
  return { from, to, reversal };
}

/** Whether the provider told the reason that the channel shows from now on. */
function isTold(row: ChannelRow, { reason }: ChannelState, happening: Happening): boolean {
  if (reason === null) return false;
  const told = happening.type === 'refused' && happening.verdict.reason === reason && happening.verdict.told === true;
  return told || (row.reasonTold && row.statusReason === reason);
}

/**
 * A fault of the app's own client is the operator's (rule 11): no event of the channel, no incident of its own. The one
 * for all channels of the client is across tenants (credentials/outcomes.ts sees to it).
 */
function asOperators(row: ChannelRow, change: Transition): Transition {
  if (isOperatorsTrouble(change.state)) return { ...change, event: null, incident: 'keep' };
  const isNews = isOperatorsTrouble(row) && change.state.status === 'blocked';
  return isNews ? { ...change, event: 'channel.blocked', incident: 'open' } : change;
}

/**
 * The event to tell, and the incident the row shows from now on. Who was never told that the operator's trouble began
 * is not told that it ended; the row keeps that incident's id until it is closed.
 */
async function tellOf(
  tx: Transaction,
  row: ChannelRow,
  { event, incident, state }: Transition,
  incidentId: string | null,
  closing: { at: Date; healed: boolean; reauthorized: boolean; paused: boolean },
): Promise<{ event: ChannelEventType | null; shown: string | null; isOver: boolean; partOf: string | null }> {
  if (incident !== 'close') return { event, shown: incidentId ?? row.incidentId, isOver: false, partOf: null };
  const closed = row.incidentId === null ? null : await closeIncident(tx, row.incidentId, closing);
  // One that was reopened has told its end.
  const isOver = closed?.isFirst ?? false;
  // A channel without an incident of its own was part of a wider one.
  const partOf = closed ? closed.foldedInto : row.incidentId;
  if (!isOperatorsTrouble(row) || closed) return { event, shown: null, isOver, partOf };
  const goes = isOneOf(LEFT, state.status);
  return {
    event: event === 'channel.repaired' ? null : event,
    shown: goes ? null : row.incidentId,
    isOver,
    partOf: null,
  };
}

interface Settled {
  id: string | null;
  /** An incident of the channel's own that was not there before. */
  isNew: boolean;
  /** The incident of its provider that the channel joins instead. */
  outage: string | null;
}

/**
 * The incident the event belongs to: the one that opens, closes or goes on. While a provider or mail server is in
 * trouble, a channel that degrades is part of that one problem and opens none of its own (rule 11).
 */
async function settleIncident(
  tx: Transaction,
  row: ChannelRow,
  { state, incident }: Transition,
  now: Date,
): Promise<Settled> {
  if (incident !== 'open') return { id: row.incidentId, isNew: false, outage: null };
  const outage = state.status === 'degraded' ? await findOutage(tx, row) : null;
  if (outage !== null) {
    await joinIncident(tx, outage, row, now);
    return { id: outage, isNew: false, outage };
  }
  const { reason, action, providerCode } = state;
  const opened = await openChannelIncident(tx, {
    tenantId: row.tenantId,
    channelId: row.id,
    provider: row.accessType,
    reason,
    action,
    providerCode,
    lastVerifiedAt: row.lastVerifiedAt,
    at: now,
    goesOn: row.trouble !== null,
  });
  return { ...opened, outage: null };
}

/** With so many incidents in 30 days that asked a person, another sign-in is not what helps. */
const SUPPORT_AFTER = 3;

async function askSupport(
  tx: Transaction,
  row: ChannelRow,
  state: ChannelState,
  incidentId: string | null,
  now: Date,
): Promise<ChannelState> {
  if (!asksPerson(state) || incidentId === null) return state;
  const times = await countIncidentsOfPerson(tx, { id: incidentId, channelId: row.id, at: now });
  if (times < SUPPORT_AFTER || state.status !== 'reauth_required') return state;
  await setIncidentAction(tx, incidentId, 'contact_support');
  return { ...state, action: 'contact_support' };
}

async function tellOfIncident(
  tx: Transaction,
  { tenantId, id: channelId }: ChannelRow,
  { incidentId, state, now }: { incidentId: string | null; state: ChannelState; now: Date },
): Promise<void> {
  const data = { reason: state.reason, action: state.action };
  await insertEvent(tx, { tenantId, channelId, type: 'incident.opened', incidentId, data, at: now });
}

/** `partOf`: the incident of the provider that the channel's trouble is part of. */
export function eventData(row: ChannelRow, partOf: string | null): Record<string, unknown> {
  return {
    account: { email: row.accountEmail },
    accessType: row.accessType,
    status: row.status,
    statusReason: row.statusReason,
    action: row.action,
    providerCode: row.providerCode,
    credentialVersion: row.credentialVersion,
    ...(row.revocation === null ? {} : { revocation: row.revocation }),
    ...(partOf === null ? {} : { partOf }),
  };
}
