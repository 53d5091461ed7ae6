import type { FolderRow, MessageRow, Place } from '../rows.ts';

/** A line of a folder's history: a message came into it, or left it. */
export interface FolderEvent {
  readonly seq: number;
  readonly kind: 'in' | 'out';
  /** Of an `out`: moved or deleted. */
  readonly reason: 'changed' | 'deleted';
  readonly message: MessageRow;
  readonly place: Place;
}

/** Where a message lies; undefined once it is deleted. */
export function placeOf(message: MessageRow): Place | undefined {
  const last = message.places.at(-1);
  return last?.to === undefined ? last : undefined;
}

/** The places of a message that leaves its last one. */
export function leaving(message: MessageRow, to: NonNullable<Place['to']>): readonly Place[] {
  return message.places.map((place, index) => (index === message.places.length - 1 ? { ...place, to } : place));
}

/** One account's folders and messages, and the orders they are listed in; made from rows alone. */
export class Mailbox {
  readonly #messages = new Map<string, MessageRow>();
  readonly #byRestId = new Map<string, MessageRow>();
  readonly #folders = new Map<string, FolderRow>();
  readonly #events = new Map<string, FolderEvent[]>();
  readonly #unsorted = new Set<string>();
  readonly #newestFirst = new Map<string, readonly MessageRow[]>();
  #seq = 0;

  /** The newest change. */
  get seq(): number {
    return this.#seq;
  }

  applyFolder(row: FolderRow): void {
    this.#folders.set(row.id, row);
    this.#seq = Math.max(this.#seq, row.seq);
  }

  /** Also for a row that was there: only what is new of its places becomes history. */
  applyMessage(row: MessageRow): void {
    const before = this.#messages.get(row.id)?.places ?? [];
    for (const [index, place] of row.places.entries()) {
      if (before[index] === undefined)
        this.#record({ seq: place.from_seq, kind: 'in', reason: 'changed', message: row, place });
      if (place.to && before[index]?.to === undefined) {
        this.#record({ seq: place.to.seq, kind: 'out', reason: place.to.reason, message: row, place });
      }
      if (place.to) this.#byRestId.delete(place.rest_id);
      else this.#byRestId.set(place.rest_id, row);
      this.#newestFirst.delete(place.folder_id);
    }
    this.#messages.set(row.id, row);
    this.#newestFirst.delete('');
  }

  #record(event: FolderEvent): void {
    this.#seq = Math.max(this.#seq, event.seq);
    if (event.message.unannounced) return;
    const events = this.#events.get(event.place.folder_id) ?? [];
    const last = events.at(-1);
    if (last && last.seq > event.seq) this.#unsorted.add(event.place.folder_id);
    events.push(event);
    this.#events.set(event.place.folder_id, events);
  }

  /**
   * As IMAP numbers messages: each stay in a folder has a number, by its `rest_id`, from 1 on in the order of arrival. No
   * number is used twice.
   */
  uidsOfPlaces(): ReadonlyMap<string, number> {
    const places = [...this.#messages.values()].flatMap((row) => row.places);
    const inOrder = places.toSorted((one, other) => one.from_seq - other.from_seq);
    return new Map(inOrder.map(({ rest_id }, index) => [rest_id, index + 1]));
  }

  folders(): readonly FolderRow[] {
    return [...this.#folders.values()];
  }

  /** By id, or by its well-known name in any case. */
  folder(idOrName: string): FolderRow | undefined {
    const byId = this.#folders.get(idOrName);
    if (byId) return byId;
    const name = idOrName.toLowerCase();
    return this.folders().find(({ well_known }) => well_known === name);
  }

  /** By either of its ids. */
  get(id: string): MessageRow | undefined {
    const message = this.#messages.get(id) ?? this.#byRestId.get(id);
    return message && placeOf(message) ? message : undefined;
  }

  /** What a folder holds, or the whole mailbox, by date of arrival, newest first. */
  newestFirst(folderId = ''): readonly MessageRow[] {
    const known = this.#newestFirst.get(folderId);
    if (known) return known;
    const sorted = this.inOrder()
      .filter((message) => folderId === '' || placeOf(message)?.folder_id === folderId)
      .sort(compareNewestFirst);
    this.#newestFirst.set(folderId, sorted);
    return sorted;
  }

  /** In the order of delivery. */
  inOrder(): MessageRow[] {
    return [...this.#messages.values()].filter((message) => placeOf(message) !== undefined);
  }

  /** What happened in a folder after `seq`, oldest first. */
  eventsAfter(folderId: string, seq: number): readonly FolderEvent[] {
    const events = this.#events.get(folderId) ?? [];
    if (this.#unsorted.delete(folderId)) events.sort((a, b) => a.seq - b.seq);
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((events[middle]?.seq ?? 0) > seq) high = middle;
      else low = middle + 1;
    }
    return events.slice(low);
  }
}

/** Dates are compared as they are written: ISO 8601 in UTC sorts like time. The later delivered one first where they are the same. */
function compareNewestFirst(a: MessageRow, b: MessageRow): number {
  if (a.spec.date !== b.spec.date) return a.spec.date < b.spec.date ? 1 : -1;
  return (placeOf(b)?.from_seq ?? 0) - (placeOf(a)?.from_seq ?? 0);
}
