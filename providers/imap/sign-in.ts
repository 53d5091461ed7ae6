import { serverKeyOf } from '../../domain/server.ts';
import type { Server } from '../../domain/server.ts';
import { IMAP_PORTS } from '../../net/egress.ts';
import type { AccessWords, PasswordSignIn } from '../contract.ts';
import type { Http } from '../../net/http.ts';
import { askAutoconfig } from './autoconfig.ts';
import { discoverImapServer } from './discovery.ts';

const passwordRefused = 'The mail server no longer accepts the password of {login}; it was probably changed.';

export const IMAP_WORDS: AccessWords = {
  label: 'IMAP',
  provider: 'the mail server',
  hint: 'Any other mailbox, with its password',
  // A refused login says that, and no more.
  causes: { password_changed: passwordRefused, access_revoked: passwordRefused },
};

const appPassword = (name: string) => `${name} wants an app password here, made in the account’s security settings.`;
const switchedOn = (name: string) => `IMAP must be switched on in ${name}’s settings first.`;

/** 143 and 993 lead to the same accounts. */
export const imapServerKey = (server: Server): string => serverKeyOf(server, IMAP_PORTS);

const imapPassword: Omit<PasswordSignIn, 'discover'> = {
  server: { asks: 'host', label: 'IMAP server', example: 'imap.example.com' },
  notes: [
    { domains: ['gmail.com', 'googlemail.com'], text: appPassword('Google') },
    { domains: ['icloud.com', 'me.com', 'mac.com'], text: appPassword('Apple') },
    { domains: ['yahoo.com', 'yahoo.co.uk', 'yahoo.de', 'ymail.com'], text: appPassword('Yahoo') },
    { domains: ['aol.com'], text: appPassword('AOL') },
    { domains: ['fastmail.com', 'fastmail.fm'], text: appPassword('Fastmail') },
    { domains: ['zoho.com'], text: appPassword('Zoho') },
    { domains: ['yandex.com', 'yandex.ru'], text: appPassword('Yandex') },
    { domains: ['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.com'], text: switchedOn('GMX') },
    { domains: ['web.de'], text: switchedOn('WEB.DE') },
    { domains: ['t-online.de'], text: 'T-Online wants its separate e-mail password here.' },
    {
      domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'],
      text: 'Microsoft does not accept passwords here any more; choose Microsoft 365 instead, where it is offered.',
    },
  ],
  serverKey: imapServerKey,
};

/** @param autoconfig the directory that is asked first; null: the address alone leads to the server */
export function imapSignIn(autoconfig: { http: Http; url: URL } | null): PasswordSignIn {
  return {
    ...imapPassword,
    discover: async ({ email }, given, signal) => {
      const isOpen = given.host === undefined && given.port === undefined && given.security === undefined;
      const listed = autoconfig && isOpen ? await askAutoconfig(autoconfig, email, signal) : null;
      return listed ?? discoverImapServer(email, given);
    },
  };
}
