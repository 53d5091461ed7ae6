import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { withAuthorities } from '../net/certificates.ts';
import { HTTPS_PORTS, createEgressGuard, guardedConnector } from '../net/egress.ts';
import type { EgressConfig } from '../net/egress.ts';
import { networkFailure } from '../net/network-failure.ts';
import { createHttp } from '../net/http.ts';
import { retryAfterMs } from '../domain/verdict-builders.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** For a whole attempt; Standard Webhooks asks for 15 to 30 s. */
const ATTEMPT_TIMEOUT_MS = 20_000;
/** How much of an answer is read, so that its connection can be reused. */
const READ_BYTES = 64 * 1024;
/** How much of it is kept, for the developer of the receiver. */
const KEPT_BYTES = 4 * 1024;

export interface ReceiverAnswer {
  status: number;
  /** The pause that the receiver asked for, in ms; null: none. */
  retryAfterMs: number | null;
  /** The beginning of the body. */
  excerpt: string;
}

export interface ReceiverConfig {
  egress: EgressConfig;
  /** PEM of further certificate authorities, beside the system's; null without any. */
  certificateAuthorities: string | null;
}

/** Servers of customers that receive webhooks. People name them, so every connection goes through the egress guard. */
export interface WebhookReceivers {
  /** Posts once, without redirect or retry. Throws a `ProviderError` when there is no answer. */
  post(url: URL, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<ReceiverAnswer>;
  close(): Promise<void>;
}

export function createWebhookReceivers(config: ReceiverConfig): WebhookReceivers {
  const guard = createEgressGuard(config.egress);
  const certificateAuthorities = withAuthorities(config.certificateAuthorities) ?? null;
  const connect = guardedConnector(guard, { timeoutMs: CONNECT_TIMEOUT_MS, certificateAuthorities });
  const http = createHttp({ connect });
  return {
    async post(url, headers, body, signal) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
      const answer = await http.stream({ method: 'POST', url, operation: 'api', headers, body, signal: bounded });
      const excerpt = await readBeginning(answer.body);
      return { status: answer.status, retryAfterMs: retryAfterMs(answer), excerpt };
    },
    close: () => http.close(),
  };
}

/**
 * Says whether webhooks may go to an address, before it is stored: throws a `ProviderError` whose `providerCode` is
 * `egress_denied` or `dns_failed`, or `timeout` where the resolver stays silent. Every later connection is judged anew.
 */
export async function admitReceiver(egress: EgressConfig, url: URL): Promise<void> {
  const secure = url.protocol === 'https:';
  const port = Number(url.port) || (secure ? 443 : 80);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  try {
    const { lookup } = createEgressGuard(egress).admit(host, port, secure ? HTTPS_PORTS : []);
    if (isIP(host) === 0) await promisify(lookup)(host, { all: true });
  } catch (error) {
    throw networkFailure(url.host, 'api', error);
  }
}

/** The status line decides: a long or broken body is still an answer. */
async function readBeginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const kept: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      if (length < KEPT_BYTES) kept.push(chunk.subarray(0, KEPT_BYTES - length));
      length += chunk.length;
      if (length > READ_BYTES) break;
    }
  } catch {
    // Broken off after the status.
  }
  // PostgreSQL stores no NUL, and half a letter at the cut is none.
  return Buffer.concat(kept)
    .toString()
    .replaceAll('\0', '')
    .replace(/\ufffd$/, '');
}
