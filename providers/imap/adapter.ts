import { normalAddress } from '../../domain/address.ts';
import { createHttp } from '../../net/http.ts';
import type { Capabilities, Provider, Session } from '../contract.ts';
import type { Surroundings } from '../definition.ts';
import { grantKeyOf } from '../grant-key.ts';
import { comesAfter, listChanges, listWindow } from './changes.ts';
import { ImapConnection } from './client.ts';
import type { PasswordAccess } from './client.ts';
import { classifyImap } from './errors.ts';
import { Folders, readNewestDate } from './folders.ts';
import { listenToInbox, QUIET_MS } from './idle.ts';
import { fetchMessages, readHeaders, stillThere, within } from './messages.ts';
import type { JustAsked } from './messages.ts';
import { IMAP_WORDS, imapServerKey, imapSignIn } from './sign-in.ts';

const DAY_MS = 86_400_000;

const CAPABILITIES: Capabilities = {
  revocation: 'none',
  revocationHelp: 'Change the mailbox password, or delete the app password that was made for this connection.',
  // SEARCH knows days only, in the server's time zone, and servers' clocks are what they are.
  windowOverlapMs: 3 * DAY_MS,
  keepAliveMs: null,
  pollEveryMs: 60_000,
  holdsConnections: true,
  push: null,
  // Servers tell no quota; they refuse connections, of which there is one.
  quota: null,
  // Servers shed load with refusals, but every further try brings the account nearer to a lockout.
  confirmations: { tries: 1, gapMs: 5_000 },
};

/** Any mailbox that is read with a password over IMAP (RFC 9051, RFC 3501). */
export function createImapProvider({
  egress,
  certificateAuthorities,
  timeoutMs = null,
  quietMs = QUIET_MS,
  autoconfigUrl,
}: Pick<Surroundings, 'egress' | 'certificateAuthorities'> & {
  /** How long a silent server is waited for; null: 30 s to connect, 60 s in a session. */
  timeoutMs?: number | null;
  /** How long a held connection is silent before the other folders are asked for. */
  quietMs?: number;
  /** The directory that knows the servers of addresses; absent: none. */
  autoconfigUrl?: string | undefined;
}): Provider {
  const settings = { egress, certificateAuthorities, timeoutMs };
  const autoconfig = autoconfigUrl === undefined ? null : { http: createHttp(), url: new URL(autoconfigUrl) };
  return {
    name: 'imap',
    accessType: 'imap',
    capabilities: CAPABILITIES,
    words: IMAP_WORDS,
    signIn: { oauth: [], password: imapSignIn(autoconfig) },
    classify: classifyImap,
    async openSession(access, signal) {
      if (access.kind !== 'password' || access.server.kind !== 'imap') {
        throw new TypeError('IMAP is opened with a password for an IMAP server');
      }
      const login = { ...access, server: access.server };
      return createSession(await ImapConnection.open(settings, login, signal), login, quietMs);
    },
  };
}

function createSession(connection: ImapConnection, access: PasswordAccess, quietMs: number): Session {
  const { host } = access.server;
  const folders = new Folders(connection, access.namespaces);
  let justAsked: JustAsked | null = null;
  const verify = async () => {
    await connection.run('login', () => connection.flow.mailboxOpen('INBOX', { readOnly: true }));
    return `Signed in at ${host} as ${access.username} and opened the inbox`;
  };
  return {
    verify,
    async identify() {
      const proved = await verify();
      const providerId = `${access.username}@${host.toLowerCase()}`;
      return {
        account: { email: access.email, login: access.username, providerId },
        // Not the address: a login that is none has the one that its link was made for, which no server has confirmed.
        mailboxKey: normalAddress(access.username),
        serverKey: imapServerKey(access.server),
        grantKey: grantKeyOf('imap', '', providerId),
        proved,
      };
    },
    parts: (asked) => folders.list(asked),
    headOf: (part) => folders.headOf(part),
    newestAt: () => readNewestDate(connection),
    comesAfter,
    listChanges: (scope, cursor, limit) => listChanges(connection, scope, cursor, limit),
    listWindow: (scope, window, position, limit) => listWindow(connection, scope, window, position, limit),
    async within(scope, items, window) {
      const found = await within(connection, scope, items, window);
      justAsked = found.justAsked;
      return found.items;
    },
    stillThere: (scope, items) => stillThere(connection, scope, items),
    readHeaders: (scope, items) => readHeaders(connection, scope, items),
    fetchMessages: (scope, items) => fetchMessages(connection, scope, items, justAsked),
    listen: (heard, signal) =>
      listenToInbox(connection, heard, signal, { readPositions: () => folders.readPositions(), quietMs }),
    close: () => connection.logout(),
  };
}
