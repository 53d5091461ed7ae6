import { serverKeyOf } from '../../domain/server.ts';
import type { Server } from '../../domain/server.ts';
import { HTTPS_PORTS } from '../../net/egress.ts';
import type { AccessWords, PasswordSignIn } from '../contract.ts';
import { discoverUrl } from './autodiscover.ts';
import type { Autodiscovery } from './autodiscover.ts';
import { refuseExchangeOnline } from './exchange-online.ts';

export const EXCHANGE_WORDS: AccessWords = {
  label: 'Exchange',
  provider: 'the mail server',
  hint: 'An Exchange server of your own organization, with its password',
  // One refusal for a wrong password, a locked account and a policy.
  causes: { password_changed: 'password_refused', access_revoked: 'password_refused' },
};

/** The path of the service may change; the host is what vouches for a login. */
export const exchangeServerKey = (server: Server): string => serverKeyOf(server, HTTPS_PORTS);

const PATH = '/EWS/Exchange.asmx';

export function exchangeSignIn(autodiscovery: Autodiscovery): PasswordSignIn {
  return {
    server: { asks: 'url', label: 'Address of the server', example: `https://mail.example.com${PATH}` },
    notes: [{ domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'], kind: 'no_password', name: 'Microsoft' }],
    serverKey: exchangeServerKey,
    revocationHelp: 'Change the password of the account.',
    async discover(login, given, signal) {
      const named = given.url ?? given.host;
      const { authentication } = given;
      const as = { ...login, authentication };
      const url = named === undefined ? await discoverUrl(autodiscovery, as, signal) : serviceAt(named);
      if (url === null) return null;
      refuseExchangeOnline(new URL(url));
      return { kind: 'ews', url, ...(authentication === undefined ? {} : { authentication }) };
    },
  };
}

/** A host alone means the usual path. Passwords go over TLS alone; null for anything else. */
function serviceAt(named: string): string | null {
  const text = named.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return null;
  const url = new URL(whole);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  url.search = '';
  url.hash = '';
  if (url.pathname === '/') url.pathname = PATH;
  return url.href;
}
