import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { importItems } from '../schema/imports.ts';
import { messageParts, messages } from '../schema/messages.ts';
import { sends } from '../schema/sends.ts';

export interface NewPart {
  contentId: string;
  part: number;
  jwe: string;
}

/** Parts of one channel's content. Each is a parameter of its own: as text it is taken as it is. */
export async function insertParts(
  tx: Transaction,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  parts: readonly NewPart[],
): Promise<void> {
  if (parts.length === 0) return;
  const rows = parts.map(({ contentId, part, jwe }) => sql`(${contentId}, ${part}::integer, ${jwe})`);
  await tx.execute(sql`
    insert into message_parts (content_id, part, tenant_id, channel_id, jwe)
    select content_id, part, ${tenantId}, ${channelId}, jwe
    from (values ${sql.join(rows, sql`, `)}) as row (content_id, part, jwe)`);
}

/** Deletes those of these contents that no message refers to, no item that waits for another parser, and no send. */
export async function deleteUnusedContent(tx: Transaction, channelId: string, contentIds: string[]): Promise<void> {
  const used = await tx
    .select({ contentId: messages.contentId })
    .from(messages)
    .where(and(eq(messages.channelId, channelId), inArray(messages.contentId, contentIds)));
  const inUse = new Set([...used.map(({ contentId }) => contentId), ...(await listHeld(tx, contentIds))]);
  await deleteContent(
    tx,
    contentIds.filter((contentId) => !inUse.has(contentId)),
  );
}

/** Deletes the content of a message that turned out to be stored already. */
export async function deleteContent(tx: Transaction, contentIds: string[]): Promise<void> {
  if (contentIds.length > 0) await tx.delete(messageParts).where(inArray(messageParts.contentId, contentIds));
}

/** Of these contents, the ones that are held for an item, or for a send that has not left yet. */
export async function listHeld(tx: Transaction, contentIds: string[]): Promise<string[]> {
  const rows = await tx
    .select({ contentId: importItems.heldContentId })
    .from(importItems)
    .where(and(isNotNull(importItems.heldContentId), inArray(importItems.heldContentId, contentIds)));
  const leaving = await tx
    .select({ contentId: sends.contentId })
    .from(sends)
    .where(and(eq(sends.state, 'started'), isNull(sends.transmittedAt), inArray(sends.contentId, contentIds)));
  return [...rows, ...leaving].flatMap(({ contentId }) => contentId ?? []);
}
