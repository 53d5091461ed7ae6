import { accountKey } from '../../account-key.ts';
import { endTokens } from '../../oauth/grant-endings.ts';
import { accessToken, isLive } from '../../oauth/tokens.ts';
import type { GoogleStore } from '../store.ts';
import { isGmailScope } from './scopes.ts';

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

function revokeAccount(store: GoogleStore, email: string): void {
  const key = accountKey(email);
  endTokens(store, { matches: (row) => row.email === key, how: 'revoked', more: [['consents', key, null]] });
}

export function applyGrantEvent(store: GoogleStore, event: GrantEvent, email: string): void {
  const matches = (row: { email: string }): boolean => row.email === accountKey(email);
  if (event === 'access_revoked') return revokeAccount(store, email);
  if (event === 'session_revoked') return endTokens(store, { matches, how: 'session' });
  if (event === 'token_idle_expired')
    return endTokens(store, { matches, how: 'revoked', accessToken: () => undefined });
  // A new password ends the tokens that can read mail; the consent stands.
  return endTokens(store, { matches: (row) => matches(row) && row.scopes.some(isGmailScope), how: 'revoked' });
}
