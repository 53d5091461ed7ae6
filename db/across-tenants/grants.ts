import { and, count, eq, inArray, ne, sql } from 'drizzle-orm';
import { HOLDS_GRANT } from '../../domain/channel.ts';
import type { Database, Transaction } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';
import { formerAccesses } from '../schema/former-accesses.ts';

/** Of the holders of a grant, the one that gives it up: it does not count. */
interface Except {
  /** A channel that disconnects, with its former accesses. */
  channelId?: string;
  /** A former access that ends. */
  formerAccessId?: string;
}

/**
 * How many others, of any tenant, rest on a grant: live channels, and former accesses to which a channel can go back or whose
 * own end will see to the grant. Revoking it would kill them too.
 */
export function countHoldersOfGrant(database: Database, grantKey: string, except: Except = {}): Promise<number> {
  return database.acrossTenants((tx) => countHolders(tx, grantKey, except));
}

async function countHolders(
  tx: Transaction,
  grantKey: string,
  { channelId = '', formerAccessId = '' }: Except,
): Promise<number> {
  const isLive = inArray(channels.status, HOLDS_GRANT);
  const [live] = await tx
    .select({ count: count() })
    .from(credentials)
    .innerJoin(channels, eq(channels.id, credentials.channelId))
    .where(and(eq(credentials.grantKey, grantKey), ne(channels.id, channelId), isLive));
  const isOther = and(ne(formerAccesses.id, formerAccessId), ne(formerAccesses.channelId, channelId));
  const [resting] = await tx
    .select({ count: count() })
    .from(formerAccesses)
    .where(and(eq(formerAccesses.grantKey, grantKey), isOther));
  return (live?.count ?? 0) + (resting?.count ?? 0);
}

/**
 * Decides whether the end of a former access ends its grant as well. While others rest on the grant, the row is deleted in the
 * same transaction: of two that end at once, one sees the other and leaves the grant to it.
 */
export function shredUnlessLast(
  database: Database,
  { id, grantKey }: { id: string; grantKey: string },
): Promise<'last' | 'shared'> {
  return database.acrossTenants(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`grant ${grantKey}`}, 0))`);
    if ((await countHolders(tx, grantKey, { formerAccessId: id })) === 0) return 'last';
    await tx.execute(sql`delete from refresh_attempts where former_access_id = ${id}`);
    await tx.delete(formerAccesses).where(eq(formerAccesses.id, id));
    return 'shared';
  });
}
