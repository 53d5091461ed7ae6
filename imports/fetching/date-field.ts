/** A clock's time and then a zone as JavaScript reads one: an offset, or a name of RFC 5322 section 4.3. */
const WITH_ZONE = /:\d{2}(?:\.\d+)?\s*(?:[AP]M)?\s*(?:\([^)]*\)\s*)*(?:[+-]\d|(?:UTC?|GMT|Z|[ECMP][SD]T)\b)/i;
/** ISO 8601 without a clock's time, which JavaScript reads in UTC. */
const WITHOUT_TIME = /^(?:\d{4}|[+-]\d{6})(?:-\d{2}){0,2}$/;
/** JavaScript ignores the rest after a comment that does not end. */
const OPEN_COMMENT = /\([^)]*$/;

/**
 * The Date field of a message; null when it is none. A date without a zone is in UTC (-0000, RFC 5322 section 3.3): read in
 * the time of this machine, the same mail would have another fingerprint in a worker with another `TZ`, and come twice.
 */
export function readDateField(text: string): Date | null {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || WITH_ZONE.test(text) || WITHOUT_TIME.test(text)) return dateOf(date);
  const inUtc = new Date(`${text.replace(OPEN_COMMENT, '')} +0000`);
  return dateOf(Number.isNaN(inUtc.getTime()) ? shownInUtc(date) : inUtc);
}

/** What a clock of this machine shows at that time, read in UTC. */
function shownInUtc(date: Date): Date {
  const utc = new Date(0);
  utc.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate());
  utc.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds());
  return utc;
}

/** null for no date at all, too: its year is no number. */
export function dateOf(date: Date): Date | null {
  const year = date.getUTCFullYear();
  return year > 0 && year < 10_000 ? date : null;
}
