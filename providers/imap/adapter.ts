import { normalAddress } from '../../domain/address.ts';
import { createHttp } from '../../net/http.ts';
import type { Capabilities, Identity, Provider } from '../contract.ts';
import type { Surroundings } from '../definition.ts';
import { grantKeyOf } from '../grant-key.ts';
import type { ImapLogin } from '../imap-login.ts';
import { ImapConnection } from './client.ts';
import type { ImapAccess } from './client.ts';
import { classifyImap } from './errors.ts';
import { QUIET_MS } from './idle.ts';
import { createSession } from './session.ts';
import { IMAP_WORDS, imapServerKey, imapSignIn } from './sign-in.ts';
import { openWithToken } from './token-session.ts';
import { verifySubmission } from './smtp/connection.ts';
import { createSmtpSending } from './smtp/send.ts';
import { submissionOf } from './smtp/submission.ts';

const DAY_MS = 86_400_000;

/** Google and Microsoft forget a grant after months without use. */
const KEEP_ALIVE_MS = 30 * DAY_MS;

const CAPABILITIES: Omit<Capabilities, 'keepAliveMs'> = {
  // SEARCH knows days only, in the server's time zone, and servers' clocks are what they are.
  windowOverlapMs: 3 * DAY_MS,
  pollEveryMs: 60_000,
  holdsConnections: true,
  push: null,
  // Servers tell no quota; they refuse connections, of which there is one.
  quota: null,
  // Servers shed load with refusals, but every further try brings the account nearer to a lockout.
  confirmations: { tries: 1, gapMs: 5_000 },
};

/** Any mailbox that is read over IMAP (RFC 9051, RFC 3501): with a password, or with a provider's access token. */
export function createImapProvider({
  egress,
  certificateAuthorities,
  timeoutMs = null,
  quietMs = QUIET_MS,
  autoconfigUrl,
  imapLogins: logins = [],
}: Pick<Surroundings, 'egress' | 'certificateAuthorities'> & {
  /** The providers whose tokens open mailboxes. */
  imapLogins?: readonly ImapLogin[];
  /** How long a silent server is waited for; null: 30 s to connect, 60 s in a session. */
  timeoutMs?: number | null;
  /** How long a held connection is silent before the other folders are asked for. */
  quietMs?: number;
  /** The directory that knows the servers of addresses; absent: none. */
  autoconfigUrl?: string | undefined;
}): Provider {
  const settings = { egress, certificateAuthorities, timeoutMs, quietMs };
  const autoconfig = autoconfigUrl === undefined ? null : { http: createHttp(), url: new URL(autoconfigUrl) };
  return {
    name: 'imap',
    accessType: 'imap',
    capabilities: { ...CAPABILITIES, keepAliveMs: logins.length > 0 ? KEEP_ALIVE_MS : null },
    words: IMAP_WORDS,
    signIn: { oauth: logins.map(({ oauth }) => oauth), password: imapSignIn(autoconfig) },
    classify: classifyImap,
    async proveSending(access, signal) {
      const submission = submissionOf(settings, logins, access);
      if (!submission) throw new TypeError('the access names no server that takes mail');
      await verifySubmission(submission, signal);
    },
    sending: createSmtpSending((access) => submissionOf(settings, logins, access)),
    async openSession(access, signal) {
      if (access.kind === 'token') return openWithToken(settings, { logins, access }, signal);
      if (access.server.kind !== 'imap') throw new TypeError('IMAP is opened at an IMAP server');
      const { server, username, namespaces, password } = access;
      const by = { server, username, namespaces, credential: { kind: 'password', password } } as const;
      const connection = await ImapConnection.open(settings, by, signal);
      return createSession(connection, { access: by, quietMs }, () =>
        Promise.resolve(identityByPassword(access.email, by)),
      );
    },
  };
}

function identityByPassword(email: string, { username, server }: ImapAccess): Omit<Identity, 'proved'> {
  const providerId = `${username}@${server.host.toLowerCase()}`;
  return {
    account: { email, login: username, providerId },
    // Not the address: a login that is none has the one that its link was made for, which no server has confirmed.
    mailboxKey: normalAddress(username),
    serverKey: imapServerKey(server),
    vouchesForAddress: false,
    grantKey: grantKeyOf('imap', '', providerId),
  };
}
