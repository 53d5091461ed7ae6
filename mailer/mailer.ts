import type { Mailer } from '../domain/mail.ts';
import { createSmtpMailer } from './smtp-mailer.ts';
import type { SmtpMailerOptions } from './smtp-mailer.ts';
import type { Sender, SmtpServer } from './smtp-url.ts';

/** Where mail goes. `from` is null only without a server. */
export type MailConfig = { smtp: SmtpServer; from: Sender } | { smtp: null };

/** The mailer of a process: SMTP, or one that says of every mail that none is configured. */
export function createMailer(
  config: MailConfig,
  surroundings: Pick<SmtpMailerOptions, 'certificateAuthorities' | 'tellOperator'>,
): Mailer {
  if (config.smtp === null) return withoutServer;
  return createSmtpMailer({ server: config.smtp, from: config.from, ...surroundings });
}

/** Of a process that sends no mail. */
export const withoutServer: Mailer = {
  async send() {
    return { outcome: 'failed', code: 'smtp_not_configured', reason: 'SMTP_URL is not set, so no mail is sent' };
  },
};
