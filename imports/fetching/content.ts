import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Context } from '../../runtime/context.ts';
import { lockChannel } from '../../db/channels/channels.ts';
import { newId } from '../../db/ids.ts';
import { deleteUnusedContent, insertParts } from '../../db/messages/content.ts';
import type { NewPart } from '../../db/messages/content.ts';
import { MAX_HEADER_BYTES } from './headers.ts';

/** Content is encrypted in parts of this many bytes, so that nothing large is ever held whole. */
const PART_BYTES = 256 * 1024;
/**
 * Encrypted parts wait for each other up to this many bytes, so that small messages share a transaction. As many again
 * may be on their way to the database: that is all a writer holds.
 */
const PENDING_BYTES = 1024 * 1024;

/** How many parts a message of this size has. */
export const partsOf = (size: number) => Math.max(1, Math.ceil(size / PART_BYTES));

export interface StoredContent {
  contentId: string;
  /** Octets of the message as it came. */
  size: number;
  /** SHA-256 of the message, hex; computed on demand, which is rare. */
  hash: () => string;
  /** Enough of the beginning to hold the headers. */
  beginning: Uint8Array;
}

/**
 * Writes the content of messages, part by part, in short transactions. It is invisible until the row of its message
 * commits. `discard` deletes content without a row; a process that dies in between leaves a page's worth of
 * unreferenced parts at most, which the retention sweep deletes.
 */
export class ContentWriter {
  readonly #context: Context;
  readonly #owner: { tenantId: string; channelId: string };
  readonly #unclaimed = new Set<string>();
  #pending: NewPart[] = [];
  #pendingBytes = 0;
  /** The insert under way, after all before it. Once one has failed all fail, until `discard`: its parts are lost. */
  #inserting: Promise<void> = Promise.resolve();

  constructor(context: Context, owner: { tenantId: string; channelId: string }) {
    this.#context = context;
    this.#owner = owner;
  }

  async write(raw: AsyncIterable<Uint8Array>): Promise<StoredContent> {
    const contentId = newId('cnt');
    this.#unclaimed.add(contentId);
    const beginning: Uint8Array[] = [];
    let longer: Hash | null = null;
    let size = 0;
    let part = 0;
    for await (const bytes of inParts(raw)) {
      if (size < MAX_HEADER_BYTES) beginning.push(bytes);
      else longer = (longer ?? createHash('sha256').update(joined(beginning))).update(bytes);
      size += bytes.byteLength;
      await this.#add(contentId, part++, bytes);
    }
    const whole = joined(beginning);
    const hash = () => (longer ?? createHash('sha256').update(whole)).digest('hex');
    return { contentId, size, hash, beginning: whole };
  }

  /** Makes all written content durable; await it before writing rows that refer to it. */
  flush(): Promise<void> {
    const parts = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (parts.length === 0) return this.#inserting;
    const { database } = this.#context;
    this.#inserting = this.#inserting.then(() =>
      database.inTenant(this.#owner.tenantId, (tx) => insertParts(tx, this.#owner, parts)),
    );
    this.#inserting.catch(() => undefined); // the waiter gets the error
    return this.#inserting;
  }

  /** The rows that refer to this content have committed. */
  claim(contentIds: Iterable<string>): void {
    for (const contentId of contentIds) this.#unclaimed.delete(contentId);
  }

  /**
   * Deletes unclaimed content: of a stream that broke off, or of a page that did not commit. The database decides
   * whether it committed, because the answer to a commit may be lost. The channel's lock waits for a commit under way.
   */
  async discard(): Promise<void> {
    await this.#inserting.catch(() => undefined);
    this.#inserting = Promise.resolve();
    const contentIds = [...this.#unclaimed];
    this.#unclaimed.clear();
    this.#pending = [];
    this.#pendingBytes = 0;
    if (contentIds.length === 0) return;
    const { tenantId, channelId } = this.#owner;
    await this.#context.database.inTenant(tenantId, async (tx) => {
      await lockChannel(tx, channelId);
      await deleteUnusedContent(tx, channelId, contentIds);
    });
  }

  async #add(contentId: string, part: number, bytes: Uint8Array): Promise<void> {
    const { tenantId } = this.#owner;
    const binding = { tenant: tenantId, owner: contentId, kind: 'message_part', version: part } as const;
    const jwe = await this.#context.vault.encrypt(bytes, binding);
    this.#pending.push({ contentId, part, jwe });
    this.#pendingBytes += jwe.length;
    if (this.#pendingBytes < PENDING_BYTES) return;
    const before = this.#inserting;
    void this.flush();
    await before;
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
      yield joined([...held, chunk.subarray(0, taken)]);
      any = true;
      chunk = chunk.subarray(taken);
      held = [];
      length = 0;
    }
    if (chunk.byteLength > 0) held.push(chunk);
    length += chunk.byteLength;
  }
  if (length > 0 || !any) yield joined(held);
}

/** Most messages come in one piece and need no copy. */
function joined(pieces: Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only ? only : Buffer.concat(pieces);
}
