import { and, asc, gt, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Database } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { tenants } from '../schema/tenants.ts';

/** Disconnected channels whose mail is to be erased and is not known to be gone. */
export async function listErasingChannels(
  database: Database,
  limit: number,
): Promise<{ tenantId: string; channelId: string }[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ tenantId: channels.tenantId, channelId: channels.id })
      .from(channels)
      // In words, as the index has them.
      .where(and(sql`${channels.eraseRequested}`, isNull(channels.erasedAt), sql`${channels.status} = 'disconnected'`))
      .orderBy(asc(channels.id))
      .limit(limit),
  );
}

/** Tenants whose erasure was asked for, after one of them by id. */
export async function listErasingTenants(database: Database, after: string, limit: number): Promise<string[]> {
  const rows = await database.acrossTenants((tx) =>
    tx
      .select({ id: tenants.id })
      .from(tenants)
      .where(and(isNotNull(tenants.eraseRequestedAt), gt(tenants.id, after)))
      .orderBy(asc(tenants.id))
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}
