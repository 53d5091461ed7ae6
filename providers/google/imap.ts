import { normalAddress } from '../../domain/address.ts';
import { createHttp } from '../../net/http.ts';
import { grantKeyOf } from '../grant-key.ts';
import type { ImapLogin } from '../imap-login.ts';
import { createPacers, reserveAlone } from '../pacer.ts';
import { GmailClient } from './client.ts';
import type { GoogleConfig } from './configuration.ts';
import { createGoogleOAuth, OF_MAIL_PROTOCOLS } from './oauth.ts';

/** Gmail over IMAP with Google's tokens (developers.google.com/workspace/gmail/imap/xoauth2-protocol). */
export function createGoogleImapLogin(config: GoogleConfig): ImapLogin {
  const http = createHttp();
  const pacer = createPacers('google', null, reserveAlone())('');
  const { gmailApiUrl: apiUrl, userinfoUrl } = config;
  return {
    oauth: { ...createGoogleOAuth(config, http, OF_MAIL_PROTOCOLS), confirmations: { tries: 2, gapMs: 60_000 } },
    server: config.imapServer,
    smtp: config.smtpServer,
    async findOwner({ accessToken }, signal) {
      const { email, sub } = await new GmailClient({
        http,
        apiUrl,
        userinfoUrl,
        accessToken,
        pacer,
        signal,
      }).userinfo();
      const account = { email, login: email, providerId: sub };
      return {
        // Google opens no mailbox but the one of the token's own address.
        mailboxes: [{ username: email, account, mailboxKey: normalAddress(email), vouchesForAddress: true }],
        grantKey: grantKeyOf('google', config.client.id, sub),
      };
    },
  };
}
