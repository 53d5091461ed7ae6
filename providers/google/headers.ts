import { ProviderError } from '../../domain/verdict.ts';
import { inOrder } from '../../net/in-order.ts';
import { readIdentifyingFields } from '../answers/identifying-fields.ts';
import type { ListedItem } from '../contract.ts';
import type { GmailClient } from './client.ts';
import { CONCURRENCY, isServerError, understood } from './messages.ts';
import { decodeRawMessage } from './raw-message.ts';

/**
 * What identifies these messages, of those that are still there, out of the messages themselves: the header values of
 * `format=metadata` may be written in another way. A message that Gmail cannot give is left out.
 */
export async function readHeaders(
  client: GmailClient,
  items: ListedItem[],
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const ended = new AbortController();
  const bounded = AbortSignal.any([signal, ended.signal]);
  const found: Uint8Array[] = [];
  try {
    for await (const fields of inOrder(items, CONCURRENCY, ({ providerId }) => readOne(client, providerId, bounded))) {
      if (fields !== null) found.push(fields);
    }
  } finally {
    ended.abort();
  }
  return found;
}

async function readOne(client: GmailClient, id: string, signal: AbortSignal): Promise<Uint8Array | null> {
  try {
    const body = await client.rawMessage(id, signal);
    return body && (await readIdentifyingFields(understood(decodeRawMessage(body, { json: '' }))));
  } catch (error) {
    if (!(error instanceof ProviderError) || !isServerError(error)) throw error;
    // If Gmail answers nothing else either, its error ends it.
    await client.profile();
    return null;
  }
}
