import { and, asc, desc, eq, inArray, isNull } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { isAfter, isBefore } from '../events/feed.ts';
import type { FeedPosition } from '../events/feed.ts';
import { messageParts, messages } from '../schema/messages.ts';

export type MessageRow = InferSelectModel<typeof messages>;

export interface MessageFilter {
  channelId: string | null;
  /** null: all that the transaction sees. */
  tenantId: string | null;
  position: Pick<FeedPosition, 'number'>;
  limit: number;
  /** From the position back, newest first: for people, who look at the end. */
  isBackwards?: boolean;
}

/** Settled messages in the feed's order, so that a reader misses none (rule 12). */
export async function listMessages(tx: Transaction, filter: MessageFilter): Promise<MessageRow[]> {
  return tx
    .select()
    .from(messages)
    .where(
      and(
        filter.isBackwards ? isBefore(messages, filter.position) : isAfter(messages, filter.position),
        // Readers skip tombstones, whose messages they acknowledged.
        isNull(messages.retiredAt),
        filter.channelId === null ? undefined : eq(messages.channelId, filter.channelId),
        filter.tenantId === null ? undefined : eq(messages.tenantId, filter.tenantId),
      ),
    )
    .orderBy(filter.isBackwards ? desc(messages.number) : asc(messages.number))
    .limit(filter.limit);
}

/** Whether the feed shows every committed message of an import. */
export async function isImportSettled(tx: Transaction, importId: string): Promise<boolean> {
  const unsettled = await tx
    .select({ id: messages.id })
    .from(messages)
    .where(and(isNull(messages.number), eq(messages.importId, importId)))
    .limit(1);
  return unsettled.length === 0;
}

export async function findMessage(tx: Transaction, id: string): Promise<MessageRow | null> {
  const [row] = await tx.select().from(messages).where(eq(messages.id, id));
  return row ?? null;
}

/** The numbers of a content's parts, in order. */
export async function listMessageParts(tx: Transaction, contentId: string): Promise<number[]> {
  const rows = await tx
    .select({ part: messageParts.part })
    .from(messageParts)
    .where(eq(messageParts.contentId, contentId))
    .orderBy(asc(messageParts.part));
  return rows.map(({ part }) => part);
}

export async function findMessagePart(tx: Transaction, contentId: string, part: number): Promise<string | null> {
  const [row] = await tx
    .select({ jwe: messageParts.jwe })
    .from(messageParts)
    .where(and(eq(messageParts.contentId, contentId), eq(messageParts.part, part)));
  return row?.jwe ?? null;
}

/** Acknowledges messages, which starts their retention. Returns how many were not acknowledged before. */
export async function acknowledgeMessages(tx: Transaction, ids: string[], now: Date): Promise<number> {
  const rows = await tx
    .update(messages)
    .set({ acknowledgedAt: now })
    .where(and(inArray(messages.id, ids), isNull(messages.acknowledgedAt)))
    .returning({ id: messages.id });
  return rows.length;
}
