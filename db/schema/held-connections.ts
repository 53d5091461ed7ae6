import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { channels } from './channels.ts';
import { time } from './columns.ts';
import { tenantOfChannel } from './tenants.ts';

/** Which listener holds a channel's connection. A listener that dies lets go when its leases end. */
export const heldConnections = pgTable(
  'held_connections',
  {
    channelId: text('channel_id')
      .primaryKey()
      .references(() => channels.id, { onDelete: 'cascade' }),
    tenantId: tenantOfChannel(),
    owner: text('owner').notNull(),
    leaseUntil: time('lease_until').notNull(),
    /** Connections in a row that could not be had or broke soon, for backoff. */
    failures: integer('failures').notNull().default(0),
    retryAt: time('retry_at'),
    /** The server refused this credential: it is not shown again, only a newer one (an account would be locked). */
    refusedVersion: integer('refused_version'),
  },
  (t) => [index('held_connections_owner').on(t.owner), index('held_connections_lease').on(t.leaseUntil)],
);
