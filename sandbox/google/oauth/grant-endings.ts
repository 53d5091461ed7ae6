import { accessToken, isLive, liveGrants } from './tokens.ts';
import type { AccessTokenRow, RefreshTokenEnd, RefreshTokenRow } from '../rows.ts';
import { findScope, isGmailScope } from './scopes.ts';
import type { GoogleChange, GoogleStore } from '../store.ts';
import { accountKey } from '../store.ts';

/** Ends an account's tokens and consents; each event of the control API is one of these. */
export type GrantEvent = 'password_changed' | 'access_revoked' | 'session_revoked' | 'token_idle_expired';

/** Revoking any token ends everything the person ever granted the app. False for a token that is not live. */
export function revokeByToken(store: GoogleStore, token: string): boolean {
  const refreshRow = store.tables.read('refresh_tokens').get(token);
  const row = refreshRow && isLive(store, refreshRow) ? refreshRow : accessToken(store, token);
  if (!row) return false;
  revokeAccount(store, row.email);
  return true;
}

/** A spent token was used again: what came from that sign-in ends (RFC 9700 section 4.14.2). */
export function endFamily(store: GoogleStore, family: string): void {
  endTokens(store, (row) => row.family === family, 'revoked');
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

/** Ends all tokens that `matches` picks: refresh tokens keep how they ended, access tokens stop working at once. */
function endTokens(
  store: GoogleStore,
  matches: (row: RefreshTokenRow | AccessTokenRow) => boolean,
  how: RefreshTokenEnd,
  more: readonly GoogleChange[] = [],
  { accessTokensToo = true } = {},
): void {
  const changes: GoogleChange[] = [...more];
  const concerned = new Set<string>();
  const ended = { how, at: store.now() };
  for (const [token, row] of store.tables.read('refresh_tokens')) {
    const alreadyDead = row.ended?.how === 'revoked' || row.ended?.how === 'session';
    if (!matches(row) || alreadyDead) continue;
    changes.push(['refresh_tokens', token, { ...row, ended }]);
    concerned.add(row.email);
  }
  for (const [token, row] of store.tables.read('access_tokens')) {
    if (accessTokensToo && matches(row)) changes.push(['access_tokens', token, null]);
  }
  if (changes.length > 0) store.tables.commit(changes);
  for (const key of concerned) endForlornWatch(store, key);
}

/** A watch ends with the grant that made it, without a notice. */
function endForlornWatch(store: GoogleStore, key: string): void {
  const account = store.account(key);
  if (!account?.watch || liveGrants(store, key) > 0) return;
  store.tables.commit([['accounts', key, { ...account, watch: null }]]);
}
