import { accountKey } from '../../account-key.ts';
import { endTokens } from '../../oauth/grant-endings.ts';
import type { AccessTokenRow } from '../../oauth/rows.ts';
import type { MicrosoftAccessTokenRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';

/** Ends an account's tokens and consents; each event of the control API is one of these. */
export type GrantEvent = 'password_changed' | 'access_revoked' | 'session_revoked' | 'token_idle_expired';

/**
 * An access token stops at once: one of a client that understands claims challenges asks for a new one, any other is
 * refused as if it had expired. (Entra lets the others live to their end, which here is a minute away.)
 */
function revoked(row: AccessTokenRow): MicrosoftAccessTokenRow | null {
  const { capable }: MicrosoftAccessTokenRow = row;
  return capable ? { ...row, challenged: true } : null;
}

export function applyGrantEvent(store: MicrosoftStore, event: GrantEvent, email: string): void {
  const key = accountKey(email);
  const matches = (row: { email: string }): boolean => row.email === key;
  switch (event) {
    // The person, or an administrator, takes the app away: the consent is gone.
    case 'access_revoked':
      return endTokens(store, { matches, how: 'revoked', more: [['consents', key, null]], accessToken: revoked });
    case 'token_idle_expired':
      return endTokens(store, { matches, how: 'idle', accessToken: () => undefined });
    case 'session_revoked':
      return endTokens(store, { matches, how: 'session', accessToken: revoked });
    // By an administrator: a confidential client's grant survives a change by the person.
    case 'password_changed':
      return endTokens(store, { matches, how: 'password', accessToken: revoked });
  }
}

/** A policy has changed: every token of a capable client has to be got anew, with the claims of the challenge. */
export function challengeTokens(store: MicrosoftStore, email: string): void {
  const account = store.requireAccount(email);
  store.tables.commit([['accounts', accountKey(email), { ...account, claims_floor: store.now() }]]);
}
