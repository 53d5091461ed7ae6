import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads calls so that a quota is used up, not run into. */
export interface Pacer {
  /** Resolves when `units` may be spent; rejects when the signal aborts. */
  spend(units: number, signal: AbortSignal): Promise<void>;
}

/** The pacer of each account: whatever works at one in this process shares what its provider allows it. */
export type Pacers = (account: string) => Pacer;

/** Accounts that have spent nothing for this long have their whole burst again, and are forgotten. */
const FORGOTTEN_AFTER_MS = 60_000;
/** How much may be spent at once after a pause, as a part of a minute's quota. */
const BURST = 1 / 20;

/**
 * One token bucket per account. A poll, an import and a requested window of one mailbox may run side by side here; the
 * quota is the mailbox's. Other processes have their own, and a provider that is asked too much says so (`Retry-After`).
 */
export function createPacers(unitsPerMinute: number | null): Pacers {
  const known = new Map<string, { pacer: Pacer; usedAtMs: number }>();
  function use(account: string): Pacer {
    const pacer = known.get(account)?.pacer ?? createPacer(unitsPerMinute);
    known.delete(account); // the one used last comes last
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
 * A token bucket that refills evenly. It starts with a twentieth of a minute's quota: a session lasts half a minute,
 * and the one before it has spent its own. null = no pacing.
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
      // Below zero is owed: whoever comes next waits for all that was promised before.
      left = Math.min(burst, left + (now - at) * unitsPerMs) - units;
      at = now;
      if (left < 0) await sleep(-left / unitsPerMs, undefined, { signal });
    },
  };
}
