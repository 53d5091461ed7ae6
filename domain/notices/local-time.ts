/** Date and time of a wall clock; `month` counts from 1. */
export interface LocalTime {
  year: number;
  month: number;
  day: number;
  minuteOfDay: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** More zones than there are: names differ in case as well. */
const MOST_FORMATS = 1_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether this is the name of a time zone (IANA), like `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  if (!/^[a-z]/i.test(name)) return false; // Intl also takes offsets, which know no daylight saving
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The local time in `timeZone` at `at`. */
export function localTimeOf(at: Date, timeZone: string): LocalTime {
  const parts = formatOf(timeZone).formatToParts(at);
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  return {
    year: number('year'),
    month: number('month'),
    day: number('day'),
    minuteOfDay: number('hour') * 60 + number('minute'),
  };
}

/**
 * The first instant from `notBefore` on at which a clock in `timeZone` shows this minute of the day. Daylight saving
 * shows some minutes twice and skips others: a skipped one counts as shown when the clock jumps over it.
 */
export function nextShowing(minuteOfDay: number, notBefore: Date, timeZone: string): Date {
  const { year, month, day } = localTimeOf(notBefore, timeZone);
  for (let days = 0; days <= 2; days++) {
    const wanted = Date.UTC(year, month - 1, day + days) + minuteOfDay * MINUTE_MS;
    const at = instantsOf(wanted, timeZone).find((instant) => instant >= notBefore.getTime());
    if (at !== undefined) return new Date(at);
  }
  throw new Error(`No clock of ${timeZone} shows minute ${minuteOfDay} within two days`);
}

/** When a clock in `timeZone` shows `wanted`, a time written as if it were UTC. */
function instantsOf(wanted: number, timeZone: string): number[] {
  // No zone is a day away from UTC, and none changes its offset twice within two days.
  const offsets = [offsetAt(wanted - DAY_MS, timeZone), offsetAt(wanted + DAY_MS, timeZone)];
  const candidates = [...new Set(offsets)].map((offset) => wanted - offset).toSorted((one, other) => one - other);
  const exact = candidates.filter((at) => at + offsetAt(at, timeZone) === wanted);
  return exact.length > 0 ? exact : [jumpOver(wanted, candidates, timeZone)];
}

/** The first minute at which the clock shows more than `wanted`, which it skips between the two candidates. */
function jumpOver(wanted: number, [from = 0, to = from]: number[], timeZone: string): number {
  let [before, after] = [from, to];
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / MINUTE_MS / 2) * MINUTE_MS;
    if (middle + offsetAt(middle, timeZone) > wanted) after = middle;
    else before = middle;
  }
  return after;
}

/** How far the zone's clock is ahead of UTC at `at`, in ms. */
function offsetAt(at: number, timeZone: string): number {
  const { year, month, day, minuteOfDay } = localTimeOf(new Date(at), timeZone);
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  return Date.UTC(year, month - 1, day) + minuteOfDay * MINUTE_MS - minute;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  if (formats.size >= MOST_FORMATS) formats.clear();
  formats.set(timeZone, format);
  return format;
}
