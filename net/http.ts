import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import type { buildConnector, Dispatcher } from 'undici';
import type { Operation, ProviderAnswer } from '../domain/verdict.ts';
import { CookieJar } from './cookie-jar.ts';
import { networkFailure } from './network-failure.ts';

/** 1 MiB: no token answer or listing is larger, and a captive portal's download must not fill our memory. */
const ANSWER_BYTES = 1024 * 1024;
/** How long an answer may take that is read as a whole. */
const ANSWER_TIMEOUT_MS = 30_000;
/** How long a connection may stay silent while an answer is streamed. */
const SILENCE_TIMEOUT_MS = 30_000;

/** Headers that an error map or a cursor reads; the others are dropped, some carry cookies. */
const KEPT_HEADERS = new Set([
  'backoffmilliseconds',
  'client-request-id',
  'connection',
  'content-type',
  'date',
  'location',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'server',
  'sforce-limit-info',
  'www-authenticate',
  'x-backofftime',
  'x-caserrorcode',
  'x-failure-category',
  'x-ms-diagnostics',
  'x-ms-retry-after-ms',
]);

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  url: URL;
  /** The operation, in the verdict's words. */
  operation: Operation;
  headers?: Record<string, string>;
  /** In pieces, sent as they come and no faster than the server takes them. */
  body?: string | AsyncIterable<Uint8Array>;
  /**
   * Called once the connection stands, right before the first byte of the request is written. What it throws ends the
   * request with nothing written.
   */
  beforeWriting?: BeforeWriting;
  signal: AbortSignal;
  /** For the whole answer, in ms. */
  timeoutMs?: number;
  /** How long the server may be silent, in ms, where that is another time than usual. */
  silenceMs?: number;
  maxBytes?: number;
}

export type BeforeWriting = () => Promise<void>;

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface HttpStream {
  status: number;
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
}

/**
 * HTTP for the adapters. It follows no redirect (credentials would follow it), asks for no compression and undoes none
 * (so no answer can unpack into gigabytes), and caps what it reads. A network failure is a `ProviderError` that names
 * the server only, never a path, a query or a body. An abort by the caller is thrown as it is.
 */
export interface Http {
  /** The whole answer as text, of any status. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** The answer's body as it comes; the reader must read it or break out of it. */
  stream(request: HttpRequest): Promise<HttpStream>;
  close(): Promise<void>;
}

/** HTTP whose connections are shared by all of its sessions, but for those that need their own. */
export interface SharedHttp extends Http {
  /**
   * For one login's work, with cookies of its own. `ownConnection`: all of it goes over one connection that no other
   * session uses, one request after the other, because the server authenticates connections (NTLM). Close it.
   */
  openSession(options?: { ownConnection?: boolean }): Http;
}

/** @param connect how connections are made, where not every server may be connected to */
export function createHttp({ connect }: { connect?: buildConnector.connector } = {}): SharedHttp {
  const options = {
    headersTimeout: SILENCE_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
    connect: connect ?? { timeout: 10_000 },
  };
  const shared = new Agent(options);
  return {
    ...httpBy(shared, null),
    openSession({ ownConnection = false } = {}) {
      if (ownConnection) return httpBy(new Agent({ ...options, connections: 1, pipelining: 1 }), new CookieJar());
      return { ...httpBy(shared, new CookieJar()), close: () => Promise.resolve() };
    },
  };
}

function httpBy(dispatcher: Dispatcher, cookies: CookieJar | null): Http {
  const over = { dispatcher, cookies };
  return {
    send: async (asked) => {
      const timeout = AbortSignal.timeout(asked.timeoutMs ?? ANSWER_TIMEOUT_MS);
      const bounded = { ...asked, signal: AbortSignal.any([asked.signal, timeout]) };
      return await understandFailure(asked, async () => {
        const answer = await open(over, bounded);
        return { ...answer, body: await readText(answer.body, asked.maxBytes ?? ANSWER_BYTES) };
      });
    },
    stream: async (asked) => {
      const answer = await understandFailure(asked, () => open(over, asked));
      return { ...answer, body: understandStream(asked, answer.body) };
    },
    close: () => dispatcher.close(),
  };
}

interface Over {
  dispatcher: Dispatcher;
  cookies: CookieJar | null;
}

async function open({ dispatcher, cookies }: Over, asked: HttpRequest): Promise<HttpStream> {
  const { method, url, signal, timeoutMs, silenceMs } = asked;
  // A longer limit for the whole answer allows a longer silence too: a strict token endpoint is not given up halfway.
  const headersTimeout = silenceMs ?? Math.max(SILENCE_TIMEOUT_MS, timeoutMs ?? 0);
  const { headers, body } = contentOf(asked);
  const cookie = cookies?.headerFor(url) ?? null;
  const sent = { headers: cookie === null ? headers : { ...headers, cookie }, body };
  const answer = await request(url, {
    dispatcher,
    method,
    ...sent,
    headersTimeout,
    bodyTimeout: silenceMs ?? null,
    signal,
  });
  cookies?.keep(url, answer.headers['set-cookie']);
  return { status: answer.statusCode, headers: keptHeaders(answer.headers), body: answer.body };
}

function contentOf({ headers = {}, body, beforeWriting }: HttpRequest) {
  const isWhole = typeof body === 'string' || body === undefined;
  if (!beforeWriting) return { headers, body: isWhole ? (body ?? null) : Readable.from(body) };
  const length = isWhole ? { 'content-length': `${Buffer.byteLength(body ?? '')}` } : {};
  return { headers: { ...headers, ...length }, body: Readable.from(heldBack(body ?? '', beforeWriting)) };
}

/** undici writes the head together with the first piece of such a body, so that nothing is on the wire before. */
async function* heldBack(
  body: string | AsyncIterable<Uint8Array>,
  beforeWriting: BeforeWriting,
): AsyncGenerator<Uint8Array> {
  await beforeWriting();
  if (typeof body === 'string') yield Buffer.from(body);
  else yield* body;
}

function keptHeaders(all: Record<string, string | string[] | undefined>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && KEPT_HEADERS.has(name)) kept[name] = [value].flat().join(', ');
  }
  return kept;
}

/** Throws when the body is larger: half an answer must not be understood as a whole one. */
async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`answer larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function understandFailure<T>(asked: HttpRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failureOf(asked, error);
  }
}

async function* understandStream(asked: HttpRequest, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw failureOf(asked, error);
  }
}

function failureOf({ url, operation, signal }: HttpRequest, error: unknown): unknown {
  if (signal.aborted && !isTimeout(signal.reason)) return signal.reason;
  return networkFailure(url.host, operation, error);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

/** An answer as the error maps take it. */
export function toProviderAnswer(operation: Operation, answer: HttpAnswer): ProviderAnswer {
  return { operation, httpStatus: answer.status, headers: answer.headers, body: answer.body };
}
