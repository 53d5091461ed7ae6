const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long, in the one unit that matters: `18 s`, `3 min`, `2 h`, `5 days`. Milliseconds in, never negative. */
export function duration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  if (length < 2 * DAY) return `${Math.floor(length / HOUR)} h`;
  return `${Math.floor(length / DAY)} days`;
}

/**
 * When something was, as people say it: `just now`, `3 s ago`, `3 min ago`, `2 h ago`, `5 days ago`, and the date from
 * a month on. A time a little ahead of our clock is `just now`; one clearly ahead is said as `in …`.
 */
export function ago(iso: string, nowMs: number): string {
  const past = nowMs - Date.parse(iso);
  if (past < -5 * SECOND) return `in ${duration(-past)}`;
  if (past < SECOND) return 'just now';
  if (past < 30 * DAY) return `${duration(past)} ago`;
  return day(iso);
}

/** When something will be: `in 18 s`, `in 4 min`; `now` when it is due. */
export function ahead(iso: string, nowMs: number): string {
  const left = Date.parse(iso) - nowMs;
  return left < SECOND ? 'now' : `in ${duration(left)}`;
}

/** What a planned refresh is: `refreshes in 18 s`, `refreshes now`, `refresh due 2 min ago`. */
export function refreshWords(iso: string, nowMs: number): string {
  const late = nowMs - Date.parse(iso);
  return late > 10 * SECOND ? `refresh due ${duration(late)} ago` : `refreshes ${ahead(iso, nowMs)}`;
}

// Making a formatter takes far longer than using one, and these are used every second.
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const DATE_WITHOUT_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const TIME_WITH_SECONDS = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const TIME_WITH_ZONE = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const NUMBER = new Intl.NumberFormat('en');

/** `3 May 2026`. */
function day(iso: string): string {
  return DATE.format(new Date(iso));
}

/** The exact time with its zone, for a `title`: `3 May 2026, 14:02:11 CEST`. */
export function exact(iso: string): string {
  return `${day(iso)}, ${TIME_WITH_ZONE.format(new Date(iso))}`;
}

/**
 * A moment people will compare with their own mailbox: `14:02` today, `3 May, 14:02` before; with seconds on demand.
 */
export function moment(iso: string, nowMs: number, seconds = false): string {
  const at = new Date(iso);
  const time = (seconds ? TIME_WITH_SECONDS : TIME).format(at);
  return at.toDateString() === new Date(nowMs).toDateString() ? time : `${DATE_WITHOUT_YEAR.format(at)}, ${time}`;
}

/** The part of a token's life that is left, 0 to 1. */
export function lifeLeft(issuedIso: string, expiresIso: string, nowMs: number): number {
  const issued = Date.parse(issuedIso);
  const expires = Date.parse(expiresIso);
  if (expires <= issued) return 0;
  return Math.min(1, Math.max(0, (expires - nowMs) / (expires - issued)));
}

/** `1,204`: digits grouped, as every count on the pages is. */
export function count(n: number): string {
  return NUMBER.format(n);
}

/** `1 message`, `40 messages`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
