import { sql } from 'drizzle-orm';
import { index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { SendOutcome, SendState } from '../../domain/sending/send.ts';
import { channels } from './channels.ts';
import { time } from './columns.ts';
import { tenantId } from './tenants.ts';

/** Messages that the product sends: by its row a repeated request is known, so that no message leaves twice. */
export const sends = pgTable(
  'sends',
  {
    id: text('id').primaryKey(),
    tenantId: tenantId(),
    channelId: text('channel_id')
      .notNull()
      .references(() => channels.id, { onDelete: 'cascade' }),
    /** SHA-256 of the channel and the product's key. */
    keyHash: text('key_hash').notNull(),
    /** A hash of the message under a key of the keys file: the same key with another message is refused. */
    bodyHash: text('body_hash').notNull(),
    /** With its angle brackets. */
    messageId: text('message_id').notNull(),
    /** The message, until its outcome is known. */
    contentId: text('content_id'),
    /** In octets. */
    size: integer('size').notNull(),
    state: text('state').$type<SendState>().notNull(),
    /** A repeated request tries a message again that was not sent; a late process of an earlier try sends nothing. */
    attempt: integer('attempt').notNull().default(1),
    /** Set just before the first byte leaves; null: the provider never saw the message. */
    transmittedAt: time('transmitted_at'),
    settledAt: time('settled_at'),
    outcome: jsonb('outcome').$type<SendOutcome>(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('sends_key').on(t.channelId, t.keyHash),
    index('sends_tenant').on(t.tenantId, t.id),
    index('sends_by_age').on(t.createdAt),
    index('sends_content')
      .on(t.contentId)
      .where(sql`content_id is not null`),
  ],
);
