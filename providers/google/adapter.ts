import type { GoogleConfig } from './configuration.ts';
import { normalAddress } from '../../domain/address.ts';
import { createHttp } from '../../net/http.ts';
import { grantKeyOf } from '../grant-key.ts';
import { createPacers } from '../pacer.ts';
import type { ReserveTime } from '../pacer.ts';
import type { AccessWords, Capabilities, Provider, Quota, ScopeHead, ScopeReference, Session } from '../contract.ts';
import { formatCursor, listHistory, listMessages, readNewestDate } from './changes.ts';
import { GmailClient } from './client.ts';
import { classifyGoogle } from './errors.ts';
import { readHeaders } from './headers.ts';
import { fetchMessages, LabelNames } from './messages.ts';
import { createGoogleOAuth } from './oauth.ts';
import { createGmailPush } from './push.ts';
import { createGmailSending } from './sending.ts';

const DAY_MS = 86_400_000;

const CAPABILITIES: Omit<Capabilities, 'push' | 'quota'> = {
  // messages.list searches by date, and its index lags.
  windowOverlapMs: DAY_MS,
  // A grant dies unused after six months.
  keepAliveMs: 30 * DAY_MS,
  pollEveryMs: 60_000,
  holdsConnections: false,
  confirmations: { tries: 2, gapMs: 60_000 },
};

const WORDS: AccessWords = {
  label: 'Gmail',
  provider: 'Google',
  hint: 'Gmail and Google Workspace; you sign in at Google',
  // `invalid_grant` is the same for both.
  causes: { access_revoked: 'access_ended', password_changed: 'access_ended' },
};

/** The mailbox has one cursor. */
const MAILBOX: ScopeReference = { scope: 'mailbox', name: null };

/** Gmail through the Gmail API. */
export function createGmailProvider(config: GoogleConfig, reserve: ReserveTime): Provider {
  const http = createHttp();
  const { unitsPerMinute } = config;
  const quota: Quota | null = unitsPerMinute === null ? null : { of: 'mailbox', unitsPerMinute };
  const pacerOf = createPacers('google', quota, reserve);
  return {
    name: 'google',
    accessType: 'gmail',
    capabilities: { ...CAPABILITIES, quota, push: config.push && createGmailPush(config.push, http) },
    words: WORDS,
    signIn: { oauth: [createGoogleOAuth(config, http)], password: null },
    classify: classifyGoogle,
    sending: createGmailSending({ http, config, pacerOf }),
    openSession(access, signal) {
      if (access.kind !== 'token') throw new TypeError('the Gmail API is opened with an access token');
      const client = new GmailClient({
        http,
        apiUrl: config.gmailApiUrl.replace(/\/$/, ''),
        userinfoUrl: config.userinfoUrl,
        accessToken: access.accessToken,
        pacer: pacerOf(access.mailbox ?? ''),
        signal,
      });
      return Promise.resolve(createSession(client, config, signal));
    },
  };
}

function createSession(client: GmailClient, config: GoogleConfig, signal: AbortSignal): Session {
  const labels = new LabelNames(client);
  return {
    async identify() {
      const [person, mailbox] = await Promise.all([client.userinfo(), client.profile()]);
      return {
        account: { email: mailbox.emailAddress, login: person.email, providerId: person.sub },
        mailboxKey: normalAddress(mailbox.emailAddress),
        serverKey: null,
        // The profile names the mailbox that the token opens.
        vouchesForAddress: true,
        grantKey: grantKeyOf('google', config.client.id, person.sub),
        proved: `Read the profile of ${mailbox.emailAddress} as ${person.email}`,
      };
    },
    verify: async () => `Read the profile of ${(await client.profile()).emailAddress}`,
    parts: () => Promise.resolve([MAILBOX]),
    async headOf(): Promise<ScopeHead> {
      const { historyId, at } = await client.profile();
      return { ...MAILBOX, cursor: formatCursor({ historyId }), at };
    },
    async changedSince(cursors) {
      const { historyId, at } = await client.profile();
      return { changed: cursors.get(MAILBOX.scope) !== formatCursor({ historyId }), at };
    },
    newestAt: () => readNewestDate(client),
    listChanges: (_scope, cursor, limit) => listHistory(client, cursor, limit),
    listWindow: (_scope, window, position, limit) => listMessages(client, window, position, limit),
    readHeaders: (_scope, items) => readHeaders(client, items, signal),
    fetchMessages: (_scope, items) => fetchMessages(client, labels, items, signal),
    ...(config.push === null ? {} : subscribing(client, config.push.topic)),
    close: () => Promise.resolve(),
  };
}

function subscribing(client: GmailClient, topic: string): Pick<Session, 'subscribe' | 'unsubscribe'> {
  return {
    async subscribe() {
      const { expiration } = await client.watch(topic);
      return { reference: null, state: null, expiresAt: new Date(Number(expiration)) };
    },
    unsubscribe: () => client.stop(),
  };
}
