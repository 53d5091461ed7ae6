import { isAsking, sharesMail } from './notice.ts';
import type { NoticeKind } from './notice.ts';

/** Channels of one person that break within this time of a mail are told of in one more mail, in ms. */
export const DIGEST_MS = 10 * 60_000;

/** A notice that waits for its mail. Times in ms since the epoch. */
export interface QueuedNotice {
  id: string;
  /** null: about a link that no channel has come of yet. */
  channelId: string | null;
  kind: NoticeKind;
  dueAt: number;
  /** Until when the operator may look at it first; null: no operator does. */
  heldUntil: number | null;
  /** The mail that was tried and may have to be sent again: its notices stay together. */
  mailId: string | null;
}

export interface MailRules {
  now: number;
  /** Whether several channels of one person share a mail. */
  digest: boolean;
  /** Whether quiet hours hold first mails, as they hold reminders. */
  quietFirst: boolean;
  /** The end of the quiet hours at a time; the time itself outside of them. */
  afterQuietHours: (at: number) => number;
  /** The notices of broken channels that the person was sent in the last minutes. */
  sent: readonly { channelId: string | null; at: number }[];
}

export type NextMail =
  | { send: string[]; kind: NoticeKind }
  /** When each may be sent. */
  | { wait: ReadonlyMap<string, number> };

/**
 * What a person is sent next. The first mail of an incident goes at once; further channels wait until ten minutes after
 * it and share a mail. Quiet hours hold what can wait. A mail whose outcome is unknown is sent again as it was.
 */
export function nextMail(queued: readonly QueuedNotice[], rules: MailRules): NextMail {
  const times = new Map(queued.map((notice) => [notice.id, sendableAt(notice, rules)]));
  const due = queued.filter(({ id }) => (times.get(id) ?? 0) <= rules.now);
  const [first] = due;
  if (!first) return { wait: times };
  const again = due.find(({ mailId }) => mailId !== null);
  const chosen = again ? queued.filter(({ mailId }) => mailId === again.mailId) : together(due, first, rules);
  const kind = chosen[0]?.kind ?? first.kind;
  const isDigest = chosen.length > 1 && sharesMail(kind);
  return { send: chosen.map(({ id }) => id), kind: isDigest ? 'digest' : kind };
}

/** Mail programs cut a mail of more channels off, and each costs a link. The rest goes in the next one. */
const MOST_IN_MAIL = 100;

/** Notices of channels that are broken share a mail. */
function together(due: QueuedNotice[], first: QueuedNotice, { digest }: MailRules): QueuedNotice[] {
  if (!digest || !sharesMail(first.kind)) return [first];
  return due.filter(({ kind }) => sharesMail(kind)).slice(0, MOST_IN_MAIL);
}

/** When a notice may be sent at the earliest. */
export function sendableAt(
  notice: QueuedNotice,
  { now, digest, quietFirst, afterQuietHours, sent }: MailRules,
): number {
  const { kind, channelId, mailId } = notice;
  const at = Math.max(notice.dueAt, notice.heldUntil ?? 0);
  if (!isAsking(kind)) return at;
  if (kind === 'expiring') return afterQuietHours(Math.max(at, now));
  const others = sent.filter((one) => one.channelId !== channelId).map((one) => one.at + DIGEST_MS);
  const joined = digest && mailId === null ? Math.max(at, ...others) : at;
  const isHeldByQuiet = kind === 'reminder' || quietFirst;
  return isHeldByQuiet ? afterQuietHours(Math.max(joined, now)) : joined;
}
