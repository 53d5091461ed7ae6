import { normalAddress } from '../../domain/address.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { withAuthorities } from '../../net/certificates.ts';
import type { Capabilities, Identity, Provider, Session, SessionAccess } from '../contract.ts';
import type { Surroundings } from '../definition.ts';
import { grantKeyOf } from '../grant-key.ts';
import { listChanges, walkFolder } from './changes.ts';
import { ExchangeClient } from './client.ts';
import { ExchangeConnection } from './connection.ts';
import type { ConnectionSettings } from './connection.ts';
import { classifyExchange } from './errors.ts';
import { listFolders } from './folders.ts';
import { fetchMessages, stillThere } from './messages.ts';
import { EXCHANGE_WORDS, exchangeServerKey, exchangeSignIn } from './sign-in.ts';
import { getFolders, resolveNames } from './soap/request.ts';
import { listWindow, readNewestDate } from './window.ts';

const MINUTE_MS = 60_000;

const CAPABILITIES: Capabilities = {
  // Mail is dated in whole seconds, and shows in listings some minutes late.
  windowOverlapMs: 60 * MINUTE_MS,
  keepAliveMs: null,
  pollEveryMs: MINUTE_MS,
  holdsConnections: false,
  push: null,
  // A throttling policy is the server's own, and says itself when it is reached.
  quota: null,
  // Servers shed load with refusals, but every further try brings the account nearer to a lock-out.
  confirmations: { tries: 1, gapMs: 5_000 },
};

/** Exchange Server on premises, 2013 and later, by Exchange Web Services. */
export function createExchangeProvider({
  egress,
  certificateAuthorities,
  autodiscoverUrl,
  timeoutMs = 10_000,
}: Pick<Surroundings, 'egress' | 'certificateAuthorities'> & {
  /** The address that Autodiscover is asked at, for every domain; absent: the domain's own. */
  autodiscoverUrl?: string | undefined;
  /** How long a server is waited for until it takes a connection. */
  timeoutMs?: number;
}): Provider {
  const authorities = withAuthorities(certificateAuthorities) ?? null;
  const settings: ConnectionSettings = { egress, certificateAuthorities: authorities, timeoutMs };
  return {
    name: 'exchange',
    accessType: 'exchange',
    capabilities: CAPABILITIES,
    words: EXCHANGE_WORDS,
    signIn: { oauth: [], password: exchangeSignIn({ ...settings, autodiscoverUrl }) },
    classify: classifyExchange,
    sending: null,
    openSession(access, signal) {
      if (access.kind !== 'password' || access.server.kind !== 'ews') {
        throw new TypeError('Exchange is opened with a password at the address of its service');
      }
      const { server, username, password } = access;
      const mailbox = access.mailbox ?? access.email;
      const connection = new ExchangeConnection(settings, { url: new URL(server.url), username, password, mailbox });
      return Promise.resolve(createSession({ connection, access, signal }));
    },
  };
}

type PasswordAccess = SessionAccess & { kind: 'password' };

/** In a connection's context: the mailbox that is read, where it has to be named. */
const SHARED_MAILBOX = 'shared_mailbox';

interface Opened {
  connection: ExchangeConnection;
  access: PasswordAccess;
  signal: AbortSignal;
}

function createSession({ connection, access, signal }: Opened): Session {
  const client = new ExchangeClient(connection, signal);
  /** What is shared is known once the login is: `identify` comes before any listing. */
  let mailbox = access.context[SHARED_MAILBOX] ?? null;
  const verify = async () => {
    await client.askOne(getFolders([{ known: 'inbox', mailbox }]), 'api');
    return `Signed in at ${client.host} as ${access.username} and read the inbox of ${mailbox ?? access.email}`;
  };
  return {
    verify,
    async identify() {
      const found = await identityOf(client, access);
      mailbox = found.context?.[SHARED_MAILBOX] ?? null;
      return { ...found, proved: await verify() };
    },
    parts: () => listFolders(client, mailbox),
    headOf: (part) => Promise.resolve({ ...part, cursor: null, at: null }),
    newestAt: () => readNewestDate(client, mailbox),
    walk: ({ scope }, position) => walkFolder(client, scope, position),
    listChanges: (scope, cursor, limit) => listChanges(client, scope, cursor, limit),
    listWindow: (scope, window, position, limit) => listWindow(client, scope, window, position, limit),
    stillThere: (scope, items) => stillThere({ client, scope }, items),
    fetchMessages: (scope, items) => fetchMessages({ client, scope }, items),
    close: () => connection.close(),
  };
}

/**
 * Whose login it is, which the server alone vouches for, and which mailbox is read: the wanted one if this login can read it,
 * else its own. The caller then names both. A mailbox is named in requests unless it is known to be the login's own.
 */
async function identityOf(client: ExchangeClient, access: PasswordAccess): Promise<Omit<Identity, 'proved'>> {
  const { server, username, mailbox: wanted } = access;
  const own = await ownAddress(client, username);
  const isOwn = own !== null && wanted !== null && normalAddress(own) === normalAddress(wanted);
  const named = wanted !== null && !isOwn && (await isReadable(client, wanted)) ? wanted : null;
  const providerId = `${normalAddress(username)}@${exchangeServerKey(server)}`;
  return {
    account: { email: named ?? own ?? access.email, login: username, providerId },
    mailboxKey: normalAddress(own === null ? username : (named ?? username)),
    serverKey: exchangeServerKey(server),
    grantKey: grantKeyOf('exchange', '', providerId),
    context: named === null ? {} : { [SHARED_MAILBOX]: named },
  };
}

/** A login that is no address has one in the server's directory; null where that does not tell. */
async function ownAddress(client: ExchangeClient, username: string): Promise<string | null> {
  if (username.includes('@')) return username;
  const user = username.slice(username.indexOf('\\') + 1).toLowerCase();
  const { messages } = await client.ask(resolveNames(user), 'api');
  const found = messages[0]?.at('ResolutionSet')?.children ?? [];
  const address = found.length === 1 ? (found[0]?.textAt('Mailbox/EmailAddress') ?? '') : '';
  // A directory also finds people by the beginning of their names.
  return address.toLowerCase().startsWith(`${user}@`) ? address : null;
}

/** Servers say in several ways that a login may not read a mailbox. */
const NOT_READABLE = /^Error(AccessDenied|FolderNotFound|ItemNotFound|NonExistentMailbox|MailboxGuidNotFound)$/;

async function isReadable(client: ExchangeClient, mailbox: string): Promise<boolean> {
  const request = getFolders([{ known: 'inbox', mailbox }]);
  try {
    await client.askOne(request, 'api');
    return true;
  } catch (error) {
    if (error instanceof ProviderError && NOT_READABLE.test(error.verdict.providerCode ?? '')) return false;
    throw error;
  }
}
