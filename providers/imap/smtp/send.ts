import { Readable } from 'node:stream';
import type { NodemailerError } from 'nodemailer';
import { rateLimited, verdict } from '../../../domain/verdict-builders.ts';
import { ProviderError } from '../../../domain/verdict.ts';
import type { OutgoingMessage, SendAnswer, Sending, SessionAccess, Transmission } from '../../contract.ts';
import { throughSubmission } from './connection.ts';
import type { SubmissionAccess } from './connection.ts';
import { submissionFailure } from './errors.ts';

/** Beyond the limit of most servers; each names its own (RFC 1870), and refuses a larger message. */
const MAX_BYTES = 50 * 1024 * 1024;
/** Servers tell a limit of the sender in words; most have no code for it. */
const LIMIT_WORDS = /too many|rate|limit|quota|throttl|slow down/i;

/** Commands whose refusal concerns the message; the server has taken the login. */
const ABOUT_MESSAGE = ['MAIL FROM', 'RCPT TO', 'DATA'];

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

/**
 * Hands one message in. `beforeTransmission` runs once the server has taken the login; from then on only the server's own
 * words prove that it did not take the message.
 */
async function handIn(
  submission: SubmissionAccess,
  { from, recipients, size, raw }: OutgoingMessage,
  { beforeTransmission, signal }: Transmission,
): Promise<SendAnswer> {
  let left = false;
  async function* leaving() {
    await beforeTransmission();
    left = true;
    yield* withoutBcc(raw());
  }
  try {
    const { rejected } = await throughSubmission(submission, signal, (transport) =>
      transport.sendMail({
        envelope: { from, to: recipients, size, use8BitMime: true },
        raw: Readable.from(leaving(), { objectMode: false }),
      }),
    );
    return { outcome: 'accepted', refusedRecipients: rejected.map(addressOf) };
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = error as NodemailerError;
    const isAnswer = ABOUT_MESSAGE.includes(failure.command ?? '');
    if (!left && !isAnswer) throw submissionFailure(submission, failure);
    return refusalOf(submission, failure);
  }
}

const addressOf = (rejected: string | { address?: string }) =>
  typeof rejected === 'string' ? rejected : (rejected.address ?? '');

function refusalOf({ server }: SubmissionAccess, failure: NodemailerError): SendAnswer {
  const { response = '', responseCode = 0, code, command, message, rejected = [] } = failure;
  const isOurOwn = (code === 'EENVELOPE' || code === 'EMESSAGE') && response === '';
  if (responseCode < 400 && !isOurOwn) return { outcome: 'unknown' };
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

/** Strips Bcc from the header, which lies in the first part: recipients must not see the others (RFC 5322 section 3.6.3). */
async function* withoutBcc(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const bytes of raw) {
    yield isFirst ? stripped(bytes) : bytes;
    isFirst = false;
  }
}

function stripped(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const header = text.slice(0, end).replaceAll(/^bcc(?:[ \t]|\r?\n[ \t])*:.*(?:\r?\n[ \t].*)*(?:\r?\n|$)/gim, '');
  // A stripped last field leaves the line end before it behind.
  return Buffer.from(`${header.replace(/\r?\n$/, '')}${text.slice(end)}`, 'latin1');
}
