import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import { networkFailure } from '../../net/network-failure.ts';
import { inOrder } from '../../net/in-order.ts';
import type { FetchedMessage, ListedItem } from '../contract.ts';
import { isExcluded } from './changes.ts';
import type { GmailClient } from './client.ts';
import { decodeRawMessage } from './raw-message.ts';
import type { MessageFrame } from './raw-message.ts';
import { messageResource } from './schema.ts';
import type { MessageResource } from './schema.ts';

/** Requests under way at once. Gmail refuses more than a few per mailbox ("Too many concurrent requests for user"). */
export const CONCURRENCY = 4;
/** Messages up to this are read ahead and held; larger ones are streamed when their turn comes. */
const HELD_BYTES = 4 * 1024 * 1024;

/**
 * Fetches messages one call each. Batch requests cost the same quota and answer up to 50 whole messages in one body;
 * calls of their own can be streamed, and one that fails fails alone.
 *
 * A failure that concerns every message (token, quota, network) ends the fetch as a `ProviderError`; a server error
 * that only this message causes is its outcome.
 */
export async function* fetchMessages(
  client: GmailClient,
  labels: LabelNames,
  items: ListedItem[],
  signal: AbortSignal,
): AsyncGenerator<FetchedMessage> {
  const ended = new AbortController();
  const bounded = AbortSignal.any([signal, ended.signal]);
  try {
    yield* inOrder(items, CONCURRENCY, (item) => fetchOne({ client, labels, signal: bounded }, item));
  } finally {
    ended.abort();
  }
}

interface Fetching {
  client: GmailClient;
  labels: LabelNames;
  signal: AbortSignal;
}

async function fetchOne(fetching: Fetching, item: ListedItem): Promise<FetchedMessage> {
  try {
    return (await readHeld(fetching, item)) ?? (await announceLarge(fetching, item));
  } catch (error) {
    if (!(error instanceof ProviderError) || !isServerError(error)) throw error;
    // If Gmail answers nothing else either, its error ends the fetch, so that an outage counts against no message.
    await fetching.client.profile();
    return { outcome: 'failed', item, error };
  }
}

export function isServerError({ verdict }: ProviderError): boolean {
  return verdict.kind === 'transient' && verdict.reason === 'provider_unavailable' && !verdict.tokenRefused;
}

/** The message, held; null when it is too large for that. */
async function readHeld(fetching: Fetching, item: ListedItem): Promise<FetchedMessage | null> {
  const body = await fetching.client.rawMessage(item.providerId, fetching.signal);
  if (body === null) return { outcome: 'skipped', item, reason: 'gone' };
  const frame: MessageFrame = { json: '' };
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of understood(decodeRawMessage(body, frame))) {
    length += chunk.length;
    if (length > HELD_BYTES) return null;
    chunks.push(chunk);
  }
  const resource = messageResource.safeParse(parseJson(frame.json));
  if (!resource.success) throw networkFailure('Gmail', 'import', new Error('messages.get answered no message'));
  return toMessage(fetching, item, resource.data, chunks);
}

/** Fetches the metadata of a large message; its bytes are fetched when they are read. */
async function announceLarge(fetching: Fetching, item: ListedItem): Promise<FetchedMessage> {
  const resource = await fetching.client.message(item.providerId);
  if (resource === null) return { outcome: 'skipped', item, reason: 'gone' };
  return toMessage(fetching, item, resource, streamLarge(fetching, item));
}

async function* streamLarge({ client, signal }: Fetching, item: ListedItem): AsyncGenerator<Uint8Array> {
  const body = await client.rawMessage(item.providerId, signal);
  // Deleted within seconds: the next try finds it gone.
  if (body === null) throw networkFailure('Gmail', 'import', new Error('the message vanished while it was read'));
  yield* understood(decodeRawMessage(body, { json: '' }));
}

/** A truncated or missing answer is the connection's fault. */
export async function* understood(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof ProviderError || isAbort(error) ? error : networkFailure('Gmail', 'import', error);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

async function toMessage(
  { labels }: Fetching,
  item: ListedItem,
  resource: MessageResource,
  raw: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<FetchedMessage> {
  if (isExcluded(resource.labelIds)) return { outcome: 'skipped', item, reason: 'excluded_folder' };
  return {
    outcome: 'message',
    item,
    mediaType: 'message/rfc822',
    raw: asStream(raw),
    receivedAt: new Date(Number(resource.internalDate)),
    folder: await labels.folderOf(resource.labelIds),
    sizeEstimate: resource.sizeEstimate,
  };
}

async function* asStream(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Folder names for people. Of a message's labels the first that names a place counts. */
export class LabelNames {
  readonly #client: GmailClient;
  #names: Promise<Map<string, string>> | undefined;

  constructor(client: GmailClient) {
    this.#client = client;
  }

  async folderOf(labelIds: readonly string[]): Promise<string> {
    const place = ['INBOX', 'SENT'].find((label) => labelIds.includes(label));
    if (place !== undefined) return place;
    const own = labelIds.find((label) => label.startsWith('Label_'));
    if (own === undefined) return 'Archive';
    this.#names ??= this.#client.labels().then((all) => new Map(all.map(({ id, name }) => [id, name])));
    return (await this.#names).get(own) ?? own;
  }
}
