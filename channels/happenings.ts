import { isOneOf, isOperatorsTrouble, LEFT, NEEDS_PERSON, transition } from '../domain/channel.ts';
import type { ChannelEventType, ChannelState, Happening, Transition } from '../domain/channel.ts';
import { stateOf } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertEvent } from '../db/events/events.ts';
import { closeIncident, countIncidentsOfPerson, openChannelIncident } from '../db/channels/incidents.ts';
import { channels } from '../db/schema/channels.ts';
import { eq } from 'drizzle-orm';

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
  const { id: incidentId, isNew } = await settleIncident(tx, row, happening, change.incident, now);
  const state = happening.type === 'refused' ? await askSupport(tx, row, change.state, incidentId, now) : change.state;
  if (isNew) await tellOfIncident(tx, row, { incidentId, state, now });
  const healed = happening.type === 'worked';
  const { event, shown, isOver } = await tellOf(tx, row, change, incidentId, { at: now, healed });
  const [changed] = await tx
    .update(channels)
    .set({
      status: state.status,
      statusReason: state.reason,
      action: state.action,
      providerCode: state.providerCode,
      pausedAt: state.paused ? (row.pausedAt ?? now) : null,
      credentialVersion: state.credentialVersion,
      statusSince: state.status === row.status ? row.statusSince : now,
      incidentId: shown,
      ...more,
    })
    .where(eq(channels.id, row.id))
    .returning();
  if (!changed) throw new Error(`No channel ${row.id} in this tenant`);
  const about = { tenantId: row.tenantId, channelId: row.id, incidentId, data: eventData(changed), at: now };
  if (event !== null) await insertEvent(tx, { ...about, type: event });
  if (isOver) await insertEvent(tx, { ...about, type: 'incident.closed' });
  return changed;
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
  closing: { at: Date; healed: boolean },
): Promise<{ event: ChannelEventType | null; shown: string | null; isOver: boolean }> {
  if (incident !== 'close') return { event, shown: incidentId ?? row.incidentId, isOver: false };
  const closed = row.incidentId === null ? null : await closeIncident(tx, row.incidentId, closing);
  // One that was reopened has told its end.
  const isOver = closed?.isFirst ?? false;
  if (!isOperatorsTrouble(row) || closed) return { event, shown: null, isOver };
  const goes = isOneOf(LEFT, state.status);
  return { event: event === 'channel.repaired' ? null : event, shown: goes ? null : row.incidentId, isOver };
}

/** The incident the event belongs to: the one that opens, closes or goes on. */
async function settleIncident(
  tx: Transaction,
  row: ChannelRow,
  happening: Happening,
  change: 'open' | 'close' | 'keep',
  now: Date,
): Promise<{ id: string | null; isNew: boolean }> {
  if (change !== 'open') return { id: row.incidentId, isNew: false };
  const reason = happening.type === 'refused' ? happening.verdict.reason : null;
  return openChannelIncident(tx, {
    tenantId: row.tenantId,
    channelId: row.id,
    provider: row.accessType,
    reason,
    at: now,
  });
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
  const asksPerson = isOneOf(NEEDS_PERSON, state.status) && !isOperatorsTrouble(state);
  if (!asksPerson || incidentId === null) return state;
  const times = await countIncidentsOfPerson(tx, { id: incidentId, channelId: row.id, at: now });
  if (times < SUPPORT_AFTER || state.status !== 'reauth_required') return state;
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

function eventData(row: ChannelRow): Record<string, unknown> {
  return {
    account: { email: row.accountEmail },
    accessType: row.accessType,
    status: row.status,
    statusReason: row.statusReason,
    action: row.action,
    providerCode: row.providerCode,
    credentialVersion: row.credentialVersion,
    ...(row.revocation === null ? {} : { revocation: row.revocation }),
  };
}
