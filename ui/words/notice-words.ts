import type { NoticeKind } from '../../domain/notices/notice.ts';
import type { NoticeOut, RequestedNotices } from '../../api/schemas/notices.ts';
import type { Tone } from './words.ts';

/** What a mail asked or said, after "to ana@example.com". */
export const NOTICE_KIND_WORDS: Record<NoticeKind, string> = {
  reauth_required: 'Asked to sign in again',
  reminder: 'Reminded to sign in again',
  recovered: 'Told that it works again',
  admin_consent: 'Asked for an administrator’s consent',
  expiring: 'Warned that the access runs out',
  digest: 'Asked to sign in again, for several channels in one mail',
  new_link: 'Sent a new link',
};

export const NOTICE_STATES = ['sent', 'held', 'failed', 'suppressed'] as const satisfies readonly NoticeOut['state'][];

export const NOTICE_STATE_WORDS: Record<NoticeOut['state'], { word: string; tone: Tone }> = {
  sent: { word: 'Sent', tone: 'good' },
  held: { word: 'Waiting', tone: 'warn' },
  failed: { word: 'Not delivered', tone: 'bad' },
  suppressed: { word: 'Not sent', tone: 'quiet' },
};

export const WHY_WORDS: Record<NoticeOut['why'], string> = {
  owner: 'as the owner',
  admin: 'as an admin',
  owner_silent: 'as an admin, because the owner did nothing',
  owner_left: 'as an admin, because the owner has left',
  owner_unsubscribed: 'as an admin, because the owner wants no mail',
  asked: 'who asked for it',
};

/** Why a notice has not reached its recipient; the code itself for one that is newer than this page. */
export function describeNoticeError(code: string): string {
  return ERRORS[code] ?? `The reason is “${code}”.`;
}

const AGAIN = 'It is tried again by itself.';
const INSTEAD = 'The admins are told instead.';
const ERRORS: Record<string, string> = {
  unsubscribed: `This person wants no more mail about this channel. ${INSTEAD}`,
  address_refused: `A mail server refused this address before. ${INSTEAD}`,
  no_recipient: 'There is no person to tell: no owner, and no admin in the settings of the tenant.',
  repaired: 'Not needed any more: the channel works again by itself.',
  reauthorized: 'Not needed any more: a person signed in again.',
  paused: 'Not needed any more: the channel was paused.',
  disconnected: 'Not needed any more: the channel was disconnected.',
  not_needed: 'Not needed any more: the trouble is another by now.',
  superseded: 'A later mail about the same problem says it.',
  recipient_refused: `The mail server knows no such address. ${INSTEAD}`,
  recipient_invalid: `This is no address that takes mail. ${INSTEAD}`,
  mailbox_full: `The mailbox is full. ${AGAIN}`,
  bounced: `The mail came back. ${INSTEAD}`,
  smtp_not_configured: 'Mooring has no mail server: set SMTP_URL and MAIL_FROM.',
  smtp_authentication_failed: 'The mail server does not accept our user name and password (SMTP_URL).',
  smtp_sender_refused: 'The mail server does not let us send from this address (MAIL_FROM).',
  smtp_mail_refused: 'The mail server refused the mail.',
  smtp_deferred: `The mail server asked to come again later. ${AGAIN}`,
  smtp_timeout: `The mail server did not answer in time. ${AGAIN}`,
  smtp_tls_failed: 'The connection to the mail server is not safe: its certificate is not trusted.',
  smtp_unreachable: `The mail server cannot be reached. ${AGAIN}`,
};

/** Codes with which a mail server says that an address takes no mail, for good. */
const REFUSED = new Set(['recipient_refused', 'recipient_invalid', 'address_refused', 'bounced']);

/** Whether the recipient's mail server refuses the address for good. */
export const isRefusedAddress = ({ error }: Pick<NoticeOut, 'error'>) => error !== null && REFUSED.has(error);

type SkipReason = RequestedNotices['skipped'][number]['why'];

/** Why no person of a channel is told, after its address and a colon. */
export const SKIP_WORDS: Record<SkipReason, string> = {
  not_found: 'it does not exist any more',
  not_needed: 'it needs no person at the moment',
  operators_trouble: 'its trouble is ours, and its people can do nothing about it',
  policy: 'the settings of the tenant want no mail',
  no_recipient: 'it has no owner, and the tenant has no admin',
  unsubscribed: 'its people want no more mail about it',
  address_refused: 'their mail server refuses the address',
};
