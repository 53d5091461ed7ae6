import type { Folder, StoredMessage } from './mailbox.ts';
import { BadCommand } from '../wire/reply.ts';
import { type SequenceSet, resolveSequenceSet } from '../wire/sequence-set.ts';

/** A message as one session numbers it. */
export interface NumberedMessage {
  sequence: number;
  message: StoredMessage;
}

/**
 * A folder as one session has been told about it. Numbers shift only when an EXPUNGE was sent, so a session keeps its
 * own list of UIDs and is told the difference when that is allowed (RFC 3501 sections 5.2 and 7.4.1).
 */
export class SelectedFolder {
  readonly folder: Folder;
  readonly readOnly: boolean;
  #uids: number[];
  #version: number;
  #modseq: number;
  /** Mod-sequences of this session's own changes: it has answered those itself. */
  readonly #ownModseqs = new Set<number>();

  constructor(folder: Folder, readOnly: boolean) {
    this.folder = folder;
    this.readOnly = readOnly;
    this.#uids = folder.messages.map(({ uid }) => uid);
    this.#version = folder.version;
    this.#modseq = folder.highestModseq;
  }

  get size(): number {
    return this.#uids.length;
  }

  get largestUid(): number {
    return this.#uids.at(-1) ?? 0;
  }

  markOwn(modseq: number): void {
    this.#ownModseqs.add(modseq);
  }

  /**
   * The messages of a set, without those that were expunged meanwhile and that the session has not heard of.
   * @throws BadCommand for a sequence number that no message has; UIDs may be missing
   */
  messages(set: SequenceSet, byUid: boolean): NumberedMessage[] {
    if (this.size === 0) return [];
    const beyond = (number: number | '*'): boolean => !byUid && number !== '*' && number > this.size;
    if (set.some(({ from, to }) => beyond(from) || beyond(to))) throw new BadCommand('Invalid messageset');
    const ranges = resolveSequenceSet(set, byUid ? this.largestUid : this.size);
    return ranges.flatMap(([from, to]) => {
      const first = byUid ? this.#firstIndexFrom(from) : from - 1;
      const end = byUid ? this.#firstIndexFrom(to + 1) : Math.min(to, this.size);
      return this.#numbered(Math.max(0, first), end);
    });
  }

  all(): NumberedMessage[] {
    return this.#numbered(0, this.size);
  }

  /** What changed since the session was told, as untagged lines; from now on it has been told. */
  update(describe: (sequence: number, message: StoredMessage) => string): string[] {
    if (this.#version === this.folder.version) return [];
    const lines: string[] = [];
    const present = new Set(this.folder.messages.map(({ uid }) => uid));
    // From the last to the first, so that no number shifts before it is said.
    for (let index = this.#uids.length - 1; index >= 0; index--) {
      if (!present.has(this.#uids[index] as number)) lines.push(`* ${index + 1} EXPUNGE`);
    }
    const told = this.#uids.length - lines.length;
    const known = this.largestUid;
    this.#uids = this.folder.messages.map(({ uid }) => uid);
    this.folder.messages.forEach((message, index) => {
      const changed = message.modseq > this.#modseq && !this.#ownModseqs.has(message.modseq);
      if (changed && message.uid <= known) lines.push(describe(index + 1, message));
    });
    if (this.#uids.length > told) lines.push(`* ${this.#uids.length} EXISTS`, '* 0 RECENT');
    this.#version = this.folder.version;
    this.#modseq = this.folder.highestModseq;
    this.#ownModseqs.clear();
    return lines;
  }

  #numbered(first: number, end: number): NumberedMessage[] {
    const { messages } = this.folder;
    const numbered: NumberedMessage[] = [];
    let at = this.folder.firstIndexFrom(this.#uids[first] ?? Infinity);
    for (let index = first; index < end; index++) {
      const uid = this.#uids[index] as number;
      while ((messages[at]?.uid ?? Infinity) < uid) at++;
      const message = messages[at];
      if (message?.uid === uid) numbered.push({ sequence: index + 1, message });
    }
    return numbered;
  }

  #firstIndexFrom(uid: number): number {
    let low = 0;
    let high = this.#uids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#uids[middle] as number) < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
