import { sql } from 'drizzle-orm';
import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { AccessType } from '../../domain/access-type.ts';
import { channels } from './channels.ts';
import { time } from './columns.ts';
import { tenantOfChannel } from './tenants.ts';

/**
 * How the listeners watch a channel: a narrow table beside `channels`, because a quiet look writes its row and nothing
 * else.
 */
export const watches = pgTable(
  'watches',
  {
    channelId: text('channel_id')
      .primaryKey()
      .references(() => channels.id, { onDelete: 'cascade' }),
    tenantId: tenantOfChannel(),
    accessType: text('access_type').$type<AccessType>().notNull(),
    /** The server that is asked: the channel's own, or its provider's. Looks at one host share the places of a process. */
    host: text('host').notNull(),
    /** When a listener looks next; null: not before the workflow has looked itself, or not at all. */
    nextLookAt: time('next_look_at'),
    /** The pace: the time between two looks. */
    intervalMs: integer('interval_ms').notNull(),
    /** When the provider last answered a look or a poll. */
    watchedAt: time('watched_at'),
    /** Up to when quiet looks found everything stored; the channel's *covered until* is the later of its own and this. */
    coveredUntil: time('covered_until'),
    /** When a look next compares what is stored with the provider's own list; null: a day after the connection. */
    auditAt: time('audit_at'),
    /** Since when a look waits for a fresh access token; null: it waits for none. */
    waitsSince: time('waits_since'),
    /** The listener that looks next, while its lease lasts. */
    owner: text('owner'),
    leaseUntil: time('lease_until'),
  },
  (t) => [
    index('watches_next_look')
      .on(t.nextLookAt)
      .where(sql`${t.nextLookAt} is not null`),
  ],
);

/** The listener processes that live: a lease on a channel is good while its listener says so here. */
export const listeners = pgTable('listeners', {
  owner: text('owner').primaryKey(),
  accessTypes: text('access_types').array().$type<AccessType[]>().notNull(),
  aliveUntil: time('alive_until').notNull(),
});
