import { createHash } from 'node:crypto';
import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { newId } from '../db/ids.ts';
import { insertSend, restartSend } from '../db/sending/sends.ts';
import type { SendRow } from '../db/sending/sends.ts';
import { ContentWriter } from '../imports/fetching/content.ts';
import { splitHeader } from './content.ts';
import { readOutgoingHeader } from './outgoing-message.ts';
import type { HeaderFault } from './outgoing-message.ts';

const LABEL = 'mooring send';

export interface NewMessage {
  channel: ChannelRow;
  keyHash: string;
  raw: AsyncIterable<Uint8Array>;
}

/** `repeated`: the key already has a row, of this message or of another one. */
type Accepted =
  | { outcome: 'started'; send: SendRow }
  | { outcome: 'repeated'; isSame: (send: SendRow) => boolean }
  | { outcome: 'faulty'; faults: HeaderFault[] };

/**
 * Stores a message, encrypted part by part, and the row by which it is sent once; both are committed before anything is
 * transmitted. `before`: a send of the same key that ended as `not_sent`, which this one tries again.
 */
export async function acceptSend(context: Context, given: NewMessage, before: SendRow | null): Promise<Accepted> {
  const { id: channelId, tenantId } = given.channel;
  const now = await context.clock.now();
  const digest = createHash('sha256');
  const split = await splitHeader(hashed(given.raw, digest));
  if (split === null) {
    return {
      outcome: 'faulty',
      faults: [{ field: '', expected: 'expected a header of at most 128 KiB, an empty line, and a body' }],
    };
  }
  const header = readOutgoingHeader(split.header, now);
  if (Array.isArray(header)) return { outcome: 'faulty', faults: header };
  const { messageId, added } = header;
  const writer = new ContentWriter(context, { tenantId, channelId });
  try {
    const { contentId, size } = await writer.write(withLines(added, split.whole));
    await writer.flush();
    const body = digest.digest('hex');
    const isSame = (send: SendRow) => context.vault.isKeyedHash(send.bodyHash, body, LABEL);
    if (before && !isSame(before)) return { outcome: 'repeated', isSame };
    const send = await context.database.inTenant(tenantId, (tx) =>
      before
        ? restartSend(tx, before, { contentId, size, messageId })
        : insertSend(tx, {
            id: newId('snd'),
            tenantId,
            channelId,
            keyHash: given.keyHash,
            bodyHash: context.vault.keyedHash(body, LABEL),
            messageId,
            contentId,
            size,
            createdAt: now,
          }),
    );
    if (send) writer.claim([contentId]);
    return send ? { outcome: 'started', send } : { outcome: 'repeated', isSame };
  } finally {
    await writer.discard();
  }
}

/** Reads a repeated message to its end, and compares it with the first one. */
export async function isSameMessage(context: Context, send: SendRow, raw: AsyncIterable<Uint8Array>): Promise<boolean> {
  const digest = createHash('sha256');
  for await (const bytes of raw) digest.update(bytes);
  return context.vault.isKeyedHash(send.bodyHash, digest.digest('hex'), LABEL);
}

async function* hashed(raw: AsyncIterable<Uint8Array>, digest: ReturnType<typeof createHash>) {
  for await (const bytes of raw) {
    digest.update(bytes);
    yield bytes;
  }
}

async function* withLines(lines: string, raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (lines !== '') yield Buffer.from(lines);
  yield* raw;
}
