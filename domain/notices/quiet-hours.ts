import { localTimeOf, nextShowing } from './local-time.ts';

/** Hours of the day at which no reminder is sent; `from` after `to` spans midnight. */
export interface QuietHours {
  /** `HH:MM`, included. */
  from: string;
  /** `HH:MM`, excluded. */
  to: string;
  /** IANA name. */
  timeZone: string;
}

/** `at`, or the end of the quiet hours in force at `at`, by the clock of `timeZone`. */
export function afterQuietHours(at: Date, quietHours: QuietHours | null, timeZone = quietHours?.timeZone): Date {
  if (quietHours === null || timeZone === undefined) return at;
  const [from, to] = [minuteOf(quietHours.from), minuteOf(quietHours.to)];
  const { minuteOfDay } = localTimeOf(at, timeZone);
  const isQuiet = from < to ? from <= minuteOfDay && minuteOfDay < to : minuteOfDay >= from || minuteOfDay < to;
  return isQuiet ? nextShowing(to, at, timeZone) : at;
}

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
