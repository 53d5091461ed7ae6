import { createTransport } from 'nodemailer';
import type { NodemailerError, SMTPTransportOptions } from 'nodemailer';
import { isMailAddress } from '../domain/address.ts';
import { MAIL_TIMEOUT_MS } from '../domain/mail.ts';
import type { Mail, MailOutcome, Mailer } from '../domain/mail.ts';
import { withAuthorities } from '../net/certificates.ts';
import { readSmtpFailure } from './smtp-failure.ts';
import type { Sender, SmtpServer } from './smtp-url.ts';

/** What a mail server does not let us wait longer for, in ms. After the mail's last byte a relay may take its time. */
const LIMITS = { connection: 10_000, greeting: 15_000, idle: 60_000, whole: MAIL_TIMEOUT_MS - 5_000 };
/** Relays refuse more connections of one client with 421. */
const CONNECTIONS = 5;

export interface SmtpMailerOptions {
  server: SmtpServer;
  from: Sender;
  /** PEM of further certificate authorities; null without any. */
  certificateAuthorities: string | null;
  /** Told of every failure that is the operator's, in words without an address. */
  tellOperator: (failure: { code: string; smtpStatus: number | null }) => void;
  limits?: typeof LIMITS;
}

/** Sends by SMTP, each mail over a connection of its own, so that its outcome is that of no other mail. */
export function createSmtpMailer({ limits = LIMITS, ...given }: SmtpMailerOptions): Mailer {
  const transport = createTransport(transportOptions(given, limits));
  const takePlace = places(CONNECTIONS);
  return {
    async send(mail) {
      if (!isMailAddress(mail.to.email)) {
        return { outcome: 'refused', code: 'recipient_invalid', reason: 'This is no address that mail can be sent to' };
      }
      const leave = await takePlace();
      try {
        const message = { ...messageOf(mail, given.from), signal: AbortSignal.timeout(limits.whole) };
        const { messageId } = await transport.sendMail(message);
        return { outcome: 'sent', messageId };
      } catch (error) {
        return failed(error as NodemailerError, given);
      } finally {
        leave();
      }
    },
  };
}

function transportOptions(
  { server, certificateAuthorities }: SmtpMailerOptions,
  limits: typeof LIMITS,
): SMTPTransportOptions {
  const { host, port, security, login } = server;
  const authorities = withAuthorities(certificateAuthorities);
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(authorities ? { ca: authorities } : {}) },
    ...(login ? { auth: { user: login.user, pass: login.password.reveal() } } : {}),
    connectionTimeout: limits.connection,
    dnsTimeout: limits.connection,
    greetingTimeout: limits.greeting,
    socketTimeout: limits.idle,
    logger: false,
    // Subject, names and text are other people's: none of them is a file or an address to load.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function messageOf(mail: Mail, from: Sender) {
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    from,
    to: { address: mail.to.email, name: mail.to.name ?? '' },
    envelope: { from: from.address, to: [mail.to.email] },
    messageId: `<${mail.id}@${domain}>`,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: mail.headers,
  };
}

function failed(error: NodemailerError, { tellOperator }: SmtpMailerOptions): MailOutcome {
  const failure = readSmtpFailure(error);
  if (failure.outcome === 'failed' || failure.code === 'smtp_tls_failed') {
    tellOperator({ code: failure.code, smtpStatus: error.responseCode ?? null });
  }
  return failure;
}

/** At most `count` at once; the rest wait in line. */
function places(count: number): () => Promise<() => void> {
  let free = count;
  const line: (() => void)[] = [];
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => void line.push(resolve));
    return () => {
      const next = line.shift();
      if (next) next();
      else free += 1;
    };
  };
}
