import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDueWatches, leaseWatches, sayAlive, sayGone } from '../db/across-tenants/watches.ts';
import type { DueWatch } from '../db/across-tenants/watches.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { LOOK_MS, lookForNews } from './look.ts';
import { Places } from './places.ts';

const TURN_MS = 1_000;
/** The pause of a turn whose channels wait for places of their tenant or host, which quick looks soon leave. */
const HELD_UP_MS = 100;
/** Due channels that one query reads. */
const PAGE = 200;
/** A listener lives this long after it last said so, and says it this often, in ms. */
const ALIVE_MS = 15_000;
const SAY_EVERY_MS = 5_000;
/** A lease outlives its look by this. */
const LEASE_AFTER_MS = 30_000;
const PLACES = { all: 64, perTenant: 16, perHost: 16 };

/** Looks for news of the channels that are due, as one of any number of listeners. */
export class Watcher {
  readonly #context: Context;
  readonly #owner = `lsn_${randomUUID()}`;
  readonly #places: Places;
  readonly #stopping = new AbortController();
  readonly #looks = new Set<Promise<void>>();
  #saidAt = 0;

  constructor(context: Context, limits = PLACES) {
    this.#context = context;
    this.#places = new Places(limits);
  }

  /**
   * Leases what is due and begins to look, page by page, as long as there are free places and channels. Answers how many
   * looks began.
   */
  async turn(): Promise<number> {
    let begun = 0;
    await this.#sayAlive();
    while (!this.#stopping.signal.aborted && this.#places.free > 0) {
      const { found, looked } = await this.#beginPage();
      begun += looked;
      if (found < PAGE || looked === 0) break;
    }
    return begun;
  }

  async #sayAlive(): Promise<void> {
    const now = await this.#context.clock.now();
    if (now.getTime() - this.#saidAt < SAY_EVERY_MS) return;
    const accessTypes = [...this.#context.providers.keys()];
    const aliveUntil = new Date(now.getTime() + ALIVE_MS);
    await sayAlive(this.#context.database, { owner: this.#owner, accessTypes, aliveUntil });
    this.#saidAt = now.getTime();
  }

  async #beginPage(): Promise<{ found: number; looked: number }> {
    const { database, clock, providers } = this.#context;
    const now = await clock.now();
    const accessTypes = [...providers.keys()];
    if (accessTypes.length === 0) return { found: 0, looked: 0 };
    const { full, channelIds: underWay } = this.#places;
    const looking = { owner: this.#owner, now, accessTypes, full, underWay };
    const due = await findDueWatches(database, looking, PAGE);
    const chosen = this.#places.choose(due);
    const neededUntil = new Date(now.getTime() + LOOK_MS);
    const until = new Date(now.getTime() + LOOK_MS + LEASE_AFTER_MS);
    const lease = { owner: this.#owner, now, until, neededUntil };
    const leased = await leaseWatches(
      database,
      lease,
      chosen.map(({ channelId }) => channelId),
    );
    const own = chosen.filter(({ channelId }) => leased.has(channelId));
    for (const watch of own) this.#begin(watch);
    return { found: due.length, looked: own.length };
  }

  #begin(watch: DueWatch): void {
    this.#places.take(watch);
    const { channelId, tenantId } = watch;
    const look = lookForNews(this.#context, { channelId, tenantId, owner: this.#owner }, this.#stopping.signal)
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#context.logger.warn({ err: error, channelId }, 'A look failed; its lease expires, and another follows');
      })
      .finally(() => {
        this.#places.give(watch);
        this.#looks.delete(look);
      });
    this.#looks.add(look);
  }

  /** Whether due channels may wait for nothing but a place. */
  get isHeldUp(): boolean {
    const { tenants, hosts } = this.#places.full;
    return this.#places.free === 0 || tenants.length + hosts.length > 0;
  }

  /** Resolves when the looks that have begun have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#looks);
  }

  /** Ends the looks under way, and leaves the channels to other listeners at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.settled();
    await sayGone(this.#context.database, this.#owner);
  }
}

/** Watches until it is stopped; the listener process does. */
export function startWatching(context: Context, { everyMs = TURN_MS } = {}): Repetition {
  const watcher = new Watcher(context);
  const repetition = repeat(context, {
    everyMs,
    turn: async (stopping) => {
      while ((await watcher.turn()) > 0 && watcher.isHeldUp && !stopping.aborted) await sleep(HELD_UP_MS);
    },
    trouble: 'Due channels could not be leased; the next turn retries',
  });
  return {
    async stop() {
      await repetition.stop();
      await watcher.stop();
    },
  };
}

/** Looks at everything that is due now; exported for tests under time skipping, which do not wait for the loop. */
export async function lookAtDue(context: Context): Promise<void> {
  const watcher = new Watcher(context);
  try {
    while ((await watcher.turn()) > 0) await watcher.settled();
  } finally {
    await watcher.stop();
  }
}
