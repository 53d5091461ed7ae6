import type { Tables } from '../tables.ts';
import type { OAuthRows, OAuthSettings } from './rows.ts';

/** What a provider is in the eyes of its grants: their rows, and what differs between providers. */
export interface GrantStore {
  readonly tables: Pick<Tables<OAuthRows>, 'read' | 'commit'>;
  readonly grantRules: GrantRules;
  now(): number;
  settings(): OAuthSettings;
  account(email: string): { readonly email: string } | undefined;
  /** Called after tokens of this account (its key) were ended. */
  grantsEnded(key: string): void;
}

export interface GrantRules {
  /** A refresh token that is unused for longer is dead. */
  readonly idleLifeMs: number;
  /** A revoked refresh token is answered as unknown after this long, so its row can be dropped. */
  readonly remembersDeadTokensMs: number;
  /** The oldest sign-in dies silently where one more would live. */
  readonly liveGrantsPerAccount: number;
  newAccessToken(): string;
  newRefreshToken(): string;
}
