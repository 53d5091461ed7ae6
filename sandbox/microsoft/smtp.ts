import { mailServerTls } from '../imap/certificate.ts';
import { accountKey } from '../account-key.ts';
import { accessToken } from '../oauth/tokens.ts';
import { openSubmissionServer } from '../smtp/server.ts';
import type { SubmissionServer } from '../smtp/server.ts';
import { SMTP_ACCESS, resourceOf } from './entra/scopes.ts';
import type { MicrosoftAccessTokenRow } from './rows.ts';
import type { MicrosoftStore } from './store.ts';

/**
 * Exchange Online over SMTP AUTH, which keeps a copy of what is sent, refuses a token without a challenge, and lets a login
 * send as itself or as a mailbox that is shared with it.
 * https://learn.microsoft.com/exchange/client-developer/legacy-protocols
 */
export async function openOutlookSmtp(store: MicrosoftStore): Promise<SubmissionServer> {
  return openSubmissionServer(store.deps, {
    provider: 'microsoft',
    tls: await mailServerTls(store.deps.dir),
    logins: { by: 'token', challenge: null, admits: (user, token) => admits(store, user, token) },
    refusal: '5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.exchangelabs.example]',
    refusesSender: (user, from) =>
      accountKey(user) === accountKey(from) ? null : `5.2.252 SendAsDenied; ${user} not allowed to send as ${from}`,
    sentFolder: 'Sent Items',
  });
}

function admits(store: MicrosoftStore, user: string, token: string): boolean {
  const row: MicrosoftAccessTokenRow | undefined = accessToken(store, token);
  const account = store.account(user);
  if (!row || !account || row.challenged || row.resource !== resourceOf(SMTP_ACCESS)) return false;
  if (!row.scopes.includes(SMTP_ACCESS)) return false;
  return accountKey(account.email) === row.email || account.delegates.includes(row.email);
}
