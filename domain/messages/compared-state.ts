/** What audits found complete: a part in one state, from one date on. Times in ms since the epoch. */
export interface ComparedState {
  /** The provider's fingerprint of what is in it, taken before it was listed. */
  state: string;
  /** Every message dated later was compared, and none was missing. */
  from: number;
  firstAt: number;
  lastAt: number;
}

/** A part is compared at least this often, because the provider's word that nothing changed may be wrong. */
const BELIEVED_MS = 7 * 24 * 3_600_000;

/**
 * Whether a comparison would only repeat an earlier result: nothing was added since, and two audits, because one
 * listing may be wrong, compared everything from this date on. In doubt the part is compared: that costs a listing, and
 * a message left out wrongly is lost.
 */
export function isComparedWhole(
  compared: ComparedState | null,
  { state, from, now }: { state: string | undefined; from: Date; now: Date },
): boolean {
  if (compared === null || compared.state !== state || compared.from > from.getTime()) return false;
  const ageMs = now.getTime() - compared.lastAt;
  return compared.firstAt < compared.lastAt && ageMs >= 0 && ageMs < BELIEVED_MS;
}

/** The new knowledge after an audit found nothing missing. Another state starts over. */
export function comparedAgain(
  before: ComparedState | null,
  { state, from, now }: { state: string; from: Date; now: Date },
): ComparedState {
  const again = before !== null && before.state === state && before.lastAt < now.getTime();
  return { state, from: from.getTime(), firstAt: again ? before.firstAt : now.getTime(), lastAt: now.getTime() };
}
