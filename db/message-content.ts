import { inArray } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { messageParts } from './schema/messages.ts';

export type NewPart = typeof messageParts.$inferInsert;

export async function insertParts(tx: Transaction, parts: NewPart[]): Promise<void> {
  if (parts.length > 0) await tx.insert(messageParts).values(parts);
}

/** Content that no message came to refer to: it turned out to be one we had. */
export async function deleteContent(tx: Transaction, contentIds: string[]): Promise<void> {
  if (contentIds.length > 0) await tx.delete(messageParts).where(inArray(messageParts.contentId, contentIds));
}
