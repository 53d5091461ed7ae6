import { and, eq, sql } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { Transaction } from '../client.ts';
import { heldConnections } from '../schema/held-connections.ts';

export interface HeldConnection {
  channelId: string;
  tenantId: string;
  credentialVersion: number;
  /** Connections in a row that did not last. */
  failures: number;
}

/** Who leases, until when. A lease is renewed long before its end; one that has ended is anybody's. */
export interface Lease {
  owner: string;
  now: Date;
  until: Date;
}

interface Row extends Record<string, unknown> {
  channel_id: string;
  tenant_id: string;
  credential_version: number;
  failures: number;
}

/**
 * Channels that a held connection helps: healthy ones that are imported as mail comes. One in trouble has none, because
 * the connection may be the very one that the server has too many of: polls come first.
 */
const IS_WORTH_HOLDING = sql`c.status in ('connected', 'degraded') and c.import_mode = 'continuous' and c.trouble is null`;

/** Takes the lease of up to `limit` channels that nobody holds and whose time to try has come. */
export async function leaseConnections(
  tx: Transaction,
  { owner, now, until }: Lease,
  { accessTypes, limit }: { accessTypes: AccessType[]; limit: number },
): Promise<HeldConnection[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const rows = await tx.execute<Row>(sql`
    with free as (
      select c.id, c.tenant_id, c.credential_version
      from channels c left join held_connections h on h.channel_id = c.id
      where c.access_type in ${accessTypes} and ${IS_WORTH_HOLDING}
        and (h.channel_id is null or h.lease_until <= ${at})
        and case when h.refused_version is null then coalesce(h.retry_at <= ${at}, true)
                 else h.refused_version <> c.credential_version end
      order by c.id limit ${limit}
    ), taken as (
      insert into held_connections as h (channel_id, tenant_id, owner, lease_until)
      select id, tenant_id, ${owner}, ${until.toISOString()} from free
      on conflict (channel_id) do update
        set owner = excluded.owner, lease_until = excluded.lease_until, retry_at = null, refused_version = null
        where h.lease_until <= ${at}
      returning h.channel_id, h.tenant_id, h.failures
    )
    select taken.*, free.credential_version from taken join free on free.id = taken.channel_id`);
  return rows.map(toHeld);
}

/** Renews every lease of `owner` that stands and is still worth it; whoever is not among the answers lets go. */
export async function renewLeases(tx: Transaction, { owner, now, until }: Lease): Promise<HeldConnection[]> {
  const rows = await tx.execute<Row>(sql`
    update held_connections h set lease_until = ${until.toISOString()}
    from channels c
    where c.id = h.channel_id and h.owner = ${owner} and h.lease_until > ${now.toISOString()} and ${IS_WORTH_HOLDING}
    returning h.channel_id, h.tenant_id, h.failures, c.credential_version`);
  return rows.map(toHeld);
}

/** Ends a lease: when to try again after so many failures, and the credential that was refused, if one was. */
export async function letGo(
  tx: Transaction,
  { owner, now }: { owner: string; now: Date },
  channelId: string,
  after: { failures: number; retryAt: Date | null; refusedVersion: number | null },
): Promise<void> {
  await tx
    .update(heldConnections)
    .set({ leaseUntil: now, ...after })
    .where(and(eq(heldConnections.channelId, channelId), eq(heldConnections.owner, owner)));
}

const toHeld = (row: Row): HeldConnection => ({
  channelId: row.channel_id,
  tenantId: row.tenant_id,
  credentialVersion: row.credential_version,
  failures: row.failures,
});
