import { ProviderError } from '../../domain/verdict.ts';
import { incomplete } from '../../domain/verdict-builders.ts';
import { createHttp } from '../../net/http.ts';
import type {
  AccessWords,
  Capabilities,
  Identity,
  Provider,
  Quota,
  ScopeReference,
  Session,
  SessionAccess,
} from '../contract.ts';
import { grantKeyOf } from '../grant-key.ts';
import { createPacers } from '../pacer.ts';
import type { ReserveTime } from '../pacer.ts';
import { createBudget } from './budget.ts';
import { changedSince, headOf, listChanges } from './changes.ts';
import { SalesforceClient } from './client.ts';
import type { SalesforceConfig } from './configuration.ts';
import { isTrusted } from './configuration.ts';
import { classifySalesforce, IP_RESTRICTED } from './errors.ts';
import { fetchRecords } from './fetching.ts';
import { foreign, INSTANCE } from './login.ts';
import { createSalesforceOAuth, LOGIN_ID } from './oauth.ts';
import { readInPart, runInPart } from './part-refusal.ts';
import { OBJECTS, userPage } from './schema.ts';
import { listWindow, readNewestDate } from './window.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

const CAPABILITIES: Omit<Capabilities, 'quota'> = {
  // Records are committed later than they are stamped.
  importsRecords: true,
  windowOverlapMs: 60 * MINUTE_MS,
  // An unused refresh token dies after 30 days.
  keepAliveMs: 7 * DAY_MS,
  pollEveryMs: MINUTE_MS,
  holdsConnections: false,
  push: null,
  confirmations: { tries: 2, gapMs: MINUTE_MS },
};

const WORDS: AccessWords = {
  label: 'Salesforce',
  provider: 'Salesforce',
  hint: 'Salesforce; you sign in at Salesforce',
  // "expired access/refresh token" says all of it: a withdrawn access, a new password, 30 idle days, a sixth login.
  causes: { access_revoked: 'access_ended' },
  // The list of addresses is that of the operator's app; an organization may have ranges of its own.
  remedies: {
    [IP_RESTRICTED]:
      'Salesforce lets nothing refresh from our address. Enter the addresses of all workers and servers in the IP allowlist of ' +
      'the app (External Client App). If they stand there, an administrator of the organization has to admit them in its ' +
      'network access. The channel is tried again by itself, hourly and then daily.',
  },
};

const PARTS: readonly ScopeReference[] = OBJECTS.map((name) => ({ scope: name, name }));

/** Mails and tasks of a Salesforce organization, as one login sees them. */
export function createSalesforceProvider(config: SalesforceConfig, reserve: ReserveTime): Provider {
  const http = createHttp();
  const { requestsPerMinute } = config;
  const quota: Quota | null = requestsPerMinute === null ? null : { of: 'customer', unitsPerMinute: requestsPerMinute };
  const pacerOf = createPacers('salesforce', quota, reserve);
  const budget = createBudget();
  return {
    name: 'salesforce',
    accessType: 'salesforce',
    capabilities: { ...CAPABILITIES, quota },
    words: WORDS,
    signIn: { oauth: [createSalesforceOAuth(config, http)], password: null },
    classify: classifySalesforce,
    sending: null,
    async openSession(access, signal) {
      if (access.kind !== 'token') throw new TypeError('Salesforce is opened with an access token');
      const login = loginOf(config, access);
      const { accessToken } = access;
      const { instanceUrl, organization } = login;
      const pacer = pacerOf(organization);
      const client = new SalesforceClient({ http, instanceUrl, organization, accessToken, pacer, budget, signal });
      return createSession({ client, login, config });
    },
  };
}

interface Login {
  instanceUrl: string;
  organization: string;
  user: string;
}

/** Where the organization is and whose login it is, as the last token answer told. */
function loginOf(config: SalesforceConfig, { context }: Pick<SessionAccess, 'context'>): Login {
  const instanceUrl = context[INSTANCE];
  const [organization, user] = context[LOGIN_ID]?.split('/') ?? [];
  if (instanceUrl === undefined || organization === undefined || user === undefined) {
    throw new ProviderError('Salesforce named no instance', incomplete('instance_missing'));
  }
  if (!isTrusted(config, instanceUrl)) throw foreign(instanceUrl);
  return { instanceUrl, organization, user };
}

interface Opened {
  client: SalesforceClient;
  login: Login;
  config: SalesforceConfig;
}

function createSession(opened: Opened): Session {
  const { client } = opened;
  return {
    identify: () => identify(opened),
    verify: async () => (await identify(opened)).proved,
    parts: () => Promise.resolve([...PARTS]),
    headOf: (part) => runInPart(client, part, () => headOf(client, part)),
    newestAt: () => readNewestDate(client),
    changedSince: (cursors) => changedSince(client, cursors),
    listChanges: (part, cursor, limit) => runInPart(client, part, () => listChanges(client, part, cursor, limit)),
    listWindow: (part, window, position, limit) =>
      runInPart(client, part, () => listWindow(client, part, window, position, limit)),
    fetchMessages: (part, items) => readInPart(client, part, fetchRecords(client, part, items)),
    close: () => Promise.resolve(),
  };
}

/** Organization and user pin a login: its name and address change, and one person has logins in several organizations. */
async function identify({ client, login, config }: Opened): Promise<Identity> {
  const { organization, user } = login;
  const soql = `SELECT Id, Username, Email FROM User WHERE Id = '${user}'`;
  const [found] = (await client.query(userPage, soql, 'api')).records;
  if (!found) {
    throw new ProviderError('Salesforce shows no user of this login', incomplete('user_missing'));
  }
  const providerId = `${organization}/${user}`;
  const email = found.Email ?? found.Username;
  return {
    account: { email, login: found.Username, providerId },
    mailboxKey: providerId,
    // Any user of an organization reads the organization's records.
    readsAlike: (mailboxKey) => mailboxKey.startsWith(`${organization}/`),
    serverKey: null,
    // An administrator sets the address of a user.
    vouchesForAddress: false,
    grantKey: grantKeyOf('salesforce', config.client.id, providerId),
    proved: `Signed in to Salesforce as ${found.Username} and read the user ${email}`,
  };
}
