import type { HttpAnswer } from '../../http-answer.ts';
import { readSentMail } from '../../sent-mail.ts';
import { MAIL_SEND, MAIL_SEND_SHARED } from '../entra/scopes.ts';
import type { AccountRow, MicrosoftAccessTokenRow } from '../rows.ts';
import type { Graph, GraphRequest } from './request.ts';

/** Graph's limit of a request, in octets. */
const LARGEST_REQUEST = 4 * 1024 * 1024;

interface SendMail {
  readonly graph: Graph;
  readonly request: GraphRequest;
  readonly token: MicrosoftAccessTokenRow;
  /** The mailbox, which may be another's. */
  readonly account: AccountRow;
}

/**
 * A MIME message in base64: it is in Sent Items a moment later, and in the inbox of recipients here.
 * https://learn.microsoft.com/graph/api/user-sendmail
 */
export function sendMail({ graph, request, token, account }: SendMail): HttpAnswer {
  const { store, errors } = graph;
  const isShared = account.email.toLowerCase() !== token.email;
  const needed = isShared ? MAIL_SEND_SHARED : MAIL_SEND;
  if (!needed.some((scope) => token.scopes.includes(scope))) return errors.accessDenied();
  if (request.body.length > LARGEST_REQUEST) {
    return errors.of(413, 'RequestBodyTooLarge', 'The request body is too large.');
  }
  if (!/^[A-Za-z0-9+/=\s]+$/.test(request.body)) {
    return errors.of(400, 'ErrorMimeContentInvalidBase64String', 'Invalid base64 string for MIME content.');
  }
  const mail = readSentMail(Buffer.from(request.body, 'base64'));
  if (mail.recipients.length === 0) {
    return errors.of(400, 'ErrorInvalidRecipients', 'At least one recipient is not valid.');
  }
  if (mail.from !== account.email.toLowerCase()) {
    const words =
      'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.';
    return errors.of(403, 'ErrorSendAsDenied', words);
  }
  store.deps.post.keep({ at: 'microsoft', email: account.email, folder: 'Sent Items', raw: mail.raw });
  store.deps.post.carry({ from: 'microsoft', to: mail.recipients, raw: mail.copy });
  return { status: 202, headers: {}, body: '' };
}
