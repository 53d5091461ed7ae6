import { pgTable, text } from 'drizzle-orm/pg-core';
import { time } from './columns.ts';

/**
 * Revocations of grants, of which each ends every token of a login, of any tenant. A row belongs to no tenant. It outlives the
 * credential that was revoked: a sign-in may be under way, whose tokens died with that grant.
 */
export const grantRevocations = pgTable('grant_revocations', {
  /** As in `credentials`. */
  grantKey: text('grant_key').primaryKey(),
  /** A token that was asked for up to here may be revoked: the end of the call, or of its time while it is under way. */
  until: time('until').notNull(),
});
