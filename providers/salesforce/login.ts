import type { ConnectionContext } from '../../domain/connection-context.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import type { Logins } from '../contract.ts';
import type { SalesforceConfig } from './configuration.ts';
import { isOfSalesforce, isTrusted } from './configuration.ts';

/** What a connection's context holds: where its organization is, and where it signs in, as a person or a product named it. */
export const INSTANCE = 'instance_url';
const LOGIN = 'login_url';
/** Where the last answer says that the organization's logins are. */
export const TOLD_LOGIN = 'told_login_url';

type Config = Pick<SalesforceConfig, 'loginUrl'>;

const OWN_DOMAIN = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.my\.salesforce\.com$/;
/** The address that people see in their browser, of the same organization. */
const LIGHTNING = /\.lightning\.force\.com$/;
const BARE_NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Production, sandboxes, and the domain that an organization has for itself ("My Domain"). */
export function createLogins(config: Config): Logins {
  const { loginUrl } = config;
  const isReal = isOfSalesforce(loginUrl);
  // The stand-in has its hosts below one address: `/salesforce/login`, `/salesforce/test`, `/salesforce/na1`.
  const at = (host: string) => (isReal ? `https://${host}.salesforce.com` : loginUrl.replace(/[^/]+$/, host));
  const shared: Logins['places'] = [
    { kind: 'production', url: at('login') },
    { kind: 'sandbox', url: at('test') },
  ];
  const isShared = shared.some(({ url }) => url === loginUrl);
  const places: Logins['places'] = isShared ? shared : [{ kind: 'domain', url: loginUrl }, ...shared];
  return {
    // The operator's own choice comes first.
    places: places.toSorted((one, other) => Number(other.url === loginUrl) - Number(one.url === loginUrl)),
    example: 'acme.my.salesforce.com',
    contextOf(entered) {
      const text = entered.trim().replace(/\/$/, '');
      const known = places.find(({ url }) => url === text);
      const url = known?.url ?? (isReal ? ownDomain(text) : hostOfStandIn(loginUrl, text));
      // The instance of an earlier sign-in says nothing of another place.
      return url === null ? null : { [LOGIN]: url, [INSTANCE]: '' };
    },
    kept: (context): ConnectionContext => {
      const named = context[LOGIN];
      return named === undefined ? {} : { [LOGIN]: named };
    },
  };
}

/** A name, a host or an address of an organization: `acme`, `acme.my.salesforce.com`, `https://acme.lightning.force.com/one`. */
function ownDomain(entered: string): string | null {
  const text = entered.toLowerCase();
  if (text === 'login' || text === 'test') return `https://${text}.salesforce.com`;
  if (BARE_NAME.test(text)) return `https://${text}.my.salesforce.com`;
  const address = /^https?:\/\//.test(text) ? text.replace(/^http:/, 'https:') : `https://${text}`;
  if (!URL.canParse(address)) return null;
  const { hostname, port, username, password } = new URL(address);
  const host = hostname.replace(LIGHTNING, '.my.salesforce.com');
  const isPlace = host === 'login.salesforce.com' || host === 'test.salesforce.com' || OWN_DOMAIN.test(host);
  return isPlace && port === '' && username === '' && password === '' ? `https://${host}` : null;
}

function hostOfStandIn(loginUrl: string, entered: string): string | null {
  const base = loginUrl.replace(/[^/]+$/, '');
  const name = entered.startsWith(base) ? entered.slice(base.length) : entered;
  return BARE_NAME.test(name) ? base + name : null;
}

/**
 * Where the organization signs in and its tokens are good: production, sandboxes and own domains know nothing of each other.
 * An own domain may be renamed; the instance of the last answer then has its new name.
 */
export function loginOf(config: Config, context: ConnectionContext): string {
  const named = context[LOGIN]?.replace(/\/$/, '') ?? context[TOLD_LOGIN] ?? config.loginUrl;
  const instance = context[INSTANCE] ?? '';
  const login = isOwnDomain(named) && isOwnDomain(instance) ? instance : named;
  if (isLogin(config, login)) return login;
  throw foreign(login);
}

const isOwnDomain = (address: string) =>
  URL.canParse(address) && isOfSalesforce(address) && OWN_DOMAIN.test(new URL(address).hostname);

/** Pages below Salesforce's other domains are written by its customers: our secret goes to none of them. */
const isLogin = (config: Config, address: string) =>
  isTrusted(config, address) && (!isOfSalesforce(address) || new URL(address).hostname.endsWith('.salesforce.com'));

/** A product may name any address at an adoption; our secret goes to Salesforce alone. */
export function foreign(address: string): ProviderError {
  const failure = verdict('reauth_required', 'access_revoked', { providerCode: 'foreign_address' });
  const host = URL.canParse(address) ? new URL(address).host : 'the address';
  return new ProviderError(`${host} is no address of Salesforce`, failure);
}
