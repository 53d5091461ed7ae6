import { accountKey } from '../account-key.ts';
import { accessToken } from '../oauth/tokens.ts';
import { resourceOf } from './entra/scopes.ts';
import type { MicrosoftAccessTokenRow } from './rows.ts';
import type { MicrosoftStore } from './store.ts';

/** Whether a token with this scope opens a mailbox, the login's own or one that is shared with it, by the mailbox's name. */
export function admitsToken(store: MicrosoftStore, scope: string, user: string, token: string): boolean {
  const row: MicrosoftAccessTokenRow | undefined = accessToken(store, token);
  const account = store.account(user);
  if (!row || !account || row.challenged || row.resource !== resourceOf(scope)) return false;
  if (!row.scopes.includes(scope)) return false;
  return accountKey(account.email) === row.email || account.delegates.includes(row.email);
}
