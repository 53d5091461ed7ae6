import { and, eq, inArray } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { messageParts, messages } from './schema/messages.ts';

export type NewPart = typeof messageParts.$inferInsert;

export async function insertParts(tx: Transaction, parts: NewPart[]): Promise<void> {
  if (parts.length > 0) await tx.insert(messageParts).values(parts);
}

/** Of these contents, removes what no message refers to. */
export async function deleteUnusedContent(tx: Transaction, channelId: string, contentIds: string[]): Promise<void> {
  const used = await tx
    .select({ contentId: messages.contentId })
    .from(messages)
    .where(and(eq(messages.channelId, channelId), inArray(messages.contentId, contentIds)));
  const inUse = new Set(used.map(({ contentId }) => contentId));
  await deleteContent(
    tx,
    contentIds.filter((contentId) => !inUse.has(contentId)),
  );
}

/** Content that no message came to refer to: it turned out to be one we had. */
export async function deleteContent(tx: Transaction, contentIds: string[]): Promise<void> {
  if (contentIds.length > 0) await tx.delete(messageParts).where(inArray(messageParts.contentId, contentIds));
}
