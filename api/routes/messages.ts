import { feedCursor, placeAfter, readFeedEnd } from '../../db/events/feed.ts';
import { acknowledgeMessages, findMessage, listMessageParts, listMessages } from '../../db/messages/message-feed.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { MEDIA_TYPES } from '../../domain/messages/media-type.ts';
import { json, written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { feedPosition, feedStart } from '../feeds/feed-position.ts';
import { pageOf } from '../http/paging.ts';
import { presentMessage } from '../presenters/message.ts';
import { Problem, notFound } from '../http/problem.ts';
import { listInReach, tenantInReach, tenantOf } from '../auth/reach.ts';
import { ackBody, ackOut, messagesOut, messagesQuery } from '../schemas/messages.ts';
import { idParams } from '../schemas/parts.ts';
import { sendMessageContent } from '../feeds/send-message-content.ts';

const tag = 'Messages';

const list = defineCall({
  method: 'get',
  path: '/v1/messages',
  operationId: 'listMessages',
  summary: 'Read the feed of messages in the order in which they were settled',
  description:
    'Read with the `cursor` of the answer before as `after`: a reader that stores its cursor with the messages sees each of them exactly once, also while new ones arrive. A page without messages moves the cursor as well. A record that changes appears again with a higher `revision`.',
  tag,
  access: ['messages:read'],
  query: messagesQuery,
  answers: { 200: json('A page of the feed', messagesOut) },
  problems: ['invalid_cursor', 'feed_reset', 'tenant_not_allowed'],
  async run({ context, principal, query }) {
    const { limit, channel: channelId = null, after, order } = query;
    const isBackwards = order === 'newest';
    const asked = tenantInReach(principal, query.tenant);
    const tenantId = asked ?? (channelId && (await tenantOf(context, principal, 'channel', channelId)));
    const body = await listInReach(context, tenantId, async (tx) => {
      const end = await readFeedEnd(tx, 'messages');
      const begin = isBackwards ? { ...end, number: end.number + 1n } : feedStart(end.epoch);
      const position = after === undefined ? begin : feedPosition('messages', after, end);
      const rows = await listMessages(tx, { channelId, tenantId, position, limit: limit + 1, isBackwards });
      const placeOf = ({ number }: (typeof rows)[number]) => feedCursor('messages', { ...end, number: number ?? 0n });
      const page = pageOf(rows, limit, { cursor: placeOf, show: presentMessage });
      if (isBackwards) return { ...page, cursor: page.next ?? feedCursor('messages', { ...end, number: 0n }) };
      return { ...page, cursor: feedCursor('messages', placeAfter(rows.slice(0, limit), limit, end)) };
    });
    return { status: 200, body };
  },
});

const raw = defineCall({
  method: 'get',
  path: '/v1/messages/:id/raw',
  operationId: 'getRawMessage',
  summary: 'Read a message as the provider returned it',
  description: 'Byte by byte, in its `media_type`: a mail as RFC 5322 has it, any other record as JSON.',
  tag,
  access: ['messages:read'],
  params: idParams('msg'),
  answers: { 200: written('The message, in its `media_type`', ...MEDIA_TYPES) },
  problems: ['content_gone'],
  async run({ context, principal, params: { id }, response }) {
    const tenantId = await tenantOf(context, principal, 'message', id);
    const found = await context.database.inTenant(tenantId, async (tx) => {
      const message = await findMessage(tx, id);
      return message && { message, parts: await listMessageParts(tx, message.contentId) };
    });
    if (!found) throw notFound('message');
    if (found.message.retiredAt !== null || found.parts.length === 0)
      throw new Problem('content_gone', 'The message was acknowledged and its retention is over');
    const { contentId, mediaType } = found.message;
    await sendMessageContent(context, response, { tenantId, contentId, mediaType, parts: found.parts });
    return { status: 200 };
  },
});

const ack = defineCall({
  method: 'post',
  path: '/v1/messages/ack',
  operationId: 'acknowledgeMessages',
  summary: 'Acknowledge messages, which starts their retention',
  description:
    'Once the policy’s `retention_days` are over, content and envelope of an acknowledged message are deleted. Ids that are unknown, or acknowledged before, are not counted.',
  tag,
  access: ['messages:write'],
  body: ackBody,
  example: { ids: ['msg_01jz3v8q6wfpx9d2m5t7k4hb1c'] },
  answers: { 200: json('How many were acknowledged', ackOut) },
  async run({ context, principal, body }) {
    const now = await context.clock.now();
    const acknowledged = await withinReach(context.database, principal.tenantId, (tx) =>
      acknowledgeMessages(tx, body.ids, now),
    );
    return { status: 200, body: { acknowledged } };
  },
});

export const messageCalls = [list, ack, raw];
