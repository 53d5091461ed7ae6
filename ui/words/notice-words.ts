import type { NoticeKind } from '../../domain/notices/notice.ts';

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
