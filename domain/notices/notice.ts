/** What a notice says. A digest is one mail about several channels: each has its own notice, and they share the mail. */
export const NOTICE_KINDS = [
  'reauth_required',
  'reminder',
  'recovered',
  'admin_consent',
  'expiring',
  'digest',
  'new_link',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** `queued` until its mail is taken by the mail server; outside it is called `held`. */
export type NoticeState = 'queued' | 'sent' | 'failed' | 'suppressed';

/**
 * Why a person is told: looks after the channel, is an admin of the tenant, or is an admin and told because the owner
 * does nothing, has left, or has unsubscribed. `asked`: the person asked for a new link.
 */
export type NoticeWhy = 'owner' | 'admin' | 'owner_silent' | 'owner_left' | 'owner_unsubscribed' | 'asked';

/** Why an address is told nothing more: of one channel, or at all. */
export type Unreachable = 'unsubscribed' | 'address_refused';

/** Why a notice is not sent. */
export type Suppression =
  | Unreachable
  /** The policy names a person, and there is none. */
  | 'no_recipient'
  /** How the incident ended. */
  | 'repaired'
  | 'reauthorized'
  | 'paused'
  | 'disconnected'
  /** The trouble is another by now, and not this person's. */
  | 'not_needed'
  /** A later notice of the same incident says it. */
  | 'superseded';

/** Notices that ask their person to act; the others only tell. */
export const ASKING = ['reauth_required', 'reminder', 'admin_consent', 'expiring', 'digest'] as const;

export function isAsking(kind: NoticeKind): boolean {
  return (ASKING as readonly NoticeKind[]).includes(kind);
}

/** Notices that share a mail and wait for each other. A warning's words are its own: its mailbox still works. */
export function sharesMail(kind: NoticeKind): boolean {
  return isAsking(kind) && kind !== 'expiring';
}

const EXPIRING = 'expiring/';

/** The occasion of a warning: each end of a grant is one. */
export const expiringOccasion = (end: Date): string => `${EXPIRING}${end.toISOString()}`;

/** The end of a grant that a warning tells of; null: another notice. */
export function expiringEnd(occasion: string): Date | null {
  return occasion.startsWith(EXPIRING) ? new Date(occasion.slice(EXPIRING.length)) : null;
}

/** The kind of a digest's notice in a mail of its own. */
export function plainKind({ kind, occasion }: { kind: NoticeKind; occasion: string }): NoticeKind {
  if (kind !== 'digest') return kind;
  return occasion.startsWith('reminder/') ? 'reminder' : 'reauth_required';
}

/** Which of the incident's reminders it is, 1 for the first; null for another notice. */
export function reminderNumber(occasion: string): number | null {
  const [, number] = /^reminder\/(\d+)$/.exec(occasion) ?? [];
  return number === undefined ? null : Number(number);
}
