import { and, eq, gt, inArray, isNull, notExists, notInArray, or, sql } from 'drizzle-orm';
import type { InferSelectModel, SQL } from 'drizzle-orm';
import type { ChannelRow } from '../channels/channels.ts';
import type { Database, Transaction } from '../client.ts';
import { insertEvent } from '../events/events.ts';
import { newId } from '../ids.ts';
import type { Forgotten } from './forgotten.ts';
import { channels, incidents, nudges } from '../schema/channels.ts';
import { LEFT, WELL } from '../../domain/channel.ts';

/*
 * A fault of the app's own client is one incident for all channels of the client, of all tenants (rule 11). Its events
 * belong to no tenant: only endpoints and streams that see every tenant get them. Every transaction here runs across
 * tenants.
 */

/** A fault of the app's own client (`misconfigured`), as one channel met it. */
export interface OperatorFault {
  channel: ChannelRow;
  /** The client id; '' where there is none. */
  client: string;
  now: Date;
}

/**
 * For this long after another channel got through, in ms, a refusal may still have been on its way and opens no
 * incident. A channel that is still refused reports it at its next try.
 */
const UNDER_WAY_MS = 60_000;

const operatorsIncidents = (tx: Transaction) =>
  tx.select({ id: incidents.id }).from(incidents).where(isNull(incidents.channelId));

/**
 * Opens the incident unless it is open, emits the event, and writes its id to the channel's row. True when it is new.
 */
export async function openOperatorIncident(
  database: Database,
  { channel, client, now }: OperatorFault,
): Promise<boolean> {
  return database.acrossTenants(async (tx) => {
    const fault = { provider: channel.accessType, client, reason: channel.statusReason };
    const [inserted] = await tx
      .insert(incidents)
      .values({ id: newId('inc'), ...fault, openedAt: now })
      .onConflictDoNothing()
      .returning({ id: incidents.id });
    if (!inserted) {
      const [open] = await tx.select({ id: incidents.id }).from(incidents).where(openOf(fault));
      if (open) await showIncident(tx, channel.id, open.id);
      return false;
    }
    // Checked only here: the insert above waits for an incident that is being closed.
    const isOver = await wasClosedSince(tx, fault, new Date(now.getTime() - UNDER_WAY_MS));
    if (isOver || !(await showIncident(tx, channel.id, inserted.id))) {
      await tx.delete(incidents).where(eq(incidents.id, inserted.id));
      return false;
    }
    const { action, providerCode } = channel;
    await tell(tx, 'incident.opened', { ...inserted, ...fault }, now, { action, providerCode });
    return true;
  });
}

/** False when the channel no longer has this trouble. */
async function showIncident(tx: Transaction, channelId: string, incidentId: string): Promise<boolean> {
  const shown = await tx
    .update(channels)
    .set({ incidentId })
    .where(
      and(
        eq(channels.id, channelId),
        eq(channels.action, 'fix_app_credentials'),
        or(isNull(channels.incidentId), inArray(channels.incidentId, operatorsIncidents(tx))),
      ),
    )
    .returning({ id: channels.id });
  return shown.length > 0;
}

const openOf = ({ provider, client }: { provider: string; client: string }) =>
  and(
    eq(incidents.provider, provider),
    eq(incidents.client, client),
    isNull(incidents.channelId),
    isNull(incidents.closedAt),
  );

async function wasClosedSince(tx: Transaction, { provider, client }: { provider: string; client: string }, at: Date) {
  const recently = and(isNull(incidents.channelId), gt(incidents.closedAt, at));
  const [closed] = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(and(eq(incidents.provider, provider), eq(incidents.client, client), recently))
    .limit(1);
  return closed !== undefined;
}

async function tell(
  tx: Transaction,
  type: 'incident.opened' | 'incident.closed',
  { id, provider, reason }: Pick<InferSelectModel<typeof incidents>, 'id' | 'provider' | 'reason'>,
  at: Date,
  more: Record<string, unknown> = {},
): Promise<void> {
  const data = { provider, reason, ...more };
  await insertEvent(tx, { tenantId: null, channelId: null, type, incidentId: id, data, at });
}

/**
 * How many channels are signalled at once when the client works again, and over which time, in ms. The others retry at
 * their own time.
 */
const WOKEN_AT_ONCE = 500;
const WOKEN_WITHIN_MS = 5_000;

/**
 * A channel got through to the provider with this client: closes the incident, emits the event, and moves the next try
 * of the other channels forward. Returns those with a new nudge, to be signalled.
 */
export async function closeOperatorIncident(
  database: Database,
  { channel, client, now }: OperatorFault,
): Promise<Forgotten[]> {
  return database.acrossTenants(async (tx) => {
    const closed = await close(tx, openOf({ provider: channel.accessType, client }), now);
    await tx
      .update(channels)
      .set({ incidentId: null })
      .where(
        and(
          eq(channels.id, channel.id),
          inArray(channels.status, WELL),
          inArray(channels.incidentId, operatorsIncidents(tx)),
        ),
      );
    return closed === 0 ? [] : wakeBlocked(tx, channel, now);
  });
}

/**
 * Closes incidents whose last channel is gone: disconnected, erased, or in trouble of its own. No channel is left that
 * could find out that the client works again.
 */
export async function closeDesertedOperatorIncidents(database: Database, now: Date): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const affected = tx
      .select({ id: channels.id })
      .from(channels)
      .where(and(eq(channels.incidentId, incidents.id), notInArray(channels.status, [...LEFT])));
    return close(tx, and(isNull(incidents.channelId), isNull(incidents.closedAt), notExists(affected)), now);
  });
}

async function close(tx: Transaction, which: SQL | undefined, now: Date): Promise<number> {
  const closed = await tx.update(incidents).set({ closedAt: now }).where(which).returning();
  for (const incident of closed) await tell(tx, 'incident.closed', incident, now);
  return closed.length;
}

async function wakeBlocked(tx: Transaction, { accessType }: ChannelRow, now: Date): Promise<Forgotten[]> {
  const blocked = await tx
    .select({ id: channels.id, tenantId: channels.tenantId, accessType: channels.accessType })
    .from(channels)
    .where(
      and(
        eq(channels.accessType, accessType),
        eq(channels.status, 'blocked'),
        eq(channels.action, 'fix_app_credentials'),
      ),
    )
    .limit(WOKEN_AT_ONCE)
    .for('update', { skipLocked: true });
  if (blocked.length === 0) return [];
  const ids = blocked.map(({ id }) => id);
  const apart = sql`(hashtext(${channels.id}) & 1023) / 1023.0 * ${WOKEN_WITHIN_MS} * interval '1 ms'`;
  await tx
    .update(channels)
    .set({ retryAt: sql`${now.toISOString()}::timestamptz + ${apart}` })
    .where(inArray(channels.id, ids));
  const nudged = await tx
    .insert(nudges)
    .values(blocked.map(({ id, tenantId }) => ({ channelId: id, tenantId, createdAt: now, signalledAt: now })))
    .onConflictDoNothing()
    .returning({ id: nudges.channelId });
  const isNew = new Set(nudged.map(({ id }) => id));
  return blocked.filter(({ id }) => isNew.has(id));
}
