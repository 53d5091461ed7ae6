import { ProviderError } from '../../domain/verdict.ts';
import { inOrder } from '../../net/in-order.ts';
import { networkFailure } from '../../net/network-failure.ts';
import type { FetchedMessage, ListedItem, ScopeReference } from '../contract.ts';
import { CONCURRENCY } from './client.ts';
import type { GraphClient } from './client.ts';
import type { Dates } from './dates.ts';

/** Messages up to this are read ahead and held; larger ones are streamed when their turn comes. */
const HELD_BYTES = 4 * 1024 * 1024;

interface Fetching {
  client: GraphClient;
  dates: Dates;
  scope: ScopeReference;
  signal: AbortSignal;
}

/**
 * Fetches messages one call each, as MIME (`$value`). Outlook makes the MIME anew for each read, so its bytes may differ from
 * those of an earlier read.
 *
 * A failure that concerns every message (token, quota, network) ends the fetch as a `ProviderError`; one that only this
 * message causes is its outcome.
 */
export async function* fetchMessages(fetching: Fetching, items: ListedItem[]): AsyncGenerator<FetchedMessage> {
  const ended = new AbortController();
  const bounded = { ...fetching, signal: AbortSignal.any([fetching.signal, ended.signal]) };
  try {
    yield* inOrder(items, CONCURRENCY, (item) => fetchOne(bounded, item));
  } finally {
    ended.abort();
  }
}

async function fetchOne(fetching: Fetching, item: ListedItem): Promise<FetchedMessage> {
  try {
    return await read(fetching, item);
  } catch (error) {
    if (!(error instanceof ProviderError) || !mayBeTheMessage(error)) throw error;
    // If Graph answers nothing else either, its error ends the fetch, so that an outage counts against no message.
    await fetching.client.folder(fetching.scope.scope);
    return { outcome: 'failed', item, error };
  }
}

/** A server error, or a request that Graph calls wrong: of one id that says nothing about the app. */
export function mayBeTheMessage({ verdict }: ProviderError): boolean {
  if (verdict.kind === 'misconfigured') return true;
  return verdict.kind === 'transient' && verdict.reason === 'provider_unavailable' && !verdict.tokenRefused;
}

async function read(fetching: Fetching, item: ListedItem): Promise<FetchedMessage> {
  const { client, scope, signal } = fetching;
  const receivedAt = await dateOf(fetching, item);
  const body = receivedAt && (await client.content(item.providerId, signal));
  if (receivedAt === null || body === null) return { outcome: 'skipped', item, reason: 'gone' };
  const { chunks, length } = await holdSmall(body);
  return {
    outcome: 'message',
    item,
    mediaType: 'message/rfc822',
    raw: chunks === null ? streamLarge(fetching, item) : inParts(chunks),
    receivedAt,
    folder: scope.name ?? '',
    sizeEstimate: length,
  };
}

/** null: it is gone. A message without a date is one of the beginning of time. */
async function dateOf({ client, dates }: Fetching, { providerId }: ListedItem): Promise<Date | null> {
  const known = dates.of(providerId);
  if (known) return known;
  const facts = await client.message(providerId);
  return facts && new Date(facts.receivedDateTime ?? 0);
}

/** `chunks` null: it is too large to be held. */
async function holdSmall(body: AsyncIterable<Uint8Array>): Promise<{ chunks: Uint8Array[] | null; length: number }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > HELD_BYTES) return { chunks: null, length };
    chunks.push(chunk);
  }
  return { chunks, length };
}

async function* inParts(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* streamLarge({ client, signal }: Fetching, { providerId }: ListedItem): AsyncGenerator<Uint8Array> {
  const body = await client.content(providerId, signal);
  // Deleted within seconds: the next try finds it gone.
  if (body === null) throw networkFailure('Graph', 'import', new Error('the message vanished while it was read'));
  yield* body;
}
