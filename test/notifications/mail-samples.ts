import type { MailInput, MailItem } from '../../notifications/mail/mail-input.ts';
import type { MailKind } from '../../notifications/mail-kinds.ts';

const ITEM: MailItem = {
  mailbox: 'ana.fischer@example.com',
  login: null,
  isOwnLogin: false,
  provider: 'Google',
  task: 'sign_in',
  reason: 'access_revoked',
  isAmbiguous: true,
  credential: 'grant',
  since: new Date('2026-05-03T12:32:00Z'),
  until: null,
  imports: true,
  missed: null,
  link: 'https://connect.example.com/connect/lnk_2J8fQ1xTn5rWk7Zb',
};

const PASSWORD: MailItem = {
  ...ITEM,
  mailbox: 'support@example.com',
  login: 'support-team',
  provider: null,
  reason: 'password_changed',
  credential: 'password',
  link: 'https://connect.example.com/connect/lnk_7Kd0sV3bHq9yLm2P',
};

const MFA: MailItem = {
  ...ITEM,
  mailbox: 'sales@example.com',
  login: 'ana.fischer@example.com',
  provider: 'Microsoft',
  reason: 'mfa_required',
  isAmbiguous: false,
};

/** What a mail of each kind is about. */
const ITEMS: Record<MailKind, MailItem[]> = {
  reauth_required: [ITEM],
  reminder: [PASSWORD],
  recovered: [{ ...ITEM, task: 'none', until: new Date('2026-05-05T06:05:00Z'), missed: 40, link: null }],
  admin_consent: [
    { ...ITEM, provider: 'Microsoft', task: 'approve', reason: 'admin_consent_required', isAmbiguous: false },
  ],
  expiring: [
    {
      ...ITEM,
      reason: 'refresh_token_expired',
      isAmbiguous: false,
      since: null,
      until: new Date('2026-05-12T21:59:00Z'),
    },
  ],
  digest: [ITEM, PASSWORD, MFA],
  new_link: [ITEM],
};

const WHY: Partial<Record<MailKind, MailInput['why']>> = {
  reminder: 'owner_silent',
  admin_consent: 'admin',
  new_link: 'asked',
};

/** A mail as the planner asks for it, of its kind and with everything that it can show. */
export function sampleOf(kind: MailKind, given: Partial<MailInput> = {}): MailInput {
  return {
    kind,
    items: ITEMS[kind],
    recipient: { email: 'ana.owner@people.example', name: 'Ana Fischer' },
    why: WHY[kind] ?? 'owner',
    tenantName: 'Acme Ltd',
    branding: {
      name: 'Harbour Desk',
      logoUrl: null,
      accentColor: null,
      supportEmail: null,
      supportUrl: 'https://desk.example.com/help',
      privacyUrl: 'https://desk.example.com/privacy',
    },
    locale: 'en',
    timeZone: 'Europe/Berlin',
    unsubscribeUrl: 'https://connect.example.com/unsubscribe/uns_9Qw3eR5tY7u',
    ...given,
  };
}
