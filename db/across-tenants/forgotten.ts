import { sql } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { Database } from '../client.ts';

/** Any number, the same for every Mooring. */
const RECONCILE_LOCK = 4_021_980;

export interface Forgotten {
  id: string;
  tenantId: string;
  accessType: AccessType;
}

/**
 * Channels whose workflow should have acted by now: a nudge that was not taken, or a due time long past. Missing, stuck
 * and unsignalled workflows all show in one of the two. Marks them as signalled; empty while another process looks.
 */
export async function takeForgottenChannels(
  database: Database,
  { nudgedBefore, dueBefore, now, limit }: { nudgedBefore: Date; dueBefore: Date; now: Date; limit: number },
): Promise<Forgotten[]> {
  return database.acrossTenants(async (tx) => {
    const [lock] = await tx.execute<{ taken: boolean }>(
      sql`select pg_try_advisory_xact_lock(${RECONCILE_LOCK}) as taken`,
    );
    if (!lock?.taken) return [];
    const rows = await tx.execute<{ id: string; tenant_id: string; access_type: AccessType }>(sql`
    select c.id, c.tenant_id, c.access_type
    from channels c left join nudges n on n.channel_id = c.id
    where c.status <> 'disconnected'
      and (n.signalled_at < ${nudgedBefore.toISOString()} or c.next_due_at < ${dueBefore.toISOString()})
    order by coalesce(n.created_at, c.next_due_at)
    limit ${limit}`);
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) {
      await tx.execute(sql`
      update nudges set signalled_at = ${now.toISOString()} where channel_id in ${ids}`);
      // Found again only after the same time, so that one that cannot be signalled does not crowd out the others.
      await tx.execute(sql`
      update channels set next_due_at = ${now.toISOString()} where next_due_at is not null and id in ${ids}`);
    }
    return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id, accessType: row.access_type }));
  });
}
