import { and, asc, eq, inArray, lte } from 'drizzle-orm';
import { HOLDS_GRANT } from '../../domain/channel.ts';
import type { Database } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';

/** The channels, of any tenant, whose `channel.expiring` is due; the most urgent first. */
export async function listExpiring(
  database: Database,
  { now, limit }: { now: Date; limit: number },
): Promise<{ tenantId: string; channelId: string }[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ tenantId: credentials.tenantId, channelId: credentials.channelId })
      .from(credentials)
      .innerJoin(channels, eq(channels.id, credentials.channelId))
      .where(and(lte(credentials.expiryWarnAt, now), inArray(channels.status, HOLDS_GRANT)))
      .orderBy(asc(credentials.expiryWarnAt))
      .limit(limit),
  );
}
