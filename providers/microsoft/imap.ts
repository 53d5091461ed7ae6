import { normalAddress } from '../../domain/address.ts';
import { createHttp } from '../../net/http.ts';
import { grantKeyOf } from '../grant-key.ts';
import type { ImapLogin } from '../imap-login.ts';
import type { MicrosoftConfig } from './configuration.ts';
import { createLoginVerifier, loginId, requireIdToken } from './identity.ts';
import { createEntraOAuth, OF_MAIL_PROTOCOLS } from './oauth.ts';

/**
 * Exchange Online and Outlook.com over IMAP with Microsoft's tokens
 * (learn.microsoft.com/exchange/client-developer/legacy-protocols). A login opens a shared mailbox by its address.
 */
export function createMicrosoftImapLogin(config: MicrosoftConfig): ImapLogin {
  const http = createHttp();
  const verifyLogin = createLoginVerifier(config, http);
  return {
    oauth: { ...createEntraOAuth(config, http, OF_MAIL_PROTOCOLS), confirmations: { tries: 2, gapMs: 60_000 } },
    server: config.imapServer,
    smtp: config.smtpServer,
    async findOwner({ idToken, mailbox: wanted }, signal) {
      const login = await verifyLogin(requireIdToken(idToken), null, signal);
      const id = loginId(login);
      const username = login.username ?? login.email ?? login.oid;
      const context = { entra_tenant: login.tenant };
      const named = (email: string) => ({ email, login: username, providerId: id });
      // By the name that opens it: the claim `email` may be any address, proved or not.
      const own = { username, account: named(username), mailboxKey: id, context };
      const names = [username, login.email ?? username].map(normalAddress);
      const isShared = wanted !== null && !names.includes(normalAddress(wanted));
      const mailboxKey = `${login.tenant}/${normalAddress(wanted ?? '')}`;
      return {
        mailboxes: isShared ? [{ username: wanted, account: named(wanted), mailboxKey, context }, own] : [own],
        grantKey: grantKeyOf('microsoft', config.client.id, id),
      };
    },
  };
}
