const SPACE = 0x20;
const SEARCH = '* SEARCH';
/** An answer to SEARCH is one line, however many messages it names; ImapFlow reads it in lines of this size. */
const LINE_BYTES = 8 * 1024;

/** The most UIDs that one search brings. */
export const SEARCHED_UIDS = 50_000;

export function isSearch(line: Buffer): boolean {
  return line.length >= SEARCH.length && line.toString('latin1', 0, SEARCH.length).toUpperCase() === SEARCH;
}

/** The answer to one search, in lines that a parser reads in no time, and with a limit. */
export class SearchLines {
  #uids = 0;
  #held: Buffer[] = [];

  /** The search found more than `SEARCHED_UIDS`: what is more is left out. */
  get isCut(): boolean {
    return this.#uids > SEARCHED_UIDS;
  }

  /** Sets a line apart that has not ended yet; returns what of it goes on. null: it is no list of numbers. */
  shorten(line: Buffer): Buffer | null {
    const end = line.lastIndexOf(SPACE);
    if (end <= SEARCH.length) return null;
    this.#held.push(...this.#split(line.subarray(0, end)));
    return Buffer.concat([line.subarray(0, SEARCH.length), line.subarray(end)]);
  }

  /** All that came, now that the line has ended. */
  take(line: Buffer): Buffer[] {
    const lines = [...this.#held, ...this.#split(line)];
    this.#held = [];
    return lines;
  }

  #split(line: Buffer): Buffer[] {
    const prefix = line.subarray(0, SEARCH.length);
    const lines: Buffer[] = [];
    for (let start = SEARCH.length; start < line.length && !this.isCut;) {
      const limit = start + LINE_BYTES;
      const end = limit >= line.length ? line.length : line.lastIndexOf(SPACE, limit);
      const part = line.subarray(start, end > start ? end : line.length);
      this.#uids += countNumbers(part);
      if (!this.isCut) lines.push(lines.length === 0 && end === line.length ? line : Buffer.concat([prefix, part]));
      start += part.length;
    }
    return lines;
  }
}

function countNumbers(part: Buffer): number {
  let count = 0;
  for (let at = part.indexOf(SPACE); at >= 0; at = part.indexOf(SPACE, at + 1)) count++;
  return count;
}

/** How many numbers a sequence set names (RFC 9051 section 9, sequence-set). */
export function sizeOfSet(set: string): number {
  return set.split(',').reduce((sum, part) => {
    const [first = 0, last = first] = part.split(':').map(Number);
    return sum + Math.abs(last - first) + 1;
  }, 0);
}
