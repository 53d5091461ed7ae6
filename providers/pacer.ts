import { setTimeout as sleep } from 'node:timers/promises';
import type { Quota } from './contract.ts';

/** Spreads calls so that a quota is used up, not run into. */
export interface Pacer {
  /** Resolves when `units` may be spent; rejects when the signal aborts. */
  spend(units: number, signal: AbortSignal): Promise<void>;
}

/** The pacer of each mailbox, app or customer that a quota is for. */
export type Pacers = (owner: string) => Pacer;

/**
 * Reserves the next `ms` of a quota's time for this process, no earlier than `burstMs` ago, and answers in how many ms
 * that stretch begins. Stretches of all processes lie one after the other, so together they keep the rate.
 */
export type ReserveTime = (key: string, stretch: { ms: number; burstMs: number }) => Promise<number>;

/** A quota that has rested lets so much of its time be spent at once. */
const BURST_MS = 3_000;
/** A stretch: long enough for many quiet looks, short enough that other processes soon get theirs. */
const STRETCH_MS = { shortest: 100, first: 250, longest: 2_000 };
/** Stretches of other processes lie between ours. */
const CONTENDED_MS = 100;
/** Without a reservation this process spends so much more slowly: the others may be doing the same. */
const ALONE_SLOWNESS = 10;
const RESERVE_TIMEOUT_MS = 1_000;
/** Owners that have spent nothing for this long are forgotten, with what they saved: longer than two looks are apart. */
const FORGOTTEN_AFTER_MS = 20 * 60_000;

/** The pacers of one quota. Sessions of one owner in this process share one pacer. */
export function createPacers(provider: string, quota: Quota | null, reserve: ReserveTime): Pacers {
  if (quota === null) return () => UNPACED;
  const known = new Map<string, { pacer: Pacer; usedAtMs: number }>();
  function use(owner: string): Pacer {
    const key = `${provider} ${quota?.of ?? ''} ${owner}`;
    const pacer =
      known.get(owner)?.pacer ?? createPacer((stretch) => reserve(key, stretch), quota?.unitsPerMinute ?? 0);
    known.delete(owner); // the one used last comes last
    known.set(owner, { pacer, usedAtMs: performance.now() });
    return pacer;
  }
  function forgetIdle(): void {
    for (const [owner, { usedAtMs }] of known) {
      if (performance.now() - usedAtMs < FORGOTTEN_AFTER_MS) return;
      known.delete(owner);
    }
  }
  return (owner) => {
    forgetIdle();
    return { spend: (units, signal) => use(owner).spend(units, signal) };
  };
}

const UNPACED: Pacer = { spend: () => Promise.resolve() };

/**
 * A unit takes up its part of the quota's time. The pacer holds one reserved stretch of that time and lets callers, in
 * their order, go on when what they took up has passed. What a stretch has left when it lapses is saved, because no other
 * process could spend it: one reservation serves the looks at a quiet mailbox for hours.
 */
function createPacer(reserve: (stretch: { ms: number; burstMs: number }) => Promise<number>, perMinute: number): Pacer {
  let spentToMs = -Infinity;
  let untilMs = -Infinity;
  let savedMs = 0;
  let stretchMs = STRETCH_MS.first;
  /** How many times more of its time a unit takes up in the present stretch. */
  let slowness = 1;
  let last: Promise<unknown> = Promise.resolve();

  /** When this much more of the quota's time has passed, on the monotonic clock. */
  async function take(costMs: number): Promise<number> {
    const nowMs = performance.now();
    const lapsedMs = Math.min(untilMs, nowMs - BURST_MS) - spentToMs;
    if (lapsedMs > 0 && slowness === 1) savedMs = Math.min(STRETCH_MS.longest, savedMs + lapsedMs);
    spentToMs = Math.max(spentToMs, nowMs - BURST_MS);
    if (untilMs <= spentToMs && costMs <= savedMs) {
      savedMs -= costMs;
      return nowMs;
    }
    const owedMs = costMs - Math.max(0, (untilMs - spentToMs) / slowness);
    if (owedMs <= 0) return (spentToMs += costMs * slowness);
    const ms = Math.max(owedMs, stretchMs);
    const inMs = await orInTime(reserve({ ms, burstMs: BURST_MS })).catch(() => null);
    slowness = inMs === null ? ALONE_SLOWNESS : 1;
    const beginsAtMs = inMs === null ? Math.max(performance.now(), untilMs) : performance.now() + inMs;
    adapt(beginsAtMs - Math.max(untilMs, nowMs), untilMs >= nowMs - BURST_MS);
    untilMs = beginsAtMs + ms * slowness;
    return (spentToMs = beginsAtMs + owedMs * slowness);
  }

  /** Short while others want the quota as well, long while it is used by this process alone. */
  function adapt(gapMs: number, isBusy: boolean): void {
    if (gapMs > CONTENDED_MS) stretchMs = Math.max(STRETCH_MS.shortest, stretchMs / 2);
    else if (isBusy) stretchMs = Math.min(STRETCH_MS.longest, stretchMs * 2);
  }

  return {
    async spend(units, signal) {
      signal.throwIfAborted();
      const taken = last.then(() => take((units * 60_000) / perMinute));
      last = taken;
      const waitMs = (await orAborted(taken, signal)) - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    },
  };
}

/** A reservation that hangs is one that failed. */
async function orInTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('the quota could not be reserved in time')), RESERVE_TIMEOUT_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** For a process that shares its quotas with no other. */
export function reserveAlone(): ReserveTime {
  const usedUntil = new Map<string, number>();
  return async (key, { ms, burstMs }) => {
    const nowMs = performance.now();
    const beginsAtMs = Math.max(usedUntil.get(key) ?? -Infinity, nowMs - burstMs);
    usedUntil.set(key, beginsAtMs + ms);
    return beginsAtMs - nowMs;
  };
}
