import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { channels } from './channels.ts';
import { time } from './columns.ts';
import { tenantOfChannel } from './tenants.ts';

/**
 * That a channel's provider was asked to tell of news: a table and not columns of `channels`, because most access types
 * have none, and because a query across tenants for the channels of a mailbox reads these few rows alone.
 */
export const subscriptions = pgTable(
  'subscriptions',
  {
    channelId: text('channel_id')
      .primaryKey()
      .references(() => channels.id, { onDelete: 'cascade' }),
    tenantId: tenantOfChannel(),
    /** The provider's id of it, by which it names the channel in a push; null where the mailbox says as much. */
    reference: text('reference'),
    /** SHA-256 of the secret that every push about it repeats; null where the provider repeats none. */
    stateHash: text('state_hash'),
    /** Until when the provider tells, as it said; null: it never agreed, or has ended it. */
    expiresAt: time('expires_at'),
    /** When it is renewed, retried, or ended because the mode no longer needs it. */
    renewAt: time('renew_at').notNull(),
    /** Refusals in a row, for backoff. */
    failures: integer('failures').notNull().default(0),
    /** Since when it fails, once reported; null: no known failure. */
    failingSince: time('failing_since'),
  },
  (t) => [
    index('subscriptions_failing').on(t.failingSince),
    // A push names its subscription and no tenant.
    index('subscriptions_reference').on(t.reference),
  ],
);
