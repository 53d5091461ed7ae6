import { and, asc, eq, gte, inArray, lte, sql } from 'drizzle-orm';
import { HOLDS_GRANT } from '../../domain/channel.ts';
import type { Database } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';

export interface ExpiringChannel {
  tenantId: string;
  channelId: string;
  expiryWarnAt: Date | null;
}

/** The channels, of any tenant, whose `channel.expiring` is due, the most urgent first; `after`: the last one of a page before. */
export async function listExpiring(
  database: Database,
  { now, limit, after = null }: { now: Date; limit: number; after?: ExpiringChannel | null },
): Promise<ExpiringChannel[]> {
  // A `Date` has no microseconds: with them the last row would follow itself.
  const isLater =
    after?.expiryWarnAt &&
    and(
      // The index leads here; the expression has none.
      gte(credentials.expiryWarnAt, after.expiryWarnAt),
      sql`(date_trunc('milliseconds', ${credentials.expiryWarnAt}), ${credentials.channelId})
        > (${after.expiryWarnAt.toISOString()}::timestamptz, ${after.channelId})`,
    );
  return database.acrossTenants((tx) =>
    tx
      .select({
        tenantId: credentials.tenantId,
        channelId: credentials.channelId,
        expiryWarnAt: credentials.expiryWarnAt,
      })
      .from(credentials)
      .innerJoin(channels, eq(channels.id, credentials.channelId))
      .where(and(lte(credentials.expiryWarnAt, now), inArray(channels.status, HOLDS_GRANT), isLater || undefined))
      .orderBy(asc(credentials.expiryWarnAt), asc(credentials.channelId))
      .limit(limit),
  );
}
