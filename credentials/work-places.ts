import type { AccessType } from '../domain/access-type.ts';
import type { Session } from '../providers/contract.ts';

/** How many stretches of one access type are at work in this process at once. Each holds a page of messages. */
const PLACES = 8;
/** How long a provider may keep a stretch waiting before its place goes to somebody else, in ms. */
const PATIENCE_MS = 2_000;
/** How many of those who are urgent come before one who is not: where polls alone could fill every place, none would come. */
const URGENT_IN_A_ROW = 3;

interface Waiter {
  seat(): void;
}

/**
 * The places at which accounts are worked at. Whoever waits for a provider for longer than a moment gives its place up,
 * and queues for one again once it is answered: accounts that hang, however many, cost those that answer nothing but a
 * moment. Who is urgent (a poll, which is short) comes first, but not for ever.
 */
export class WorkPlaces {
  #free: number;
  #urgentInARow = 0;
  readonly #urgent: Waiter[] = [];
  readonly #others: Waiter[] = [];

  constructor(places: number = PLACES) {
    this.#free = places;
  }

  /** Resolves at a place; rejects when `signal` aborts before. */
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

/** One stretch's place, with interruptions. */
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

  /** The stretch is over: a place that a question of it still queues for goes to the next. */
  end(): void {
    this.#ended = true;
    this.leave();
  }

  /** Asks the provider something, without holding the place for longer than a moment; what is answered finds it held. */
  async ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const timer = setTimeout(() => this.leave(), PATIENCE_MS);
    try {
      const answer = await question();
      await this.take();
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The same session, which asks at the stretch's place. */
export function atPlace(session: Session, place: WorkPlace): Session {
  return {
    ...session,
    identify: () => place.ask(() => session.identify()),
    verify: () => place.ask(() => session.verify()),
    scopes: (asked) => place.ask(() => session.scopes(asked)),
    listChanges: (...asked) => place.ask(() => session.listChanges(...asked)),
    listWindow: (...asked) => place.ask(() => session.listWindow(...asked)),
    ...(session.within && { within: (...asked) => place.ask(async () => session.within?.(...asked) ?? []) }),
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
