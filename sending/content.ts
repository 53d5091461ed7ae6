import type { Context } from '../runtime/context.ts';
import { listMessageParts } from '../db/messages/message-feed.ts';
import { ContentMissing, readStoredParts } from '../db/messages/stored-parts.ts';
import { headerLength, MAX_HEADER_BYTES } from './outgoing-message.ts';

/** The stored message, part by part. Throws `ContentMissing` where another process has settled the send, and deleted it. */
export async function* readContent(
  context: Pick<Context, 'database' | 'vault'>,
  { tenantId, contentId }: { tenantId: string; contentId: string },
): AsyncGenerator<Uint8Array> {
  const parts = await context.database.inTenant(tenantId, (tx) => listMessageParts(tx, contentId));
  if (parts.length === 0) throw new ContentMissing(contentId);
  yield* readStoredParts(context, { tenantId, contentId, parts });
}

/** The beginning of a message up to the end of its header, and the stream with it; null: no header ends there. */
export async function splitHeader(
  raw: AsyncIterable<Uint8Array>,
): Promise<{ header: Uint8Array; whole: AsyncGenerator<Uint8Array> } | null> {
  const iterator = raw[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let size = 0;
  let tail: Uint8Array = Buffer.alloc(0);
  while (size <= MAX_HEADER_BYTES) {
    const next = await iterator.next();
    if (next.done === true) return null;
    parts.push(next.value);
    // The end of a header may lie across parts. Each octet is searched once: a client may send them one by one.
    const seen = Buffer.concat([tail, next.value]);
    const found = headerLength(seen);
    if (found !== null) {
      const length = size - tail.length + found;
      if (length > MAX_HEADER_BYTES) return null;
      const beginning = Buffer.concat(parts);
      return { header: beginning.subarray(0, length), whole: after(beginning, iterator) };
    }
    size += next.value.length;
    tail = seen.subarray(-2);
  }
  return null;
}

async function* after(beginning: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield beginning;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
