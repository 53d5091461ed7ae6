import { randomUUID } from 'node:crypto';
import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import type { AccountRow, MicrosoftAccessTokenRow, SubscriptionRow } from '../rows.ts';
import { mailboxOf, refuseToken, tokenOf } from './access.ts';
import { json, NO_CONTENT } from './answers.ts';
import type { GraphPush } from './push.ts';
import type { Graph, GraphRequest } from './request.ts';
import { plainPath, prefersImmutableIds } from './request.ts';
import { AUTHORIZED_MS, subscriptionResource } from './subscription-resource.ts';
import { expirationOf, parseSubscription } from './subscription-request.ts';

/** Graph with what tells the apps. */
export interface SubscribedGraph extends Graph {
  readonly push: GraphPush;
}

/** The scopes that may be told of one's own mailbox. Those that are about shared ones may be told of none. */
const SUBSCRIBING = ['Mail.ReadBasic', 'Mail.Read', 'Mail.ReadWrite'];
/** Of one mailbox, over all apps. */
const MOST_SUBSCRIPTIONS = 1000;

export const SUBSCRIPTION_FAULTS = ['account_disabled', 'subscription_refused'] as const;

export function isSubscription({ path }: GraphRequest): boolean {
  return /^subscriptions(\/|$)/i.test(plainPath(path));
}

/** https://learn.microsoft.com/graph/api/resources/subscription */
export async function answerSubscription(
  graph: SubscribedGraph,
  request: GraphRequest,
  held: ReadonlyMap<string, Condition>,
): Promise<HttpAnswer> {
  const { errors, store } = graph;
  const refused = refuseToken(graph, request, held);
  const token = tokenOf(graph, request);
  if (refused || !token) return refused ?? errors.unauthenticated('Access token is empty.');
  const [, id, action = ''] = /^subscriptions(?:\/([^/]+))?(?:\/(\w+))?$/i.exec(plainPath(request.path)) ?? [];
  const mine = [...store.tables.read('subscriptions').values()].filter((row) => isLive(graph, row, token));
  if (id === undefined) {
    if (request.method === 'POST') return create(graph, request, token, held);
    return json(200, { value: mine.map((row) => subscriptionResource(row, ownerOf(graph, row), { state: false })) });
  }
  const row = mine.find((candidate) => candidate.id === id);
  if (!row) return errors.noSuchSubscription();
  switch (`${request.method} ${action.toLowerCase()}`) {
    case 'GET ':
      return json(200, subscriptionResource(row, ownerOf(graph, row), { state: false }));
    case 'DELETE ':
      store.tables.commit([['subscriptions', row.id, null]]);
      return NO_CONTENT;
    case 'PATCH ':
      return renew(graph, request, row, held);
    case 'POST reauthorize':
      if (held.has('subscription_refused')) return refusal(graph, 'Reauthorize');
      store.tables.commit([['subscriptions', row.id, reauthorized(graph, row)]]);
      return NO_CONTENT;
    default:
      return errors.of(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
  }
}

function isLive({ store }: Graph, row: SubscriptionRow, token: MicrosoftAccessTokenRow): boolean {
  return row.email === token.email && row.expires_at > store.now();
}

function ownerOf({ store }: Graph, row: SubscriptionRow): AccountRow {
  return store.requireAccount(row.email);
}

async function create(
  graph: SubscribedGraph,
  request: GraphRequest,
  token: MicrosoftAccessTokenRow,
  held: ReadonlyMap<string, Condition>,
): Promise<HttpAnswer> {
  const { store, errors, push } = graph;
  const asked = parseSubscription(graph, request.body);
  if ('status' in asked) return asked;
  const account = mailboxOf(graph, asked.prefix, token);
  if ('status' in account) return account;
  const own = account.email.toLowerCase() === token.email;
  if (!own || !SUBSCRIBING.some((scope) => token.scopes.includes(scope)) || held.has('subscription_refused')) {
    return refusal(graph, 'Create');
  }
  const folder = asked.folder === null ? undefined : store.mailbox(account.email).folder(asked.folder);
  if (asked.folder !== null && !folder) return errors.noSuchFolder();
  const others = [...store.tables.read('subscriptions').values()].filter((row) => isLive(graph, row, token));
  if (others.length >= MOST_SUBSCRIPTIONS) {
    return errors.of(
      403,
      'ExtensionError',
      'Operation: Create; Exception: [Status Code: Forbidden; Reason: LimitExceeded]',
    );
  }
  // Each address is asked whether it is there, while the app waits for this answer.
  for (const url of [asked.notification_url, asked.lifecycle_url]) {
    const flaw = url === null ? undefined : await push.validate(account, url);
    if (flaw !== undefined) return errors.validation(flaw);
  }
  const now = store.now();
  const row: SubscriptionRow = {
    id: randomUUID(),
    email: token.email,
    resource: asked.resource,
    folder_id: folder?.id ?? null,
    change_types: asked.change_types,
    notification_url: asked.notification_url,
    lifecycle_url: asked.lifecycle_url,
    client_state: asked.client_state,
    expires_at: asked.expires_at,
    immutable: prefersImmutableIds(request),
    authorized_until: now + AUTHORIZED_MS,
    reminded: false,
  };
  store.tables.commit([['subscriptions', row.id, row]]);
  const context = { '@odata.context': `${graph.address}/$metadata#subscriptions/$entity` };
  return json(201, { ...context, ...subscriptionResource(row, account, { state: true }) });
}

/** A longer life, and a reauthorization. */
function renew(
  graph: SubscribedGraph,
  request: GraphRequest,
  row: SubscriptionRow,
  held: ReadonlyMap<string, Condition>,
): HttpAnswer {
  if (held.has('subscription_refused')) return refusal(graph, 'Update');
  const expires_at = expirationOf(graph, request.body);
  if (typeof expires_at !== 'number') return expires_at;
  const renewed = { ...reauthorized(graph, row), expires_at };
  graph.store.tables.commit([['subscriptions', row.id, renewed]]);
  return json(200, subscriptionResource(renewed, ownerOf(graph, row), { state: false }));
}

function reauthorized({ store }: Graph, row: SubscriptionRow): SubscriptionRow {
  return { ...row, authorized_until: store.now() + AUTHORIZED_MS, reminded: false };
}

function refusal({ errors }: Graph, operation: string): HttpAnswer {
  const message = `Operation: ${operation}; Exception: [Status Code: Forbidden; Reason: Access is denied. Check credentials and try again.]`;
  return errors.of(403, 'ExtensionError', message);
}
