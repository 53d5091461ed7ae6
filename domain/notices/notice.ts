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

/** Why a notice is not sent. */
export type Suppression =
  | 'unsubscribed'
  | 'address_refused'
  | 'no_recipient'
  | 'repaired'
  | 'reauthorized'
  | 'paused'
  | 'disconnected'
  | 'not_needed';
