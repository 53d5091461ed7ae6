import { accountKey } from '../account-key.ts';
import { accessToken } from '../oauth/tokens.ts';
import { openSubmissionServer } from '../smtp/server.ts';
import type { SubmissionServer } from '../smtp/server.ts';
import { GMAIL_FULL } from './oauth/scopes.ts';
import type { GoogleStore } from './store.ts';

/** Gmail over SMTP, which keeps a copy of what is sent. https://developers.google.com/workspace/gmail/imap/xoauth2-protocol */
export function openGmailSmtp(store: GoogleStore): Promise<SubmissionServer> {
  return openSubmissionServer(store.deps, {
    provider: 'google',
    logins: {
      by: 'token',
      challenge: { status: '400', schemes: 'Bearer', scope: GMAIL_FULL },
      admits(user, token) {
        const row = accessToken(store, token);
        return row !== undefined && row.email === accountKey(user) && row.scopes.includes(GMAIL_FULL);
      },
    },
    refusal: '5.7.8 Username and Password not accepted.',
    sentFolder: 'SENT',
  });
}
