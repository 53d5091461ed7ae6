import { sql } from 'drizzle-orm';
import { check, pgTable, text } from 'drizzle-orm/pg-core';
import { time } from './columns.ts';

/** How connect pages and mails look: one row for the installation, none before the first `PUT /v1/branding`. */
export const branding = pgTable(
  'branding',
  {
    id: text('id').primaryKey().default('branding'),
    /** The product's own name; null: the pages say Mooring. */
    name: text('name'),
    logoUrl: text('logo_url'),
    /** `#rrggbb` in lower case; null: the accent of the web UI. */
    accentColor: text('accent_color'),
    supportEmail: text('support_email'),
    supportUrl: text('support_url'),
    privacyUrl: text('privacy_url'),
    updatedAt: time('updated_at').notNull(),
  },
  (row) => [check('branding_has_one_row', sql`${row.id} = 'branding'`)],
);
