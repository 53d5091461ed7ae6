import { and, count, isNotNull, isNull, min, sql } from 'drizzle-orm';
import type { Status } from '../../domain/channel.ts';
import type { Database, Transaction } from '../client.ts';
import type { IncidentScope } from '../../domain/incidents/incident.ts';
import { channels, incidents, nudges } from '../schema/channels.ts';
import { feedState } from '../schema/events.ts';
import { subscriptions } from '../schema/subscriptions.ts';

/** The figures behind the operator's metrics and health checks. */
export async function countChannelsByStatus(database: Database): Promise<{ status: Status; count: number }[]> {
  return database.acrossTenants(async (tx) => {
    return tx
      .select({ status: channels.status, count: sql<number>`count(*)::int` })
      .from(channels)
      .groupBy(channels.status);
  });
}

/** How many channels have a subscription that the provider refuses, as was reported. */
export async function countFailingSubscriptions(database: Database): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ count: count() }).from(subscriptions).where(isNotNull(subscriptions.failingSince));
    return row?.count ?? 0;
  });
}

/** Open incidents by scope, without those that are part of another. */
export async function countOpenIncidents(database: Database): Promise<{ scope: IncidentScope; count: number }[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ scope: incidents.scope, count: sql<number>`count(*)::int` })
      .from(incidents)
      .where(and(isNull(incidents.closedAt), isNull(incidents.foldedInto)))
      .groupBy(incidents.scope),
  );
}

/** When the oldest untaken nudge was written; null: none. */
export async function findOldestNudge(database: Database): Promise<Date | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ createdAt: min(nudges.createdAt) }).from(nudges);
    return row?.createdAt ?? null;
  });
}

/**
 * When the oldest committed message or event was written that the feeds do not show yet, because an earlier transaction
 * is still open; null when the feeds show everything.
 */
export async function findOldestUnsettled(database: Database): Promise<Date | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.execute<{ since: string | null }>(sql`
    select least(
      (select min(stored_at) from messages where xact >= pg_snapshot_xmin(pg_current_snapshot())),
      (select min(at) from events where xact >= pg_snapshot_xmin(pg_current_snapshot()))
    ) as since`);
    return row?.since ? new Date(row.since) : null;
  });
}

/** When the newest migration of this database was written, in ms; null when it has none. */
export async function findSchemaVersion(tx: Transaction): Promise<number | null> {
  await tx.select({ epoch: feedState.epoch }).from(feedState).limit(1);
  const [row] = await tx.execute<{ newest: string | null }>(
    sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
  );
  return row?.newest ? Number(row.newest) : null;
}
