import { and, count, eq, inArray, ne, sql } from 'drizzle-orm';
import { HOLDS_GRANT } from '../../domain/channel.ts';
import { holdGrant } from '../credentials/grant-revocations.ts';
import type { Database, Transaction } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';
import { formerAccesses } from '../schema/former-accesses.ts';
import { grantRevocations } from '../schema/grant-revocations.ts';

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
 * The claim to revoke a grant, until a time by which the call has ended; null: no call revokes it. `shared`: others rest on
 * the grant.
 */
export type Claim = { until: Date | null } | 'shared';

/**
 * Claims the revocation of a grant on which no other rests. It is the point of no return: a sign-in of that grant has
 * committed before, and counts, or it sees the claim (`isRevokedSince`).
 */
export function claimRevocation(
  database: Database,
  grantKey: string,
  { except = {}, until }: { except?: Except; until: Date },
): Promise<Claim> {
  return database.acrossTenants(async (tx) => {
    await holdGrant(tx, grantKey);
    return (await countHolders(tx, grantKey, except)) > 0 ? 'shared' : claim(tx, grantKey, until);
  });
}

/**
 * The same for a former access that ends. While others rest on the grant, its row is deleted in the same transaction: of two
 * that end at once, one sees the other and leaves the grant to it. `until` null: no call revokes the grant.
 */
export function shredUnlessLast(
  database: Database,
  { id, grantKey }: { id: string; grantKey: string },
  until: Date | null,
): Promise<Claim> {
  return database.acrossTenants(async (tx) => {
    await holdGrant(tx, grantKey);
    if ((await countHolders(tx, grantKey, { formerAccessId: id })) === 0) {
      return until === null ? { until } : claim(tx, grantKey, until);
    }
    await tx.execute(sql`delete from refresh_attempts where former_access_id = ${id}`);
    await tx.delete(formerAccesses).where(eq(formerAccesses.id, id));
    return 'shared';
  });
}

/** Each claim of a grant has a time of its own, by which its end knows that no other one is under way. */
async function claim(tx: Transaction, grantKey: string, until: Date): Promise<Claim> {
  const later = sql`greatest(excluded.until, ${grantRevocations.until} + interval '1 ms')`;
  const [row] = await tx
    .insert(grantRevocations)
    .values({ grantKey, until })
    .onConflictDoUpdate({ target: grantRevocations.grantKey, set: { until: later } })
    .returning({ until: grantRevocations.until });
  if (!row) throw new Error('The claim of a revocation was not stored');
  return row;
}

/** The call of a claim has ended: tokens that are asked for from now on are none of the revoked grant. */
export async function endRevocation(
  database: Database,
  grantKey: string,
  { claimed, now }: { claimed: Date; now: Date },
): Promise<void> {
  await database.acrossTenants((tx) =>
    tx
      .update(grantRevocations)
      .set({ until: now })
      .where(and(eq(grantRevocations.grantKey, grantKey), eq(grantRevocations.until, claimed))),
  );
}
