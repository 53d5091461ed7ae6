import { sql } from 'drizzle-orm';
import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { AccessType } from '../../domain/access-type.ts';
import type { Locale } from '../../domain/locale.ts';
import type { QuietHours } from '../../domain/notices/quiet-hours.ts';
import { renamedJson, time } from './columns.ts';

export interface Person {
  email: string;
  name: string | null;
  /** Absent: the policy's. */
  locale?: Locale;
  /** Absent: that of the policy's quiet hours. */
  timeZone?: string;
}

type Told = 'owner' | 'admins' | 'both' | 'none';

export interface TenantPolicy {
  /** The tenant's name for people; null: its id. */
  displayName: string | null;
  accessTypes: AccessType[] | null;
  notify: { individual: Told; shared: Told };
  admins: Person[];
  /** Days from the opening of an incident to each reminder; fractions are allowed. */
  remindersDays: number[];
  /** Days between the reminders after these; null: none follows. */
  reminderRepeatDays: number | null;
  /** Days from the opening until reminders of the owner go to the admins as well. */
  adminsJoinAfterDays: number;
  quietHours: QuietHours | null;
  /** Quiet hours hold the first mail of an incident, too. */
  quietFirst: boolean;
  /** Channels of one person that break together are told of in one mail. */
  digest: boolean;
  locale: Locale;
  /** How long content and envelope of an acknowledged message are kept; null: until the channel is erased. */
  retentionDays: number | null;
  /** Pages that may read the banner's state. */
  bannerOrigins: string[];
}

export const tenants = pgTable(
  'tenants',
  {
    id: text('id').primaryKey(),
    /** null: the defaults of `db/access/tenants.ts`. */
    policy: renamedJson('policy').$type<Partial<TenantPolicy>>(),
    /** Set: nothing new is connected, and the row goes with the last of its channels. */
    eraseRequestedAt: time('erase_requested_at'),
    createdAt: time('created_at').notNull(),
  },
  (t) => [
    /** A preflight names a page's origin and no tenant. */
    /** The few that are being erased. */
    index('tenants_erasing')
      .on(t.id)
      .where(sql`${t.eraseRequestedAt} is not null`),
    index('tenants_banner_origins').using('gin', sql`(${t.policy} -> 'banner_origins')`),
  ],
);

/** How often a key may do something; an absent limit is none. */
export interface KeyLimits {
  readsPerMinute?: number | undefined;
}

export const apiKeys = pgTable(
  'api_keys',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** SHA-256 of the key, hex: a dump of this table cannot authenticate. */
    hash: text('hash').notNull().unique(),
    /** null: every tenant; else the only tenant this key sees. */
    tenantId: text('tenant_id').references(() => tenants.id, { onDelete: 'cascade' }),
    scopes: text('scopes').array().notNull(),
    /** null: from anywhere. */
    cidrs: text('cidrs').array(),
    expiresAt: time('expires_at'),
    /** null: none. */
    limits: renamedJson('limits').$type<KeyLimits>(),
    revokedAt: time('revoked_at'),
    lastUsedAt: time('last_used_at'),
    createdAt: time('created_at').notNull(),
  },
  (t) => [index('api_keys_tenant').on(t.tenantId, t.id)],
);

export const uiSessions = pgTable(
  'ui_sessions',
  {
    /** SHA-256 of the cookie, hex. */
    hash: text('hash').primaryKey(),
    /** The key it was opened with, whose rights it has and with which it ends; null for the login link: every right. */
    apiKeyId: text('api_key_id').references(() => apiKeys.id, { onDelete: 'cascade' }),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
  },
  (t) => [index('ui_sessions_expiry').on(t.expiresAt), index('ui_sessions_key').on(t.apiKeyId)],
);

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** SHA-256 over API key id, method, path and the client's key. */
    hash: text('hash').primaryKey(),
    /** A keyed hash of the body without its secrets. The same key with another body is a mistake of the client: 409. */
    requestHash: text('request_hash').notNull(),
    /** null while the first request is still at work. */
    status: integer('status'),
    sealedAnswer: text('sealed_answer'),
    /** When the request last said that it was at work; the column's name is older than that. */
    atWorkAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
  },
  (t) => [index('idempotency_keys_expiry').on(t.expiresAt)],
);

/** The tenant a row belongs to; row-level security compares it with the transaction's own. */
export const tenantId = () =>
  text('tenant_id')
    .notNull()
    .references(() => tenants.id, { onDelete: 'cascade' });

/**
 * The same in tables whose rows go with a channel, an import or a link: that row vouches for the tenant and takes them
 * along when it goes. A foreign key more would be a search more for every row, and an index more for every erasure.
 */
export const tenantOfChannel = () => text('tenant_id').notNull();
