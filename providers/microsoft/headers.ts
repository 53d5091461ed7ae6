import { ProviderError } from '../../domain/verdict.ts';
import { inOrder } from '../../net/in-order.ts';
import { readIdentifyingFields } from '../answers/identifying-fields.ts';
import type { ListedItem, ScopeReference } from '../contract.ts';
import { CONCURRENCY } from './client.ts';
import type { GraphClient } from './client.ts';
import { mayBeTheMessage } from './messages.ts';

interface Reading {
  client: GraphClient;
  scope: ScopeReference;
  signal: AbortSignal;
}

/**
 * What identifies these messages, of those that are still there, out of their MIME, which an import reads as well. A message
 * that Graph cannot give is left out.
 */
export async function readHeaders({ client, scope, signal }: Reading, items: ListedItem[]): Promise<Uint8Array[]> {
  const ended = new AbortController();
  const reading = { client, scope, signal: AbortSignal.any([signal, ended.signal]) };
  const found: Uint8Array[] = [];
  try {
    for await (const fields of inOrder(items, CONCURRENCY, ({ providerId }) => readOne(reading, providerId))) {
      if (fields !== null) found.push(fields);
    }
  } finally {
    ended.abort();
  }
  return found;
}

async function readOne({ client, scope, signal }: Reading, id: string): Promise<Uint8Array | null> {
  try {
    const body = await client.content(id, signal);
    return body && (await readIdentifyingFields(body));
  } catch (error) {
    if (!(error instanceof ProviderError) || !mayBeTheMessage(error)) throw error;
    // If Graph answers nothing else either, its error ends it.
    await client.folder(scope.scope);
    return null;
  }
}
