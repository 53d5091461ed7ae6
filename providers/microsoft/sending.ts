import type { HttpAnswer, SharedHttp } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { SendAnswer, Sending, SessionAccess } from '../contract.ts';
import type { Pacers } from '../pacer.ts';
import { base64Length, inBase64, postMessage } from '../sending/post-message.ts';
import type { GraphClient } from './client.ts';
import { classifyMicrosoft } from './errors.ts';
import { graphFailure } from './graph-errors.ts';

/** Graph takes requests of 4 MB, and the message in base64 (learn.microsoft.com/graph/outlook-send-mime-message). */
const MAX_BYTES = 3 * 1024 * 1024;
/** Codes that concern the message, its sender or its recipients, at any status. */
const ABOUT_MESSAGE =
  /^(ErrorSendAsDenied|ErrorInvalidRecipients|ErrorRecipientNotFound|ErrorMimeContent\w*|ErrorMessageSizeExceeded|ErrorMessageSubmissionBlocked|RequestBodyTooLarge|ErrorInvalidArgument)$/;

interface Parts {
  http: SharedHttp;
  graphUrl: string;
  pacerOf: Pacers;
  clientOf: (access: SessionAccess & { kind: 'token' }, signal: AbortSignal) => GraphClient;
  /** `me`, or the mailbox of another login. */
  mailboxOf: (access: SessionAccess) => string;
}

/** Graph sends a MIME message and files it under Sent Items. */
export function createGraphSending({ http, graphUrl, pacerOf, clientOf, mailboxOf }: Parts): Sending {
  return {
    maxBytes: MAX_BYTES,
    async send(access, { raw, size }, how) {
      await pacerOf(access.mailbox ?? '').spend(1, how.signal);
      const post = {
        url: new URL(`${graphUrl}/${mailboxOf(access)}/sendMail`),
        headers: { authorization: `Bearer ${tokenOf(access).accessToken.reveal()}`, 'content-type': 'text/plain' },
        body: inBase64(raw()),
        length: base64Length(size),
      };
      return postMessage(http, post, how, { isTaken: ({ status }) => status === 202, refuse });
    },
    wasSent: (access, messageId, signal) => clientOf(tokenOf(access), signal).wasSent(messageId),
  };
}

function tokenOf(access: SessionAccess) {
  if (access.kind !== 'token') throw new TypeError('Graph is opened with an access token');
  return access;
}

function refuse(answer: HttpAnswer): SendAnswer {
  const said = toProviderAnswer('api', answer);
  const failure = graphFailure(said);
  if (answer.status === 413 || ABOUT_MESSAGE.test(failure?.code ?? '')) {
    const detail = `Microsoft refuses the message: ${failure?.message ?? 'it is too large'}`;
    return { outcome: 'refused', detail, providerCode: failure?.code ?? '413', refusedRecipients: [] };
  }
  const verdict = classifyMicrosoft(said);
  throw new ProviderError(`sendMail answered ${answer.status} ${verdict.providerCode ?? ''}`, verdict);
}
