import { isSameAddress, normalAddress } from '../../domain/address.ts';
import { createHttp } from '../../net/http.ts';
import { grantKeyOf } from '../grant-key.ts';
import type { ImapLogin } from '../imap-login.ts';
import type { MicrosoftConfig } from './configuration.ts';
import { createLoginVerifier, loginId, requireIdToken } from './identity.ts';
import type { EntraLogin } from './identity.ts';
import { createEntraOAuth, OF_MAIL_PROTOCOLS } from './oauth.ts';
import { isOpenedByProvedAddress } from './vouching.ts';

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
    async findOwner({ idToken, mailbox: wanted, address = null }, signal) {
      const login = await verifyLogin(requireIdToken(idToken), null, signal);
      const id = loginId(login);
      const username = login.username ?? login.email ?? login.oid;
      const context = { entra_tenant: login.tenant };
      const named = (email: string) => ({ email, login: username, providerId: id });
      // The name that opens the mailbox, for the claim `email` may be any address, proved or not.
      const vouched = (address: string) => ({ vouchesForAddress: isOpenedByProvedAddress(address, login) });
      const own = { username, account: named(username), mailboxKey: id, context, ...vouched(username) };
      const names = [username, login.email ?? username].map(normalAddress);
      const isShared = wanted !== null && !names.includes(normalAddress(wanted));
      const mailboxKey = `${login.tenant}/${normalAddress(wanted ?? '')}`;
      const name = isShared ? wanted : addressOf(login, username, wanted ?? address);
      const first = name !== null && {
        username: name,
        account: named(name),
        mailboxKey: isShared ? mailboxKey : id,
        context,
        ...vouched(name),
      };
      return {
        mailboxes: first ? [first, own] : [own],
        grantKey: grantKeyOf('microsoft', config.client.id, id),
      };
    },
  };
}

/** The wanted address where only the claim `email` has it; the server proves it when it opens the mailbox. null: none. */
function addressOf({ email }: EntraLogin, username: string, wanted: string | null): string | null {
  if (wanted === null || email === null || !isSameAddress(wanted, email)) return null;
  return isSameAddress(wanted, username) ? null : wanted;
}
