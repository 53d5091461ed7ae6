import { boolean, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { AccessType, ProviderName, Use } from '../../domain/access-type.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { SetAsideReason } from '../../domain/receipt.ts';
import type { SubmissionServer } from '../../domain/server.ts';
import { channelId } from './channels.ts';
import { serverColumn, time } from './columns.ts';
import { tenantOfChannel } from './tenants.ts';

/** A part of the account, as its cursors named it, or as it was set aside. */
export interface FormerPart {
  scope: string;
  name: string | null;
  /** It cannot be read, or has no cursor since it could not: for this reason. */
  aside?: SetAsideReason;
}

/**
 * The access that a channel had before a change: its account and its credential, which rest until the way back is over:
 * no new call uses them. Then the grant is revoked, and the row deleted.
 */
export const formerAccesses = pgTable(
  'former_accesses',
  {
    id: text('id').primaryKey(),
    channelId: channelId(),
    tenantId: tenantOfChannel(),
    accessType: text('access_type').$type<AccessType>().notNull(),
    changedAt: time('changed_at').notNull(),
    /** The end of the way back. */
    restsUntil: time('rests_until').notNull(),
    /** False: the channel has come back from it, or leaves. Nothing leads to it any more. */
    canReturn: boolean('can_return').notNull().default(true),
    /** When its end is due, or tried again; the tries so far. */
    endsAt: time('ends_at').notNull(),
    tries: integer('tries').notNull().default(0),

    /** As in `channels`. */
    accountEmail: text('account_email').notNull(),
    accountLogin: text('account_login').notNull(),
    accountProviderId: text('account_provider_id').notNull(),
    mailboxKey: text('mailbox_key').notNull(),
    serverKey: text('server_key').notNull(),
    server: serverColumn('server'),
    smtp: jsonb('smtp').$type<SubmissionServer>(),
    uses: text('uses').array().$type<Use[]>().notNull(),
    missingUses: text('missing_uses').array().$type<Use[]>().notNull(),
    lastVerifiedAt: time('last_verified_at'),

    /** As in `credentials`; without an access token, which is refreshed on the way back. */
    kind: text('kind').$type<'oauth' | 'password'>().notNull(),
    secretVersion: integer('secret_version').notNull(),
    /** Moved by the database (`db/rights.sql`): the server cannot read it. */
    sealedSecret: text('sealed_secret').notNull().default(''),
    tokenType: text('token_type'),
    issuedAt: time('issued_at'),
    scopes: text('scopes').array().notNull(),
    oauthProvider: text('oauth_provider').$type<ProviderName>(),
    context: jsonb('context').$type<ConnectionContext>().notNull(),
    rotation: text('rotation').notNull(),
    grantKey: text('grant_key').notNull(),
    tokenIdentifiers: text('token_identifiers').array(),
    grantEndsAt: time('grant_ends_at'),
    expiryWarnAt: time('expiry_warn_at'),

    /** The parts that were known: on the way back they are no new ones, all of whose mail counts. */
    parts: jsonb('parts').$type<FormerPart[]>().notNull(),
    /** Whether a subscription stood, and the provider's id of it. */
    isSubscribed: boolean('is_subscribed').notNull(),
    subscription: text('subscription'),
  },
  (t) => [
    index('former_accesses_channel').on(t.channelId),
    index('former_accesses_end').on(t.endsAt),
    // Revoking one grant may end all that rest on it, of any tenant.
    index('former_accesses_grant').on(t.grantKey),
  ],
);
