import type { ScopeHead } from '../providers/contract.ts';

/** Up to when a part of the account is complete once its head is reached: the provider's time, or else ours. */
export function headTime({ at }: ScopeHead, headsAt: Date): Date {
  return at ?? headsAt;
}

export function earliest(times: Date[]): Date | null {
  return times.reduce<Date | null>((first, time) => (first === null || time < first ? time : first), null);
}

export function latest(times: Date[]): Date | null {
  return times.reduce<Date | null>((last, time) => (last === null || time > last ? time : last), null);
}

/** *Covered until* never moves backwards, whatever a clock does. */
export function later(before: Date | null, now: Date): Date {
  return before !== null && before > now ? before : now;
}
