import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { MAIL_BASIC, MAIL_READ, USER_READ } from '../entra/scopes.ts';
import { mailboxOf, refuseToken, tokenOf } from './access.ts';
import { deltaOfFolders, getFolder, listChildFolders, listFolders } from './folders.ts';
import { deltaOfMessages } from './delta.ts';
import { distortListing, LISTING_FAULTS } from './listing-faults.ts';
import { listMessages } from './listings.ts';
import { getMessage, getMimeContent } from './messages.ts';
import type { Graph, GraphRequest, MailboxRequest } from './request.ts';
import { plainPath } from './request.ts';
import { getProfile } from './profile.ts';
import { sendMail } from './send-mail.ts';

/** One call: what it needs and what it does. */
interface Method {
  /** Below the mailbox; each group is an id. */
  readonly path: RegExp;
  readonly scopes: readonly string[];
  answer(request: MailboxRequest): HttpAnswer;
}

const METHODS: readonly Method[] = [
  { path: /^mailFolders$/i, scopes: MAIL_BASIC, answer: listFolders },
  { path: /^mailFolders\/delta$/i, scopes: MAIL_BASIC, answer: deltaOfFolders },
  { path: /^mailFolders\/([^/]+)$/i, scopes: MAIL_BASIC, answer: getFolder },
  { path: /^mailFolders\/([^/]+)\/childFolders$/i, scopes: MAIL_BASIC, answer: listChildFolders },
  { path: /^mailFolders\/([^/]+)\/messages$/i, scopes: MAIL_BASIC, answer: listMessages },
  { path: /^mailFolders\/([^/]+)\/messages\/delta$/i, scopes: MAIL_BASIC, answer: deltaOfMessages },
  { path: /^mailFolders\/([^/]+)\/messages\/([^/]+)$/i, scopes: MAIL_BASIC, answer: getMessage },
  { path: /^mailFolders\/([^/]+)\/messages\/([^/]+)\/\$value$/i, scopes: MAIL_READ, answer: getMimeContent },
  { path: /^messages$/i, scopes: MAIL_BASIC, answer: listMessages },
  { path: /^messages\/([^/]+)$/i, scopes: MAIL_BASIC, answer: getMessage },
  { path: /^messages\/([^/]+)\/\$value$/i, scopes: MAIL_READ, answer: getMimeContent },
];

/** The faults of the control API that show in a call's answer, besides those of every HTTP request. */
export const GRAPH_FAULTS = ['account_disabled', 'mailbox_unavailable'] as const;

const MAILBOX = /^(me|users\/[^/]+)(?:\/(.+))?$/i;

export function isListing({ method, path }: GraphRequest): boolean {
  return method === 'GET' && /\/(messages|delta)$/i.test(plainPath(path));
}

/** The mailbox that a request is about, by its key, for the limits that count by mailbox; null for none. */
export function mailboxKeyOf(graph: Graph, request: GraphRequest): string | null {
  const [, prefix = '', below] = MAILBOX.exec(plainPath(request.path)) ?? [];
  const token = tokenOf(graph, request);
  if (below === undefined || !token) return null;
  if (prefix.toLowerCase() === 'me') return token.email;
  return graph.store.accountNamed(decodeURIComponent(prefix.slice(6)))?.email.toLowerCase() ?? null;
}

/** A call about a person or a mailbox. */
export function answerMailbox(graph: Graph, request: GraphRequest, held: ReadonlyMap<string, Condition>): HttpAnswer {
  const { errors } = graph;
  const refused = refuseToken(graph, request, held);
  const token = tokenOf(graph, request);
  if (refused || !token) return refused ?? errors.unauthenticated('Access token is empty.');
  const [, prefix, below] = MAILBOX.exec(plainPath(request.path)) ?? [];
  if (prefix === undefined) return errors.noSuchSegment(plainPath(request.path).split('/')[0] ?? '');
  if (request.method === 'POST' && below?.toLowerCase() === 'sendmail') {
    const sender = mailboxOf(graph, prefix, token); // a delegate of a mailbox may send as it here
    return 'status' in sender ? sender : sendMail({ graph, request, token, account: sender });
  }
  if (request.method !== 'GET') {
    return errors.of(405, 'Request_BadRequest', `Specified HTTP method is not allowed for the request target.`);
  }
  if (below === undefined) {
    return USER_READ.some((scope) => token.scopes.includes(scope))
      ? getProfile(graph, prefix, token)
      : errors.insufficientPrivileges();
  }
  const method = METHODS.find(({ path }) => path.test(below));
  if (!method) return errors.noSuchSegment(below.split('/')[0] ?? '');
  if (!method.scopes.some((scope) => token.scopes.includes(scope))) return errors.accessDenied();
  const account = mailboxOf(graph, prefix, token);
  if ('status' in account) return account;
  const isOffline = held.has('mailbox_unavailable') || isOff(graph, account.email, token.email);
  if (isOffline || account.home !== undefined) return errors.mailboxOff();
  const ids = (method.path.exec(below) ?? []).slice(1).map(decodeURIComponent);
  const answer = method.answer({ graph, request, token, account, prefix, ids });
  const distorted = LISTING_FAULTS.some((fault) => held.has(fault));
  return distorted ? distortListing(answer, held, `${graph.address}/${request.path}?${request.query}`) : answer;
}

/** A shared mailbox may be unavailable although its delegate's is not. */
function isOff({ store }: Graph, mailbox: string, login: string): boolean {
  if (mailbox.toLowerCase() === login.toLowerCase()) return false;
  const of = { provider: 'microsoft', kind: 'api' as const, email: mailbox };
  return store.deps.conditions.take(of, ['mailbox_unavailable']).size > 0;
}
