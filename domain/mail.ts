/** A composed mail, without its recipient. */
export interface MailContent {
  subject: string;
  text: string;
  html: string;
  /** Further header fields by name. */
  headers: Record<string, string>;
}

/** A mail that is ready to be sent. */
export interface Mail extends MailContent {
  /** Stable: a mail that is sent again under the same id has the same Message-ID. */
  id: string;
  tenantId: string;
  to: { email: string; name: string | null };
}

/**
 * What became of a mail. `reason` is one line for people, also in the API: it holds no credential, but it may repeat the
 * recipient's address, so it goes into no log.
 *
 * - `sent`: the mail server took it.
 * - `refused`: the address takes no mail, for good: unknown, moved, disabled.
 * - `later`: the same mail may be taken later; retry with growing gaps.
 * - `failed`: the mail server refuses the mail or us for a reason that is not the recipient's; a retry within minutes is
 *   pointless, and the operator has to act.
 */
export type MailOutcome =
  | { outcome: 'sent'; messageId: string }
  | { outcome: 'refused' | 'later' | 'failed'; code: MailFailure; reason: string };

export type MailFailure =
  | 'recipient_refused'
  | 'recipient_invalid'
  | 'mailbox_full'
  | 'smtp_not_configured'
  | 'smtp_authentication_failed'
  | 'smtp_sender_refused'
  | 'smtp_mail_refused'
  | 'smtp_deferred'
  | 'smtp_timeout'
  | 'smtp_tls_failed'
  | 'smtp_unreachable';

/** How long `send` takes at most; an activity that calls it needs more. */
export const MAIL_TIMEOUT_MS = 120_000;

export interface Mailer {
  /** Sends one mail, once. Every failure is an outcome; it throws only for an error of our own. */
  send(mail: Mail): Promise<MailOutcome>;
}
