import type { Request } from 'express';
import { sha256 } from '../../../crypto/random-secrets.ts';
import type { ChannelRow } from '../../../db/channels/channels.ts';
import { findSend, findSendByKey, settleSend } from '../../../db/sending/sends.ts';
import type { SendRow } from '../../../db/sending/sends.ts';
import { LEFT, NEEDS_PERSON, isOneOf } from '../../../domain/channel.ts';
import type { Sending } from '../../../providers/contract.ts';
import { acceptSend, isSameMessage } from '../../../sending/accept.ts';
import type { ApiContext } from '../../api-context.ts';
import { inChannel } from '../../auth/reach.ts';
import { json } from '../../http/answers.ts';
import { defineCall } from '../../http/call.ts';
import { engineAnswers } from '../../http/engine-health.ts';
import { Problem } from '../../http/problem.ts';
import { idParams } from '../../schemas/parts.ts';
import { sentOut } from '../../schemas/sending/sent.ts';
import { messageOf, readSendKey, requireMediaType } from './read-message.ts';
import { answerOf, inProgress } from './send-answer.ts';
import type { SendAnswerBody } from './send-answer.ts';

/** Another request has begun a new try. */
const UNMARKED = { transmittedAt: null };
/** How long a request waits for the provider, in ms. */
const WAIT_MS = 30_000;

const send = defineCall({
  method: 'post',
  path: '/v1/channels/:id/send',
  operationId: 'sendMessage',
  summary: 'Send a message as the account, once per Idempotency-Key',
  description:
    'The body is a whole mail. It leaves by the provider’s own means (Gmail, Graph, EWS, SMTP), once per Idempotency-Key: the same key with the same mail gets the same answer. An outcome that is not known is said (`send_outcome_unknown`), and the mail is not sent again.',
  tag: 'Messages',
  access: ['messages:send'],
  params: idParams('chn'),
  rawBody: { mediaType: 'message/rfc822', description: 'The whole message (RFC 5322), with its header' },
  answers: { 202: json('The provider has taken the message', sentOut) },
  problems: [
    'idempotency_key_missing',
    'send_not_granted',
    'send_refused',
    'send_outcome_unknown',
    'send_in_progress',
    'reauth_required',
    'blocked',
    'disconnected',
    'not_supported_yet',
    'app_credentials_invalid',
    'provider_unavailable',
    'engine_unavailable',
  ],
  async run({ context, principal, params: { id }, request }) {
    const { channel, keyHash, before } = await inChannel(context, { principal, id }, async (tx, found) => {
      const hash = sha256(JSON.stringify([id, readSendKey(request)]));
      requireMediaType(request);
      return { channel: found, keyHash: hash, before: await findSendByKey(tx, id, hash) };
    });
    try {
      return { status: 202, body: await sendOnce(context, { channel, keyHash, request }, before) };
    } finally {
      request.resume(); // an unread rest would block the connection's next request
    }
  },
});

interface Asked {
  channel: ChannelRow;
  keyHash: string;
  request: Request;
}

async function sendOnce(context: ApiContext, asked: Asked, before: SendRow | null): Promise<SendAnswerBody> {
  const { channel, keyHash, request } = asked;
  // The row answers a repetition, also where the channel can no longer send.
  if (before && before.state !== 'not_sent') return repeat(context, asked, before);
  const { maxBytes } = sendingOf(context, channel);
  if (!(await engineAnswers(context))) throw engineUnavailable();
  const accepted = await acceptSend(context, { channel, keyHash, raw: messageOf(request, maxBytes) }, before);
  if (accepted.outcome === 'faulty') {
    const errors = accepted.faults.map(({ field, expected }) => ({
      in: 'body' as const,
      path: field,
      message: expected,
    }));
    throw new Problem('validation_failed', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), {
      errors,
    });
  }
  if (accepted.outcome === 'started') return carryOut(context, channel, accepted.send);
  const first = await context.database.inTenant(channel.tenantId, (tx) => findSendByKey(tx, channel.id, keyHash));
  if (!first) throw inProgress(UNMARKED);
  if (!accepted.isSame(first)) throw reused();
  return carryOut(context, channel, first);
}

/** A repetition needs only the message's hash: its content may be deleted, or larger than the provider takes now. */
async function repeat(context: ApiContext, { channel, request }: Asked, first: SendRow): Promise<SendAnswerBody> {
  const { maxBytes } = context.providers.get(channel.accessType)?.sending ?? { maxBytes: 0 };
  const largest = Math.max(maxBytes, first.size);
  if (!(await isSameMessage(context, first, messageOf(request, largest)))) throw reused();
  return carryOut(context, channel, first);
}

const reused = () =>
  new Problem('idempotency_key_reused', 'An earlier request used this Idempotency-Key with another message');

const engineUnavailable = () =>
  new Problem('engine_unavailable', 'The workflow engine does not answer; the message was not sent', {
    retryAfterSeconds: 5,
  });

/** How the channel sends. Throws, before the message is read, where it cannot send now. */
function sendingOf(context: ApiContext, channel: ChannelRow): Sending {
  const { status, statusReason, action, uses, accessType } = channel;
  if (isOneOf(LEFT, status)) throw new Problem('disconnected', `The channel is ${status}`);
  if (!uses.includes('send')) {
    const detail = 'The channel was connected to read; a reauthorize link whose uses have `send` asks for more';
    throw new Problem('send_not_granted', detail, { action: 'reauthorize' });
  }
  if (isOneOf(NEEDS_PERSON, status)) {
    throw new Problem(status, `The channel is ${status}; nothing was sent`, { action, status_reason: statusReason });
  }
  const sending = context.providers.get(accessType)?.sending;
  if (sending) return sending;
  throw new Problem('not_supported_yet', `Mooring does not send by the access type ${accessType}`);
}

/** Runs the workflow of the try, or waits for the one that runs, and answers from the row. */
async function carryOut(context: ApiContext, channel: ChannelRow, row: SendRow): Promise<SendAnswerBody> {
  if (row.state !== 'started') return answerOf(row);
  const { id: sendId, attempt, tenantId, channelId } = row;
  const { accessType, serverKey } = channel;
  const server = serverKey === '' ? {} : { server: serverKey };
  try {
    await context.temporal.send({ tenantId, channelId, accessType, sendId, attempt, ...server }, WAIT_MS);
  } catch (error) {
    context.logger.warn({ err: error, sendId }, 'The workflow of a send did not start or end');
    await giveUpUnlessSent(context, row);
  }
  const now = await context.database.inTenant(tenantId, (tx) => findSend(tx, sendId));
  if (!now || now.attempt !== attempt) throw inProgress(UNMARKED);
  return answerOf(now);
}

/** The product may drop a message after a `retryable` problem: a send that did not start must not be transmitted later. */
async function giveUpUnlessSent(context: ApiContext, { id: sendId, attempt, tenantId }: SendRow): Promise<void> {
  const now = await context.clock.now();
  const detail = 'The workflow engine does not answer; the message was not sent';
  const end = { state: 'not_sent', code: 'provider_unavailable', detail } as const;
  await context.database.inTenant(tenantId, (tx) =>
    settleSend(tx, { sendId, attempt }, { end, now, untransmitted: true }),
  );
}

export const sendingCalls = [send];
