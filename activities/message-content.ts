import { createHash } from 'node:crypto';
import type { Context } from '../context.ts';
import { newId } from '../db/ids.ts';
import { insertParts } from '../db/message-content.ts';
import type { NewPart } from '../db/message-content.ts';
import { MAX_HEADER_BYTES } from './message-headers.ts';

/** Content is encrypted in parts of this many bytes, so that nothing large is ever held whole. */
const PART_BYTES = 256 * 1024;
/** Encrypted parts wait for each other up to this many, so that small messages share a transaction. */
const PENDING_PARTS = 8;

export interface StoredContent {
  contentId: string;
  /** Octets of the message as it came. */
  size: number;
  /** SHA-256 of the message, hex. */
  hash: string;
  /** Enough of the beginning to hold the headers. */
  beginning: Uint8Array;
}

/**
 * Writes the content of messages, part by part, in short transactions of its own. Nobody sees it until the row of its
 * message commits; what never gets one is swept away.
 */
export class ContentWriter {
  readonly #context: Context;
  readonly #owner: { tenantId: string; channelId: string };
  #pending: NewPart[] = [];

  constructor(context: Context, owner: { tenantId: string; channelId: string }) {
    this.#context = context;
    this.#owner = owner;
  }

  async write(raw: AsyncIterable<Uint8Array>): Promise<StoredContent> {
    const contentId = newId('cnt');
    const hash = createHash('sha256');
    const beginning: Uint8Array[] = [];
    let size = 0;
    let part = 0;
    for await (const bytes of inParts(raw)) {
      hash.update(bytes);
      if (size < MAX_HEADER_BYTES) beginning.push(bytes);
      size += bytes.byteLength;
      await this.#add(contentId, part++, bytes);
    }
    return { contentId, size, hash: hash.digest('hex'), beginning: Buffer.concat(beginning) };
  }

  /** Makes everything durable that was written; call it before the rows that refer to it. */
  async flush(): Promise<void> {
    const parts = this.#pending;
    this.#pending = [];
    if (parts.length > 0) await this.#context.database.inTenant(this.#owner.tenantId, (tx) => insertParts(tx, parts));
  }

  async #add(contentId: string, part: number, bytes: Uint8Array): Promise<void> {
    const { tenantId } = this.#owner;
    const binding = { tenant: tenantId, owner: contentId, kind: 'message_part', version: part } as const;
    this.#pending.push({ contentId, part, ...this.#owner, jwe: await this.#context.vault.encrypt(bytes, binding) });
    if (this.#pending.length >= PENDING_PARTS) await this.flush();
  }
}

/** The same bytes in pieces of exactly PART_BYTES, the last one shorter; at least one, however short. */
async function* inParts(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  let any = false;
  for await (let chunk of raw) {
    while (length + chunk.byteLength >= PART_BYTES) {
      const taken = PART_BYTES - length;
      yield Buffer.concat([...held, chunk.subarray(0, taken)]);
      any = true;
      chunk = chunk.subarray(taken);
      held = [];
      length = 0;
    }
    if (chunk.byteLength > 0) held.push(chunk);
    length += chunk.byteLength;
  }
  if (length > 0 || !any) yield Buffer.concat(held);
}
