import { and, asc, eq, exists, inArray, not, sql } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { messageLocations, messageNotices, messageParts, messages } from './schema/messages.ts';

export type NewMessage = typeof messages.$inferInsert;
export type NewLocation = typeof messageLocations.$inferInsert;

/** Where a message lies at the provider. */
export interface Place {
  channelId: string;
  scope: string;
  generation: string;
}

export interface KnownMessage {
  providerId: string;
  generation: string;
  messageId: string;
  receivedAt: Date;
}

/** Of these ids of a folder, the ones that are stored (rule 10). */
export async function findKnownMessages(
  tx: Transaction,
  { channelId, scope }: Omit<Place, 'generation'>,
  providerIds: string[],
): Promise<KnownMessage[]> {
  if (providerIds.length === 0) return [];
  return tx
    .select({
      providerId: messageLocations.providerId,
      generation: messageLocations.generation,
      messageId: messageLocations.messageId,
      receivedAt: messages.receivedAt,
    })
    .from(messageLocations)
    .innerJoin(messages, eq(messages.id, messageLocations.messageId))
    .where(
      and(
        eq(messageLocations.channelId, channelId),
        eq(messageLocations.scope, scope),
        inArray(messageLocations.providerId, providerIds),
      ),
    );
}

export interface MessageTwin {
  id: string;
  fingerprint: string;
  receivedAt: Date;
}

/**
 * Stored messages with these fingerprints that are known at other places but not in this generation of this folder:
 * there, only the provider's id identifies a message. Oldest first.
 */
export async function findTwins(tx: Transaction, place: Place, fingerprints: string[]): Promise<MessageTwin[]> {
  if (fingerprints.length === 0) return [];
  const here = tx
    .select({ one: sql`1` })
    .from(messageLocations)
    .where(
      and(
        eq(messageLocations.messageId, messages.id),
        eq(messageLocations.scope, place.scope),
        eq(messageLocations.generation, place.generation),
      ),
    );
  return tx
    .select({ id: messages.id, fingerprint: messages.fingerprint, receivedAt: messages.receivedAt })
    .from(messages)
    .where(and(eq(messages.channelId, place.channelId), inArray(messages.fingerprint, fingerprints), not(exists(here))))
    .orderBy(asc(messages.id));
}

/** Makes messages visible. The locations' primary key is what keeps a message from being stored twice (rule 10). */
export async function insertMessages(tx: Transaction, rows: NewMessage[], locations: NewLocation[]): Promise<void> {
  if (rows.length > 0) await tx.insert(messages).values(rows);
  if (locations.length > 0) await tx.insert(messageLocations).values(locations);
}

/** Removes a channel's messages, content first: what is erased half is erased again. */
export async function eraseMessages(tx: Transaction, channelId: string): Promise<void> {
  for (const table of [messageParts, messageLocations, messages, messageNotices]) {
    await tx.delete(table).where(eq(table.channelId, channelId));
  }
}
