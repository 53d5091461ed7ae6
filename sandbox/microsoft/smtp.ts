import { accountKey } from '../account-key.ts';
import { openSubmissionServer } from '../smtp/server.ts';
import type { SubmissionServer } from '../smtp/server.ts';
import { SMTP_ACCESS } from './entra/scopes.ts';
import { admitsToken } from './mail-token.ts';
import type { MicrosoftStore } from './store.ts';

/**
 * Exchange Online over SMTP AUTH, which keeps a copy of what is sent, refuses a token without a challenge, and lets a login
 * send as itself or as a mailbox that is shared with it.
 * https://learn.microsoft.com/exchange/client-developer/legacy-protocols
 */
export function openOutlookSmtp(store: MicrosoftStore): Promise<SubmissionServer> {
  return openSubmissionServer(store.deps, {
    provider: 'microsoft',
    logins: { by: 'token', challenge: null, admits: (user, token) => admitsToken(store, SMTP_ACCESS, user, token) },
    refusal: '5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.exchangelabs.example]',
    refusesSender: (user, from) =>
      accountKey(user) === accountKey(from) ? null : `5.2.252 SendAsDenied; ${user} not allowed to send as ${from}`,
    sentFolder: 'Sent Items',
  });
}
