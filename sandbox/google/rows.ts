import type { MessageSpec } from '../message-factory.ts';

/**
 * What Google remembers. Keys are lower-case addresses, tokens and ids; times are milliseconds of the sandbox's clock.
 */
export interface GoogleRows {
  /** By address. */
  readonly accounts: AccountRow;
  /** What a person allowed the app, by address. */
  readonly consents: ConsentRow;
  /** By authorization code. */
  readonly codes: CodeRow;
  readonly refresh_tokens: RefreshTokenRow;
  readonly access_tokens: AccessTokenRow;
  /** User labels, by `address/id`. */
  readonly labels: LabelRow;
  /** By message id. */
  readonly messages: MessageRow;
  /** One row, `settings`: what was set; the rest is as by default. */
  readonly settings: Partial<SettingsRow>;
}

export interface AccountRow {
  readonly email: string;
  /** Google's own id of the person, never reused. */
  readonly sub: string;
  readonly name: string | null;
  /** The Workspace domain (`hd`). */
  readonly tenant: string | null;
  readonly password: string | null;
  /** Lowest history id a listing may start from. */
  readonly history_floor: number;
  readonly watch: { readonly topic: string; readonly label_ids: readonly string[]; readonly expires_at: number } | null;
}

interface ConsentRow {
  readonly email: string;
  readonly scopes: readonly string[];
}

export interface CodeRow {
  readonly email: string;
  readonly redirect_uri: string;
  readonly code_challenge: string;
  readonly scopes: readonly string[];
  readonly nonce: string | null;
  /** Whether the exchange gives a refresh token: offline access, on a consent screen. */
  readonly offline: boolean;
  readonly expires_at: number;
  readonly used: boolean;
}

/** How a refresh token ended: revoked for any cause, ended by session control, or replaced. */
export type RefreshTokenEnd = 'revoked' | 'session' | 'spent' | 'graced';

export interface RefreshTokenRow {
  readonly email: string;
  /** All tokens that came from one sign-in. */
  readonly family: string;
  readonly scopes: readonly string[];
  /** Issued, or last used. */
  readonly used_at: number;
  readonly ended: { readonly how: RefreshTokenEnd; readonly at: number } | null;
}

export interface AccessTokenRow {
  readonly email: string;
  readonly family: string;
  readonly scopes: readonly string[];
  readonly expires_at: number;
}

interface LabelRow {
  readonly email: string;
  readonly id: string;
  readonly name: string;
}

export interface MessageRow {
  /** The mailbox, lower case. */
  readonly email: string;
  readonly id: string;
  readonly label_ids: readonly string[];
  readonly history_id: number;
  readonly spec: MessageSpec;
  readonly deleted_at_history_id?: number;
  /** No history record tells of its arrival. */
  readonly unannounced?: boolean;
}

export interface SettingsRow {
  readonly token_life_s: number;
  readonly refresh_rotation: 'none' | 'tolerant' | 'grace' | 'strict';
  /** How long a replaced refresh token still works with `grace`. */
  readonly grace_s: number;
  /** Where Pub/Sub pushes to, and the audience of its token. */
  readonly push_endpoint: string | null;
  readonly push_audience: string | null;
}

export const DEFAULT_SETTINGS: SettingsRow = {
  token_life_s: 60,
  refresh_rotation: 'none',
  grace_s: 30,
  push_endpoint: null,
  push_audience: null,
};
