import { eq, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { Database } from '../client.ts';
import { listeners } from '../schema/watches.ts';

/** A channel whose look is due, as a listener chooses among them. */
export interface DueWatch {
  channelId: string;
  tenantId: string;
  accessType: AccessType;
  host: string;
}

interface Row extends Record<string, unknown> {
  channel_id: string;
  tenant_id: string;
  access_type: AccessType;
  host: string;
}

/** What a listener is free to look at. */
export interface Looking {
  owner: string;
  now: Date;
  accessTypes: AccessType[];
  /** Tenants and hosts that have all the places they may have in this process. */
  full: { tenants: string[]; hosts: string[] };
  /** Channels that it looks at already. */
  underWay: string[];
}

/** Due channels, the longest overdue first: those of this listener, and those without a live lease. */
export async function findDueWatches(
  database: Database,
  { owner, now, accessTypes, full, underWay }: Looking,
  limit: number,
): Promise<DueWatch[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const rows = await database.acrossTenants((tx) =>
    tx.execute<Row>(sql`
      select w.channel_id, w.tenant_id, w.access_type, w.host
      from watches w
      where w.next_look_at <= ${at} and w.access_type in ${accessTypes}
        and (w.owner = ${owner} or ${isFree(now)})
        and ${noneOf(sql`w.tenant_id`, full.tenants)} and ${noneOf(sql`w.host`, full.hosts)}
        and ${noneOf(sql`w.channel_id`, underWay)}
      order by w.next_look_at limit ${limit}`),
  );
  return rows.map(toDue);
}

/**
 * Leases these channels; answers those that it may look at. A lease that this listener still has for long enough is not
 * written again: a quiet look then writes its one row.
 */
export async function leaseWatches(
  database: Database,
  { owner, now, until, neededUntil }: { owner: string; now: Date; until: Date; neededUntil: Date },
  channelIds: string[],
): Promise<Set<string>> {
  if (channelIds.length === 0) return new Set();
  const at = sql`${now.toISOString()}::timestamptz`;
  const rows = await database.acrossTenants((tx) =>
    tx.execute<{ channel_id: string }>(sql`
      with chosen as (
        select w.channel_id, w.owner = ${owner} and w.lease_until > ${neededUntil.toISOString()} as is_leased
        from watches w
        where w.channel_id in ${channelIds} and w.next_look_at <= ${at} and (w.owner = ${owner} or ${isFree(now)})
      ), free as (
        select w.channel_id from watches w
        where w.channel_id in (select channel_id from chosen where is_leased is not true)
          and w.next_look_at <= ${at} and (w.owner = ${owner} or ${isFree(now)})
        for update of w skip locked
      ), leased as (
        update watches set owner = ${owner}, lease_until = ${until.toISOString()}
        where channel_id in (select channel_id from free)
        returning channel_id
      )
      select channel_id from leased union all select channel_id from chosen where is_leased`),
  );
  return new Set(rows.map(({ channel_id }) => channel_id));
}

const noneOf = (column: ReturnType<typeof sql>, values: string[]) =>
  values.length === 0 ? sql`true` : sql`${column} not in ${values}`;

/** The channel has no lease, or its listener came too late for it, or is gone. */
const isFree = (now: Date) => sql`(
  w.lease_until is null or w.lease_until <= ${now.toISOString()}
  or ${isDeserted(sql`w.owner`, now)})`;

const toDue = (row: Row): DueWatch => ({
  channelId: row.channel_id,
  tenantId: row.tenant_id,
  accessType: row.access_type,
  host: row.host,
});

/** Whether a lease's owner no longer lives. */
export const isDeserted = (owner: SQL, now: Date) =>
  sql`not exists (select from listeners l where l.owner = ${owner} and l.alive_until > ${now.toISOString()})`;

/** A listener says that it lives, and what it looks at; none where it holds connections alone. Its leases end with it. */
export async function sayAlive(
  database: Database,
  { owner, accessTypes, aliveUntil }: { owner: string; accessTypes: AccessType[]; aliveUntil: Date },
): Promise<void> {
  await database.acrossTenants((tx) =>
    tx
      .insert(listeners)
      .values({ owner, accessTypes, aliveUntil })
      .onConflictDoUpdate({ target: listeners.owner, set: { accessTypes, aliveUntil } }),
  );
}

/** A listener that stops leaves what it has leased to the others at once. */
export async function sayGone(database: Database, owner: string): Promise<void> {
  await database.acrossTenants((tx) => tx.delete(listeners).where(eq(listeners.owner, owner)));
}
