import { dnsDomainOf } from '../../domain/address.ts';
import { normalHost } from '../../domain/server.ts';
import type { ImapServer } from '../../domain/server.ts';
import { hasAddress } from '../../net/resolve.ts';
import type { GivenServer } from '../contract.ts';

/** Where large providers keep the mailboxes of their own domains. */
const KNOWN: Record<string, string> = {
  'gmail.com': 'imap.gmail.com',
  'googlemail.com': 'imap.gmail.com',
  'outlook.com': 'outlook.office365.com',
  'hotmail.com': 'outlook.office365.com',
  'live.com': 'outlook.office365.com',
  'msn.com': 'outlook.office365.com',
  'yahoo.com': 'imap.mail.yahoo.com',
  'aol.com': 'imap.aol.com',
  'icloud.com': 'imap.mail.me.com',
  'me.com': 'imap.mail.me.com',
  'mac.com': 'imap.mail.me.com',
  'gmx.net': 'imap.gmx.net',
  'gmx.de': 'imap.gmx.net',
  'gmx.com': 'imap.gmx.com',
  'web.de': 'imap.web.de',
  't-online.de': 'secureimap.t-online.de',
  'fastmail.com': 'imap.fastmail.com',
  'zoho.com': 'imap.zoho.com',
  'mail.ru': 'imap.mail.ru',
  'yandex.ru': 'imap.yandex.ru',
};

/**
 * The server to log in to. What is given wins; a missing host is a known provider's, else the first of `imap.<domain>`
 * and `mail.<domain>` that has an address. null when there is none. Nothing is connected to here.
 */
export async function discoverImapServer(email: string, given: GivenServer): Promise<ImapServer | null> {
  const host = given.host === undefined ? await discoverHost(dnsDomainOf(email)) : normalHost(given.host);
  if (!host) return null;
  const security = given.security ?? (given.port === 143 ? 'starttls' : 'tls');
  return { kind: 'imap', host, port: given.port ?? (security === 'tls' ? 993 : 143), security };
}

async function discoverHost(domain: string | null): Promise<string | null> {
  if (domain === null) return null;
  const known = KNOWN[domain];
  if (known !== undefined) return known;
  const hosts = [`imap.${domain}`, `mail.${domain}`];
  const exist = await Promise.all(hosts.map((host) => hasAddress(host)));
  return hosts.find((_host, at) => exist[at]) ?? null;
}
