import { sql } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import { WORKING } from '../../domain/channel.ts';
import type { HeldConnection } from '../channels/held-connections.ts';
import type { Database, Transaction } from '../client.ts';
import { isDeserted } from './watches.ts';

/**
 * Who leases, until when. A lease is renewed long before its end, and not before `renewedBefore`, so that a connection that
 * lasts is seldom written; one that has expired, or whose listener does not live, can be taken by any listener.
 */
interface Lease {
  owner: string;
  now: Date;
  until: Date;
  renewedBefore: Date;
}

interface Row extends Record<string, unknown> {
  channel_id: string;
  tenant_id: string;
  credential_version: number;
  failures: number;
}

/**
 * Channels that a held connection helps: healthy `continuous` ones. A channel in trouble gets none, because the
 * connection may be the one too many for its server, and polls come first.
 */
const IS_WORTH_HOLDING = sql`c.status in ${WORKING} and c.import_mode = 'continuous' and c.trouble is null`;

/** The leases of a listener: those it keeps and those it takes. */
export async function leaseChannelsToListen(
  database: Database,
  lease: Lease,
  taking: Parameters<typeof takeLeases>[2],
): Promise<{ kept: HeldConnection[]; taken: HeldConnection[]; walkedTo: string }> {
  return database.acrossTenants(async (tx) => {
    const kept = await renewLeases(tx, lease);
    if (taking.limit <= 0) return { kept, taken: [], walkedTo: taking.walkedTo };
    const end = await findEndOfWalk(tx, taking.walkedTo);
    return { kept, taken: await takeLeases(tx, lease, taking, end.last), walkedTo: end.isLast ? '' : end.last };
  });
}

/** How many channels a turn looks at, of each kind. */
const LOOKED_AT = 2_000;
/** A channel whose status is newer may have none to hold its connection yet, in s. */
const JUST_CHANGED_S = 120;

/** A listener walks through all channels, a stretch in each turn: in a small installation that is all of them. */
async function findEndOfWalk(tx: Transaction, walkedTo: string): Promise<{ last: string; isLast: boolean }> {
  const [row] = await tx.execute<{ last: string | null; count: number }>(sql`
    select max(id) as last, count(*)::int as count
    from (select id from channels where id > ${walkedTo} order by id limit ${LOOKED_AT}) walked`);
  return { last: row?.last ?? '', isLast: (row?.count ?? 0) < LOOKED_AT };
}

/**
 * Channels that may be free, by indexes, however many are held: those let go or expired just now, those of dead listeners,
 * those that were connected or recovered just now, and the next stretch of the walk, which finds all others in time.
 */
const mayBeFree = (now: Date, walkedTo: string, last: string) => {
  const at = sql`${now.toISOString()}::timestamptz`;
  return sql`
    with recursive owners (owner) as (
      select min(owner) from held_connections
      union all
      select (select min(owner) from held_connections h where h.owner > owners.owner) from owners where owner is not null
    )
    (select channel_id as id from held_connections where lease_until <= ${at} order by lease_until desc limit ${LOOKED_AT})
    union
    (select h.channel_id from owners cross join lateral (
       select channel_id from held_connections where owner = owners.owner limit ${LOOKED_AT}) h
     where owners.owner is not null and ${isDeserted(sql`owners.owner`, now)} limit ${LOOKED_AT})
    union
    (select id from channels where status_since > ${at} - make_interval(secs => ${JUST_CHANGED_S})
     order by status_since desc limit ${LOOKED_AT})
    union
    select id from channels where id > ${walkedTo} and id <= ${last}`;
};

/**
 * Leases up to `limit` channels that are free and whose retry time has come. None whose refusal is being confirmed: each
 * login with a wrong password brings the account nearer to a lock-out.
 */
async function takeLeases(
  tx: Transaction,
  { owner, now, until }: Lease,
  { accessTypes, limit, walkedTo }: { accessTypes: AccessType[]; limit: number; walkedTo: string },
  last: string,
): Promise<HeldConnection[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const rows = await tx.execute<Row>(sql`
    with seen as materialized (${mayBeFree(now, walkedTo, last)}), free as (
      select c.id, c.tenant_id, c.credential_version
      from seen join channels c on c.id = seen.id left join lateral (
        select * from held_connections where channel_id = c.id offset 0) h on true
      where c.access_type in ${accessTypes} and ${IS_WORTH_HOLDING} and c.suspicion is null
        and (h.channel_id is null or h.lease_until <= ${at} or ${isDeserted(sql`h.owner`, now)})
        and case when h.refused_version is null then coalesce(h.retry_at <= ${at}, true)
                 else h.refused_version <> c.credential_version end
      order by c.id limit ${limit}
    ), taken as (
      insert into held_connections as h (channel_id, tenant_id, owner, lease_until)
      select id, tenant_id, ${owner}, ${until.toISOString()} from free
      on conflict (channel_id) do update
        set owner = excluded.owner, lease_until = excluded.lease_until, retry_at = null, refused_version = null
        where h.lease_until <= ${at} or ${isDeserted(sql`h.owner`, now)}
      returning h.channel_id, h.tenant_id, h.failures
    )
    select taken.*, free.credential_version from taken join free on free.id = taken.channel_id`);
  return rows.map(toHeld);
}

/** Renews the leases of `owner` that are still valid and worth it; the owner releases every channel not returned. */
async function renewLeases(tx: Transaction, { owner, now, until, renewedBefore }: Lease): Promise<HeldConnection[]> {
  const at = now.toISOString();
  const rows = await tx.execute<Row>(sql`
    with renewed as (
      update held_connections h set lease_until = ${until.toISOString()} from channels c
      where c.id = h.channel_id and h.owner = ${owner} and h.lease_until > ${at}
        and h.lease_until <= ${renewedBefore.toISOString()} and ${IS_WORTH_HOLDING}
    )
    select h.channel_id, h.tenant_id, h.failures, c.credential_version
    from held_connections h join channels c on c.id = h.channel_id
    where h.owner = ${owner} and h.lease_until > ${at} and ${IS_WORTH_HOLDING}`);
  return rows.map(toHeld);
}

const toHeld = (row: Row): HeldConnection => ({
  channelId: row.channel_id,
  tenantId: row.tenant_id,
  credentialVersion: row.credential_version,
  failures: row.failures,
});
