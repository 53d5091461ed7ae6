import type { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';
import type { Operation } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import type { Http, HttpAnswer, HttpStream } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { dateOf, parseAnswer, readRefusal } from '../answers/http-answers.ts';
import type { Pacer } from '../pacer.ts';
import { classifyMicrosoft } from './errors.ts';
import { folder, folderPage, messageFacts, messagePage, subscription, user } from './schema.ts';

/**
 * Requests that a session has under way at once. Graph allows four per mailbox: polls and imports of a channel take turns, in
 * whichever process, and leave one for a check.
 */
export const CONCURRENCY = 3;

export interface GraphClientOptions {
  http: Http;
  graphUrl: string;
  accessToken: Secret;
  /** `me`, or `users/ADDRESS` of a shared mailbox. */
  mailbox: string;
  pacer: Pacer;
  signal: AbortSignal;
}

interface Call {
  name: string;
  url: URL;
  operation: Operation;
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  body?: object;
  /** The largest page. */
  pageSize?: number;
}

/** An answer with Graph's time; null: not told. */
export type Timed<Shape> = Shape & { at: Date | null };

/** 8 MiB: pages hold ids and dates. */
const PAGE_BYTES = 8 * 1024 * 1024;

/**
 * The calls of Microsoft Graph that we need, for one access token; every refusal is a `ProviderError`. Ids are the
 * immutable ones in every call: forgotten once, ids change under a cursor (learn.microsoft.com/graph/outlook-immutable-id).
 */
export class GraphClient {
  readonly #options: GraphClientOptions;

  constructor(options: GraphClientOptions) {
    this.#options = options;
  }

  /** The same access at another mailbox. */
  at(mailbox: string): GraphClient {
    return new GraphClient({ ...this.#options, mailbox });
  }

  me() {
    const url = this.#url('me', { $select: 'id,mail,userPrincipalName' }, '');
    return this.#timed(user, { name: 'me', url, operation: 'api' });
  }

  /** A folder by its id or its well-known name; null when there is none. */
  async folder(name: string) {
    const url = this.#url(`mailFolders/${encodeURIComponent(name)}`, { $select: 'id,displayName,parentFolderId' });
    return this.#orMissing(folder, { name: 'mailFolders.get', url, operation: 'api' });
  }

  /** One page of all folders, at any depth; `next` continues a listing. */
  folders(next: string | null) {
    const url = next === null ? this.#url('mailFolders/delta', {}) : this.#linked(next);
    return this.#read(folderPage, { name: 'mailFolders.delta', url, operation: 'api', pageSize: 200 });
  }

  /** One page of a folder's changes, by a link of an earlier page; null begins a walk through the folder. */
  changes(folderId: string, next: string | null, pageSize: number) {
    // `$select` and `changeType` are remembered in the link, `Prefer` is not.
    const begin = { changeType: 'created', $select: 'id,receivedDateTime' };
    const url = next === null ? this.#messagesUrl(folderId, begin, '/delta') : this.#linked(next);
    return this.#timed(messagePage, { name: 'messages.delta', url, operation: 'import', pageSize });
  }

  /** One page of a folder's messages, or of the mailbox's where `folderId` is null. */
  messages(folderId: string | null, parameters: Record<string, string>) {
    const url = folderId === null ? this.#url('messages', parameters) : this.#messagesUrl(folderId, parameters);
    return this.#timed(messagePage, { name: 'messages.list', url, operation: 'import' });
  }

  messagesAt(link: string) {
    return this.#timed(messagePage, { name: 'messages.list', url: this.#linked(link), operation: 'import' });
  }

  /** null when there is no such message any more. */
  message(id: string) {
    const url = this.#url(`messages/${encodeURIComponent(id)}`, { $select: 'id,receivedDateTime' });
    return this.#orMissing(messageFacts, { name: 'messages.get', url, operation: 'import' });
  }

  /** Whether Sent Items has a message of this Message-ID. */
  async wasSent(messageId: string): Promise<boolean> {
    const $filter = `internetMessageId eq '${messageId.replaceAll("'", "''")}'`;
    const { value } = await this.messages('sentitems', { $filter, $select: 'id,receivedDateTime', $top: '1' });
    return value.length > 0;
  }

  /** The message itself as it comes; null when there is no such message any more. */
  async content(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
    const url = this.#url(`messages/${encodeURIComponent(id)}/$value`, {});
    const call: Call = { name: 'messages.$value', url, operation: 'import' };
    const answer = await this.#open(call, signal);
    if (answer.status === 200) return answer.body;
    const refusal = { ...answer, body: await readRefusal(answer.body) };
    if (!isMissing(call, refusal)) assertOk(call, refusal);
    return null;
  }

  /** https://learn.microsoft.com/graph/api/subscription-post-subscriptions */
  createSubscription(body: object) {
    const url = this.#url('subscriptions', {}, '');
    return this.#read(subscription, {
      name: 'subscriptions.create',
      url,
      operation: 'subscribe',
      method: 'POST',
      body,
    });
  }

  /** null when Graph no longer knows it. */
  renewSubscription(id: string, body: object) {
    const call = { name: 'subscriptions.renew', url: this.#subscriptionUrl(id), operation: 'subscribe' } as const;
    return this.#orMissing(subscription, { ...call, method: 'PATCH', body });
  }

  async endSubscription(id: string): Promise<void> {
    const call = { name: 'subscriptions.delete', url: this.#subscriptionUrl(id), operation: 'subscribe' } as const;
    const answer = await this.#send({ ...call, method: 'DELETE' });
    if (!isMissing(call, answer)) assertOk(call, answer);
  }

  #subscriptionUrl = (id: string) => this.#url(`subscriptions/${encodeURIComponent(id)}`, {}, '');

  #messagesUrl(folderId: string, parameters: Record<string, string>, more = ''): URL {
    return this.#url(`mailFolders/${encodeURIComponent(folderId)}/messages${more}`, parameters);
  }

  #url(path: string, parameters: Record<string, string>, mailbox = `${this.#options.mailbox}/`): URL {
    const url = new URL(`${this.#options.graphUrl}/${mailbox}${path}`);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  }

  /** A link that leads elsewhere would take the token along; one of another Graph than the configured is of no use. */
  #linked(link: string): URL {
    const url = new URL(link);
    if (url.href.startsWith(`${this.#options.graphUrl}/`)) return url;
    const failure = verdict('cursor_expired', null, { providerCode: 'unexpected_link' });
    throw new ProviderError('a link does not lead to Graph', failure);
  }

  async #read<Shape>(shape: z.ZodType<Shape>, call: Call): Promise<Shape> {
    return parseAnswer(shape, call, assertOk(call, await this.#send(call)));
  }

  async #timed<Shape>(shape: z.ZodType<Shape>, call: Call): Promise<Timed<Shape>> {
    const answer = assertOk(call, await this.#send(call));
    return { ...parseAnswer(shape, call, answer), at: dateOf(answer.headers) };
  }

  async #orMissing<Shape>(shape: z.ZodType<Shape>, call: Call): Promise<Shape | null> {
    const answer = await this.#send(call);
    return isMissing(call, answer) ? null : parseAnswer(shape, call, assertOk(call, answer));
  }

  async #send(call: Call): Promise<HttpAnswer> {
    const { http, pacer, signal } = this.#options;
    await pacer.spend(1, signal);
    return http.send({ ...this.#request(call), signal, maxBytes: PAGE_BYTES });
  }

  async #open(call: Call, signal: AbortSignal): Promise<HttpStream> {
    const { http, pacer } = this.#options;
    await pacer.spend(1, signal);
    return http.stream({ ...this.#request(call), signal });
  }

  #request({ url, operation, method = 'GET', body, pageSize }: Call) {
    const prefer = ['IdType="ImmutableId"', ...(pageSize === undefined ? [] : [`odata.maxpagesize=${pageSize}`])];
    const headers = {
      authorization: `Bearer ${this.#options.accessToken.reveal()}`,
      accept: 'application/json, */*',
      prefer: prefer.join(', '),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return { method, url, operation, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  }
}

/** The item alone is missing, not the mailbox or its organization. */
function isMissing({ operation }: Pick<Call, 'operation'>, answer: HttpAnswer): boolean {
  return answer.status === 404 && classifyMicrosoft(toProviderAnswer(operation, answer)).kind !== 'account_gone';
}

function assertOk(call: Pick<Call, 'name' | 'operation'>, answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const refusal = classifyMicrosoft(toProviderAnswer(call.operation, answer));
  throw new ProviderError(`${call.name} answered ${answer.status} ${refusal.providerCode ?? ''}`, refusal);
}
