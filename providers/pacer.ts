import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads calls so that a quota is used up, not run into. */
export interface Pacer {
  /** Resolves when `units` may be spent; rejects when the signal aborts. */
  spend(units: number, signal: AbortSignal): Promise<void>;
}

/** How much may be spent at once after a pause, as a part of a minute's quota. */
const BURST = 1 / 20;

/**
 * A token bucket that refills evenly. It starts with a twentieth of a minute's quota: a session lasts half a minute,
 * and the one before it has spent its own. null = no pacing.
 */
export function createPacer(unitsPerMinute: number | null): Pacer {
  if (unitsPerMinute === null) return { spend: () => Promise.resolve() };
  const unitsPerMs = unitsPerMinute / 60_000;
  const burst = unitsPerMinute * BURST;
  let left = burst;
  let at = performance.now();
  return {
    async spend(units, signal) {
      const now = performance.now();
      // Below zero is owed: whoever comes next waits for all that was promised before.
      left = Math.min(burst, left + (now - at) * unitsPerMs) - units;
      at = now;
      if (left < 0) await sleep(-left / unitsPerMs, undefined, { signal });
    },
  };
}
