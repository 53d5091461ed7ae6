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
): Promise<{ kept: HeldConnection[]; taken: HeldConnection[] }> {
  return database.acrossTenants(async (tx) => ({
    kept: await renewLeases(tx, lease),
    taken: taking.limit > 0 ? await takeLeases(tx, lease, taking) : [],
  }));
}

/**
 * Leases up to `limit` channels that are free and whose retry time has come. None whose refusal is being confirmed: each
 * login with a wrong password brings the account nearer to a lock-out.
 */
async function takeLeases(
  tx: Transaction,
  { owner, now, until }: Lease,
  { accessTypes, limit }: { accessTypes: AccessType[]; limit: number },
): Promise<HeldConnection[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const rows = await tx.execute<Row>(sql`
    with free as (
      select c.id, c.tenant_id, c.credential_version
      from channels c left join held_connections h on h.channel_id = c.id
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
