import type { MessageSpec } from '../message-factory.ts';
import type { OAuthRows, OAuthSettings } from '../oauth/rows.ts';

/**
 * What Google remembers. Keys are lower-case addresses, tokens and ids; times are milliseconds of the sandbox's clock.
 */
export interface GoogleRows extends OAuthRows {
  /** By address. */
  readonly accounts: AccountRow;
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
  /** How often the messages were renumbered for IMAP. */
  readonly uid_generation?: number;
  /** “All Mail” is shown over IMAP. */
  readonly shows_all_mail?: boolean;
  readonly watch: { readonly topic: string; readonly label_ids: readonly string[]; readonly expires_at: number } | null;
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

export interface SettingsRow extends OAuthSettings {
  /** Where Pub/Sub pushes to, and the audience of its token. */
  readonly push_endpoint: string | null;
  readonly push_audience: string | null;
  /** The life of a refresh token from its sign-in: seven days while an app is in "Testing"; null: no end. */
  readonly refresh_token_life_s: number | null;
}

export const DEFAULT_SETTINGS: SettingsRow = {
  token_life_s: 60,
  refresh_rotation: 'none',
  grace_s: 30,
  push_endpoint: null,
  push_audience: null,
  refresh_token_life_s: null,
};
