import { pgTable, text } from 'drizzle-orm/pg-core';
import { time } from './columns.ts';

/** How far a quota is used up: one row per mailbox, app, customer or API key, shared by all processes. */
export const quotas = pgTable('quotas', {
  /** SHA-256 of what the quota is of and of its owner. */
  key: text('key').primaryKey(),
  /** Everything up to here is reserved by some process. */
  usedUntil: time('used_until').notNull(),
});
