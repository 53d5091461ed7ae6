import type { HttpAnswer } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { SendAnswer, Sending, SessionAccess } from '../contract.ts';
import { base64Length, inBase64, isUndecided, transmit } from '../sending/post-message.ts';
import { sizeWithoutBcc, withoutBcc } from '../sending/without-bcc.ts';
import { ExchangeClient } from './client.ts';
import type { ExchangeConnection } from './connection.ts';
import { classifyExchange } from './errors.ts';
import { findSentItems } from './folders.ts';
import { meaningOf, responseCode } from './response-codes.ts';
import { readXml } from './soap/answer-reader.ts';
import { NO_RIGHT } from './soap/refusal.ts';
import { findByMessageId, sendItem } from './soap/request.ts';

/** Exchange takes requests of 64 MB, and the message in base64; the limit of a message is the organization's own. */
const MAX_BYTES = 47 * 1024 * 1024;
/** Codes that concern the message, its sender or its recipients. The rest of the request is always the same. */
const ABOUT_MESSAGE =
  /^Error(SendAsDenied|InvalidRecipients?|MissingRecipients|MissingInformationEmailAddress|InvalidSmtpAddress|MessageSizeExceeded|AttachmentSizeLimitExceeded|MimeContent\w*|ContentConversionFailed|UnsupportedMimeConversion|InvalidArgument|InvalidProperty\w*|ItemSave\w*)$/;
/** Codes of a server or mailbox that takes no message now, and another time may take this one. */
const NOT_NOW =
  /^Error(QuotaExceeded|InsufficientResources|NotEnoughMemory|MailboxStoreUnavailable|MailboxMoveInProgress|MailboxFailover)$/;
/** Statuses of a request that is too large, at an address that has just answered: IIS has the first for it as well. */
const TOO_LARGE = [404, 413];

interface Opened {
  connection: ExchangeConnection;
  /** The mailbox that sends where it is not the login's own. */
  mailbox: string | null;
}

/** Exchange sends a MIME message and keeps a copy in Sent Items. `open` opens a connection of the channel's login. */
export function createExchangeSending(open: (access: SessionAccess) => Opened): Sending {
  return {
    maxBytes: MAX_BYTES,
    async send(access, { raw, size, bcc }, { signal, beforeTransmission }) {
      const { connection, mailbox } = open(access);
      try {
        // Signs the connection in, so that a refused login is known before the message leaves.
        const sentItems = await findSentItems(new ExchangeClient(connection, signal), mailbox);
        const { name, before, after } = sendItem(sentItems, bcc);
        const octets = await sizeWithoutBcc({ raw, size });
        const length = Buffer.byteLength(before) + base64Length(octets) + Buffer.byteLength(after);
        const body = between(before, inBase64(withoutBcc(raw())), after);
        return await transmit(
          (beforeWriting) => connection.post({ name, operation: 'api', body, length, beforeWriting, signal }),
          beforeTransmission,
          readAnswer,
        );
      } finally {
        await connection.close();
      }
    },
    async wasSent(access, messageId, signal) {
      const { connection, mailbox } = open(access);
      try {
        const client = new ExchangeClient(connection, signal);
        const sentItems = await findSentItems(client, mailbox);
        const { message } = await client.askOne(findByMessageId(sentItems, messageId), 'api');
        return (message.at('RootFolder/Items')?.children ?? []).length > 0;
      } finally {
        await connection.close();
      }
    },
  };
}

async function* between(before: string, message: AsyncIterable<Uint8Array>, after: string) {
  yield Buffer.from(before);
  yield* message;
  yield Buffer.from(after);
}

function readAnswer(answer: HttpAnswer): SendAnswer {
  const code = responseCode(answer.body);
  if (code === null) return readWithoutCode(answer);
  const refused = { detail: `Exchange refuses the message: ${textOf(answer)}`, providerCode: code };
  if (ABOUT_MESSAGE.test(code)) return { outcome: 'refused', ...refused, refusedRecipients: [] };
  if (NO_RIGHT.test(code)) return { outcome: 'not_granted', ...refused };
  if (NOT_NOW.test(code)) {
    const failure = verdict('transient', 'provider_unavailable', { providerCode: code });
    throw new ProviderError(`CreateItem answered ${code}`, failure);
  }
  // A code that is not known says nothing of a message that may have been handed on before the failure.
  if (meaningOf(code, 'api') === null) return { outcome: 'unknown' };
  throw refusalOf(answer);
}

function readWithoutCode(answer: HttpAnswer): SendAnswer {
  const { status, body } = answer;
  if (status === 200 && isTaken(body)) return { outcome: 'accepted', refusedRecipients: [] };
  if (isUndecided(answer)) return { outcome: 'unknown' };
  if (!TOO_LARGE.includes(status)) throw refusalOf(answer);
  const detail = 'Exchange refuses the message: it is too large';
  return { outcome: 'refused', detail, providerCode: String(status), refusedRecipients: [] };
}

/** Whether the answer is whole, and says so. */
const isTaken = (body: string) =>
  /<(?:\w+:)?ResponseCode>\s*NoError\s*</.test(body) &&
  readXml(body)?.at('Envelope/Body/CreateItemResponse') !== undefined;

function refusalOf(answer: HttpAnswer): ProviderError {
  const said = classifyExchange(toProviderAnswer('api', answer));
  return new ProviderError(`CreateItem answered ${answer.status} ${said.providerCode ?? ''}`, said);
}

/** The server's sentence, in its own language. */
function textOf({ body }: HttpAnswer): string {
  const [, text = ''] = /<(?:\w+:)?(?:MessageText|faultstring)\b[^>]*>([^<]*)</.exec(body) ?? [];
  return (
    text
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, 300) || 'it says no more'
  );
}
