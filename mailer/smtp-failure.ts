import type { NodemailerError } from 'nodemailer';
import type { MailFailure, MailOutcome } from '../domain/mail.ts';
import { networkCode } from '../net/network-failure.ts';

type Failure = Exclude<MailOutcome, { outcome: 'sent' }>;

/** RFC 3463 codes of an address that takes no mail; 5.1.7 and 5.1.8 are about ours, 5.2.1 is a disabled mailbox. */
const ADDRESS_CODE = /^5\.(?:1\.(?:0|1|2|3|4|6|10)|2\.1)$/;
/** The words for an unknown address of servers that send no code of RFC 3463, or 5.4.1, 5.7.1 as Exchange does. */
const ADDRESS_WORDS =
  /(?:user|mailbox|recipient|account|address)\b[^.;]{0,60}(?:unknown|not (?:exist|found|known|valid)|n['o]t exist|no longer|invalid|disabled|undeliverable)|(?:no such|unknown|invalid) (?:user|mailbox|recipient|address|account)|recipient address rejected: access denied/i;
const POLICY_WORDS = /relay|spam|block|polic|denied by|reputation|dmarc|spf|dkim|greylist|authenticat|rate|too many/i;

/**
 * Reads a failure of SMTP. Wrong towards `refused`, the owner counts as gone although the address is good; wrong towards
 * `failed`, a notice is lost that an admin could have got. So `refused` needs words or a code about the address.
 */
export function readSmtpFailure(error: NodemailerError): Failure {
  if (error.name === 'AbortError' || error.code === 'EABORT' || error.code === 'ETIMEDOUT') return timeout();
  if (/^(?:EAUTH|ENOAUTH|EOAUTH2)$/.test(error.code ?? '')) return readLoginFailure(error);
  const reply = replyOf(error);
  if (reply !== null && error.code !== 'ETLS') return readReply(reply, commandOf(error));
  return readNetworkFailure(error);
}

function timeout(): Failure {
  return { outcome: 'later', code: 'smtp_timeout', reason: 'The mail server did not answer in time' };
}

/** Its words are left out: a server may repeat a user name or a password. */
function readLoginFailure({ responseCode = 0 }: NodemailerError): Failure {
  if (responseCode >= 400 && responseCode < 500) {
    return {
      outcome: 'later',
      code: 'smtp_deferred',
      reason: `The mail server cannot check the login now (${responseCode})`,
    };
  }
  const reason = 'The mail server does not accept the login of SMTP_URL';
  return { outcome: 'failed', code: 'smtp_authentication_failed', reason };
}

interface Reply {
  status: number;
  /** The code of RFC 3463, or empty. */
  enhanced: string;
  text: string;
}

function replyOf(error: NodemailerError): Reply | null {
  const { responseCode, response } = error.rejectedErrors?.[0] ?? error;
  if (!responseCode || responseCode < 400 || !response) return null;
  const text = response.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return { status: responseCode, enhanced: /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1] ?? '', text };
}

const commandOf = (error: NodemailerError) => error.rejectedErrors?.[0]?.command ?? error.command ?? '';

function readReply({ status, enhanced, text }: Reply, command: string): Failure {
  const reason = `The mail server answered: ${text.slice(0, 300)}`;
  if (status < 500 || status === 503 || status === 521) return { outcome: 'later', code: 'smtp_deferred', reason };
  if (command === 'MAIL FROM' || /^5\.1\.[78]$/.test(enhanced)) {
    return { outcome: 'failed', code: 'smtp_sender_refused', reason };
  }
  if (status === 552 || enhanced === '5.2.2') return { outcome: 'later', code: 'mailbox_full', reason };
  if (isAboutAddress(status, enhanced, text)) return { outcome: 'refused', code: 'recipient_refused', reason };
  return { outcome: 'failed', code: 'smtp_mail_refused', reason };
}

function isAboutAddress(status: number, enhanced: string, text: string): boolean {
  if (ADDRESS_CODE.test(enhanced)) return true;
  if (![550, 551, 553].includes(status)) return false;
  if (/recipient address rejected: access denied/i.test(text)) return true; // Exchange Online, of an unknown address
  return (enhanced === '' || enhanced === '5.7.1') && ADDRESS_WORDS.test(text) && !POLICY_WORDS.test(text);
}

const NETWORK_FAILURES: Record<string, MailFailure> = {
  timeout: 'smtp_timeout',
  tls_untrusted: 'smtp_tls_failed',
  tls_failed: 'smtp_tls_failed',
  starttls_missing: 'smtp_tls_failed',
};

function readNetworkFailure(error: NodemailerError): Failure {
  const what = networkCode(error);
  const code = error.code === 'ETLS' ? 'smtp_tls_failed' : (NETWORK_FAILURES[what] ?? 'smtp_unreachable');
  if (code === 'smtp_timeout') return timeout();
  const reason =
    code === 'smtp_tls_failed'
      ? `No encrypted connection to the mail server (${what})`
      : `The mail server cannot be reached (${what})`;
  return { outcome: 'later', code, reason };
}
