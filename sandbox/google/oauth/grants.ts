import { randomBytes } from 'node:crypto';
import { endFamily } from './grant-endings.ts';
import type { AccessTokenRow, CodeRow, RefreshTokenRow } from '../rows.ts';
import type { GoogleChange, GoogleStore } from '../store.ts';
import type { RefreshRefusal } from './tokens.ts';
import { liveFamilies, refusalOf } from './tokens.ts';

/** https://developers.google.com/identity/protocols/oauth2#expiration */
const LIVE_GRANTS_PER_ACCOUNT = 100;

export interface IssuedTokens {
  readonly email: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scopes: readonly string[];
}

/** A code becomes tokens; the code is used up in the same commit. */
export function exchangeCode(store: GoogleStore, code: string, row: CodeRow): IssuedTokens {
  const family = randomBytes(8).toString('hex');
  const access = newAccessToken(store, { email: row.email, family, scopes: row.scopes });
  const changes: GoogleChange[] = [
    ['codes', code, { ...row, used: true }],
    ['access_tokens', access.token, access.row],
    ...expiredAccessTokens(store),
  ];
  if (!row.offline) {
    store.tables.commit(changes);
    return issued(store, row.email, access);
  }
  const refresh = newRefreshToken();
  changes.push(['refresh_tokens', refresh, liveRow(store, row.email, family, row.scopes)]);
  changes.push(...grantsOverTheLimit(store, row.email));
  store.tables.commit(changes);
  return { ...issued(store, row.email, access), refresh_token: refresh };
}

/** A refresh under the rotation that is set: new tokens and the end of the old one are one commit. */
export function refresh(store: GoogleStore, token: string): IssuedTokens | RefreshRefusal {
  const row = store.tables.read('refresh_tokens').get(token);
  if (!row) return 'unknown';
  const refusal = refusalOf(store, row);
  if (refusal === 'replayed') endFamily(store, row.family);
  if (refusal) return refusal;
  const access = newAccessToken(store, row);
  const changes: GoogleChange[] = [['access_tokens', access.token, access.row], ...expiredAccessTokens(store)];
  const { refresh_rotation: rotation } = store.settings();
  if (rotation === 'none') {
    store.tables.commit([...changes, ['refresh_tokens', token, { ...row, used_at: store.now() }]]);
    return issued(store, row.email, access);
  }
  const successor = newRefreshToken();
  const ended = { none: null, tolerant: null, grace: 'graced' as const, strict: 'spent' as const }[rotation];
  store.tables.commit([
    ...changes,
    ['refresh_tokens', successor, liveRow(store, row.email, row.family, row.scopes)],
    // Within a grace period the old token may be used again; its end stays where the first use put it.
    ['refresh_tokens', token, { ...row, ended: row.ended ?? (ended && { how: ended, at: store.now() }) }],
  ]);
  return { ...issued(store, row.email, access), refresh_token: successor };
}

/** The oldest sign-in dies silently where one more than the limit would live. */
function grantsOverTheLimit(store: GoogleStore, email: string): GoogleChange[] {
  const families = liveFamilies(store, email);
  if (families.length < LIVE_GRANTS_PER_ACCOUNT) return [];
  const ended = { how: 'revoked' as const, at: store.now() };
  return [...store.tables.read('refresh_tokens')]
    .filter(([, row]) => row.family === families[0] && row.ended === null)
    .map(([token, row]) => ['refresh_tokens', token, { ...row, ended }]);
}

function expiredAccessTokens(store: GoogleStore): GoogleChange[] {
  const tokens = store.tables.read('access_tokens');
  if (tokens.size < 2000) return [];
  return [...tokens]
    .filter(([, row]) => row.expires_at <= store.now())
    .map(([token]) => ['access_tokens', token, null]);
}

function newAccessToken(
  store: GoogleStore,
  of: Pick<AccessTokenRow, 'email' | 'family' | 'scopes'>,
): { token: string; row: AccessTokenRow } {
  const expires_at = store.now() + store.settings().token_life_s * 1000;
  const row = { email: of.email, family: of.family, scopes: of.scopes, expires_at };
  return { token: `ya29.a0${randomBytes(90).toString('base64url')}`, row };
}

function newRefreshToken(): string {
  return `1//0${randomBytes(64).toString('base64url')}`;
}

function liveRow(store: GoogleStore, email: string, family: string, scopes: readonly string[]): RefreshTokenRow {
  return { email, family, scopes, used_at: store.now(), ended: null };
}

function issued(store: GoogleStore, email: string, access: { token: string; row: AccessTokenRow }): IssuedTokens {
  return {
    email,
    access_token: access.token,
    expires_in: store.settings().token_life_s,
    scopes: access.row.scopes,
  };
}
