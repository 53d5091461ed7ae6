import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import { feedCursor, placeAfter, readFeedEnd } from '../../db/events/feed.ts';
import type { Transaction } from '../../db/client.ts';
import type { FeedPosition } from '../../db/events/feed.ts';
import { listEvents } from '../../db/events/timeline.ts';
import { requireScope } from '../auth/authenticate.ts';
import { endUnauthorized } from '../feeds/end-unauthorized.ts';
import { written } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import type { ApiContext } from '../api-context.ts';
import { feedPosition } from '../feeds/feed-position.ts';
import { Problem } from '../http/problem.ts';
import type { Principal } from '../http/scopes.ts';
import { presentStreamedEvent } from '../presenters/event.ts';
import { listInReach, tenantInReach } from '../auth/reach.ts';
import { streamQuery } from '../schemas/events.ts';

const PAGE = 200;
/** Proxies close a connection after a silent minute; this heartbeat keeps a quiet stream open, in ms. */
const HEARTBEAT_MS = 25_000;
const RETRY_MS = 2_000;
/** When a key that holds too many streams may try again, in seconds. */
const RETRY_FULL_S = 10;
const ACCESS = ['channels:read'] as const;

const stream = defineCall({
  method: 'get',
  path: '/v1/stream',
  operationId: 'streamEvents',
  summary: 'Stream events as server-sent events',
  description:
    'Each event has an `id`; a reader that comes back with it as `Last-Event-ID` misses none. Streams end when their key does. A key may hold 100 of them at a server.',
  tag: 'Events',
  access: ACCESS,
  query: streamQuery,
  answers: {
    200: written('Events as they are emitted; Last-Event-ID resumes a broken stream', 'text/event-stream'),
  },
  problems: ['invalid_cursor', 'feed_reset', 'tenant_not_allowed'],
  async run({ context, principal, query, request, response }) {
    const { heartbeat_s: heartbeatS } = query;
    const tenantId = tenantInReach(principal, query.tenant);
    const lastId = request.get('last-event-id');
    const position = await listInReach(context, tenantId, async (tx) => {
      const end = await readFeedEnd(tx, 'events');
      return lastId ? feedPosition('events', lastId, end) : end;
    });
    takePlace(context, principal, response);
    response.status(200).set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    response.write(`retry: ${RETRY_MS}\n\n`);
    // A browser shows its page no comment, so a page that has to know asks for events.
    const beat = heartbeatS === undefined ? ': still here\n\n' : 'event: heartbeat\ndata: {}\n\n';
    const everyMs = heartbeatS === undefined ? HEARTBEAT_MS : 1000 * heartbeatS;
    const heartbeat = setInterval(() => response.write(beat), everyMs);
    response.on('close', () => clearInterval(heartbeat));
    if (query.changes === 'true') tellChanges(context, response, tenantId);
    endUnauthorized(context, { request, response, mayRead: (caller) => mayRead(caller, query.tenant, tenantId) });
    await sendEvents(context, response, { tenantId, position });
    return { status: 200 };
  },
});

/** Throws 429 for a key that holds too many streams. */
function takePlace({ limits: { streams } }: ApiContext, { id }: Principal, response: Response): void {
  const giveBack = streams.take(id);
  if (!giveBack) {
    throw new Problem('rate_limited', `A key may hold ${streams.most} streams at a server`, {
      retryAfterSeconds: RETRY_FULL_S,
    });
  }
  if (response.closed) giveBack();
  else response.on('close', giveBack);
}

/** Whether a caller may still read the stream that it opened: a key that now reaches another tenant may not. */
function mayRead(caller: Principal | null, asked: string | undefined, tenantId: string | null): boolean {
  return tenantInReach(requireScope(caller, ACCESS), asked) === tenantId;
}

/** Tells a page which channels to read again. */
function tellChanges({ channelNews }: ApiContext, response: Response, tenantId: string | null): void {
  const unsubscribe = channelNews.subscribe((changed) => {
    if (tenantId !== null && tenantId !== changed.tenantId) return;
    if (isOpen(response)) response.write(`event: changed\ndata: ${JSON.stringify({ channel: changed.channelId })}\n\n`);
  });
  response.on('close', unsubscribe);
}

/** Sends final events in order until the reader hangs up or the process stops; then the reader reconnects by itself. */
async function sendEvents(
  context: ApiContext,
  response: Response,
  from: { tenantId: string | null; position: FeedPosition },
): Promise<void> {
  let { position } = from;
  const news = context.feedNews.hear(from.tenantId);
  response.on('close', () => news.end());
  while (isOpen(response) && !context.stopping.aborted) {
    const page = await listInReach(context, from.tenantId, (tx) => readPage(tx, from.tenantId, position)).catch(
      (error: unknown) => {
        context.logger.warn({ err: error }, 'A stream could not read its events');
        return null;
      },
    );
    for (const row of page?.rows ?? []) {
      if (!isOpen(response)) return;
      position = { epoch: position.epoch, number: row.number ?? position.number };
      const text = `id: ${feedCursor('events', position)}\nevent: message\ndata: ${JSON.stringify(presentStreamedEvent(row))}\n\n`;
      if (!response.write(text) && !response.closed) await canTakeMore(response);
    }
    if (page) ({ position } = page);
    if (!page) await sleep(RETRY_MS);
    else if (page.rows.length < PAGE) await news.next();
  }
  if (isOpen(response)) response.end();
}

/** An empty page moves the position too: a stream of one tenant reads the rows of no other. */
async function readPage(tx: Transaction, tenantId: string | null, position: FeedPosition) {
  const end = await readFeedEnd(tx, 'events');
  const rows = await listEvents(tx, { tenantId, position, limit: PAGE });
  return { rows, position: placeAfter(rows, PAGE, end) };
}

/** Leaves no listener behind: a reader that is slow has many such waits. */
async function canTakeMore(response: Response): Promise<void> {
  const ended = new AbortController();
  const either = ['drain', 'close'].map((event) => once(response, event, { signal: ended.signal }));
  await Promise.race(either).finally(() => ended.abort());
}

const isOpen = (response: Response) => !response.closed && !response.writableEnded;

export const streamCalls = [stream];
