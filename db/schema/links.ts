import { sql } from 'drizzle-orm';
import { boolean, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { AccessType, ChannelKind, ImportMode, Namespace, Use } from '../../domain/access-type.ts';
import { renamedJson, time } from './columns.ts';
import { tenantId, tenantOfChannel } from './tenants.ts';
import type { Person } from './tenants.ts';
import { channels } from './channels.ts';

export interface LinkSpec {
  kind: ChannelKind;
  owner: Person | null;
  accessTypes: AccessType[] | null;
  uses: Use[];
  import: ImportMode;
  importFrom: string | null;
  /** Of links that were made before there was a choice: absent. */
  namespaces?: Namespace[] | null;
  mailbox: string | null;
  /** The product's word that a password may move to another server, where the mailbox is the same. */
  allowServerChange?: boolean;
  /** The product vouches for the mailbox where too little is stored to compare. */
  attested?: boolean;
}

export type LinkResult =
  /** `repaired`: the channel works again without a sign-in at this link. */
  | { status: 'connected'; channel: string; repaired?: true }
  | {
      status: 'failed';
      code: string;
      detail: string;
      expected?: NamedAccount;
      received?: NamedAccount;
      /** With `web_sign_in_required`: the page of the provider to sign in at. */
      page?: string;
      /** The server that sends mail has failed; absent: the one that is read. */
      service?: 'smtp';
      /** Another way to present the same password, which may be accepted. */
      alternative?: 'basic';
    };

/** One of the two accounts of a mismatch. A password's account is its login at its server. */
export interface NamedAccount {
  email: string;
  login?: string;
  server?: string;
}

export const links = pgTable(
  'links',
  {
    id: text('id').primaryKey(),
    tenantId: tenantId(),
    /** SHA-256 of the random part of its address. */
    hash: text('hash').notNull().unique(),
    purpose: text('purpose').$type<'connect' | 'reauthorize' | 'change_access'>().notNull(),
    channelId: text('channel_id').references(() => channels.id, { onDelete: 'cascade' }),
    spec: renamedJson('spec').$type<LinkSpec>().notNull(),
    returnTo: text('return_to'),
    /** The origin of the product's page that opens the link in a popup: the result is posted to it and to no other. */
    origin: text('origin'),
    /** Made for the banner; the random part of its address is then derived from its id. */
    forBanner: boolean('for_banner').notNull().default(false),
    /** The address that a notice with this link went to; null: the product's own link. */
    recipient: text('recipient'),
    /** The incident of a notice's link, which ends with it; null: the product's own. */
    incidentId: text('incident_id'),
    expiresAt: time('expires_at').notNull(),
    /** Set by a completed sign-in only, never by a GET: mail scanners open links. */
    usedAt: time('used_at'),
    result: jsonb('result').$type<LinkResult>(),
    /** How often a password was tried with it: a link is no tool to look for servers with. */
    passwordAttempts: integer('password_attempts').notNull().default(0),
    createdAt: time('created_at').notNull(),
  },
  (t) => [
    index('links_channel').on(t.channelId, t.usedAt),
    index('links_tenant').on(t.tenantId),
    /** Each poll of a banner looks for the open links of its channels. */
    index('links_banner')
      .on(t.channelId, t.expiresAt)
      .where(sql`${t.forBanner}`),
    index('links_banner_expiry')
      .on(t.expiresAt)
      .where(sql`${t.forBanner} and ${t.usedAt} is null`),
  ],
);

/** One trip to a provider's consent page: what `state` stands for. */
export const signIns = pgTable(
  'sign_ins',
  {
    stateHash: text('state_hash').primaryKey(),
    linkId: text('link_id')
      .notNull()
      .references(() => links.id, { onDelete: 'cascade' }),
    tenantId: tenantOfChannel(),
    accessType: text('access_type').$type<AccessType>().notNull(),
    provider: text('provider').notNull(),
    /** SHA-256 of this browser's cookie. */
    browserHash: text('browser_hash').notNull(),
    /** PKCE verifier, encrypted under a key the server holds. */
    codeVerifierJwe: text('code_verifier_jwe').notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    /** Consumed before the exchange: a repeated callback never sends a code twice. */
    consumedAt: time('consumed_at'),
  },
  (row) => [index('sign_ins_of_link').on(row.linkId, row.createdAt), index('sign_ins_by_expiry').on(row.expiresAt)],
);
