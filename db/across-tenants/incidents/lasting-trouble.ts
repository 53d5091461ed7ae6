import { and, eq, inArray, isNotNull, isNull, lte, sql } from 'drizzle-orm';
import { LASTING_MS } from '../../../domain/incidents/incident.ts';
import type { StatusReason } from '../../../domain/verdict.ts';
import type { Database, Transaction } from '../../client.ts';
import { newId } from '../../ids.ts';
import type { WiderIncident } from '../../incidents/wider.ts';
import { channels, incidents } from '../../schema/channels.ts';
import { incidentChannels } from '../../schema/incidents.ts';
import { tellOfProvider } from './provider-events.ts';

/*
 * Trouble that should heal by itself and lasts a day is told to the operator: one incident per provider, and per mail
 * server where the channels are at one. No owner is told. It closes when no channel there has been degraded for a day.
 */

const OPENED_AT_ONCE = 200;
const JOINED_AT_ONCE = 5_000;

const isLasting = and(
  isNull(incidents.channelId),
  isNull(incidents.closedAt),
  eq(incidents.scope, 'provider'),
  eq(incidents.action, 'contact_support'),
);
const isAtItsServer = and(
  eq(channels.accessType, incidents.provider),
  eq(channels.serverKey, sql`coalesce(${incidents.server}, '')`),
);
/** Written out, or the planner does not match the partial index. */
const failsForLong = (now: Date) =>
  and(eq(channels.status, sql`'degraded'`), lte(channels.statusSince, new Date(now.getTime() - LASTING_MS)));

/** Opens, continues and closes the incidents of lasting trouble. `isFull`: there is more to do. */
export async function turnLastingTrouble(
  database: Database,
  now: Date,
): Promise<{ opened: WiderIncident[]; closed: WiderIncident[]; isFull: boolean }> {
  return database.acrossTenants(async (tx) => {
    const opened = await openLasting(tx, now);
    const joined = await joinLasting(tx, now);
    const closed = await closeLasting(tx, now);
    return { opened, closed, isFull: opened.length === OPENED_AT_ONCE || joined === JOINED_AT_ONCE };
  });
}

async function openLasting(tx: Transaction, now: Date): Promise<WiderIncident[]> {
  const isKnown = sql`exists (select from ${incidents} where ${and(isLasting, isAtItsServer)})`;
  const groups = await tx
    .select({
      provider: channels.accessType,
      server: channels.serverKey,
      failing: sql<number>`count(*)::integer`,
      reason: sql<StatusReason | null>`mode() within group (order by ${channels.statusReason})`,
      providerCode: sql<string | null>`mode() within group (order by ${channels.providerCode})`,
    })
    .from(channels)
    .where(and(failsForLong(now), sql`not ${isKnown}`))
    .groupBy(channels.accessType, channels.serverKey)
    .limit(OPENED_AT_ONCE);
  const opened: WiderIncident[] = [];
  for (const { failing, server, ...about } of groups) {
    const values = { scope: 'provider', action: 'contact_support', openedAt: now } as const;
    const [row] = await tx
      .insert(incidents)
      .values({ id: newId('inc'), ...about, server: server === '' ? null : server, ...values })
      .onConflictDoNothing() // another worker was sooner
      .returning();
    if (!row) continue;
    await tellOfProvider(tx, 'incident.opened', row, now, { channels: failing });
    opened.push(row);
  }
  return opened;
}

/** A page of the channels that are not in it yet. Their own incidents become part of it, unless they are part of another. */
async function joinLasting(tx: Transaction, now: Date): Promise<number> {
  const isMember = sql`exists (
    select from ${incidentChannels}
    where ${incidentChannels.incidentId} = ${incidents.id} and ${incidentChannels.channelId} = ${channels.id})`;
  const failing = await tx
    .select({ id: channels.id, tenantId: channels.tenantId, own: channels.incidentId, incidentId: incidents.id })
    .from(channels)
    .innerJoin(incidents, and(isLasting, isAtItsServer))
    .where(and(failsForLong(now), sql`not ${isMember}`))
    .limit(JOINED_AT_ONCE)
    .for('update', { of: channels, skipLocked: true });
  for (const [incidentId, members] of Map.groupBy(failing, (row) => row.incidentId)) {
    await tx
      .insert(incidentChannels)
      .values(members.map(({ id: channelId, tenantId }) => ({ incidentId, channelId, tenantId, joinedAt: now })))
      .onConflictDoNothing();
    const ownOnes = and(isNotNull(incidents.channelId), isNull(incidents.closedAt), isNull(incidents.foldedInto));
    const ids = members.flatMap(({ own }) => own ?? []);
    if (ids.length === 0) continue;
    await tx
      .update(incidents)
      .set({ foldedInto: incidentId })
      .where(and(inArray(incidents.id, ids), ownOnes, eq(incidents.neededPerson, false)));
  }
  return failing.length;
}

async function closeLasting(tx: Transaction, now: Date): Promise<WiderIncident[]> {
  const closed = await tx
    .update(incidents)
    .set({ closedAt: now })
    .where(and(isLasting, sql`not exists (select from ${channels} where ${and(failsForLong(now), isAtItsServer)})`))
    .returning();
  for (const incident of closed) {
    // A channel that degraded anew meanwhile has a problem of its own.
    await tx
      .update(incidents)
      .set({ foldedInto: null })
      .where(and(eq(incidents.foldedInto, incident.id), isNull(incidents.closedAt)));
    await tellOfProvider(tx, 'incident.closed', incident, now);
  }
  return closed;
}
