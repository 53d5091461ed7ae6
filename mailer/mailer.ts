import type { Mailer } from '../domain/mail.ts';
import { createKeepingMailer } from './kept-mail.ts';
import { createSmtpMailer } from './smtp-mailer.ts';
import type { SmtpMailerOptions } from './smtp-mailer.ts';
import type { Sender, SmtpServer } from './smtp-url.ts';

/** Where mail goes: to a mail server, into the outbox of the embedded default, or nowhere. */
export type MailConfig = { smtp: SmtpServer; from: Sender } | { smtp: null; isKept: boolean };

type Surroundings = Pick<SmtpMailerOptions, 'certificateAuthorities' | 'tellOperator'> &
  Parameters<typeof createKeepingMailer>[0];

/** The mailer of the worker. Without a mail server and an outbox, every mail fails. */
export function createMailer(config: MailConfig, surroundings: Surroundings): Mailer {
  if (config.smtp !== null) return createSmtpMailer({ server: config.smtp, from: config.from, ...surroundings });
  return config.isKept ? createKeepingMailer(surroundings) : withoutServer;
}

/** Of a process that sends no mail. */
export const withoutServer: Mailer = {
  async send() {
    return { outcome: 'failed', code: 'smtp_not_configured', reason: 'SMTP_URL is not set, so no mail is sent' };
  },
};
