import { and, desc, eq, isNull, ne, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { noteFeedWrite } from '../feed-writes.ts';
import { messageLocations, messages } from '../schema/messages.ts';

export type NewMessage = typeof messages.$inferInsert;
export type NewLocation = typeof messageLocations.$inferInsert;

/** A place: where a message is at the provider. */
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

/** What identifies a message in a folder. */
export interface PlacedId {
  generation: string;
  providerId: string;
}

/**
 * Of these ids of a folder, the ones that are stored (rule 10). Looked up one by one (`offset 0` keeps the planner from
 * joining): a plan made for a small mailbox would read a large one whole, for every page.
 */
export async function findKnownMessages(
  tx: Transaction,
  { channelId, scope }: Omit<Place, 'generation'>,
  asked: readonly PlacedId[],
): Promise<KnownMessage[]> {
  if (asked.length === 0) return [];
  const found = await tx.execute<Record<string, unknown> & KnownMessage & { receivedAt: string }>(sql`
    select asked.id as "providerId", asked.generation, known.id as "messageId", known.received_at as "receivedAt"
    from unnest(${sql.param(asked.map(({ generation }) => generation))}::text[],
                ${sql.param(asked.map(({ providerId }) => providerId))}::text[]) as asked (generation, id)
    cross join lateral (
      select message_id from message_locations
      where channel_id = ${channelId} and scope = ${scope} and generation = asked.generation and provider_id = asked.id
      offset 0
    ) as location
    cross join lateral (
      select id, received_at from messages where id = location.message_id offset 0
    ) as known`);
  return found.map((row) => ({ ...row, receivedAt: new Date(row.receivedAt) }));
}

/** A part of the account, by the access whose generations begin with `mark` (`credentials/sessions/marked-generations.ts`). */
interface MarkedPart {
  channelId: string;
  scope: string;
  mark: string;
}

const isMarked = (mark: string) => sql`starts_with(${messageLocations.generation}, ${mark})`;

/** A few places of stored messages in a folder, of one generation or of any. */
export async function listSomePlaces(
  tx: Transaction,
  { channelId, scope, mark }: MarkedPart,
  limit: number,
): Promise<PlacedId[]> {
  return tx
    .select({ generation: messageLocations.generation, providerId: messageLocations.providerId })
    .from(messageLocations)
    .where(and(eq(messageLocations.channelId, channelId), eq(messageLocations.scope, scope), isMarked(mark)))
    .orderBy(desc(messageLocations.generation), desc(messageLocations.providerId))
    .limit(limit);
}

/** Some stored messages of other parts of the channel, of each part one. */
export async function listPlacesElsewhere(
  tx: Transaction,
  { channelId, scope, mark }: MarkedPart,
  limit: number,
): Promise<(PlacedId & { scope: string })[]> {
  const { generation, providerId } = messageLocations;
  return tx
    .selectDistinctOn([messageLocations.scope], { scope: messageLocations.scope, generation, providerId })
    .from(messageLocations)
    .where(and(eq(messageLocations.channelId, channelId), ne(messageLocations.scope, scope), isMarked(mark)))
    .orderBy(messageLocations.scope, desc(generation), desc(providerId))
    .limit(limit);
}

export interface MessageTwin {
  id: string;
  fingerprint: string;
  receivedAt: Date;
}

/**
 * Stored messages with these fingerprints that are known at other places but not in this generation of this folder,
 * where only the provider's id identifies a message, unless its place is among the `emptied`. Oldest first. Looked up
 * one by one, as above.
 */
export async function findTwins(
  tx: Transaction,
  { channelId, scope, generation }: Place,
  fingerprints: string[],
  emptied: readonly PlacedId[] = [],
): Promise<MessageTwin[]> {
  if (fingerprints.length === 0) return [];
  const found = await tx.execute<Record<string, unknown> & MessageTwin & { receivedAt: string }>(sql`
    select twin.id, asked.fingerprint, twin.received_at as "receivedAt"
    from unnest(${sql.param(fingerprints)}::text[]) as asked (fingerprint)
    cross join lateral (
      select messages.id, messages.received_at
      from messages
      where messages.channel_id = ${channelId} and messages.fingerprint = asked.fingerprint
      offset 0
    ) as twin
    where not exists (
      select from message_locations as location
      where location.message_id = twin.id and location.scope = ${scope} and location.generation = ${generation}
        and location.provider_id <> all (${sql.param(idsIn(generation, emptied))}::text[])
      offset 0
    )
    order by twin.id`);
  return found.map((row) => ({ ...row, receivedAt: new Date(row.receivedAt) }));
}

const idsIn = (generation: string, places: readonly PlacedId[]) =>
  places.filter((place) => place.generation === generation).map(({ providerId }) => providerId);

/** Where, in these generations of this folder, messages with these fingerprints are known. */
export async function findSameHere(
  tx: Transaction,
  { channelId, scope }: Omit<Place, 'generation'>,
  generations: string[],
  fingerprints: string[],
): Promise<PlacedId[]> {
  const found = await tx.execute<Record<string, unknown> & PlacedId>(sql`
    select location.generation, location.provider_id as "providerId"
    from unnest(${sql.param(fingerprints)}::text[]) as asked (fingerprint)
    cross join lateral (
      select id from messages where channel_id = ${channelId} and fingerprint = asked.fingerprint offset 0
    ) as message
    cross join lateral (
      select generation, provider_id from message_locations
      where message_id = message.id and channel_id = ${channelId} and scope = ${scope}
        and generation = any (${sql.param(generations)}::text[])
      offset 0
    ) as location`);
  return found.map(({ generation, providerId }) => ({ generation, providerId }));
}

/** When the message that was stored last had arrived; null: none is stored. */
export async function findLastReceived(tx: Transaction, channelId: string): Promise<Date | null> {
  const find = (among: SQL | undefined) =>
    tx
      .select({ receivedAt: messages.receivedAt })
      .from(messages)
      .where(and(eq(messages.channelId, channelId), among))
      .orderBy(sql`${messages.number} desc nulls first`, desc(messages.seq))
      .limit(1);
  // The index has no tombstones; they are read only where nothing else is left.
  const [last] = await find(isNull(messages.retiredAt));
  if (last) return last.receivedAt;
  const [retired] = await find(undefined);
  return retired?.receivedAt ?? null;
}

/**
 * Makes messages visible. The locations' primary key is what keeps a message from being stored twice (rule 10). All
 * rows go as one parameter, so that the statement is the same for any number of them and is planned once.
 */
export async function insertMessages(tx: Transaction, rows: NewMessage[], locations: NewLocation[]): Promise<void> {
  if (rows.length > 0) {
    await tx.execute(sql`
      insert into messages (id, tenant_id, channel_id, provider_id, media_type, revision, folder, message_id, subject, sender,
                            recipients, date, received_at, size, backfilled, import_id, content_id, fingerprint, stored_at)
      select "id", "tenantId", "channelId", "providerId", "mediaType", "revision", "folder", "messageId", "subject", "sender",
             "recipients", "date", "receivedAt", "size", "backfilled", "importId", "contentId", "fingerprint", "storedAt"
      from json_to_recordset(${JSON.stringify(rows)}::json) as row (
        "id" text, "tenantId" text, "channelId" text, "providerId" text, "mediaType" text, "revision" integer,
        "folder" text, "messageId" text, "subject" text, "sender" jsonb, "recipients" jsonb,
        "date" timestamptz, "receivedAt" timestamptz, "size" integer, "backfilled" boolean,
        "importId" text, "contentId" text, "fingerprint" text, "storedAt" timestamptz)`);
    noteFeedWrite(tx);
  }
  if (locations.length > 0) {
    await tx.execute(sql`
      insert into message_locations (channel_id, scope, generation, provider_id, tenant_id, message_id)
      select "channelId", "scope", "generation", "providerId", "tenantId", "messageId"
      from json_to_recordset(${JSON.stringify(locations)}::json) as row (
        "channelId" text, "scope" text, "generation" text, "providerId" text, "tenantId" text, "messageId" text)`);
  }
}
