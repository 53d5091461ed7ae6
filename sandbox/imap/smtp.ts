import type { ProviderDeps } from '../provider.ts';
import { openSubmissionServer } from '../smtp/server.ts';
import type { SubmissionServer } from '../smtp/server.ts';
import type { MailStore } from './mailbox/store.ts';

/** The submission server of accounts with passwords, under the login of their mailbox. */
export function openPasswordSmtp(deps: ProviderDeps, store: MailStore): Promise<SubmissionServer> {
  return openSubmissionServer(deps, {
    provider: 'imap',
    logins: {
      by: 'password',
      admits(user, password) {
        const account = store.account(user);
        return account !== undefined && account.password !== null && account.password === password;
      },
    },
    // Postfix
    refusal: '5.7.8 Error: authentication failed: UGFzc3dvcmQ6',
    sentFolder: 'Sent',
  });
}
