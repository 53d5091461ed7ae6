/** The facts that decide which messages belong to an import's window. */
export interface WindowFacts {
  /** The window that the receipt names. */
  from: Date;
  /** null: up to now, also if the provider's clock is ahead. */
  to: Date | null;
  /** Earlier mail is imported only on request, above all mail from before the connection. */
  ownedFrom: Date;
  /** The provider's clock was set back: from the connection, by that clock, to now. null: it was not, or is unknown. */
  setBack: { from: Date; to: Date } | null;
  /** How far a provider's dates may be off: their precision, the lag of its search, the clocks. */
  overlapMs: number;
  /**
   * `changes`: listed after a cursor, all of it was missed by definition. `requested`: exactly the window asked for.
   * `fallback`: the cursor has expired and the window replaces it. `new_part`: a new folder, all of it. `begun`:
   * importing was switched on, so there is no older cursor. `comparison`: after a complete change listing.
   */
  reason: 'changes' | 'requested' | 'fallback' | 'new_part' | 'begun' | 'comparison';
}

/** Farther in the future than any clock is wrong: mail with a future date has arrived too. */
const OPEN_END_MS = 5 * 365 * 24 * 3_600_000;

/** The beginning of a requested window without one; never before the channel's own mail. */
export function defaultFrom(
  coveredUntil: Date,
  { overlapMs, ownedFrom }: Pick<WindowFacts, 'overlapMs' | 'ownedFrom'>,
): Date {
  return new Date(Math.max(coveredUntil.getTime() - overlapMs, ownedFrom.getTime()));
}

/** The window to list; `now` is ours. Too wide costs listing, too narrow loses mail. */
export function windowToList(facts: WindowFacts, now: Date): { from: Date; to: Date } {
  const openEnd = new Date(now.getTime() + OPEN_END_MS);
  switch (facts.reason) {
    case 'requested':
      return { from: facts.from, to: facts.to ?? openEnd };
    case 'new_part':
      return { from: new Date(0), to: openEnd };
    case 'begun':
      return { from: earliestOwned(facts), to: openEnd };
    case 'fallback':
      return { from: overlapped(facts), to: openEnd };
    case 'changes':
    case 'comparison':
      return { from: overlapped(facts), to: facts.to ?? openEnd };
  }
}

/**
 * Whether an unknown message that was found by its date is imported. In doubt it is (rule 10): after an expired cursor
 * a date that is precise to the second counts for the whole second. After a complete change listing there is no doubt:
 * the listing had everything since the connection.
 */
export function belongsToWindow(receivedAt: Date, facts: WindowFacts): boolean {
  // An unreadable date is doubt, except after a change listing, which had every message.
  if (receivedAt.getTime() === 0) return facts.reason !== 'comparison';
  switch (facts.reason) {
    case 'changes':
    case 'new_part':
      return true;
    case 'requested':
      return receivedAt >= requestedFrom(facts) && endsAfter(facts, receivedAt);
    case 'begun':
    case 'fallback':
      return receivedAt >= wholeSecond(facts.ownedFrom) || isSinceSetBack(receivedAt, facts);
    case 'comparison':
      return receivedAt >= facts.ownedFrom || isSinceSetBack(receivedAt, facts);
  }
}

/**
 * Whether a stored message counts as "already had". A message in the overlap, or from before this import's cursor, was
 * not missed.
 */
export function countsAsHad(receivedAt: Date, facts: WindowFacts): boolean {
  if (facts.reason === 'comparison') return false;
  return receivedAt >= facts.from && (facts.reason !== 'requested' || endsAfter(facts, receivedAt));
}

function overlapped(facts: WindowFacts): Date {
  return new Date(Math.max(facts.from.getTime() - facts.overlapMs, earliestOwned(facts).getTime()));
}

function earliestOwned({ ownedFrom, setBack }: WindowFacts): Date {
  return new Date(Math.min(wholeSecond(ownedFrom).getTime(), setBack?.from.getTime() ?? Infinity));
}

/** Dated before the connection but arrived since: mail from before it is dated later than this clock's now. */
const isSinceSetBack = (receivedAt: Date, { setBack }: WindowFacts) =>
  setBack !== null && receivedAt >= setBack.from && receivedAt <= setBack.to;

/** A requested window; the default one never reaches back before the connection. */
function requestedFrom({ from, ownedFrom }: WindowFacts): Date {
  return from.getTime() === ownedFrom.getTime() ? from : wholeSecond(from);
}

const endsAfter = ({ to }: WindowFacts, receivedAt: Date) => to === null || receivedAt <= to;
const wholeSecond = (time: Date) => new Date(Math.floor(time.getTime() / 1000) * 1000);
