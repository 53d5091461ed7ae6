import { and, count, eq, inArray, ne } from 'drizzle-orm';
import { HOLDS_GRANT } from '../../domain/channel.ts';
import type { Database } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';

/** How many other live channels, of any tenant, rest on the same grant: revoking it would kill them too. */
export async function countLiveChannelsOnGrant(
  database: Database,
  grantKey: string,
  exceptChannelId: string,
): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx
      .select({ count: count() })
      .from(credentials)
      .innerJoin(channels, eq(channels.id, credentials.channelId))
      .where(
        and(
          eq(credentials.grantKey, grantKey),
          ne(channels.id, exceptChannelId),
          inArray(channels.status, HOLDS_GRANT),
        ),
      );
    return row?.count ?? 0;
  });
}
