import type { HttpAnswer, SharedHttp } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { SendAnswer, Sending, SessionAccess } from '../contract.ts';
import type { Pacers } from '../pacer.ts';
import { postMessage } from '../sending/post-message.ts';
import { apiFailure } from './api-errors.ts';
import { GmailClient } from './client.ts';
import type { GoogleConfig } from './configuration.ts';
import { classifyGoogle } from './errors.ts';
import { sentMessage } from './schema.ts';

/** developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send, and the units of a call. */
const MAX_BYTES = 35 * 1024 * 1024;
const UNITS = 100;
/** Reasons that concern the message, not the access. */
const ABOUT_MESSAGE = /^(invalidArgument|invalid|badRequest|required|parseError|INVALID_ARGUMENT|uploadTooLarge)$/;
/** A Message-ID that the search takes as one word. */
const SEARCHABLE = /^<[\w.@+=$%-]+>$/;

interface Parts {
  http: SharedHttp;
  config: GoogleConfig;
  pacerOf: Pacers;
}

/** Gmail sends what is uploaded, and files it under Sent. Gmail replaces a sender that is no address of the account. */
export function createGmailSending({ http, config, pacerOf }: Parts): Sending {
  const apiUrl = config.gmailApiUrl.replace(/\/$/, '');
  return {
    maxBytes: MAX_BYTES,
    async send(access, { raw, size }, how) {
      const { accessToken, mailbox } = tokenOf(access);
      await pacerOf(mailbox ?? '').spend(UNITS, how.signal);
      const post = {
        url: new URL(`${apiUrl}/upload/gmail/v1/users/me/messages/send?uploadType=media`),
        headers: {
          authorization: `Bearer ${accessToken.reveal()}`,
          accept: 'application/json',
          'content-type': 'message/rfc822',
        },
        body: raw(),
        length: size,
      };
      return postMessage(http, post, how, { isTaken, refuse });
    },
    async wasSent(access, messageId, signal) {
      const { accessToken, mailbox } = tokenOf(access);
      if (!SEARCHABLE.test(messageId)) return false;
      const { userinfoUrl } = config;
      const client = new GmailClient({ http, apiUrl, userinfoUrl, accessToken, pacer: pacerOf(mailbox ?? ''), signal });
      const { messages } = await client.messages({ q: `in:sent rfc822msgid:${messageId.slice(1, -1)}`, maxResults: 1 });
      return messages.length > 0;
    },
  };
}

const isTaken = ({ status, body }: HttpAnswer) => status === 200 && sentMessage.safeParse(parseJson(body)).success;

function tokenOf(access: SessionAccess) {
  if (access.kind !== 'token') throw new TypeError('the Gmail API is opened with an access token');
  return access;
}

function refuse(answer: HttpAnswer): SendAnswer {
  const said = toProviderAnswer('api', answer);
  const failure = apiFailure(said);
  const verdict = classifyGoogle(said);
  const isAboutMessage = failure?.reasons.some((reason) => ABOUT_MESSAGE.test(reason)) ?? false;
  if (answer.status === 413 || (answer.status === 400 && isAboutMessage)) {
    const detail = `Gmail refuses the message: ${failure?.message ?? 'it is too large'}`;
    return { outcome: 'refused', detail, providerCode: verdict.providerCode, refusedRecipients: [] };
  }
  throw new ProviderError(`users.messages.send answered ${answer.status} ${verdict.providerCode ?? ''}`, verdict);
}
