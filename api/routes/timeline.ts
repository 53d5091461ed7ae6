import { feedCursor, readFeedEnd } from '../../db/events/feed.ts';
import { listTimeline } from '../../db/events/timeline.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { feedPosition } from '../feeds/feed-position.ts';
import { pageOf } from '../http/paging.ts';
import { presentEvent } from '../presenters/event.ts';
import { inChannel } from '../auth/reach.ts';
import { listOf } from '../schemas/list.ts';
import { eventOut, timelineQuery } from '../schemas/events.ts';
import { idParams } from '../schemas/parts.ts';

const list = defineCall({
  method: 'get',
  path: '/v1/channels/:id/timeline',
  operationId: 'listTimeline',
  summary: 'List a channel’s events, newest first',
  description:
    'The same events as webhooks and the stream have, with the same ids, each once; also those that are never delivered, such as `credential.refreshed`.',
  tag: 'Channels',
  access: ['channels:read'],
  params: idParams('chn'),
  query: timelineQuery,
  answers: { 200: json('A page of events, with the ids and types that webhooks carry', listOf(eventOut)) },
  problems: ['invalid_cursor', 'feed_reset'],
  async run({ context, principal, params: { id }, query }) {
    const { limit } = query;
    const body = await inChannel(context, { principal, id }, async (tx) => {
      const { epoch } = await readFeedEnd(tx, 'events');
      const before =
        query.after === undefined ? null : feedPosition('timeline', query.after, { epoch, number: null }).number;
      const rows = await listTimeline(tx, { channelId: id, before, limit: limit + 1 });
      return pageOf(rows, limit, {
        cursor: ({ seq }) => feedCursor('timeline', { epoch, number: seq }),
        show: presentEvent,
      });
    });
    return { status: 200, body };
  },
});

export const timelineCalls = [list];
