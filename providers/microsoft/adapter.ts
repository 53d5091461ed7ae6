import { normalAddress } from '../../domain/address.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { createHttp } from '../../net/http.ts';
import type { AccessWords, Capabilities, Identity, Provider, Quota, Session, SessionAccess } from '../contract.ts';
import { grantKeyOf } from '../grant-key.ts';
import { createPacers } from '../pacer.ts';
import type { ReserveTime } from '../pacer.ts';
import { listChanges, walkFolder } from './changes.ts';
import { GraphClient } from './client.ts';
import type { MicrosoftConfig } from './configuration.ts';
import { Dates } from './dates.ts';
import { classifyMicrosoft } from './errors.ts';
import { listFolders } from './folders.ts';
import { readHeaders } from './headers.ts';
import { createLoginVerifier, loginId, requireIdToken } from './identity.ts';
import type { VerifyLogin } from './identity.ts';
import { fetchMessages } from './messages.ts';
import { createEntraOAuth } from './oauth.ts';
import { createGraphPush, subscribing } from './push.ts';
import { createGraphSending } from './sending.ts';
import { isVouchedFor } from './vouching.ts';
import { listWindow, readNewestDate } from './window.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

const CAPABILITIES: Omit<Capabilities, 'push' | 'quota'> = {
  // Mail is dated in whole seconds, and shows in listings some minutes late.
  windowOverlapMs: 60 * MINUTE_MS,
  // A refresh token dies after 90 days without use.
  keepAliveMs: 30 * DAY_MS,
  pollEveryMs: MINUTE_MS,
  holdsConnections: false,
  confirmations: { tries: 2, gapMs: MINUTE_MS },
};

const WORDS: AccessWords = {
  label: 'Microsoft 365',
  provider: 'Microsoft',
  hint: 'Microsoft 365 and Outlook.com; you sign in at Microsoft',
  causes: {},
};

/** Microsoft 365 and Outlook.com through Microsoft Graph. */
export function createGraphProvider(config: MicrosoftConfig, reserve: ReserveTime): Provider {
  const http = createHttp();
  const { requestsPerMinute } = config;
  const quota: Quota | null = requestsPerMinute === null ? null : { of: 'mailbox', unitsPerMinute: requestsPerMinute };
  const pacerOf = createPacers('microsoft', quota, reserve);
  const verifyLogin = createLoginVerifier(config, http);
  const clientOf = (access: SessionAccess & { kind: 'token' }, signal: AbortSignal) =>
    new GraphClient({
      http,
      graphUrl: config.graphUrl,
      accessToken: access.accessToken,
      mailbox: mailboxOf(access),
      pacer: pacerOf(access.mailbox ?? ''),
      signal,
    });
  return {
    name: 'microsoft',
    accessType: 'microsoft',
    capabilities: { ...CAPABILITIES, quota, push: createGraphPush() },
    words: WORDS,
    signIn: { oauth: [createEntraOAuth(config, http)], password: null },
    classify: classifyMicrosoft,
    sending: createGraphSending({ http, graphUrl: config.graphUrl, pacerOf, clientOf, mailboxOf }),
    openSession(access, signal) {
      if (access.kind !== 'token') throw new TypeError('Graph is opened with an access token');
      return Promise.resolve(createSession({ client: clientOf(access, signal), config, access, verifyLogin, signal }));
    },
  };
}

/** In a connection's context: its organization, and the address of a mailbox that is not the login's own. */
const TENANT = 'entra_tenant';
const SHARED_MAILBOX = 'shared_mailbox';
const pathOf = (address: string) => `users/${encodeURIComponent(address)}`;

function mailboxOf({ context }: Pick<SessionAccess, 'context'>): string {
  const shared = context[SHARED_MAILBOX];
  return shared === undefined ? 'me' : pathOf(shared);
}

interface Opened {
  client: GraphClient;
  config: MicrosoftConfig;
  access: SessionAccess & { kind: 'token' };
  verifyLogin: VerifyLogin;
  signal: AbortSignal;
}

function createSession(opened: Opened): Session {
  const { config, access, signal } = opened;
  const dates = new Dates();
  /** What is shared is known once the login is: `identify` comes before any listing. */
  let { client } = opened;
  const isOwn = access.context[SHARED_MAILBOX] === undefined;
  return {
    async identify() {
      const { identity, mailbox } = await identify(opened);
      client = client.at(mailbox);
      return identity;
    },
    async verify() {
      await client.folder('inbox');
      return `Read the inbox of ${access.mailbox ?? 'the mailbox'}`;
    },
    parts: () => listFolders(client),
    headOf: (part) => Promise.resolve({ ...part, cursor: null, at: null }),
    newestAt: () => readNewestDate(client),
    walk: ({ scope }, position) => walkFolder(client, scope, position),
    listChanges: (scope, cursor, limit) => listChanges({ client, dates }, scope, cursor, limit),
    listWindow: (scope, window, position, limit) => listWindow({ client, dates }, scope, window, position, limit),
    readHeaders: (scope, items) => readHeaders({ client, scope, signal }, items),
    fetchMessages: (scope, items) => fetchMessages({ client, dates, scope, signal }, items),
    ...(isOwn ? subscribing(client, config.notificationUrl) : {}),
    close: () => Promise.resolve(),
  };
}

/**
 * Who signed in, by the id_token, and which mailbox is read: the login's own, or the wanted one if this login can read it.
 * Where it cannot, the own one: the caller then names both.
 */
async function identify({ client, config, access, verifyLogin, signal }: Opened) {
  const idToken = requireIdToken(access.idToken);
  const me = await client.at('me').me();
  const login = await verifyLogin(idToken, me.at, signal);
  const own = me.mail ?? me.userPrincipalName ?? login.username ?? login.oid;
  const names = [me.mail, me.userPrincipalName, login.username].flatMap((name) => (name ? normalAddress(name) : []));
  const wanted = access.mailbox;
  const isShared =
    wanted !== null && !names.includes(normalAddress(wanted)) && (await isReadable(client.at(pathOf(wanted))));
  const email = isShared ? wanted : own;
  const identity: Identity = {
    account: { email, login: login.username ?? own, providerId: loginId(login) },
    mailboxKey: isShared ? `${login.tenant}/${normalAddress(wanted)}` : loginId(login),
    serverKey: null,
    // Graph opens another login's mailbox by its principal name alone.
    vouchesForAddress: isShared || isVouchedFor(own, login, me.userPrincipalName ?? null),
    grantKey: grantKeyOf('microsoft', config.client.id, loginId(login)),
    context: { [TENANT]: login.tenant, ...(isShared ? { [SHARED_MAILBOX]: wanted } : {}) },
    proved: `Read the inbox of ${email} as ${login.username ?? own}`,
  };
  const mailbox = isShared ? pathOf(wanted) : 'me';
  if (!isShared) await client.at('me').folder('inbox');
  return { identity, mailbox };
}

/** Graph refuses a mailbox that the login may not read, and knows none that is not there. */
async function isReadable(mailbox: GraphClient): Promise<boolean> {
  try {
    return (await mailbox.folder('inbox')) !== null;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { kind } = error.verdict;
    if (kind === 'insufficient_scope' || kind === 'account_gone' || kind === 'admin_action') return false;
    throw error;
  }
}
