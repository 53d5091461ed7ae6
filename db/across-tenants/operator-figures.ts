import { and, count, isNotNull, isNull, min, or, sql } from 'drizzle-orm';
import type { Status } from '../../domain/channel.ts';
import type { Database, Transaction } from '../client.ts';
import type { StoredScope } from '../../domain/incidents/incident.ts';
import { channels, incidents, nudges } from '../schema/channels.ts';
import { feedState, webhookEndpoints } from '../schema/events.ts';
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

/** How far the connected `continuous` channels of an access type are behind, in seconds. */
interface CoverageAge {
  accessType: string;
  median: number;
  p99: number;
  longest: number;
}

/** The age of *covered until*, which tells that mail is late although every channel is connected. */
export async function measureCoverage(database: Database, now: Date): Promise<CoverageAge[]> {
  return database.acrossTenants(async (tx) => {
    const age = sql`extract(epoch from ${now.toISOString()}::timestamptz - greatest(c.covered_until, w.covered_until))`;
    const rows = await tx.execute<{ access_type: string; median: number; p99: number; longest: number }>(sql`
    select c.access_type, max(${age})::float8 as longest,
      percentile_cont(0.5) within group (order by ${age})::float8 as median,
      percentile_cont(0.99) within group (order by ${age})::float8 as p99
    from channels c left join watches w on w.channel_id = c.id
    where c.status = 'connected' and c.import_mode = 'continuous' and c.covered_until is not null
    group by c.access_type`);
    return rows.map(({ access_type: accessType, ...ages }) => ({ accessType, ...ages }));
  });
}

/** Channels whose import gets nowhere, and channels that a provider or network has degraded for longer than a day. */
export async function countStuckChannels(
  database: Database,
  now: Date,
): Promise<{ stalled: number; degradedForADay: number }> {
  const dayAgo = new Date(now.getTime() - 24 * 3_600_000).toISOString();
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.execute<{ stalled: number; degraded: number }>(sql`
    select (select count(*) from channels where import_state = 'stalled')::int as stalled,
      (select count(*) from channels where status = 'degraded' and status_since < ${dayAgo}::timestamptz)::int as degraded`);
    return { stalled: row?.stalled ?? 0, degradedForADay: row?.degraded ?? 0 };
  });
}

/** How many channels have a subscription that the provider refuses, as was reported. */
export async function countFailingSubscriptions(database: Database): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ count: count() }).from(subscriptions).where(isNotNull(subscriptions.failingSince));
    return row?.count ?? 0;
  });
}

/** How many webhook endpoints have an open circuit: their deliveries wait. */
export async function countOpenCircuits(database: Database): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const { openUntil, messagesOpenUntil, disabledAt } = webhookEndpoints;
    const isOpen = and(or(isNotNull(openUntil), isNotNull(messagesOpenUntil)), isNull(disabledAt));
    const [row] = await tx.select({ count: count() }).from(webhookEndpoints).where(isOpen);
    return row?.count ?? 0;
  });
}

/** Open incidents by scope, without those that are part of another. */
export async function countOpenIncidents(database: Database): Promise<{ scope: StoredScope; count: number }[]> {
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

/** When the oldest committed message or event was written that has no number yet; null: the feeds show everything. */
export async function findOldestUnsettled(database: Database): Promise<Date | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.execute<{ since: string | null }>(sql`
    select least(
      (select min(stored_at) from messages where number is null),
      (select min(at) from events where number is null)
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
