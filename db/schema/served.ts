import { pgTable, text } from 'drizzle-orm/pg-core';
import type { AccessType } from '../../domain/access-type.ts';
import { time } from './columns.ts';

/** Until when an access type counts as served: each of its workers moves it on while it lives. */
export const servedAccessTypes = pgTable('served_access_types', {
  accessType: text('access_type').$type<AccessType>().primaryKey(),
  servedUntil: time('served_until').notNull(),
});
