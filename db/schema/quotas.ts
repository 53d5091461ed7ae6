import { pgTable, text } from 'drizzle-orm/pg-core';
import { time } from './columns.ts';

/** How far a provider's quota is used up: one row per mailbox, app or customer, shared by all processes. */
export const quotas = pgTable('quotas', {
  /** SHA-256 of the provider, whose quota it is, and the owner. */
  key: text('key').primaryKey(),
  /** Everything up to here is reserved by some process. */
  usedUntil: time('used_until').notNull(),
});
