/** What decides which messages belong to an import's window of time. */
export interface WindowFacts {
  /** The window that the receipt names. */
  from: Date;
  /** null: up to now, whatever the provider's clock says. */
  to: Date | null;
  /** Mail from before is imported only where that was asked for: from before the connection, above all. */
  ownedFrom: Date;
  /** The provider's clock was set back: from the connection, by that clock, to now. null: it was not, or tells no time. */
  setBack: { from: Date; to: Date } | null;
  /** How far provider dates may lie off: their precision, the search's lag, the clocks. */
  overlapMs: number;
  /**
   * `changes`: listed after a cursor, all of it is missed by definition. `requested`: exactly what was asked for. `fallback`: the cursor has expired, the window is all there is. `new_part`:
   * a folder that has come into being: everything in it. `begun`: importing was switched on, and there is no cursor from
   * before. `comparison`: after a complete change listing.
   */
  reason: 'changes' | 'requested' | 'fallback' | 'new_part' | 'begun' | 'comparison';
}

/** Farther in the future than any provider's clock is wrong; what is dated so has arrived all the same. */
const OPEN_END_MS = 5 * 365 * 24 * 3_600_000;

/** Where a window begins that was asked for without a beginning; never before what is the channel's own. */
export function defaultFrom(
  coveredUntil: Date,
  { overlapMs, ownedFrom }: Pick<WindowFacts, 'overlapMs' | 'ownedFrom'>,
): Date {
  return new Date(Math.max(coveredUntil.getTime() - overlapMs, ownedFrom.getTime()));
}

/** What to ask the provider for; `now` is ours. Too wide costs listing; too narrow loses mail. */
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
 * Whether a message that we do not have, and that was found by its date, is to be imported. In doubt it is (rule 10):
 * after an expired cursor a date that says only the second counts for the whole second. After a complete change
 * listing nothing is in doubt: what came after the connection was listed.
 */
export function belongsToWindow(receivedAt: Date, facts: WindowFacts): boolean {
  // Without a date that can be read everything is in doubt, but after a change listing: it had brought it.
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
 * Whether a message that we have counts as "already had". What lies in the overlap, or was stored before this import's
 * cursor, is not part of what was missed.
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

/** Dated before the connection, and yet since: what came before it is dated later than this clock's now. */
const isSinceSetBack = (receivedAt: Date, { setBack }: WindowFacts) =>
  setBack !== null && receivedAt >= setBack.from && receivedAt <= setBack.to;

/** A window that somebody asked for; the one that is taken by default never reaches back before the connection. */
function requestedFrom({ from, ownedFrom }: WindowFacts): Date {
  return from.getTime() === ownedFrom.getTime() ? from : wholeSecond(from);
}

const endsAfter = ({ to }: WindowFacts, receivedAt: Date) => to === null || receivedAt <= to;
const wholeSecond = (time: Date) => new Date(Math.floor(time.getTime() / 1000) * 1000);
