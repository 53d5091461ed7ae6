import { sql } from 'drizzle-orm';
import { bigserial, boolean, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { ProviderName } from '../../domain/access-type.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import { time } from './columns.ts';
import { channels, channelId } from './channels.ts';
import { tenantOfChannel } from './tenants.ts';

export const credentials = pgTable(
  'credentials',
  {
    /** One live credential per channel (rule 2): the channel is the key, the version is compared and swapped. */
    channelId: text('channel_id')
      .primaryKey()
      .references(() => channels.id, { onDelete: 'cascade' }),
    tenantId: tenantOfChannel(),
    kind: text('kind').$type<'oauth' | 'password'>().notNull(),
    version: integer('version').notNull(),
    /** The version the sealed secret was sealed at: a refresh without a new refresh token keeps the old seal. */
    secretVersion: integer('secret_version').notNull(),
    /** Refresh token, or password with its server, sealed to the workers' key. */
    sealedSecret: text('sealed_secret').notNull(),
    /** Encrypted under a key the server holds too; null for passwords. */
    accessTokenJwe: text('access_token_jwe'),
    tokenType: text('token_type'),
    issuedAt: time('issued_at'),
    expiresAt: time('expires_at'),
    /** The provider was seen or reported to refuse this access token: it is not served any more. */
    accessTokenRefusedAt: time('access_token_refused_at'),
    scopes: text('scopes').array().notNull().default([]),
    /** Whose authorization server issued it; null for a password, and where an earlier release stored it. */
    oauthProvider: text('oauth_provider').$type<ProviderName>(),
    /** Not secret; of the credential, because a refresh or a sign-in may change it together with its version. */
    context: jsonb('context').$type<ConnectionContext>().notNull().default({}),
    /** What the provider's last refusal asks the next refresh or sign-in for (OpenID Connect `claims`); not secret. */
    claims: text('claims'),
    /** `none | tolerant | grace:<seconds> | strict` */
    rotation: text('rotation').notNull().default('none'),
    /** Which grant it rests on (client and login), hashed: revoking one may end all of them. */
    grantKey: text('grant_key').notNull(),
    /**
     * Keyed hashes of the names by which the provider speaks of this refresh token (`SecurityEvents.identifiersOf`), under a
     * key that is not in the database: a dump tells nothing of the token. null: not computed yet, or it has no names.
     */
    tokenIdentifiers: text('token_identifiers').array(),
    /** When the provider ends the grant, by its own word; null: it told no end. */
    grantEndsAt: time('grant_ends_at'),
    /** When `channel.expiring` is due (`domain/security/grant-life.ts`); null: it was emitted, or no end is known. */
    expiryWarnAt: time('expiry_warn_at'),
    leaseOwner: text('lease_owner'),
    leaseUntil: time('lease_until'),
    updatedAt: time('updated_at').notNull(),
  },
  (t) => [
    index('credentials_expiry')
      .on(t.expiryWarnAt)
      .where(sql`${t.expiryWarnAt} is not null`),
    // Revoking one grant ends all that rest on it, of any tenant.
    index('credentials_grant').on(t.grantKey),
    // A security event names a token, and no channel.
    index('credentials_token_identifiers').using('gin', t.tokenIdentifiers),
  ],
);

export const refreshAttempts = pgTable(
  'refresh_attempts',
  {
    id: text('id').primaryKey(),
    channelId: channelId(),
    tenantId: tenantOfChannel(),
    /** The version whose refresh token is spent. */
    version: integer('version').notNull(),
    startedAt: time('started_at').notNull(),
    /** Set just before the socket is written; null: the provider never saw it. */
    sentAt: time('sent_at'),
    abandonedAt: time('abandoned_at'),
    answeredAt: time('answered_at'),
    /** The raw answer, sealed before it was parsed (rule 4). */
    sealedAnswer: text('sealed_answer'),
    /** `stored | superseded | refused | unknown`; null: not settled yet. */
    outcome: text('outcome').$type<'stored' | 'superseded' | 'refused' | 'unknown'>(),
    /** The one marked second use of a strict token whose answer was lost. */
    probe: boolean('probe').notNull().default(false),
    /** The former access (`former_accesses`) whose token was sent; null: the live credential's. */
    formerAccessId: text('former_access_id'),
  },
  (t) => [index('refresh_attempts_channel').on(t.channelId, t.version)],
);

/** Who read which token when, written in the statement that reads it: no row, no token. */
export const tokenReads = pgTable(
  'token_reads',
  {
    id: bigserial('id', { mode: 'bigint' }).primaryKey(),
    tenantId: text('tenant_id').notNull(),
    channelId: text('channel_id').notNull(),
    apiKeyId: text('api_key_id').notNull(),
    version: integer('version').notNull(),
    at: time('at').notNull(),
  },
  (t) => [index('token_reads_channel').on(t.channelId, t.at)],
);
