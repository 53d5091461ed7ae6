import { eq, sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { grantRevocations } from '../schema/grant-revocations.ts';

/**
 * Held until the transaction ends by one that stores a credential of the grant, and by one that decides to revoke it. Take it
 * after the account and before a channel.
 */
export async function holdGrant(tx: Transaction, grantKey: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`grant ${grantKey}`}, 0))`);
}

/** Whether tokens of a grant that were asked for at this time may have been revoked with it. The caller holds the grant. */
export async function isRevokedSince(tx: Transaction, grantKey: string, askedAt: Date): Promise<boolean> {
  const [row] = await tx
    .select({ until: grantRevocations.until })
    .from(grantRevocations)
    .where(eq(grantRevocations.grantKey, grantKey));
  return row !== undefined && row.until >= askedAt;
}
