import { eq } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { messageLocations, messageNotices, messageParts, messages } from './schema/messages.ts';

/** Removes a channel's messages, content first: what is erased half is erased again. */
export async function eraseMessages(tx: Transaction, channelId: string): Promise<void> {
  for (const table of [messageParts, messageLocations, messages, messageNotices]) {
    await tx.delete(table).where(eq(table.channelId, channelId));
  }
}
