import { dnsDomainOf } from '../../domain/address.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Secret } from '../../domain/secret.ts';
import { ExchangeConnection } from './connection.ts';
import type { ConnectionSettings } from './connection.ts';
import { readXml } from './soap/answer-reader.ts';

const SCHEMA = 'http://schemas.microsoft.com/exchange/autodiscover/outlook';

export interface Autodiscovery extends ConnectionSettings {
  /** The address to ask in place of the domain's own; absent: the domain's. */
  autodiscoverUrl: string | undefined;
}

interface Login {
  email: string;
  username: string;
  password: Secret;
}

/**
 * The address that Autodiscover (POX) tells, at the exact domain of the address and over TLS alone: the ways by plain HTTP
 * and by DNS service records would send the login to any host that a name leads to, and so would a redirect.
 * null where none is told. A refused login is a `ProviderError`, so that the password is tried once.
 */
export async function discoverUrl(settings: Autodiscovery, login: Login, signal: AbortSignal): Promise<string | null> {
  for (const url of addressesAt(dnsDomainOf(login.email), settings.autodiscoverUrl)) {
    const told = await ask(settings, { ...login, url: new URL(url) }, signal);
    if (told !== null) return told;
  }
  return null;
}

function addressesAt(domain: string | null, instead: string | undefined): string[] {
  if (instead !== undefined) return [instead];
  if (domain === null) return [];
  return [domain, `autodiscover.${domain}`].map((host) => `https://${host}/autodiscover/autodiscover.xml`);
}

async function ask(
  settings: Autodiscovery,
  { url, email, username, password }: Login & { url: URL },
  signal: AbortSignal,
): Promise<string | null> {
  const connection = new ExchangeConnection(settings, { url, username, password, mailbox: email });
  const body = `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${SCHEMA}/requestschema/2006"><Request><EMailAddress>${email.replaceAll(/[<&>]/g, '')}</EMailAddress><AcceptableResponseSchema>${SCHEMA}/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`;
  try {
    const answer = await connection.send({ name: 'Autodiscover', body, operation: 'login', signal });
    return urlIn(answer.body);
  } catch (error) {
    // A web site of the domain answers as it likes; only a refused login ends the search.
    if (error instanceof ProviderError && error.verdict.kind !== 'reauth_required') return null;
    throw error;
  } finally {
    await connection.close();
  }
}

/** The first address by TLS. The protocol for clients within the network comes first: its address is the server's own. */
function urlIn(text: string): string | null {
  const protocols = readXml(text)?.at('Autodiscover/Response/Account')?.children ?? [];
  const told = protocols.flatMap((protocol) => protocol.textAt('EwsUrl') ?? []);
  return told.find((url) => URL.canParse(url) && new URL(url).protocol === 'https:') ?? null;
}
