import { accountKey } from '../account-key.ts';
import type { Condition } from '../conditions.ts';
import type { HttpAnswer } from '../http-answer.ts';
import { bearerToken } from '../oauth/client-authentication.ts';
import type { AccessTokenRow } from '../oauth/rows.ts';
import { accessToken } from '../oauth/tokens.ts';
import { gmailError, json } from './answers.ts';
import { distortListing, isListing } from './listing-faults.ts';
import { firstPageToken, listHistory, listLabels, listMessages } from './listings.ts';
import type { MessageFormat } from './message-resource.ts';
import { MESSAGE_FORMATS, messageResource } from './message-resource.ts';
import type { AccountRow } from './rows.ts';
import { GMAIL_METADATA, GMAIL_READ, GMAIL_SEND } from './oauth/scopes.ts';
import { sendMessage } from './send.ts';
import type { GoogleStore } from './store.ts';

/**
 * At most this long; Google says to call watch once a day.
 * https://developers.google.com/workspace/gmail/api/guides/push
 */
const WATCH_LIFE_MS = 7 * 24 * 3600_000;

export interface GmailRequest {
  readonly method: string;
  /** From `/gmail/v1/users/` on. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** One Gmail method: what it needs and what it does. */
interface Method {
  readonly scopes: readonly string[];
  answer(account: AccountRow, request: GmailRequest, id: string): HttpAnswer;
}

/** The faults of the control API that show in a Gmail call's answer, besides those of every HTTP request. */
export const GMAIL_FAULTS = [
  'account_disabled',
  'mailbox_unavailable',
  'admin_consent_required',
  'subscription_refused',
] as const;

/** Whose token it carries; null when it is not live. */
export function ownerOfGmailRequest(store: GoogleStore, request: GmailRequest): string | null {
  const row = authenticated(store, request);
  return row ? store.requireAccount(row.email).email : null;
}

export function isWatch(request: GmailRequest): boolean {
  return request.method === 'POST' && request.path.endsWith('/watch');
}

export function answerGmail(
  store: GoogleStore,
  request: GmailRequest,
  held: ReadonlyMap<string, Condition>,
): HttpAnswer {
  const token = authenticated(store, request);
  if (!token || held.has('account_disabled')) return gmailError.unauthenticated();
  if (held.has('admin_consent_required')) return gmailError.domainPolicy();
  if (held.has('mailbox_unavailable')) return gmailError.mailServiceOff();
  const account = store.requireAccount(token.email);
  const [, userId = '', resource = ''] = /^\/gmail\/v1\/users\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
  const user = decodeURIComponent(userId);
  if (user !== 'me' && accountKey(user) !== token.email) return gmailError.delegationDenied(user);
  const [method, id] = findMethod(store, request, resource);
  if (!method) return gmailError.notFound();
  if (!method.scopes.some((scope) => token.scopes.includes(scope))) {
    return gmailError.insufficientScope(method.scopes.join(' '));
  }
  if (held.has('subscription_refused')) return gmailError.watchRefused(topicOf(request) ?? '');
  const answer = method.answer(account, request, id);
  if (!isListing(request)) return answer;
  return distortListing(answer, held, request.query.get('pageToken') ?? firstPageToken(request.query));
}

function authenticated(store: GoogleStore, request: GmailRequest): AccessTokenRow | undefined {
  const token = bearerToken(request.authorization);
  return token === undefined ? undefined : accessToken(store, token);
}

function findMethod(store: GoogleStore, request: GmailRequest, resource: string): [Method | undefined, string] {
  const message = /^messages\/([^/]+)$/.exec(resource)?.[1];
  if (request.method === 'GET' && message !== undefined) return [getMessage(store), message];
  return [methods(store)[`${request.method} ${resource}`], ''];
}

function methods(store: GoogleStore): Readonly<Record<string, Method | undefined>> {
  return {
    'GET profile': { scopes: GMAIL_METADATA, answer: (account) => profile(store, account) },
    'GET labels': { scopes: GMAIL_METADATA, answer: (account) => listLabels(store, account) },
    'GET history': { scopes: GMAIL_METADATA, answer: (account, { query }) => listHistory(store, account, query) },
    'GET messages': {
      scopes: GMAIL_READ,
      answer: (account, { query }) => listMessages(store, account, query),
    },
    'POST messages/send': {
      scopes: GMAIL_SEND,
      answer: (account, request) => sendMessage(store, account, request),
    },
    'POST watch': { scopes: GMAIL_METADATA, answer: (account, request) => watch(store, account, request) },
    'POST stop': {
      scopes: GMAIL_METADATA,
      answer: (account) => {
        setWatch(store, account, null);
        return { status: 204, headers: {}, body: '' };
      },
    },
  };
}

function getMessage(store: GoogleStore): Method {
  return {
    scopes: GMAIL_READ,
    answer(account, { query }, id) {
      const format = query.get('format')?.toLowerCase() ?? 'full';
      if (!MESSAGE_FORMATS.includes(format)) return gmailError.invalidArgument(`Invalid format: ${format}`);
      const message = store.mailbox(account.email).get(id);
      if (!message) return gmailError.notFound();
      return json(200, messageResource(message, format as MessageFormat, query.getAll('metadataHeaders')));
    },
  };
}

function profile(store: GoogleStore, account: AccountRow): HttpAnswer {
  const messagesTotal = store.mailbox(account.email).newestFirst().length;
  return json(200, {
    emailAddress: account.email,
    messagesTotal,
    threadsTotal: messagesTotal,
    historyId: String(store.historyId(account)),
  });
}

function watch(store: GoogleStore, account: AccountRow, request: GmailRequest): HttpAnswer {
  const topic = topicOf(request);
  if (topic === undefined || !/^projects\/[^/]+\/topics\/[^/]+$/.test(topic)) {
    return gmailError.invalidArgument('Invalid topicName does not match projects/*/topics/*');
  }
  const labelIds = bodyOf(request)['labelIds'];
  const expires_at = store.now() + WATCH_LIFE_MS;
  setWatch(store, account, { topic, label_ids: Array.isArray(labelIds) ? labelIds.map(String) : [], expires_at });
  return json(200, { historyId: String(store.historyId(account)), expiration: String(expires_at) });
}

function setWatch(store: GoogleStore, account: AccountRow, value: AccountRow['watch']): void {
  store.tables.commit([['accounts', accountKey(account.email), { ...account, watch: value }]]);
}

function topicOf(request: GmailRequest): string | undefined {
  const topic = bodyOf(request)['topicName'];
  return typeof topic === 'string' ? topic : undefined;
}

function bodyOf(request: GmailRequest): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(request.body);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
