import type { ListedItem } from '../contract.ts';
import { fetchMessages } from './messages.ts';
import type { Fetching } from './messages.ts';

/** Enough of each message to tell it from others. */
const MOST_BYTES = 16 * 1024;
/** A larger message is read on a connection of its own, which is closed after the headers. */
const HELD_BYTES = 256 * 1024;

/**
 * The headers of the items that can be read, ten a request. They are those of the MIME, as an import reads them: the headers
 * that Exchange keeps beside it are missing from messages that were never transported, and may differ in the others.
 */
export async function readHeaders(fetching: Fetching, items: ListedItem[]): Promise<Uint8Array[]> {
  const headers: Uint8Array[] = [];
  for await (const fetched of fetchMessages({ ...fetching, heldBytes: HELD_BYTES }, items)) {
    if (fetched.outcome === 'message') headers.push(await headersOf(fetched.raw));
  }
  return headers;
}

async function headersOf(raw: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let beginning = Buffer.alloc(0);
  for await (const bytes of raw) {
    beginning = Buffer.concat([beginning, bytes]);
    if (beginning.length >= MOST_BYTES || beginning.includes('\r\n\r\n')) break;
  }
  return beginning.subarray(0, MOST_BYTES);
}
