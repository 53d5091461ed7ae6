import { sql } from 'drizzle-orm';
import { index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { NoticeKind, NoticeState, NoticeWhy } from '../../domain/notices/notice.ts';
import { time } from './columns.ts';
import { tenantId, tenantOfChannel } from './tenants.ts';
import { channelId, channels } from './channels.ts';
import { links } from './links.ts';

/** Notices to people about a channel: planned, sent, or not sent for a reason. */
export const notices = pgTable(
  'notices',
  {
    id: text('id').primaryKey(),
    tenantId: tenantId(),
    /** null: about a link that no channel has come of yet. */
    channelId: text('channel_id').references(() => channels.id, { onDelete: 'cascade' }),
    /** The expired link that the recipient asked to have anew; null: another notice. */
    linkId: text('link_id').references(() => links.id, { onDelete: 'cascade' }),
    /** null: about no incident, such as a new link for a channel that works. */
    incidentId: text('incident_id'),
    kind: text('kind').$type<NoticeKind>().notNull(),
    /** The step of the incident that it tells of: `alert`, `reminder/2`, `recovered`; or a grant's end: `expiring/TIME`. */
    occasion: text('occasion').notNull(),
    /** An address; null where there is no person to tell, which the row then says. */
    recipient: text('recipient'),
    /** A hash of tenant and recipient: histories name the recipient by it. */
    recipientId: text('recipient_id').notNull(),
    why: text('why').$type<NoticeWhy>().notNull(),
    state: text('state').$type<NoticeState>().notNull(),
    /** When it may be sent; quiet hours and retries move it. */
    dueAt: time('due_at').notNull(),
    /** The incident for which the operator looks first, until `heldUntil`; null: it waits for no operator. */
    heldBy: text('held_by'),
    heldUntil: time('held_until'),
    /** The mail it is in, from the first attempt on; its Message-ID is made of it. */
    mailId: text('mail_id'),
    /** SHA-256 of the random part of the mail's unsubscribe address. */
    unsubscribeHash: text('unsubscribe_hash'),
    attempts: integer('attempts').notNull().default(0),
    /** A process sends it since then; null: none does. */
    attemptedAt: time('attempted_at'),
    /** A code: why it is not sent, or what the last attempt met. */
    error: text('error'),
    createdAt: time('created_at').notNull(),
    /** When it took its state. */
    at: time('at').notNull(),
  },
  (t) => [
    /** Rule 11: one alert per incident, one notice of each step to each person. */
    uniqueIndex('notices_once').on(t.incidentId, t.recipientId, t.occasion),
    /** The same of a grant's end, which is no incident. */
    uniqueIndex('notices_expiring_once')
      .on(t.channelId, t.recipientId, t.occasion)
      .where(sql`kind = 'expiring'`),
    index('notices_tenant').on(t.tenantId, t.id),
    index('notices_channel').on(t.channelId, t.id),
    /** Lists of few among many, such as the failed ones. Newest first, in all tenants or in one. */
    index('notices_state').on(t.state, t.id),
    index('notices_kind').on(t.kind, t.id),
    index('notices_link').on(t.linkId, t.createdAt),
    index('notices_recipient').on(t.tenantId, t.recipientId, t.at),
    index('notices_unsubscribe').on(t.unsubscribeHash),
    index('notices_address')
      .on(sql`lower(${t.recipient})`)
      .where(sql`${t.recipient} is not null`),
    index('notices_due')
      .on(t.dueAt)
      .where(sql`${t.state} = 'queued'`),
    index('notices_held')
      .on(t.heldBy)
      .where(sql`${t.state} = 'queued'`),
  ],
);

/** A person wants no more mail about a channel. */
export const unsubscribes = pgTable(
  'unsubscribes',
  {
    tenantId: tenantOfChannel(),
    channelId: channelId(),
    address: text('address').notNull(),
    at: time('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channelId, t.address] })],
);

/** An address that a mail server refused for good. */
export const refusedAddresses = pgTable(
  'refused_addresses',
  {
    tenantId: tenantId(),
    address: text('address').notNull(),
    at: time('at').notNull(),
    /** The server's word for it, or the product's. */
    reason: text('reason').notNull(),
    /** The source: the mail server while it took the mail, or the product later. */
    source: text('source').$type<'smtp' | 'bounce'>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.address] })],
);
