import type { ScopeHead } from '../providers/contract.ts';

/** Until when a part is complete once its head is reached: the provider's time, or ours where it tells none. */
export function headTime({ at }: ScopeHead, headsAt: Date): Date {
  return at ?? headsAt;
}

/** Until when everything is complete once every head is reached. */
export function coveredBy(heads: ScopeHead[], headsAt: Date): Date {
  return earliest(heads.map((head) => headTime(head, headsAt))) ?? headsAt;
}

export function earliest(times: Date[]): Date | null {
  return times.reduce<Date | null>((first, time) => (first === null || time < first ? time : first), null);
}

export function latest(times: Date[]): Date | null {
  return times.reduce<Date | null>((last, time) => (last === null || time > last ? time : last), null);
}

/** *Covered until* never moves backwards, also if a clock does. */
export function later(before: Date | null, now: Date): Date {
  return before !== null && before > now ? before : now;
}
