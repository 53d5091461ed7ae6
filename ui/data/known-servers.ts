import { NO_SERVER } from './password-body.ts';
import type { ServerEntry } from './password-body.ts';

/** What to know about a mail provider before signing in there with a password; null when nothing is known. */
export function passwordNote(address: string): string | null {
  const domain = domainOf(address);
  return NOTES.find(({ domains }) => domains.includes(domain))?.note ?? null;
}

/**
 * The server this browser last signed in to for this domain. A server of one's own has to be entered once, not at
 * every reauthorization: Mooring's web server cannot open the sealed settings.
 */
export function rememberedServer(address: string): ServerEntry {
  const stored = localStorage.getItem(keyOf(address));
  return stored === null ? NO_SERVER : { ...NO_SERVER, ...(JSON.parse(stored) as Partial<ServerEntry>) };
}

export function rememberServer(address: string, { host, port, security, url }: ServerEntry): void {
  if (host || port || security || url)
    localStorage.setItem(keyOf(address), JSON.stringify({ host, port, security, url }));
  else localStorage.removeItem(keyOf(address));
}

function domainOf(address: string): string {
  return address
    .slice(address.lastIndexOf('@') + 1)
    .trim()
    .toLowerCase();
}

function keyOf(address: string): string {
  return `mooring.server.${domainOf(address)}`;
}

const appPassword = (name: string) => `${name} wants an app password here, made in the account’s security settings.`;
const switchedOn = (name: string) => `IMAP must be switched on in ${name}’s settings first.`;

const NOTES: { domains: string[]; note: string }[] = [
  { domains: ['gmail.com', 'googlemail.com'], note: appPassword('Google') },
  { domains: ['icloud.com', 'me.com', 'mac.com'], note: appPassword('Apple') },
  { domains: ['yahoo.com', 'yahoo.co.uk', 'yahoo.de', 'ymail.com'], note: appPassword('Yahoo') },
  { domains: ['aol.com'], note: appPassword('AOL') },
  { domains: ['fastmail.com', 'fastmail.fm'], note: appPassword('Fastmail') },
  { domains: ['zoho.com'], note: appPassword('Zoho') },
  { domains: ['yandex.com', 'yandex.ru'], note: appPassword('Yandex') },
  { domains: ['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.com'], note: switchedOn('GMX') },
  { domains: ['web.de'], note: switchedOn('WEB.DE') },
  { domains: ['t-online.de'], note: 'T-Online wants its separate e-mail password here.' },
  {
    domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'],
    note: 'Microsoft does not accept passwords here any more; choose Microsoft 365 instead, where it is offered.',
  },
];
