import { normalHost, serverKeyOf } from '../../domain/server.ts';
import type { Server } from '../../domain/server.ts';
import { IMAP_PORTS } from '../../net/egress.ts';
import type { AccessWords, PasswordSignIn } from '../contract.ts';
import type { Http } from '../../net/http.ts';
import { askAutoconfig } from './autoconfig.ts';
import { discoverImapServer } from './discovery.ts';
import { discoverSubmissionServer } from './smtp/discovery.ts';

export const IMAP_WORDS: AccessWords = {
  label: 'IMAP',
  provider: 'the mail server',
  hint: 'Any other mailbox, over IMAP',
  // A refused login says that, and no more.
  causes: { password_changed: 'password_refused', access_revoked: 'password_refused' },
  // Google's `invalid_grant` is the same for both.
  ofGrants: {
    provider: 'the provider',
    causes: { access_revoked: 'access_ended', password_changed: 'access_ended' },
  },
};

/** 143 and 993 lead to the same accounts. */
export const imapServerKey = (server: Server): string => serverKeyOf(server, IMAP_PORTS);

const imapPassword: Omit<PasswordSignIn, 'discover'> = {
  server: { asks: 'host', label: 'IMAP server', example: 'imap.example.com' },
  notes: [
    { domains: ['gmail.com', 'googlemail.com'], kind: 'app_password', name: 'Google' },
    { domains: ['icloud.com', 'me.com', 'mac.com'], kind: 'app_password', name: 'Apple' },
    { domains: ['yahoo.com', 'yahoo.co.uk', 'yahoo.de', 'ymail.com'], kind: 'app_password', name: 'Yahoo' },
    { domains: ['aol.com'], kind: 'app_password', name: 'AOL' },
    { domains: ['fastmail.com', 'fastmail.fm'], kind: 'app_password', name: 'Fastmail' },
    { domains: ['zoho.com'], kind: 'app_password', name: 'Zoho' },
    { domains: ['yandex.com', 'yandex.ru'], kind: 'app_password', name: 'Yandex' },
    { domains: ['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.com'], kind: 'switch_on', name: 'GMX' },
    { domains: ['web.de'], kind: 'switch_on', name: 'WEB.DE' },
    { domains: ['t-online.de'], kind: 'own_password', name: 'T-Online' },
    { domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'], kind: 'no_password', name: 'Microsoft' },
  ],
  serverKey: imapServerKey,
  revocationHelp: 'Change the mailbox password, or delete the app password that was made for this connection.',
};

/** @param autoconfig the directory that is asked first; null: the address alone leads to the server */
export function imapSignIn(autoconfig: { http: Http; url: URL } | null): PasswordSignIn {
  return {
    ...imapPassword,
    discover: async ({ email }, given, signal) => {
      const isOpen = given.host === undefined && given.port === undefined && given.security === undefined;
      const listed = autoconfig && isOpen ? (await askAutoconfig(autoconfig, email, signal)).imap : null;
      return listed ?? discoverImapServer(email, given);
    },
    discoverSubmission: async ({ email }, server, signal) => {
      if (server.kind !== 'imap') return null;
      const listed = autoconfig && (await askAutoconfig(autoconfig, email, signal));
      // A directory that lists another mailbox's server says nothing of this one.
      const isListed = listed?.imap && normalHost(listed.imap.host) === normalHost(server.host);
      return (isListed ? listed.smtp : null) ?? discoverSubmissionServer(server);
    },
  };
}
