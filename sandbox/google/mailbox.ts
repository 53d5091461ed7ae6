import type { MessageRow } from './rows.ts';

/** A line of a mailbox's history: a message came, or went. */
export interface HistoryRecord {
  readonly historyId: number;
  readonly type: 'messageAdded' | 'messageDeleted';
  readonly message: MessageRow;
}

/** The history id of a mailbox to which nothing has happened. */
export const HISTORY_START = 10_000;

/** One account's messages with the two orders they are listed in; made from message rows alone. */
export class Mailbox {
  readonly #messages = new Map<string, MessageRow>();
  readonly #history: HistoryRecord[] = [];
  #historySorted = true;
  #newestFirst: MessageRow[] | undefined = [];
  #historyId = HISTORY_START;

  apply(row: MessageRow): void {
    const before = this.#messages.get(row.id);
    if (!before && !row.unannounced)
      this.#addHistory({ historyId: row.history_id, type: 'messageAdded', message: row });
    const deletedAt = row.deleted_at_history_id;
    if (deletedAt !== undefined) {
      this.#addHistory({ historyId: deletedAt, type: 'messageDeleted', message: row });
    }
    this.#messages.set(row.id, row);
    this.#newestFirst = undefined;
  }

  #addHistory(record: HistoryRecord): void {
    const last = this.#history.at(-1);
    if (last && last.historyId > record.historyId) this.#historySorted = false;
    this.#history.push(record);
    this.#historyId = Math.max(this.#historyId, record.historyId);
  }

  /** The newest history id, at least `floor`. */
  historyId(floor = 0): number {
    return Math.max(this.#historyId, floor);
  }

  get(id: string): MessageRow | undefined {
    const message = this.#messages.get(id);
    return message?.deleted_at_history_id === undefined ? message : undefined;
  }

  /**
   * What the mailbox holds, by date of arrival, newest first; the later delivered one first where dates are the same.
   */
  newestFirst(): readonly MessageRow[] {
    this.#newestFirst ??= [...this.#messages.values()]
      .filter((message) => message.deleted_at_history_id === undefined)
      .sort(compareNewestFirst);
    return this.#newestFirst;
  }

  /** In the order of delivery. */
  inOrder(): readonly MessageRow[] {
    return [...this.#messages.values()].filter((message) => message.deleted_at_history_id === undefined);
  }

  /** As IMAP numbers messages: from 1 on, in the order of delivery, and no number is used twice. */
  numbered(): { all: number; deleted: number; live: { uid: number; row: MessageRow }[] } {
    const rows = [...this.#messages.values()].map((row, index) => ({ uid: index + 1, row }));
    const live = rows.filter(({ row }) => row.deleted_at_history_id === undefined);
    return { all: rows.length, deleted: rows.length - live.length, live };
  }

  /** Everything that happened after `historyId`, oldest first. */
  historyAfter(historyId: number): readonly HistoryRecord[] {
    if (!this.#historySorted) {
      this.#history.sort((a, b) => a.historyId - b.historyId);
      this.#historySorted = true;
    }
    return this.#history.slice(firstIndex(this.#history, (record) => record.historyId > historyId));
  }

  /** What comes after `message` in the order of `newestFirst`; everything when there is none. */
  olderThan(message: MessageRow | undefined): readonly MessageRow[] {
    const sorted = this.newestFirst();
    if (!message) return sorted;
    return sorted.slice(firstIndex(sorted, (other) => compareNewestFirst(message, other) < 0));
  }
}

/** The first index from which `holds` is true, of a list where it is false before and true after. */
function firstIndex<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && !holds(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The date of arrival, in milliseconds. */
export function internalDate(message: MessageRow): number {
  return Date.parse(message.spec.date);
}

/**
 * Dates are compared as they are written: ISO 8601 in UTC sorts like time, and 20,000 of them are not parsed per page.
 */
function compareNewestFirst(a: MessageRow, b: MessageRow): number {
  if (a.spec.date !== b.spec.date) return a.spec.date < b.spec.date ? 1 : -1;
  return b.history_id - a.history_id;
}
