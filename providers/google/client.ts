import { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';
import type { Operation } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { dateOf, parseAnswer, readRefusal } from '../answers/http-answers.ts';
import type { Http, HttpAnswer, HttpStream } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import type { Pacer } from '../pacer.ts';
import { classifyGoogle } from './errors.ts';
import { labelList, messagePage, messageResource, historyPage, profile, userinfo, watchAnswer } from './schema.ts';
import type { MessageResource } from './schema.ts';

/** Quota units per call since May 2026 (developers.google.com/workspace/gmail/api/reference/quota). */
const UNITS = { getProfile: 1, listLabels: 1, listHistory: 2, listMessages: 5, getMessage: 20, watch: 100, stop: 50 };

export interface GmailClientOptions {
  http: Http;
  apiUrl: string;
  userinfoUrl: string;
  accessToken: Secret;
  pacer: Pacer;
  signal: AbortSignal;
}

type Parameters = Record<string, string | number | string[] | undefined>;

interface Call {
  name: string;
  url: string;
  parameters?: Parameters;
  /** Sent by POST, as JSON. */
  body?: object;
  operation: Operation;
  units: number;
}

/** The calls of the Gmail API that we need, for one access token; every refusal is a `ProviderError`. */
export class GmailClient {
  readonly #options: GmailClientOptions;

  constructor(options: GmailClientOptions) {
    this.#options = options;
  }

  userinfo() {
    const { userinfoUrl } = this.#options;
    return this.#read(userinfo, { name: 'userinfo', url: userinfoUrl, operation: 'api', units: 0 });
  }

  /** With the time on Google's clock; null: not told. */
  async profile() {
    const call = this.#call('users.getProfile', 'profile', {}, 'api', UNITS.getProfile);
    const answer = await this.#ok(call);
    return { ...parseAnswer(profile, call, answer), at: dateOf(answer.headers) };
  }

  async labels() {
    const { labels } = await this.#read(
      labelList,
      this.#call('users.labels.list', 'labels', {}, 'api', UNITS.listLabels),
    );
    return labels;
  }

  async history(parameters: Parameters) {
    const call = this.#call('users.history.list', 'history', parameters, 'import', UNITS.listHistory);
    const answer = await this.#ok(call);
    return { ...parseAnswer(historyPage, call, answer), at: dateOf(answer.headers) };
  }

  messages(parameters: Parameters) {
    return this.#read(
      messagePage,
      this.#call('users.messages.list', 'messages', parameters, 'import', UNITS.listMessages),
    );
  }

  /** null when there is no such message any more. */
  async message(id: string): Promise<MessageResource | null> {
    const call = this.#messageCall(id, 'minimal');
    const answer = await this.#send(call);
    if (answer.status === 404) return null;
    return parseAnswer(messageResource, call, assertOk(call, answer));
  }

  /** The JSON of a message with its `raw` field, as it comes; null when there is no such message any more. */
  async rawMessage(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
    const call = this.#messageCall(id, 'raw');
    const answer = await this.#open(call, signal);
    if (answer.status === 200) return answer.body;
    const body = await readRefusal(answer.body);
    if (answer.status === 404) return null;
    assertOk(call, { ...answer, body });
    return null;
  }

  /** Makes Gmail report every change to a Pub/Sub topic; replaces the user's earlier watch. */
  watch(topicName: string) {
    const call = this.#call('users.watch', 'watch', {}, 'subscribe', UNITS.watch);
    return this.#read(watchAnswer, { ...call, body: { topicName } });
  }

  async stop(): Promise<void> {
    const call = this.#call('users.stop', 'stop', {}, 'subscribe', UNITS.stop);
    await this.#ok({ ...call, body: {} });
  }

  #messageCall(id: string, format: 'minimal' | 'raw'): Call {
    const path = `messages/${encodeURIComponent(id)}`;
    return this.#call('users.messages.get', path, { format }, 'import', UNITS.getMessage);
  }

  #call(name: string, path: string, parameters: Parameters, operation: Operation, units: number): Call {
    return { name, url: `${this.#options.apiUrl}/gmail/v1/users/me/${path}`, parameters, operation, units };
  }

  async #read<Shape>(shape: z.ZodType<Shape>, call: Call): Promise<Shape> {
    return parseAnswer(shape, call, await this.#ok(call));
  }

  async #ok(call: Call): Promise<HttpAnswer> {
    return assertOk(call, await this.#send(call));
  }

  async #send(call: Call): Promise<HttpAnswer> {
    const { http, signal } = this.#options;
    await this.#options.pacer.spend(call.units, signal);
    return http.send({ ...this.#request(call), signal, maxBytes: 8 * 1024 * 1024 });
  }

  async #open(call: Call, signal: AbortSignal): Promise<HttpStream> {
    await this.#options.pacer.spend(call.units, signal);
    return this.#options.http.stream({ ...this.#request(call), signal });
  }

  /** The token goes into the header only: URLs end up in logs (RFC 6750 section 5.3). */
  #request({ url, parameters = {}, operation, body }: Call) {
    const headers = { authorization: `Bearer ${this.#options.accessToken.reveal()}`, accept: 'application/json' };
    const asked = { url: withParameters(url, parameters), operation };
    if (body === undefined) return { ...asked, method: 'GET' as const, headers };
    const sent = { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return { ...asked, ...sent, method: 'POST' as const };
  }
}

function withParameters(base: string, parameters: Parameters): URL {
  const url = new URL(base);
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of value === undefined ? [] : [value].flat()) url.searchParams.append(name, String(one));
  }
  return url;
}

function assertOk(call: Call, answer: HttpAnswer): HttpAnswer {
  if (answer.status === 200 || answer.status === 204) return answer;
  const refusal = classifyGoogle(toProviderAnswer(call.operation, answer));
  throw new ProviderError(`${call.name} answered ${answer.status} ${refusal.providerCode ?? ''}`, refusal);
}
