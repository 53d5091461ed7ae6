import { eq } from 'drizzle-orm';
import { listChannels } from './channels.ts';
import type { ChannelFilter, ChannelRow } from './channels.ts';
import type { Database } from './client.ts';
import { channels } from './schema/channels.ts';

/*
 * Everything that must look across tenants, and nothing else: the one caller of `Database.acrossTenants` (rule 14,
 * held by test/architecture.test.ts).
 */

/** Whose channel it is; null when there is none. The row itself is then read in that tenant. */
export async function findTenantOfChannel(database: Database, channelId: string): Promise<string | null> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx.select({ tenantId: channels.tenantId }).from(channels).where(eq(channels.id, channelId));
    return row?.tenantId ?? null;
  });
}

/** A list for a key that sees every tenant. */
export async function listChannelsOfAllTenants(database: Database, filter: ChannelFilter): Promise<ChannelRow[]> {
  return database.acrossTenants((tx) => listChannels(tx, filter));
}
