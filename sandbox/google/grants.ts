import { randomBytes } from 'node:crypto';
import type { AccessTokenRow, CodeRow, RefreshTokenEnd, RefreshTokenRow } from './rows.ts';
import { findScope, isGmailScope } from './scopes.ts';
import type { GoogleChange, GoogleStore } from './store.ts';
import { accountKey, REMEMBERS_DEAD_TOKENS_MS } from './store.ts';

/** https://developers.google.com/identity/protocols/oauth2#expiration */
const IDLE_LIFE_MS = 180 * 24 * 3600_000;
const LIVE_GRANTS_PER_ACCOUNT = 100;

export interface IssuedTokens {
  readonly email: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scopes: readonly string[];
}

/** Why a refresh token is refused; `replayed` has just cost the whole family its life. */
export type RefreshRefusal = 'unknown' | 'revoked' | 'session' | 'replayed';

/** Ends an account's tokens and consents; each event of the control API is one of these. */
export type GrantEvent = 'password_changed' | 'access_revoked' | 'session_revoked' | 'token_idle_expired';

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
  if (refusal === 'replayed') endTokens(store, (other) => other.family === row.family, 'revoked');
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

/** Whose a token is, for the log and the faults, also when it is dead. */
export function ownerOfToken(store: GoogleStore, token: string): string | null {
  const { tables } = store;
  const row = tables.read('refresh_tokens').get(token) ?? tables.read('access_tokens').get(token);
  return row ? (store.account(row.email)?.email ?? row.email) : null;
}

/** The live access token, or undefined: expired, revoked and invented ones are answered alike. */
export function accessToken(store: GoogleStore, token: string): AccessTokenRow | undefined {
  const row = store.tables.read('access_tokens').get(token);
  return row && row.expires_at > store.now() ? row : undefined;
}

/** Revoking any token ends everything the person ever granted the app. False for a token that is not live. */
export function revokeByToken(store: GoogleStore, token: string): boolean {
  const refreshRow = store.tables.read('refresh_tokens').get(token);
  const row = refreshRow && isLive(store, refreshRow) ? refreshRow : accessToken(store, token);
  if (!row) return false;
  revokeAccount(store, row.email);
  return true;
}

function revokeAccount(store: GoogleStore, email: string): void {
  endTokens(store, (row) => row.email === accountKey(email), 'revoked', [['consents', accountKey(email), null]]);
}

export function applyGrantEvent(store: GoogleStore, event: GrantEvent, email: string): void {
  const mine = (row: { email: string }): boolean => row.email === accountKey(email);
  if (event === 'access_revoked') return revokeAccount(store, email);
  if (event === 'session_revoked') return endTokens(store, mine, 'session');
  if (event === 'token_idle_expired') return endTokens(store, mine, 'revoked', [], { accessTokensToo: false });
  // A new password ends the tokens that can read mail; the consent stands.
  return endTokens(store, (row) => mine(row) && row.scopes.some(isGmailScope), 'revoked');
}

/** Takes a scope out of everything that exists; false when nothing had it. */
export function removeScope(store: GoogleStore, email: string, name: string): boolean {
  const key = accountKey(email);
  const without = <Row extends { email: string; scopes: readonly string[] }>(row: Row): Row | undefined => {
    const scope = row.email === key ? findScope(row.scopes, name) : undefined;
    return scope === undefined ? undefined : { ...row, scopes: row.scopes.filter((other) => other !== scope) };
  };
  const changes: GoogleChange[] = [];
  for (const [token, row] of store.tables.read('refresh_tokens')) {
    const less = without(row);
    if (less) changes.push(['refresh_tokens', token, less]);
  }
  for (const [token, row] of store.tables.read('access_tokens')) {
    const less = without(row);
    if (less) changes.push(['access_tokens', token, less]);
  }
  const consent = store.tables.read('consents').get(key);
  const lessConsent = consent && without(consent);
  if (lessConsent) changes.push(['consents', key, lessConsent]);
  if (changes.length > 0) store.tables.commit(changes);
  return changes.length > 0;
}

/** Sign-ins whose refresh token still works. */
export function liveGrants(store: GoogleStore, email: string): number {
  return liveFamilies(store, email).length;
}

function liveFamilies(store: GoogleStore, email: string): string[] {
  const key = accountKey(email);
  const families = new Set<string>();
  for (const row of store.tables.read('refresh_tokens').values()) {
    if (row.email === key && isLive(store, row)) families.add(row.family);
  }
  return [...families];
}

function isLive(store: GoogleStore, row: RefreshTokenRow): boolean {
  return refusalOf(store, row) === undefined;
}

function refusalOf(store: GoogleStore, row: RefreshTokenRow): RefreshRefusal | undefined {
  const { ended } = row;
  if (!ended) return store.now() - row.used_at > IDLE_LIFE_MS ? 'revoked' : undefined;
  if (ended.how === 'spent') return 'replayed';
  const ageMs = store.now() - ended.at;
  if (ended.how === 'graced' && ageMs <= store.settings().grace_s * 1000) return undefined;
  if (ended.how === 'session') return 'session';
  return ageMs > REMEMBERS_DEAD_TOKENS_MS ? 'unknown' : 'revoked';
}

/** Ends all tokens that `matches` picks: refresh tokens keep how they ended, access tokens stop working at once. */
function endTokens(
  store: GoogleStore,
  matches: (row: RefreshTokenRow | AccessTokenRow) => boolean,
  how: RefreshTokenEnd,
  more: readonly GoogleChange[] = [],
  { accessTokensToo = true } = {},
): void {
  const changes: GoogleChange[] = [...more];
  const ended = { how, at: store.now() };
  for (const [token, row] of store.tables.read('refresh_tokens')) {
    const alreadyDead = row.ended?.how === 'revoked' || row.ended?.how === 'session';
    if (matches(row) && !alreadyDead) changes.push(['refresh_tokens', token, { ...row, ended }]);
  }
  for (const [token, row] of store.tables.read('access_tokens')) {
    if (accessTokensToo && matches(row)) changes.push(['access_tokens', token, null]);
  }
  if (changes.length > 0) store.tables.commit(changes);
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
