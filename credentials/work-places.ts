import type { AccessType } from '../domain/access-type.ts';
import type { Session } from '../providers/contract.ts';

/** Work places per access type in this process. The work at each holds a page of messages in memory. */
const PLACES = 8;
/** How long a stretch keeps its place while the provider does not answer, in ms. */
const PATIENCE_MS = 2_000;
/** How many urgent stretches go before a waiting long one, so that polls never keep imports out. */
const URGENT_IN_A_ROW = 3;

interface Waiter {
  seat(): void;
}

/**
 * The work places of one access type. A stretch that waits for its provider for longer than a moment gives up its place
 * and queues for a new one once it is answered, so that hanging accounts, however many, delay the others only for that
 * moment. Urgent stretches (polls, which are short) go first, but not for ever.
 */
export class WorkPlaces {
  #free: number;
  #urgentInARow = 0;
  readonly #urgent: Waiter[] = [];
  readonly #others: Waiter[] = [];

  constructor(places: number = PLACES) {
    this.#free = places;
  }

  /** Resolves with a place; rejects when `signal` aborts first. */
  async take(urgent: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) return void this.#free--;
    const queue = urgent ? this.#urgent : this.#others;
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        queue.splice(queue.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      const waiter = {
        seat() {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(waiter);
    });
  }

  give(): void {
    const next = this.#next();
    if (next) next.seat();
    else this.#free++;
  }

  #next(): Waiter | undefined {
    const isTurnOfOthers = this.#urgentInARow >= URGENT_IN_A_ROW && this.#others.length > 0;
    const urgent = isTurnOfOthers ? undefined : this.#urgent.shift();
    this.#urgentInARow = urgent === undefined ? 0 : this.#urgentInARow + 1;
    return urgent ?? this.#others.shift();
  }
}

const placesOf = new Map<AccessType, WorkPlaces>();

export function workPlaces(accessType: AccessType): WorkPlaces {
  const known = placesOf.get(accessType) ?? new WorkPlaces();
  placesOf.set(accessType, known);
  return known;
}

/** The place of one stretch, with interruptions. */
export class WorkPlace {
  readonly #places: WorkPlaces;
  readonly #urgent: boolean;
  readonly #signal: AbortSignal;
  #held = false;
  #ended = false;
  #coming: Promise<void> | null = null;

  constructor(places: WorkPlaces, { urgent, signal }: { urgent: boolean; signal: AbortSignal }) {
    this.#places = places;
    this.#urgent = urgent;
    this.#signal = signal;
  }

  async take(): Promise<void> {
    if (this.#held) return;
    this.#coming ??= this.#sit();
    await this.#coming;
  }

  async #sit(): Promise<void> {
    try {
      await this.#places.take(this.#urgent, this.#signal);
      this.#held = true;
    } finally {
      this.#coming = null;
    }
    if (this.#ended) this.leave();
  }

  leave(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#places.give();
  }

  /** Ends the stretch: a place that it still queues for goes to the next. */
  end(): void {
    this.#ended = true;
    this.leave();
  }

  /**
   * Calls the provider; gives up the place after a moment and has one again before it returns. Of two calls at once,
   * the one that hangs gives up the place again that the other has taken.
   */
  async ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const timer = setInterval(() => this.leave(), PATIENCE_MS);
    try {
      const answer = await question();
      clearInterval(timer);
      await this.take();
      return answer;
    } finally {
      clearInterval(timer);
    }
  }
}

/** The same session, whose calls go through the stretch's place. */
export function atPlace(session: Session, place: WorkPlace): Session {
  const walk = session.walk?.bind(session);
  const changedSince = session.changedSince?.bind(session);
  return {
    ...session,
    identify: () => place.ask(() => session.identify()),
    verify: () => place.ask(() => session.verify()),
    parts: (asked) => place.ask(() => session.parts(asked)),
    headOf: (...asked) => place.ask(() => session.headOf(...asked)),
    ...(changedSince && { changedSince: (cursors) => place.ask(() => changedSince(cursors)) }),
    listChanges: (...asked) => place.ask(() => session.listChanges(...asked)),
    listWindow: (...asked) => place.ask(() => session.listWindow(...asked)),
    ...(walk && { walk: (...asked) => place.ask(() => walk(...asked)) }),
    ...(session.within && { within: (...asked) => place.ask(async () => session.within?.(...asked) ?? []) }),
    ...(session.stillThere && {
      stillThere: (...asked) => place.ask(async () => session.stillThere?.(...asked) ?? []),
    }),
    async *fetchMessages(...asked) {
      for await (const fetched of askedOneByOne(session.fetchMessages(...asked), place)) {
        yield fetched.outcome === 'message' ? { ...fetched, raw: askedOneByOne(fetched.raw, place) } : fetched;
      }
    },
  };
}

async function* askedOneByOne<Item>(items: AsyncIterable<Item>, place: WorkPlace): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await place.ask(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
