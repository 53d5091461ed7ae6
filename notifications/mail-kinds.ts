/** The kinds of mail; a notice has the same. */
export const MAIL_KINDS = [
  'reauth_required',
  'reminder',
  'recovered',
  'admin_consent',
  'expiring',
  'digest',
  'new_link',
] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/** Why this person is told. */
export const WHYS = [
  /** The person looks after an individual channel. */
  'owner',
  /** The policy tells the tenant's admins. */
  'admin',
  /** The owner has not acted for the days of the policy. */
  'owner_silent',
  /** The channel has no owner, or the owner's address takes no mail. */
  'owner_left',
  /** The owner wants no mails about this channel. */
  'owner_unsubscribed',
  /** The person opened an expired link and asked for a new one. */
  'asked',
] as const;
export type Why = (typeof WHYS)[number];

/** The task of the person about a mailbox. */
export type Task =
  /** Sign in at the provider, or enter the password. */
  | 'sign_in'
  /** Choose another access to the mailbox, and sign in there. */
  | 'change_access'
  /** Approve the app for an organization. */
  | 'approve'
  /** Have an administrator allow the access by a setting or a rule at the provider; there is nothing to open. */
  | 'ask_to_allow'
  /** Ask at the provider what became of the account; there is nothing to open. */
  | 'ask_administrator'
  | 'none';
