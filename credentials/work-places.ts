import type { AccessType } from '../domain/access-type.ts';
import { credentialsQueue } from '../domain/workflow/names.ts';
import { Shares } from './shares.ts';
import type { Party } from './shares.ts';

/** Work places per access type in this process. The work at each holds a page of messages in memory. */
const PLACES = 8;
/** A quarter of the Temporal slots for imports: so many stretches of a tenant or a server may hang. */
const SHARE = 16;
/** A quarter of the Temporal slots for calls without a session: so many may be at work, and as many of a party hang. */
const CALLS = 10;
/** How long a stretch keeps its place while the provider does not answer, in ms. */
const PATIENCE_MS = 2_000;
/** How many urgent stretches go before a waiting long one, so that polls never keep imports out. */
const URGENT_IN_A_ROW = 3;

/** Too much work of this tenant or server hangs in this process: another stretch of it has to come back later. */
export class Crowded extends Error {
  constructor() {
    super('Too many channels of this tenant or server wait for their provider; the work comes back later');
    this.name = 'Crowded';
  }
}

/** A stretch of work that asks for a place. */
export interface Seeker {
  party: Party;
  /** Short work, that goes before long work. */
  urgent: boolean;
  /** It waits however much of its party hangs: it is under way, or a person waits for it. */
  patient: boolean;
}

interface Waiter extends Seeker {
  seat(): void;
  turnAway(): void;
}

/**
 * The work places of one access type. A stretch that waits for its provider for longer than a moment gives up its place
 * and queues for a new one once it is answered, so that hanging accounts, however many, delay the others only for that
 * moment. Urgent stretches (polls, which are short) go first, but not for ever. Among equals, tenants and their servers
 * take turns. While a share of the process hangs for one of them, its further stretches are turned away (`Crowded`), so
 * that they do not hold the slots in which others would work.
 */
export class WorkPlaces {
  #free: number;
  #urgentInARow = 0;
  readonly #shares: Shares;
  readonly #urgent: Waiter[] = [];
  readonly #others: Waiter[] = [];

  constructor(places: number = PLACES, share: number = SHARE) {
    this.#free = places;
    this.#shares = new Shares(share);
  }

  /** Resolves with a place; rejects when `signal` aborts first, and with `Crowded`. */
  async take(seeker: Seeker, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isTurnedAway(seeker)) throw new Crowded();
    if (this.#free > 0) {
      this.#free--;
      this.#shares.serve(seeker.party);
      return;
    }
    const queue = seeker.urgent ? this.#urgent : this.#others;
    await new Promise<void>((resolve, reject) => {
      const leave = (reason: Error) => {
        signal.removeEventListener('abort', abort);
        queue.splice(queue.indexOf(waiter), 1);
        reject(reason);
      };
      const abort = () => leave(signal.reason as Error);
      const waiter: Waiter = {
        ...seeker,
        seat() {
          signal.removeEventListener('abort', abort);
          resolve();
        },
        turnAway: () => leave(new Crowded()),
      };
      signal.addEventListener('abort', abort, { once: true });
      queue.push(waiter);
    });
  }

  give(): void {
    const next = this.#next();
    if (!next) return void this.#free++;
    this.#shares.serve(next.party);
    next.seat();
  }

  /** A stretch of this party has begun to wait for longer than a moment. */
  hang(party: Party): void {
    this.#shares.count(party, 1);
    for (const waiter of [...this.#urgent, ...this.#others]) if (this.#isTurnedAway(waiter)) waiter.turnAway();
  }

  /** It is answered, or over. */
  recover(party: Party): void {
    this.#shares.count(party, -1);
  }

  #isTurnedAway({ party, patient }: Seeker): boolean {
    return !patient && this.#shares.isCrowded(party);
  }

  #next(): Waiter | undefined {
    const isTurnOfOthers = this.#urgentInARow >= URGENT_IN_A_ROW && this.#others.length > 0;
    const urgent = isTurnOfOthers ? undefined : this.#takeFrom(this.#urgent);
    this.#urgentInARow = urgent === undefined ? 0 : this.#urgentInARow + 1;
    return urgent ?? this.#takeFrom(this.#others);
  }

  #takeFrom(queue: Waiter[]): Waiter | undefined {
    const first = this.#shares.firstOf(queue);
    if (first) queue.splice(queue.indexOf(first), 1);
    return first;
  }
}

const placesOf = new Map<string, WorkPlaces>();

/** The places of work with open sessions. */
export const workPlaces = (accessType: AccessType) => placesNamed(`sessions ${accessType}`, () => new WorkPlaces());

/** The places of calls without one: refreshes, checks, revocations. Access types with one queue share them. */
export const callPlaces = (accessType: AccessType) =>
  placesNamed(`calls ${credentialsQueue(accessType)}`, () => new WorkPlaces(CALLS, CALLS));

function placesNamed(name: string, make: () => WorkPlaces): WorkPlaces {
  const known = placesOf.get(name) ?? make();
  placesOf.set(name, known);
  return known;
}

/** The place of one stretch, with interruptions. */
export class WorkPlace {
  readonly #places: WorkPlaces;
  readonly #seeker: Seeker;
  readonly #signal: AbortSignal;
  #held = false;
  #ended = false;
  #coming: Promise<void> | null = null;
  /** Questions that wait for longer than a moment. */
  #late = 0;
  #hangs = false;

  constructor(
    places: WorkPlaces,
    { signal, ...seeker }: Omit<Seeker, 'patient'> & { patient?: boolean; signal: AbortSignal },
  ) {
    this.#places = places;
    this.#seeker = { patient: false, ...seeker };
    this.#signal = signal;
  }

  async take(): Promise<void> {
    if (this.#held) return;
    this.#coming ??= this.#sit();
    await this.#coming;
  }

  async #sit(): Promise<void> {
    try {
      await this.#places.take(this.#seeker, this.#signal);
      this.#held = true;
      this.#seeker.patient = true;
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
    this.#countLate(0);
    this.leave();
  }

  /**
   * Calls the provider; gives up the place after a moment and has one again before it returns. Of two calls at once,
   * the one that hangs gives up the place again that the other has taken.
   */
  async ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const answer = await this.askLast(question);
    await this.take();
    return answer;
  }

  /** The same for the last call of a stretch, which needs no place after it. */
  async askLast<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    let isLate = false;
    const timer = setInterval(() => {
      if (!isLate) this.#countLate(1);
      isLate = true;
      this.leave();
    }, PATIENCE_MS);
    try {
      return await question();
    } finally {
      clearInterval(timer);
      if (isLate) this.#countLate(-1);
    }
  }

  #countLate(change: number): void {
    this.#late += change;
    const hangs = this.#late > 0 && !this.#ended;
    if (hangs === this.#hangs) return;
    this.#hangs = hangs;
    if (hangs) this.#places.hang(this.#seeker.party);
    else this.#places.recover(this.#seeker.party);
  }
}
