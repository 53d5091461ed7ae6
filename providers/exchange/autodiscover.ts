import { dnsDomainOf } from '../../domain/address.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Secret } from '../../domain/secret.ts';
import { ExchangeConnection, Redirected } from './connection.ts';
import type { ConnectionSettings } from './connection.ts';
import { refuseExchangeOnline, refuseExchangeOnlineAddress } from './exchange-online.ts';
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
  authentication: 'basic' | undefined;
}

/** The most requests from one address of Autodiscover on, redirects included. */
const MOST_STEPS = 5;

/** One request: the address of Autodiscover, and the mailbox that is asked about. */
interface Step {
  url: URL;
  email: string;
}

/** The answer of a server: the address of the service, or another place or mailbox to ask. */
type Told = { service: string } | { url: string } | { email: string };

/**
 * The address that Autodiscover (POX) tells, over TLS and at the exact domain of the address alone: the ways by plain HTTP
 * and by DNS service records would send the login to any host that a name leads to. A redirect is followed within the domain
 * only, or at the same host. null where none is told. A refused login is a `ProviderError`, so that the password is tried
 * once; so is a way that leads to Exchange Online.
 */
export async function discoverUrl(settings: Autodiscovery, login: Login, signal: AbortSignal): Promise<string | null> {
  const domain = dnsDomainOf(login.email);
  for (const address of addressesAt(domain, settings.autodiscoverUrl)) {
    const told = await follow(settings, { login, domain, start: new URL(address) }, signal);
    if (told !== null) return told;
  }
  return null;
}

function addressesAt(domain: string | null, instead: string | undefined): string[] {
  if (instead !== undefined) return [instead];
  if (domain === null) return [];
  return [domain, `autodiscover.${domain}`].map((host) => `https://${host}/autodiscover/autodiscover.xml`);
}

async function follow(
  settings: Autodiscovery,
  { login, domain, start }: { login: Login; domain: string | null; start: URL },
  signal: AbortSignal,
): Promise<string | null> {
  const asked = new Set<string>();
  let step: Step | null = { url: start, email: login.email };
  while (step !== null && asked.size < MOST_STEPS) {
    const name = `${step.url.href} ${step.email.toLowerCase()}`;
    if (asked.has(name)) return null;
    asked.add(name);
    const told = await ask(settings, { ...login, ...step }, signal);
    if (told === null) return null;
    if ('service' in told) return told.service;
    step = nextStep(step, told, domain);
  }
  return null;
}

/** null where the login would leave the domain. */
function nextStep(from: Step, told: { url: string } | { email: string }, domain: string | null): Step | null {
  if ('email' in told) {
    refuseExchangeOnlineAddress(told.email);
    return dnsDomainOf(told.email) === domain ? { ...from, email: told.email } : null;
  }
  if (!URL.canParse(told.url, from.url.href)) return null;
  const url = new URL(told.url, from.url.href);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  refuseExchangeOnline(url);
  const isWithin = domain !== null && (url.hostname === domain || url.hostname.endsWith(`.${domain}`));
  return isWithin || url.hostname === from.url.hostname ? { ...from, url } : null;
}

async function ask(
  settings: Autodiscovery,
  { url, email, ...login }: Login & Step,
  signal: AbortSignal,
): Promise<Told | null> {
  const connection = new ExchangeConnection(settings, { ...login, url, mailbox: email });
  const body = `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${SCHEMA}/requestschema/2006"><Request><EMailAddress>${email.replaceAll(/[<&>]/g, '')}</EMailAddress><AcceptableResponseSchema>${SCHEMA}/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`;
  try {
    const answer = await connection.send({ name: 'Autodiscover', body, operation: 'login', signal });
    return toldIn(answer.body);
  } catch (error) {
    // A web site of the domain answers as it likes; only a refused login ends the search.
    if (!(error instanceof ProviderError) || error.verdict.kind === 'reauth_required') throw error;
    return error instanceof Redirected ? { url: error.location } : null;
  } finally {
    await connection.close();
  }
}

/** The first address by TLS. The protocol for clients within the network comes first: its address is the server's own. */
function toldIn(text: string): Told | null {
  const account = readXml(text)?.at('Autodiscover/Response/Account');
  const email = account?.textAt('RedirectAddr');
  if (email) return { email };
  const url = account?.textAt('RedirectUrl');
  if (url) return { url };
  const services = (account?.children ?? []).flatMap((protocol) => protocol.textAt('EwsUrl') ?? []);
  const service = services.find((one) => URL.canParse(one) && new URL(one).protocol === 'https:');
  return service === undefined ? null : { service };
}
