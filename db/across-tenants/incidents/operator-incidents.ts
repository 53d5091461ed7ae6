import { and, eq, gt, inArray, isNotNull, isNull, notExists, notInArray, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { ProviderName } from '../../../domain/access-type.ts';
import type { ChannelRow } from '../../channels/channels.ts';
import type { Database, Transaction } from '../../client.ts';
import { newId } from '../../ids.ts';
import { channels, incidents } from '../../schema/channels.ts';
import { CANARY_LEASE_MS } from '../../../domain/backoff.ts';
import { LEFT, WELL } from '../../../domain/channel.ts';
import { tellOfClient } from './client-events.ts';
import { recordTenants } from './incident-tenants.ts';
import { wakeWaiting } from './canaries.ts';
import type { Forgotten } from '../forgotten.ts';

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
  /** Whose authorization server the client belongs to; null where the access type has no other. */
  oauthProvider: ProviderName | null;
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
 * Opens the incident unless it is open, emits the event, and writes its id to the channel's row. `isNew`: it was not open
 * before. `waits`: another channel is the canary, and this one waits until `waitsUntil` or the incident's end.
 */
export async function openOperatorIncident(
  database: Database,
  fault: OperatorFault & { waitsUntil: Date },
): Promise<{ isNew: boolean; waits: boolean }> {
  const { channel, client, oauthProvider, now } = fault;
  return database.acrossTenants(async (tx) => {
    const about = { provider: channel.accessType, client, reason: channel.statusReason };
    const { action, providerCode } = channel;
    const canary = { canaryId: channel.id, canaryUntil: leaseOf(channel, now) };
    const [inserted] = await tx
      .insert(incidents)
      .values({
        id: newId('inc'),
        scope: 'client',
        ...about,
        oauthProvider,
        action,
        providerCode,
        openedAt: now,
        tried: channel.trouble,
        ...canary,
      })
      .onConflictDoNothing()
      .returning({ id: incidents.id });
    if (!inserted) return { isNew: false, waits: await joinOperatorIncident(tx, fault) };
    // Checked only here: the insert above waits for an incident that is being closed.
    const isOver = await wasClosedSince(tx, about, new Date(now.getTime() - UNDER_WAY_MS));
    if (isOver || !(await showIncident(tx, channel.id, inserted.id))) {
      await tx.delete(incidents).where(eq(incidents.id, inserted.id));
      return { isNew: false, waits: false };
    }
    await tellOfClient(tx, 'incident.opened', { ...inserted, ...about }, now, { action, providerCode });
    return { isNew: true, waits: false };
  });
}

/** Until when the canary has tried again, or another channel takes its place. */
const leaseOf = ({ retryAt }: ChannelRow, now: Date) =>
  new Date(Math.max(now.getTime(), retryAt?.getTime() ?? 0) + CANARY_LEASE_MS);

/** True when another channel is the canary: this one waits for it. */
async function joinOperatorIncident(
  tx: Transaction,
  { channel, client, now, waitsUntil }: OperatorFault & { waitsUntil: Date },
): Promise<boolean> {
  const which = openOf({ provider: channel.accessType, client });
  const isFree = or(
    eq(incidents.canaryId, channel.id),
    isNull(incidents.canaryUntil),
    sql`${incidents.canaryUntil} < ${now.toISOString()}`,
  );
  const [own] = await tx
    .update(incidents)
    .set({ canaryId: channel.id, canaryUntil: leaseOf(channel, now) })
    .where(and(which, isFree))
    .returning({ id: incidents.id });
  const [open] = own ? [own] : await tx.select({ id: incidents.id }).from(incidents).where(which);
  if (!open) return false;
  await showIncident(tx, channel.id, open.id);
  if (own) return false;
  await tx
    .update(channels)
    .set({ waitsFor: open.id, retryAt: waitsUntil })
    .where(and(eq(channels.id, channel.id), eq(channels.action, 'fix_app_credentials')));
  return true;
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

const openOf = ({ provider, client }: { provider: ChannelRow['accessType']; client: string }) =>
  and(
    eq(incidents.provider, provider),
    eq(incidents.client, client),
    eq(incidents.scope, 'client'),
    isNull(incidents.channelId),
    isNull(incidents.closedAt),
  );

async function wasClosedSince(
  tx: Transaction,
  { provider, client }: { provider: ChannelRow['accessType']; client: string },
  at: Date,
) {
  const recently = and(eq(incidents.scope, 'client'), isNull(incidents.channelId), gt(incidents.closedAt, at));
  const [closed] = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(and(eq(incidents.provider, provider), eq(incidents.client, client), recently))
    .limit(1);
  return closed !== undefined;
}

/**
 * A channel got through to the provider with this client: closes the incident, emits the event, and moves the next try
 * of the channels that wait forward. Returns those with a new nudge, to be signalled.
 */
export async function closeOperatorIncident(
  database: Database,
  { channel, client, now }: Omit<OperatorFault, 'oauthProvider'>,
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
    return closed.length === 0 ? [] : wakeWaiting(tx, closed, now);
  });
}

/**
 * Closes incidents whose last channel is gone: disconnected, erased, or in trouble of its own. No channel is left that
 * could find out that the client works again.
 */
export async function closeDesertedOperatorIncidents(database: Database, now: Date): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const hasNotLeft = notInArray(channels.status, [...LEFT]);
    const affected = (column: typeof channels.incidentId | typeof channels.waitsFor) =>
      notExists(
        tx
          .select({ id: channels.id })
          .from(channels)
          .where(and(eq(column, incidents.id), hasNotLeft)),
      );
    const deserted = and(affected(channels.incidentId), affected(channels.waitsFor));
    const ofMany = and(eq(incidents.scope, 'client'), isNull(incidents.channelId));
    const isOpen = and(ofMany, isNotNull(incidents.client), isNull(incidents.closedAt));
    return (await close(tx, and(isOpen, deserted), now)).length;
  });
}

async function close(tx: Transaction, which: SQL | undefined, now: Date): Promise<string[]> {
  const closed = await tx.update(incidents).set({ closedAt: now }).where(which).returning();
  for (const incident of closed) {
    await recordTenants(tx, incident);
    await tellOfClient(tx, 'incident.closed', incident, now);
  }
  return closed.map(({ id }) => id);
}
