import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads calls so that they use a quota without exceeding it. */
export interface Pacer {
  /** Resolves when `units` may be spent; rejects when the signal aborts. */
  spend(units: number, signal: AbortSignal): Promise<void>;
}

/** The pacer of each account: everything in this process that works at the account shares its quota. */
export type Pacers = (account: string) => Pacer;

/** An account that spent nothing for this long has its full burst again, so its pacer is dropped. */
const FORGOTTEN_AFTER_MS = 60_000;
/** The burst after a pause, as a fraction of a minute's quota. */
const BURST = 1 / 20;

/**
 * One token bucket per account: a poll, an import and a requested window of one mailbox may run concurrently in this
 * process and share the mailbox's quota. Other processes have buckets of their own; if they exceed the quota together,
 * the provider answers with `Retry-After`.
 */
export function createPacers(unitsPerMinute: number | null): Pacers {
  const known = new Map<string, { pacer: Pacer; usedAtMs: number }>();
  function use(account: string): Pacer {
    const pacer = known.get(account)?.pacer ?? createPacer(unitsPerMinute);
    known.delete(account); // keeps the map in order of last use
    known.set(account, { pacer, usedAtMs: performance.now() });
    return pacer;
  }
  function forgetIdle(): void {
    for (const [account, { usedAtMs }] of known) {
      if (performance.now() - usedAtMs < FORGOTTEN_AFTER_MS) return;
      known.delete(account);
    }
  }
  return (account) => {
    forgetIdle();
    return { spend: (units, signal) => use(account).spend(units, signal) };
  };
}

/**
 * A token bucket that refills evenly. It starts with a twentieth of a minute's quota, because an earlier session may have
 * just spent its share. null = no pacing.
 */
function createPacer(unitsPerMinute: number | null): Pacer {
  if (unitsPerMinute === null) return { spend: () => Promise.resolve() };
  const unitsPerMs = unitsPerMinute / 60_000;
  const burst = unitsPerMinute * BURST;
  let left = burst;
  let at = performance.now();
  return {
    async spend(units, signal) {
      const now = performance.now();
      // Below zero is a debt: the next caller waits until the earlier ones are paid.
      left = Math.min(burst, left + (now - at) * unitsPerMs) - units;
      at = now;
      if (left < 0) await sleep(-left / unitsPerMs, undefined, { signal });
    },
  };
}
