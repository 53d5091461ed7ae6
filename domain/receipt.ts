/** What an import did. `found = imported + alreadyHad + skipped + missing`, always. */
export interface Receipt {
  found: number;
  imported: number;
  alreadyHad: number;
  /** The part of `imported` that only the comparison found. */
  repaired: number;
  /** Listed and not settled. While an import runs that is what is still to do; in the end it must be 0. */
  missing: number;
  skipped: { reason: string; count: number }[];
}

/** What became of one message of the window, however many folders it lies in. */
export interface ReceiptGroup {
  outcome: 'imported' | 'already_had' | 'skipped' | null;
  skipReason: string | null;
  repaired: boolean;
  count: number;
}

/** Adds up groups of messages; each message is in exactly one of them. */
export function receiptOf(groups: readonly ReceiptGroup[]): Receipt {
  const count = (of: (group: ReceiptGroup) => boolean) =>
    groups.filter(of).reduce((sum, group) => sum + group.count, 0);
  const reasons = new Map<string, number>();
  for (const group of groups) {
    if (group.outcome !== 'skipped') continue;
    const reason = group.skipReason ?? 'unknown';
    reasons.set(reason, (reasons.get(reason) ?? 0) + group.count);
  }
  return {
    found: count(() => true),
    imported: count((group) => group.outcome === 'imported'),
    alreadyHad: count((group) => group.outcome === 'already_had'),
    repaired: count((group) => group.outcome === 'imported' && group.repaired),
    missing: count((group) => group.outcome === null),
    skipped: [...reasons]
      .map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => a.reason.localeCompare(b.reason)),
  };
}

/** The part of the skipped that lies in quarantine. */
export function quarantinedCount({ skipped }: Pick<Receipt, 'skipped'>): number {
  const held = skipped.filter(({ reason }) => reason === 'unfetchable' || reason === 'unparseable');
  return held.reduce((sum, { count }) => sum + count, 0);
}

export function skippedCount({ skipped }: Receipt): number {
  return skipped.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Why something of an account is not read. `refused`: the provider refuses this folder while it gives others.
 * `no_answer`: its listing does not end. `unreadable_name`: a line of the listing names a folder and cannot be read.
 * `too_many_folders`: the mailbox has more than are read. `unfetchable`, `unparseable`: messages in quarantine.
 */
export const SET_ASIDE_REASONS = [
  'refused',
  'no_answer',
  'unreadable_name',
  'too_many_folders',
  'unfetchable',
  'unparseable',
] as const;
export type SetAsideReason = (typeof SET_ASIDE_REASONS)[number];
