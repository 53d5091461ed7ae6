import { eq } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { credentials } from '../schema/credentials.ts';

/** Marks `channel.expiring` as emitted; a refresh or a sign-in that moves the end plans it anew. */
export async function forgetExpiryWarning(tx: Transaction, channelId: string): Promise<void> {
  await tx.update(credentials).set({ expiryWarnAt: null }).where(eq(credentials.channelId, channelId));
}
