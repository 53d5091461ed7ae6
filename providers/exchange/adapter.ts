import { withAuthorities } from '../../net/certificates.ts';
import type { Capabilities, Provider, Session, SessionAccess } from '../contract.ts';
import type { Surroundings } from '../definition.ts';
import { listChanges, walkFolder } from './changes.ts';
import { ExchangeClient } from './client.ts';
import { ExchangeConnection } from './connection.ts';
import type { ConnectionSettings } from './connection.ts';
import { classifyExchange } from './errors.ts';
import { findInbox, listFolders, sortFolders } from './folders.ts';
import { readHeaders } from './headers.ts';
import { identityOf, loginIdOf, SHARED_MAILBOX } from './identity.ts';
import type { PasswordAccess } from './identity.ts';
import { fetchMessages, stillThere } from './messages.ts';
import { runInFolder } from './part-refusal.ts';
import { createExchangeSending } from './sending.ts';
import { EXCHANGE_WORDS, exchangeSignIn } from './sign-in.ts';
import { listenToMailbox, SILENCE_MS } from './streaming.ts';
import { StreamPlaces } from './stream-places.ts';
import { listWindow, readNewestDate } from './window.ts';

const MINUTE_MS = 60_000;

const CAPABILITIES: Capabilities = {
  // Mail is dated in whole seconds, and shows in listings some minutes late.
  windowOverlapMs: 60 * MINUTE_MS,
  keepAliveMs: null,
  pollEveryMs: MINUTE_MS,
  holdsConnections: true,
  push: null,
  // Each server has a throttling policy of its own, and its refusals say when the limit is reached.
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
  silenceMs = SILENCE_MS,
}: Pick<Surroundings, 'egress' | 'certificateAuthorities'> & {
  /** One address of Autodiscover for every domain; absent: each domain's own. */
  autodiscoverUrl?: string | undefined;
  /** The longest wait for a connection, in ms. */
  timeoutMs?: number;
  /** The longest silence of a held stream, in ms. */
  silenceMs?: number;
}): Provider {
  const authorities = withAuthorities(certificateAuthorities) ?? null;
  const settings: ConnectionSettings = { egress, certificateAuthorities: authorities, timeoutMs };
  const places = new StreamPlaces();
  return {
    name: 'exchange',
    accessType: 'exchange',
    capabilities: CAPABILITIES,
    words: EXCHANGE_WORDS,
    signIn: { oauth: [], password: exchangeSignIn({ ...settings, autodiscoverUrl }) },
    classify: classifyExchange,
    sending: createExchangeSending((access) => {
      const { connection, password } = connect(settings, access);
      return { connection, mailbox: password.context[SHARED_MAILBOX] ?? null };
    }),
    openSession(access, signal) {
      const { connection, password } = connect(settings, access);
      return Promise.resolve(createSession({ connection, access: password, silenceMs, signal, places }));
    },
  };
}

function connect(settings: ConnectionSettings, access: SessionAccess) {
  if (access.kind !== 'password' || access.server.kind !== 'ews') {
    throw new TypeError('Exchange is opened with a password at the address of its service');
  }
  const { server, username, password } = access;
  const mailbox = access.mailbox ?? access.email;
  const { authentication } = server;
  const login = { url: new URL(server.url), username, password, mailbox, authentication };
  const connection = new ExchangeConnection(settings, login);
  return { connection, password: access };
}

interface Opened {
  connection: ExchangeConnection;
  access: PasswordAccess;
  silenceMs: number;
  signal: AbortSignal;
  places: StreamPlaces;
}

function createSession({ connection, access, silenceMs, signal, places }: Opened): Session {
  const client = new ExchangeClient(connection, signal);
  /** At a sign-in `identify` finds the shared mailbox, before any listing. */
  let mailbox = access.context[SHARED_MAILBOX] ?? null;
  const inFolder = <Result>(scope: string, work: () => Promise<Result>) =>
    runInFolder({ client, mailbox }, scope, work);
  const verify = async () => {
    await findInbox(client, mailbox);
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
    walk: ({ scope }, position) => inFolder(scope, () => walkFolder(client, scope, position)),
    listChanges: (part, cursor, limit) => inFolder(part.scope, () => listChanges(client, part, cursor, limit)),
    listWindow: (part, window, position, limit) =>
      inFolder(part.scope, () => listWindow(client, part, window, position, limit)),
    stillThere: (_scope, items) => stillThere({ client }, items),
    readHeaders: (scope, items) => readHeaders({ client, scope, signal }, items),
    fetchMessages: (scope, items) => fetchMessages({ client, scope, signal }, items),
    async listen(heard, until) {
      const { imported, others } = await sortFolders(client, mailbox);
      // A subscription to all folders is one to the login's own mailbox.
      const folders = mailbox === null ? null : imported.map(({ scope }) => scope);
      const login = loginIdOf(access);
      if (places.isFull(login, client.version)) return 'declined';
      const listening = { client, folders, others, silenceMs, signal: until };
      return await places.during(login, () => listenToMailbox(listening, heard));
    },
    close: () => connection.close(),
  };
}
