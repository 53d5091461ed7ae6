import { eq } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { credentials } from '../schema/credentials.ts';

/** Moves `channel.expiring`; null: it is emitted, and a refresh or a sign-in that moves the end plans it anew. */
export async function planExpiryWarning(tx: Transaction, channelId: string, expiryWarnAt: Date | null): Promise<void> {
  await tx.update(credentials).set({ expiryWarnAt }).where(eq(credentials.channelId, channelId));
}
