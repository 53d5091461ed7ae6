/**
 * What an authorization server remembers. Keys are lower-case addresses and tokens; times are milliseconds of the
 * sandbox's clock. A provider's own rows may say more.
 */
export interface OAuthRows {
  /** What a person allowed the app, by address. */
  readonly consents: ConsentRow;
  /** By authorization code. */
  readonly codes: CodeRow;
  readonly refresh_tokens: RefreshTokenRow;
  readonly access_tokens: AccessTokenRow;
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
  /** Whether the exchange gives a refresh token. */
  readonly offline: boolean;
  readonly expires_at: number;
  readonly used: boolean;
}

/**
 * How a refresh token ended: revoked, ended with the session, with the password or unused for too long; replaced, at once
 * or with a grace period.
 */
export type RefreshTokenEnd = 'revoked' | 'session' | 'password' | 'idle' | 'spent' | 'graced';

export interface RefreshTokenRow {
  readonly email: string;
  /** All tokens that came from one sign-in. */
  readonly family: string;
  readonly scopes: readonly string[];
  /** Issued, or last used. */
  readonly used_at: number;
  /** The time at which it ends by itself; absent: only another reason ends it. */
  readonly expires_at?: number;
  readonly ended: { readonly how: RefreshTokenEnd; readonly at: number } | null;
}

export interface AccessTokenRow {
  readonly email: string;
  readonly family: string;
  readonly scopes: readonly string[];
  readonly expires_at: number;
}

export interface OAuthSettings {
  readonly token_life_s: number;
  readonly refresh_rotation: 'none' | 'tolerant' | 'grace' | 'strict';
  /** How long a replaced refresh token still works with `grace`. */
  readonly grace_s: number;
}
