import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { MediaType } from '../../domain/messages/media-type.ts';
import { feedOrder, time, xid8 } from './columns.ts';
import { channelId } from './channels.ts';
import { tenantOfChannel } from './tenants.ts';

export interface Address {
  email: string;
  name: string | null;
}

export const messages = pgTable(
  'messages',
  {
    id: text('id').primaryKey(),
    tenantId: tenantOfChannel(),
    channelId: channelId(),
    /** Where it was first found; every place it is known at is a row of message_locations. */
    providerId: text('provider_id').notNull(),
    mediaType: text('media_type').$type<MediaType>().notNull().default('message/rfc822'),
    /** Which state of a record that changes; mail has one. */
    revision: integer('revision').notNull().default(1),
    folder: text('folder').notNull(),
    /** The Message-ID header as it stands, with its angle brackets; null when there is none. */
    messageId: text('message_id'),
    subject: text('subject'),
    sender: jsonb('sender').$type<Address>(),
    recipients: jsonb('recipients').$type<Address[]>().notNull(),
    date: time('date'),
    /** The provider's date of arrival. */
    receivedAt: time('received_at').notNull(),
    size: integer('size').notNull(),
    backfilled: boolean('backfilled').notNull(),
    importId: text('import_id'),
    contentId: text('content_id').notNull(),
    /** Hash of Message-ID, date, sender and subject; of the content where there is no Message-ID. */
    fingerprint: text('fingerprint').notNull(),
    storedAt: time('stored_at').notNull(),
    acknowledgedAt: time('acknowledged_at'),
    /** Its retention is over: content and envelope are gone, and what is left keeps it from coming twice. */
    retiredAt: time('retired_at'),
    ...feedOrder(),
  },
  (t) => [
    /** Pages skip tombstones, of which a feed may have any number in a row. */
    index('messages_channel_feed')
      .on(t.channelId, t.number)
      .where(sql`${t.retiredAt} is null`),
    index('messages_tenant_feed')
      .on(t.tenantId, t.number)
      .where(sql`${t.retiredAt} is null`),
    index('messages_feed')
      .on(t.number)
      .where(sql`${t.retiredAt} is null`),
    index('messages_unsettled')
      .on(t.seq)
      .where(sql`${t.number} is null`),
    index('messages_fingerprint').on(t.channelId, t.fingerprint),
    /** By which content is found that no message came to refer to. */
    index('messages_content').on(t.contentId),
    index('messages_retention')
      .on(t.tenantId, t.acknowledgedAt)
      .where(sql`${t.acknowledgedAt} is not null and ${t.retiredAt} is null`),
  ],
);

/** Where a message is known at; nothing that stands here is imported again (rule 10). */
export const messageLocations = pgTable(
  'message_locations',
  {
    channelId: channelId(),
    scope: text('scope').notNull(),
    generation: text('generation').notNull(),
    providerId: text('provider_id').notNull(),
    tenantId: tenantOfChannel(),
    messageId: text('message_id').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.channelId, t.scope, t.generation, t.providerId] }),
    index('message_locations_message').on(t.messageId),
  ],
);

/** Content in parts of 256 KiB, written before the row that makes the message visible. */
export const messageParts = pgTable(
  'message_parts',
  {
    contentId: text('content_id').notNull(),
    part: integer('part').notNull(),
    tenantId: tenantOfChannel(),
    channelId: channelId(),
    jwe: text('jwe').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.contentId, t.part] }),
    /** An erasure goes from batch to batch along it. */
    index('message_parts_channel').on(t.channelId),
    /** Which keys the parts rest on is asked at every start; reading every part for that would take hours. */
    index('message_parts_key').on(sql`vault_key_id(${t.jwe})`),
  ],
);

/**
 * New messages not yet told of: one `message.received` per channel and second, with a count. It references no channel: the
 * check would wait for one that is locked, and every feed with it.
 */
export const messageNotices = pgTable('message_notices', {
  channelId: text('channel_id').primaryKey(),
  tenantId: text('tenant_id').notNull(),
  count: integer('count').notNull(),
  since: time('since').notNull(),
  /** The feed's number before the first of them. */
  after: bigint('after', { mode: 'bigint' })
    .notNull()
    .default(sql`0`),
  /** The place of the release before, which the next release drops. */
  firstXact: xid8('first_xact')
    .notNull()
    .default(sql`pg_current_xact_id()`),
});
