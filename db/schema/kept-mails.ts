import { index, pgTable, text } from 'drizzle-orm/pg-core';
import { time } from './columns.ts';
import { tenantId } from './tenants.ts';

/** Mails that no mail server was there for: the embedded default shows them instead of sending them. */
export const keptMails = pgTable(
  'kept_mails',
  {
    /** The mail's own id, so that a repeated send keeps it once. */
    id: text('id').primaryKey(),
    tenantId: tenantId(),
    /** The whole mail, encrypted: it holds links that open connect pages. */
    jwe: text('jwe').notNull(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [index('kept_mails_tenant').on(t.tenantId, t.id), index('kept_mails_by_age').on(t.createdAt)],
);
