import { and, count, eq, inArray, ne } from 'drizzle-orm';
import { HOLDS_GRANT, WORKING } from '../../domain/channel.ts';
import type { ChannelRow } from '../channels/channels.ts';
import type { Database } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { subscriptions } from '../schema/subscriptions.ts';

interface ChannelReference {
  channelId: string;
  tenantId: string;
}

/** A live `continuous` channel. */
const IS_TOLD = and(eq(channels.importMode, 'continuous'), inArray(channels.status, WORKING));

/** The live `continuous` channels of this mailbox, of any tenant. */
export async function listChannelsToTell(
  database: Database,
  { accessType, mailboxKey }: Pick<ChannelRow, 'accessType' | 'mailboxKey'>,
): Promise<ChannelReference[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ channelId: channels.id, tenantId: channels.tenantId })
      .from(channels)
      .where(and(eq(channels.mailboxKey, mailboxKey), eq(channels.accessType, accessType), IS_TOLD)),
  );
}

/** The channel of a subscription of this access type, if it is live and `continuous`. */
export async function listSubscribersToTell(
  database: Database,
  { accessType, reference }: { accessType: ChannelRow['accessType']; reference: string },
): Promise<ChannelReference[]> {
  return database.acrossTenants((tx) =>
    tx
      .select({ channelId: channels.id, tenantId: channels.tenantId })
      .from(subscriptions)
      .innerJoin(channels, eq(channels.id, subscriptions.channelId))
      .where(and(eq(subscriptions.reference, reference), eq(channels.accessType, accessType), IS_TOLD)),
  );
}

/** How many other channels, of any tenant, have a subscription to the mailbox: they may share it. */
export async function countOtherSubscribers(
  database: Database,
  { id, accessType, mailboxKey }: Pick<ChannelRow, 'id' | 'accessType' | 'mailboxKey'>,
): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const [row] = await tx
      .select({ count: count() })
      .from(subscriptions)
      .innerJoin(channels, eq(channels.id, subscriptions.channelId))
      .where(
        and(
          eq(channels.mailboxKey, mailboxKey),
          eq(channels.accessType, accessType),
          ne(channels.id, id),
          eq(channels.importMode, 'continuous'),
          inArray(channels.status, HOLDS_GRANT),
        ),
      );
    return row?.count ?? 0;
  });
}
