import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { ProviderName } from '../../domain/access-type.ts';
import type { SecurityEventKind } from '../../domain/security/security-event.ts';
import { time } from './columns.ts';

/**
 * Security events about accounts that have a channel. A row belongs to no tenant: several may have connected the account. By
 * its row a repeated event is known, and a refusal finds its cause.
 */
export const securityEvents = pgTable(
  'security_events',
  {
    provider: text('provider').$type<ProviderName>().notNull(),
    /** The `jti`, unique to the provider's stream; a token may carry several events. */
    tokenId: text('token_id').notNull(),
    position: integer('position').notNull(),
    /** The provider's own id of the login (`channels.account_provider_id`). */
    providerId: text('provider_id').notNull(),
    kind: text('kind').$type<SecurityEventKind>().notNull(),
    detail: text('detail'),
    /** The `iat`, at most the time of receipt: events come late and in any order. */
    issuedAt: time('issued_at').notNull().defaultNow(),
    receivedAt: time('received_at').notNull(),
    /** When every channel of the account had its check requested; null: a repeated event requests it again. */
    toldAt: time('told_at'),
    /** When the cause is settled as certain, unless another event names another cause before; null: it is settled. */
    certainAt: time('certain_at'),
  },
  (t) => [
    primaryKey({ columns: [t.provider, t.tokenId, t.position] }),
    index('security_events_login').on(t.provider, t.providerId, t.receivedAt),
    index('security_events_certain').on(t.certainAt),
    index('security_events_received').on(t.receivedAt),
  ],
);
