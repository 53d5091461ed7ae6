import type { MailInput, MailItem } from '../../notifications/mail/mail-input.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Wish = Pick<MailInput, 'kind' | 'locale' | 'tenantName' | 'branding'>;

/** The facts of a mail about channels that do not exist. */
export function sampleMail(wish: Wish, publicUrl: string, now: Date): MailInput {
  const isNewLink = wish.kind === 'new_link';
  const mailboxes = wish.kind === 'digest' ? ['ana@example.com', 'sales@example.com'] : ['ana@example.com'];
  return {
    ...wish,
    items: mailboxes.map((mailbox) => ({
      ...sampleItem(wish.kind, now),
      mailbox,
      link: wish.kind === 'recovered' ? null : `${publicUrl}/connect/example`,
    })),
    recipient: { email: 'ana@example.com', name: 'Ana Lima' },
    why: wish.kind === 'admin_consent' ? 'admin' : isNewLink ? 'asked' : 'owner',
    ...(wish.kind === 'reminder' && { number: 2 }),
    timeZone: 'UTC',
    unsubscribeUrl: isNewLink ? null : `${publicUrl}/unsubscribe/example`,
  };
}

function sampleItem(kind: MailInput['kind'], now: Date): Omit<MailItem, 'mailbox' | 'link'> {
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const broken = {
    login: null,
    isOwnLogin: false,
    provider: 'Google',
    task: 'sign_in',
    reason: 'access_revoked',
    isAmbiguous: false,
    credential: 'grant',
    since: ago(HOUR_MS),
    until: null,
    imports: true,
    missed: null,
  } as const;
  switch (kind) {
    case 'reminder':
      return { ...broken, since: ago(3 * DAY_MS) };
    case 'recovered':
      return { ...broken, task: 'none', since: ago(DAY_MS), until: now, missed: 40 };
    case 'admin_consent':
      return { ...broken, provider: 'Microsoft', task: 'approve', reason: 'admin_consent_required' };
    case 'expiring':
      return { ...broken, reason: 'refresh_token_expired', since: null, until: ago(-5 * DAY_MS) };
    case 'reauth_required':
    case 'digest':
    case 'new_link':
      return broken;
  }
}
