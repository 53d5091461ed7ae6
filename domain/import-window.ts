/** What decides which messages belong to an import's window of time. */
export interface WindowFacts {
  /** The window that the receipt names. */
  from: Date;
  to: Date;
  /** Mail from before the connection is imported only where a window reaches back that far. */
  connectedAt: Date;
  /** How far provider dates may lie off: their precision, the search's lag, the clocks. */
  overlapMs: number;
  /**
   * `changes`: listed after a cursor, all of it is missed by definition. `requested`: exactly what was asked for. `fallback`: the cursor has expired, the window is all there is. `new_part`:
   * a folder that has come into being: everything in it. `comparison`: after a complete change listing.
   */
  reason: 'changes' | 'requested' | 'fallback' | 'new_part' | 'comparison';
}

/** Farther in the future than any provider's clock is wrong; what is dated so has arrived all the same. */
const OPEN_END_MS = 10 * 365 * 24 * 3_600_000;

/** What to ask the provider for. Too wide costs listing; too narrow loses mail. */
export function windowToList(facts: WindowFacts): { from: Date; to: Date } {
  const openEnd = new Date(facts.to.getTime() + OPEN_END_MS);
  switch (facts.reason) {
    case 'requested':
      return { from: facts.from, to: facts.to };
    case 'new_part':
      return { from: new Date(0), to: openEnd };
    case 'fallback':
      return { from: overlapped(facts), to: openEnd };
    case 'changes':
    case 'comparison':
      return { from: overlapped(facts), to: facts.to };
  }
}

/**
 * Whether a message that we do not have, and that was found by its date, is to be imported. In doubt it is (rule 10):
 * after an expired cursor a date that says only the second counts for the whole second. After a complete change
 * listing nothing is in doubt: what came after the connection was listed.
 */
export function belongsToWindow(receivedAt: Date, facts: WindowFacts): boolean {
  switch (facts.reason) {
    case 'changes':
    case 'new_part':
      return true;
    case 'requested':
      return receivedAt >= wholeSecond(facts.from) && receivedAt <= facts.to;
    case 'fallback':
      return receivedAt >= wholeSecond(earliest(facts));
    case 'comparison':
      return receivedAt >= earliest(facts);
  }
}

/**
 * Whether a message that we have counts as "already had". What lies in the overlap, or was stored before this import's
 * cursor, is not part of what was missed.
 */
export function countsAsHad(receivedAt: Date, facts: WindowFacts): boolean {
  if (facts.reason === 'comparison') return false;
  return receivedAt >= facts.from && (facts.reason !== 'requested' || receivedAt <= facts.to);
}

function overlapped(facts: WindowFacts): Date {
  return new Date(Math.max(facts.from.getTime() - facts.overlapMs, wholeSecond(earliest(facts)).getTime()));
}

function earliest({ from, connectedAt }: WindowFacts): Date {
  return from < connectedAt ? from : connectedAt;
}

const wholeSecond = (time: Date) => new Date(Math.floor(time.getTime() / 1000) * 1000);
