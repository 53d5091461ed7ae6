import { sql } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import { REVOKE_FOR_MS } from '../../domain/security/former-access.ts';
import type { Database } from '../client.ts';

/** A former access whose end is due. */
export interface EndingAccess {
  id: string;
  tenantId: string;
  channelId: string;
}

/**
 * Takes former accesses whose rest is over, the longest due first, and puts their next try off until `until`: another worker
 * takes none of them meanwhile, and each has its own gap. From then on no way leads back. Those of a channel that disconnects
 * end with it, and what it leaves is ended here; those of a provider that this worker lacks are another's, unless nothing is to be asked of the provider.
 */
export async function takeEndingAccesses(
  database: Database,
  { now, until, limit, accessTypes }: { now: Date; until: Date; limit: number; accessTypes: readonly AccessType[] },
): Promise<EndingAccess[]> {
  const at = now.toISOString();
  const givenUp = new Date(now.getTime() - REVOKE_FOR_MS).toISOString();
  return database.acrossTenants(async (tx) => {
    const rows = await tx.execute<{ id: string; tenant_id: string; channel_id: string }>(sql`
      with due as (
        select f.id from former_accesses f join channels c on c.id = f.channel_id
        where f.ends_at <= ${at} and f.rests_until <= ${at} and c.status <> 'disconnecting'
          and (f.kind = 'password' or f.access_type in ${accessTypes} or f.rests_until <= ${givenUp})
        order by f.ends_at limit ${limit} for update of f skip locked
      )
      update former_accesses f set ends_at = ${until.toISOString()}, can_return = false from due where f.id = due.id
      returning f.id, f.tenant_id, f.channel_id`);
    return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id, channelId: row.channel_id }));
  });
}
