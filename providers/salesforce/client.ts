import type { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';
import type { Operation } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { unknown, verdict } from '../../domain/verdict-builders.ts';
import type { Http, HttpAnswer, HttpRequest } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { dateOf, parseAnswer, readRefusal } from '../answers/http-answers.ts';
import type { Pacer } from '../pacer.ts';
import type { Budget } from './budget.ts';
import { classifySalesforce } from './errors.ts';
import { described, updatedRecords } from './schema.ts';
import type { OBJECTS } from './schema.ts';

const VERSION = 'v62.0';
/** 32 MiB: a page of mails holds their texts. */
const PAGE_BYTES = 32 * 1024 * 1024;

/** An object of Salesforce that is imported. */
export type ImportedObject = (typeof OBJECTS)[number];

export interface SalesforceClientOptions {
  http: Http;
  instanceUrl: string;
  /** `00D…`: whose requests are counted. */
  organization: string;
  accessToken: Secret;
  pacer: Pacer;
  budget: Budget;
  signal: AbortSignal;
}

interface Call {
  name: string;
  /** Below the version. */
  path: string;
  operation: Operation;
  parameters?: Record<string, string>;
  body?: object;
}

/** Salesforce's list of its versions, which every login may read: an answer that tells the time. */
const VERSIONS: Call = { name: 'versions', path: '..', operation: 'api' };

/** An answer with Salesforce's time. */
export type Timed<Shape> = Shape & { at: Date };

/** The calls of the REST API that we need, for one session; every refusal is a `ProviderError`. */
export class SalesforceClient {
  readonly #options: SalesforceClientOptions;
  /** Salesforce's time of the last answer, and the monotonic clock then. */
  #clock: { at: Date; ms: number } | null = null;

  constructor(options: SalesforceClientOptions) {
    this.#options = options;
  }

  /** Salesforce's time, by its last answer. */
  async now(): Promise<Date> {
    if (this.#clock === null) await this.#send(VERSIONS);
    const clock = this.#clock;
    if (clock === null) throw new TypeError('an answer has set the clock');
    return new Date(clock.at.getTime() + performance.now() - clock.ms);
  }

  query<Shape>(shape: z.ZodType<Shape>, soql: string, operation: Operation = 'import'): Promise<Timed<Shape>> {
    return this.#read(shape, { name: 'query', path: 'query', operation, parameters: { q: soql } });
  }

  /** The next page of a query, which Salesforce names by a path of the instance. */
  async more<Shape>(shape: z.ZodType<Shape>, nextRecordsUrl: string): Promise<Timed<Shape>> {
    const path = `query/${nextRecordsUrl.replace(/^.*\//, '')}`;
    try {
      return await this.#read(shape, { name: 'query', path, operation: 'import' });
    } catch (error) {
      throw isLocatorLost(error) ? lostLocator(error) : error;
    }
  }

  /** The bytes of a file, as they come, until `end`: bytes that are left unread would keep a connection. */
  async open(path: string, end: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { http, organization, pacer, budget, signal } = this.#options;
    const call: Call = { name: 'bytes', path, operation: 'import' };
    budget.require(organization);
    await pacer.spend(1, signal);
    const answer = await http.stream({ ...this.#request(call), signal: AbortSignal.any([signal, end]) });
    budget.read(organization, answer.headers['sforce-limit-info']);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    const body = await readRefusal(answer.body);
    throw refused(call, { ...answer, body });
  }

  /** Ids of records that changed in a range of at most 30 days. Its ends are taken to the minute. */
  updated(object: ImportedObject, { from, to }: { from: Date; to: Date }) {
    const parameters = { start: from.toISOString(), end: to.toISOString() };
    const path = `sobjects/${object}/updated`;
    return this.#read(updatedRecords, { name: 'updated', path, operation: 'import', parameters });
  }

  /** The names of the fields that this login may read. */
  async fields(object: ImportedObject): Promise<string[]> {
    const call: Call = { name: 'describe', path: `sobjects/${object}/describe`, operation: 'import' };
    return (await this.#read(described, call)).fields.map(({ name }) => name);
  }

  /** Records by their ids, in that order, null for each that is not there. */
  async records<Shape>(shape: z.ZodType<Shape>, object: ImportedObject, body: { ids: string[]; fields: string[] }) {
    const call: Call = { name: 'records', path: `composite/sobjects/${object}`, operation: 'import', body };
    return parseAnswer(shape, call, await this.#send(call));
  }

  async #read<Shape>(shape: z.ZodType<Shape>, call: Call): Promise<Timed<Shape>> {
    const answer = await this.#send(call);
    return { ...parseAnswer(shape, call, answer), at: await this.now() };
  }

  async #send(call: Call): Promise<HttpAnswer> {
    const { http, organization, pacer, budget, signal } = this.#options;
    if (call.operation === 'import') budget.require(organization);
    await pacer.spend(1, signal);
    const answer = await http.send({ ...this.#request(call), maxBytes: PAGE_BYTES });
    budget.read(organization, answer.headers['sforce-limit-info']);
    if (answer.status < 200 || answer.status >= 300) throw refused(call, answer);
    this.#keepTime(call, answer);
    return answer;
  }

  #request({ path, operation, parameters = {}, body }: Call): HttpRequest {
    const { instanceUrl, accessToken, signal } = this.#options;
    const url = new URL(`${instanceUrl}/services/data/${VERSION}/${path}`);
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
    const headers = {
      authorization: `Bearer ${accessToken.reveal()}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    return { method, url, operation, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }), signal };
  }

  /** A page of a proxy may lack a date, an answer of Salesforce does not. */
  #keepTime({ name, operation }: Pick<Call, 'name' | 'operation'>, answer: HttpAnswer): void {
    const at = dateOf(answer.headers);
    if (at === null) {
      const failure = unknown(toProviderAnswer(operation, answer), 'unexpected_answer');
      throw new ProviderError(`${name} answered without a date`, failure);
    }
    this.#clock = { at, ms: performance.now() };
  }
}

function refused({ name, operation }: Pick<Call, 'name' | 'operation'>, answer: HttpAnswer): ProviderError {
  const refusal = classifySalesforce(toProviderAnswer(operation, answer));
  return new ProviderError(`${name} answered ${answer.status} ${refusal.providerCode ?? ''}`, refusal);
}

const isLocatorLost = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && error.verdict.providerCode === 'INVALID_QUERY_LOCATOR';

/** Salesforce keeps ten results of a user: the query is asked once more, and no cursor has expired. */
const lostLocator = ({ message, verdict: { providerCode } }: ProviderError) =>
  new ProviderError(message, verdict('transient', 'provider_unavailable', { providerCode }));
