import type { MessageSpec } from '../message-factory.ts';
import type { AccessTokenRow, CodeRow, OAuthRows, OAuthSettings, RefreshTokenRow } from '../oauth/rows.ts';

/** What Microsoft remembers. Keys are lower-case addresses, tokens and ids; times are milliseconds of the sandbox's clock. */
export interface MicrosoftRows extends OAuthRows {
  /** By address. */
  readonly accounts: AccountRow;
  readonly codes: MicrosoftCodeRow;
  readonly refresh_tokens: MicrosoftRefreshTokenRow;
  readonly access_tokens: MicrosoftAccessTokenRow;
  /** By tenant id, once an administrator was asked for or has consented. */
  readonly tenants: TenantRow;
  /** By folder id. */
  readonly folders: FolderRow;
  /** By immutable id. */
  readonly messages: MessageRow;
  /** By id. */
  readonly subscriptions: SubscriptionRow;
  /** One row, `settings`: what was set; the rest is as by default. */
  readonly settings: Partial<OAuthSettings>;
}

export interface AccountRow {
  readonly email: string;
  /** The object id of the person in the tenant. */
  readonly oid: string;
  /** The tenant id: the organization's, or the one of all personal accounts. */
  readonly tid: string;
  readonly personal: boolean;
  readonly name: string | null;
  /** The organization as it was named. */
  readonly tenant: string | null;
  readonly password: string | null;
  /** Addresses of the logins that may read this mailbox. */
  readonly delegates: readonly string[];
  /** The name that the person signs in with, where it is not the mailbox's address. */
  readonly upn?: string;
  /** What the optional claim `xms_edov` says of the address; absent: the app does not ask for it. */
  readonly edov?: boolean;
  /** Ids of the tenants in which it is a guest. */
  readonly guest_of?: readonly string[];
  /** Of a guest: the address at home, where the mailbox is. */
  readonly home?: string;
  /** How often the messages were renumbered for IMAP. */
  readonly uid_generation?: number;
  /** Sync tokens of an earlier epoch have expired. */
  readonly sync_epoch: number;
  /** Tokens of sign-ins before this instant need it as their `nbf` claim: a policy has changed. */
  readonly claims_floor: number | null;
}

export interface MicrosoftCodeRow extends CodeRow {
  /** The tenant part of the authorization address. */
  readonly authority?: string;
  /** The client declared that it understands claims challenges. */
  readonly capable?: boolean;
  readonly mfa?: boolean;
}

/** What is known of a sign-in, kept with each of its refresh tokens. */
interface SignIn {
  readonly authority?: string;
  readonly signed_in_at?: number;
  /** A second factor was presented. */
  readonly mfa?: boolean;
}

export type MicrosoftRefreshTokenRow = RefreshTokenRow & SignIn;

export interface MicrosoftAccessTokenRow extends AccessTokenRow {
  readonly signed_in_at?: number;
  /** What it is good for: Graph when absent, else another API's address. */
  readonly resource?: string;
  readonly capable?: boolean;
  /** Seconds: the `nbf` that a challenge had asked for. */
  readonly nbf?: number;
  /** It was revoked, and says so to a capable client. */
  readonly challenged?: boolean;
}

interface TenantRow {
  readonly tid: string;
  /** What an administrator has consented to for everybody. */
  readonly admin_scopes: readonly string[];
  /** When a person last met "Need admin approval". */
  readonly asked_at: number | null;
}

export interface FolderRow {
  readonly email: string;
  readonly id: string;
  readonly name: string;
  readonly parent_id: string | null;
  /** `inbox`, `sentitems` …; null for a folder that the person made. */
  readonly well_known: string | null;
  readonly hidden: boolean;
  readonly seq: number;
}

/** A stay of a message in a folder; the id that is not immutable is a new one at each. */
export interface Place {
  readonly folder_id: string;
  readonly rest_id: string;
  readonly from_seq: number;
  readonly to?: { readonly seq: number; readonly reason: 'changed' | 'deleted' };
}

export interface MessageRow {
  /** The mailbox, lower case. */
  readonly email: string;
  /** The immutable id. */
  readonly id: string;
  /** Where it was, in order; it lies in the last one unless that has ended. */
  readonly places: readonly Place[];
  readonly spec: MessageSpec;
  /** No delta tells of it. */
  readonly unannounced?: boolean;
}

export interface SubscriptionRow {
  readonly id: string;
  /** The login that made it, and the mailbox. */
  readonly email: string;
  readonly resource: string;
  /** null: the whole mailbox. */
  readonly folder_id: string | null;
  readonly change_types: readonly string[];
  readonly notification_url: string;
  readonly lifecycle_url: string | null;
  readonly client_state: string | null;
  readonly expires_at: number;
  /** Notifications name messages by immutable ids. */
  readonly immutable: boolean;
  /** Nothing is told after this until it is reauthorized. */
  readonly authorized_until: number;
  /** `reauthorizationRequired` was sent for this authorization. */
  readonly reminded: boolean;
}

/** A new refresh token comes with every refresh, and the old one goes on. */
export const DEFAULT_SETTINGS: OAuthSettings = { token_life_s: 60, refresh_rotation: 'tolerant', grace_s: 30 };
