/** What audits have found complete: a part of the account in one state, from one date on. Times in ms since the epoch. */
export interface ComparedState {
  /** The provider's fingerprint of what is in it, taken before it was listed. */
  state: string;
  /** Everything in it that is dated later was compared with what is stored, and nothing was missing. */
  from: number;
  firstAt: number;
  lastAt: number;
}

/** However long a provider says that nothing was added, it is looked at this often: its word may be what is wrong. */
const BELIEVED_MS = 7 * 24 * 3_600_000;

/**
 * Whether comparing again would find what was found before: nothing was added since, what was there had been compared
 * from this date on, and by two audits, because a listing may be what is wrong. In doubt it is compared: that costs a
 * listing, and what is left out wrongly is lost.
 */
export function isComparedWhole(
  compared: ComparedState | null,
  { state, from, now }: { state: string | undefined; from: Date; now: Date },
): boolean {
  if (compared === null || compared.state !== state || compared.from > from.getTime()) return false;
  const ageMs = now.getTime() - compared.lastAt;
  return compared.firstAt < compared.lastAt && ageMs >= 0 && ageMs < BELIEVED_MS;
}

/** What is known once an audit has found nothing missing. Another state begins anew. */
export function comparedAgain(
  before: ComparedState | null,
  { state, from, now }: { state: string; from: Date; now: Date },
): ComparedState {
  const again = before !== null && before.state === state && before.lastAt < now.getTime();
  return { state, from: from.getTime(), firstAt: again ? before.firstAt : now.getTime(), lastAt: now.getTime() };
}
