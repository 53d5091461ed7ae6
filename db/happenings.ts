import { transition } from '../domain/channel.ts';
import type { Happening } from '../domain/channel.ts';
import { actionOf } from '../domain/verdict.ts';
import { stateOf } from './channels.ts';
import type { ChannelRow } from './channels.ts';
import type { Transaction } from './client.ts';
import { insertEvent } from './events.ts';
import { closeIncident, openChannelIncident } from './incidents.ts';
import { channels } from './schema/channels.ts';
import { eq } from 'drizzle-orm';

/**
 * Lets something happen to a channel: the pure transition, the row, the incident and the event, in the caller's
 * transaction. `row` must be locked (`lockChannel`). `more` are columns that change with it.
 */
export async function letHappen(
  tx: Transaction,
  row: ChannelRow,
  happening: Happening,
  now: Date,
  more: Partial<Omit<typeof channels.$inferInsert, 'status'>> = {},
): Promise<ChannelRow> {
  const { state, event, incident } = transition(stateOf(row), happening);
  const incidentId = await settleIncident(tx, row, happening, incident, now);
  const [changed] = await tx
    .update(channels)
    .set({
      status: state.status,
      statusReason: state.reason,
      action: state.action,
      providerCode: state.providerCode,
      credentialVersion: state.credentialVersion,
      statusSince: state.status === row.status ? row.statusSince : now,
      incidentId: incident === 'close' ? null : (incidentId ?? row.incidentId),
      ...more,
    })
    .where(eq(channels.id, row.id))
    .returning();
  if (!changed) throw new Error(`There is no channel ${row.id} in this tenant`);
  if (event !== null) {
    await insertEvent(tx, {
      tenantId: row.tenantId,
      channelId: row.id,
      type: event,
      incidentId,
      data: eventData(changed),
      at: now,
    });
  }
  return changed;
}

/** The incident the event belongs to: the one that opens, closes or goes on. */
async function settleIncident(
  tx: Transaction,
  row: ChannelRow,
  happening: Happening,
  change: 'open' | 'close' | 'keep',
  now: Date,
): Promise<string | null> {
  if (change === 'keep' || (change === 'close' && row.incidentId === null)) return row.incidentId;
  if (change === 'close') {
    await closeIncident(tx, row.incidentId ?? '', now);
    return row.incidentId;
  }
  const reason = happening.type === 'refused' ? happening.verdict.reason : null;
  const opened = await openChannelIncident(tx, {
    tenantId: row.tenantId,
    channelId: row.id,
    provider: row.accessType,
    reason,
    at: now,
  });
  if (opened.isNew && happening.type === 'refused') {
    await insertEvent(tx, {
      tenantId: row.tenantId,
      channelId: row.id,
      type: 'incident.opened',
      incidentId: opened.id,
      data: { reason, action: actionOf(happening.verdict.kind) },
      at: now,
    });
  }
  return opened.id;
}

function eventData(row: ChannelRow): Record<string, unknown> {
  return {
    account: { email: row.accountEmail },
    access_type: row.accessType,
    status: row.status,
    status_reason: row.statusReason,
    action: row.action,
    provider_code: row.providerCode,
    credential_version: row.credentialVersion,
  };
}
