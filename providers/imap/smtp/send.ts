import { Readable } from 'node:stream';
import type { NodemailerError } from 'nodemailer';
import MimeNode from 'nodemailer/lib/mime-node';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { rateLimited, verdict } from '../../../domain/verdict-builders.ts';
import { ProviderError } from '../../../domain/verdict.ts';
import type { OutgoingMessage, SendAnswer, Sending, SessionAccess, Transmission } from '../../contract.ts';
import { withoutBcc } from '../../sending/without-bcc.ts';
import { called, throughSubmission } from './connection.ts';
import type { SubmissionAccess } from './connection.ts';
import { connectionFailure, submissionFailure } from './errors.ts';

/** Beyond the limit of most servers; each names its own (RFC 1870), and refuses a larger message. */
const MAX_BYTES = 50 * 1024 * 1024;
/** Servers tell a limit of the sender in words; most have no code for it. */
const LIMIT_WORDS = /too many|rate|limit|quota|throttl|slow down/i;

/** How long a server may take for each step once the content leaves: for the end of it, 10 minutes (RFC 5321 section 4.5.3.2.6). */
const CONTENT_MS = 600_000;

/** Mail handed in at the channel's own server (RFC 6409). `submissionOf` names it; null: the channel only reads. */
export function createSmtpSending(submissionOf: (access: SessionAccess) => SubmissionAccess | null): Sending {
  return {
    maxBytes: MAX_BYTES,
    async send(access, message, how) {
      const submission = submissionOf(access);
      if (submission) return handIn(submission, message, how);
      return { outcome: 'not_granted', detail: 'The channel has no server that takes its mail', providerCode: null };
    },
  };
}

/** How far a mail has come. A server that has no octet of its content cannot take it. */
type Stage = 'login' | 'envelope' | 'content';

/**
 * Hands one message in. `beforeTransmission` runs once the server asks for the content (354): nodemailer reads the stream
 * then, and not before. From its first octet on only the server's own words prove that it did not take the message.
 */
async function handIn(
  submission: SubmissionAccess,
  { from, recipients, size, raw }: OutgoingMessage,
  { beforeTransmission, signal }: Transmission,
): Promise<SendAnswer> {
  let stage: Stage = 'login';
  let unmarked: { error: unknown } | null = null;
  // Domains in their ASCII form.
  const addresses = new MimeNode().setEnvelope({ from, to: recipients }).getEnvelope();
  try {
    const sent = await throughSubmission(submission, signal, async (smtp) => {
      stage = 'envelope';
      async function* leaving() {
        await beforeTransmission().catch((error: unknown) => {
          unmarked = { error };
          throw error;
        });
        stage = 'content';
        // oxlint-disable-next-line no-underscore-dangle -- the library sets its own limit here, and offers no other way to move it
        if (smtp._socket) smtp._socket.setTimeout(CONTENT_MS);
        yield* withoutBcc(raw());
      }
      const content = Readable.from(leaving(), { objectMode: false });
      const envelope = { ...addresses, size, use8BitMime: true };
      return called<SMTPConnection.SentMessageInfo>((done) => smtp.send(envelope, content, done));
    });
    return { outcome: 'accepted', refusedRecipients: sent?.rejected ?? [] };
  } catch (error) {
    if (unmarked !== null) throw (unmarked as { error: unknown }).error;
    if (signal.aborted) throw error;
    return answerOf(submission, stage, error as NodemailerError);
  }
}

function answerOf(submission: SubmissionAccess, stage: Stage, failure: NodemailerError): SendAnswer {
  const { response = '', responseCode = 0, code } = failure;
  if (stage === 'login') throw submissionFailure(submission, failure);
  const isOurOwn = (code === 'EENVELOPE' || code === 'EMESSAGE') && response === '';
  if (responseCode >= 400 || isOurOwn) return refusalOf(submission, failure);
  if (stage === 'content') return { outcome: 'unknown' };
  throw connectionFailure(submission.server, failure);
}

function refusalOf({ server }: SubmissionAccess, failure: NodemailerError): SendAnswer {
  const { response = '', responseCode = 0, code, command, message, rejected = [] } = failure;
  const words = (response || message).replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, 300);
  const providerCode = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? String(responseCode || code);
  if (responseCode >= 400 && responseCode < 500) {
    const said = LIMIT_WORDS.test(response)
      ? rateLimited(null, providerCode)
      : verdict('transient', 'provider_unavailable', { providerCode });
    throw new ProviderError(`${server.host}:${server.port} deferred the message (${providerCode})`, said);
  }
  const about =
    command === 'MAIL FROM'
      ? 'the sender'
      : rejected.length > 0
        ? `the recipients ${rejected.join(', ')}`
        : 'the message';
  const detail = `The mail server refuses ${about}: ${words}`;
  return { outcome: 'refused', detail, providerCode, refusedRecipients: rejected };
}
