import { and, eq, inArray, isNull, lt, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AccessType } from '../../../domain/access-type.ts';
import type { Database, Transaction } from '../../client.ts';
import { newId } from '../../ids.ts';
import { channels, hasNotLeft, incidents } from '../../schema/channels.ts';
import { servedAccessTypes } from '../../schema/served.ts';
import { tellOfClient } from './client-events.ts';
import { recordTenants } from './incident-tenants.ts';

/*
 * An access type without a worker stands still: no refresh, no message, and Temporal says nothing of it. Each worker
 * says which types it serves; a type with live channels that no worker serves is an incident of the operator, whose
 * client is null: the fault is in the configuration of the workers.
 */

/** Says that a worker serves these types `until`, unless a worker has said so until `enough`. */
export async function sayServed(
  database: Database,
  accessTypes: AccessType[],
  { until, enough }: { until: Date; enough: Date },
): Promise<void> {
  if (accessTypes.length === 0) return;
  // In one order: two workers must not wait for each other's rows.
  const rows = accessTypes.toSorted().map((accessType) => ({ accessType, servedUntil: until }));
  await database.acrossTenants((tx) =>
    tx
      .insert(servedAccessTypes)
      .values(rows)
      .onConflictDoUpdate({
        target: servedAccessTypes.accessType,
        set: { servedUntil: until },
        setWhere: lt(servedAccessTypes.servedUntil, enough),
      }),
  );
}

/**
 * Opens and closes the incidents of types that no worker serves. A type that no worker ever named gets until `grace`:
 * its worker may be about to start.
 */
export async function turnUnserved(
  database: Database,
  { now, grace }: { now: Date; grace: Date },
): Promise<{ unserved: AccessType[]; opened: AccessType[]; closed: AccessType[] }> {
  return database.acrossTenants(async (tx) => {
    const live = await findLiveTypes(tx);
    if (live.length > 0)
      await tx
        .insert(servedAccessTypes)
        .values(live.map((accessType) => ({ accessType, servedUntil: grace })))
        .onConflictDoNothing();
    const unserved = await findUnserved(tx, live, now);
    const open = (await tx.select({ provider: incidents.provider }).from(incidents).where(IS_OPEN)).map(
      ({ provider }) => provider,
    );
    const opened: AccessType[] = [];
    for (const one of unserved) if (!open.includes(one) && (await openIncident(tx, one, now))) opened.push(one);
    const closed = open.filter((one) => !unserved.includes(one));
    for (const one of closed) await closeIncident(tx, one, now);
    return { unserved, opened, closed };
  });
}

const IS_OPEN = and(
  eq(incidents.scope, 'client'),
  isNull(incidents.channelId),
  isNull(incidents.client),
  isNull(incidents.closedAt),
);

/** The types with live channels, also those whose file of a provider is gone: one look into an index each. */
async function findLiveTypes(tx: Transaction): Promise<AccessType[]> {
  const rows = await tx.execute<{ access_type: AccessType }>(sql`
    with recursive live (access_type) as (
      ${liveTypeAfter(sql`''`)}
      union all
      select ${liveTypeAfter(sql`live.access_type`)} from live where live.access_type is not null
    )
    select access_type from live where access_type is not null`);
  return rows.map(({ access_type: accessType }) => accessType);
}

const liveTypeAfter = (accessType: SQL) => sql`
  (select ${channels.accessType} from ${channels}
  where ${channels.accessType} > ${accessType} and ${hasNotLeft(channels.status)}
  order by ${channels.accessType} limit 1)`;

async function findUnserved(tx: Transaction, live: AccessType[], now: Date): Promise<AccessType[]> {
  if (live.length === 0) return [];
  const rows = await tx
    .select({ accessType: servedAccessTypes.accessType })
    .from(servedAccessTypes)
    .where(and(inArray(servedAccessTypes.accessType, live), lte(servedAccessTypes.servedUntil, now)));
  return rows.map(({ accessType }) => accessType).toSorted(); // as `sayServed` locks them
}

/** False when another worker was sooner, or has begun to serve the type. */
async function openIncident(tx: Transaction, provider: AccessType, now: Date): Promise<boolean> {
  const isStill = and(eq(servedAccessTypes.accessType, provider), lte(servedAccessTypes.servedUntil, now));
  const [row] = await tx.select().from(servedAccessTypes).where(isStill).for('update');
  const known = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(and(IS_OPEN, eq(incidents.provider, provider)));
  if (!row || known.length > 0) return false;
  const action = 'fix_app_credentials';
  const [incident] = await tx
    .insert(incidents)
    .values({ id: newId('inc'), scope: 'client', provider, action, openedAt: now })
    .returning();
  if (incident) await tellOfClient(tx, 'incident.opened', incident, now, { action, providerCode: null });
  return true;
}

async function closeIncident(tx: Transaction, provider: AccessType, now: Date): Promise<void> {
  const closed = await tx
    .update(incidents)
    .set({ closedAt: now })
    .where(and(IS_OPEN, eq(incidents.provider, provider)))
    .returning();
  for (const incident of closed) {
    await recordTenants(tx, incident);
    await tellOfClient(tx, 'incident.closed', incident, now);
  }
}

/** How many live channels wait for a worker, by access type. */
export async function countUnserved(
  database: Database,
  now: Date,
): Promise<{ accessType: AccessType; count: number }[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ accessType: servedAccessTypes.accessType, count: sql<number>`count(${channels.id})::integer` })
      .from(servedAccessTypes)
      .innerJoin(channels, and(eq(channels.accessType, servedAccessTypes.accessType), hasNotLeft(channels.status)))
      .where(lte(servedAccessTypes.servedUntil, now))
      .groupBy(servedAccessTypes.accessType),
  );
}
