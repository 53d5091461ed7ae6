import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { call, getPage, ProblemError } from './client.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import type { StreamedEvent, TimelineEvent } from '../../api/schemas/events.ts';
import type { Import } from '../../api/schemas/imports.ts';
import type { Page } from '../../api/schemas/list.ts';
import type { Message } from '../../api/schemas/messages.ts';
import type { QuarantinedMessage } from '../../api/schemas/quarantine.ts';
import { storeInPages } from './channel-pages.ts';
import type { UiSession } from '../../api/schemas/ui.ts';
import type { WebhookDelivery, WebhookDeliveryDetail, WebhookEndpoint } from '../../api/schemas/webhooks.ts';

const PAGE = 200;
/** How many channels one screen loads; beyond it the page says so and asks for a filter. */
const CHANNEL_PAGES = 5;
/** How many messages are counted one by one; beyond it the page says "more than". */
const MESSAGE_PAGES = 25;
const NEWEST = 12;
/** The rest is for scripts. */
const QUARANTINE_SHOWN = 20;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  /** null without a session. */
  queryFn: () =>
    call<UiSession>('GET', '/ui/session').catch((error: unknown) => {
      if (error instanceof ProblemError && error.problem.status === 401) return null;
      throw error;
    }),
  staleTime: 60_000,
});

export interface ChannelList {
  channels: Channel[];
  /** There are more than were loaded. */
  more: boolean;
}

export interface ChannelFilter {
  tenant: string | null;
  status: Channel['status'] | null;
}

export function channelsQuery(filter: ChannelFilter) {
  return queryOptions({
    queryKey: ['channels', filter],
    queryFn: () => loadChannels(filter),
    // Polls that find nothing move "covered until" and are no events.
    refetchInterval: 10_000,
  });
}

async function loadChannels(filter: ChannelFilter): Promise<ChannelList> {
  const channels: Channel[] = [];
  let after: string | null = null;
  for (let page = 0; page < CHANNEL_PAGES; page++) {
    const answer: Page<Channel> = await call('GET', getPage('/v1/channels', { ...filter, limit: PAGE, after }));
    channels.push(...answer.data);
    after = answer.next;
    if (after === null) break;
  }
  return { channels, more: after !== null };
}

export function channelQuery(id: string) {
  return queryOptions({
    queryKey: ['channel', id],
    queryFn: () => call<Channel>('GET', `/v1/channels/${encodeURIComponent(id)}`),
    refetchInterval: 5_000,
  });
}

export function timelineQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ['timeline', id],
    queryFn: ({ pageParam }) =>
      call<Page<TimelineEvent>>(
        'GET',
        getPage(`/v1/channels/${encodeURIComponent(id)}/timeline`, { limit: 50, after: pageParam }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** The newest events; a live event is added to the whole timeline alone, so this one asks again. */
export function firstPageOfTimeline(id: string) {
  return queryOptions({
    queryKey: ['newest-events', id],
    queryFn: () =>
      call<Page<TimelineEvent>>('GET', getPage(`/v1/channels/${encodeURIComponent(id)}/timeline`, { limit: 50 })),
    refetchInterval: 10_000,
  });
}

export function importsQuery(id: string) {
  return queryOptions({
    queryKey: ['imports', id],
    queryFn: () => call<Page<Import>>('GET', getPage(`/v1/channels/${encodeURIComponent(id)}/imports`, { limit: 20 })),
    refetchInterval: (query) =>
      query.state.data?.data.some((it) => it.state === 'running' || it.replaying) ? 2_000 : 15_000,
  });
}

export function quarantineQuery(importId: string) {
  return queryOptions({
    queryKey: ['quarantine', importId],
    queryFn: () =>
      call<Page<QuarantinedMessage>>(
        'GET',
        getPage(`/v1/imports/${encodeURIComponent(importId)}/quarantine`, { limit: QUARANTINE_SHOWN }),
      ),
  });
}

export interface MessageCount {
  count: number;
  /** The newest that were reached, newest first. */
  newest: Message[];
  /** There are more than were counted, so `newest` is not the newest. */
  more: boolean;
  /** Where the last page begins and how many came before it: the next look starts there. */
  tail: { after: string | null; before: number };
}

/** The feed runs oldest first, so the count walks it once and afterwards looks at its last page only. */
export function messagesQuery(id: string) {
  return queryOptions({
    queryKey: ['messages', id],
    queryFn: ({ client, queryKey }) =>
      countMessages(id, client.getQueryData<MessageCount>(queryKey)).catch((error: unknown) => {
        // The feed was reset (restored from a backup): its old cursors are over.
        if (error instanceof ProblemError && error.problem.status === 410) return countMessages(id, undefined);
        throw error;
      }),
    refetchInterval: 15_000,
  });
}

async function countMessages(id: string, known: MessageCount | undefined): Promise<MessageCount> {
  let { after, before } = known?.tail ?? { after: null, before: 0 };
  let previous: Message[] = [];
  for (let page = 1; ; page++) {
    const answer: Page<Message> = await call('GET', getPage('/v1/messages', { channel: id, limit: PAGE, after }));
    const newest = [...previous, ...answer.data].slice(-NEWEST).toReversed();
    const done = answer.next === null || page >= MESSAGE_PAGES;
    const keep = known && newest.length < NEWEST ? merge(newest, known.newest) : newest;
    if (done)
      return { count: before + answer.data.length, newest: keep, more: answer.next !== null, tail: { after, before } };
    before += answer.data.length;
    after = answer.next;
    previous = answer.data;
  }
}

function merge(newest: Message[], older: Message[]): Message[] {
  const ids = new Set(newest.map((message) => message.id));
  return [...newest, ...older.filter((message) => !ids.has(message.id))].slice(0, NEWEST);
}

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: () => call<Page<WebhookEndpoint>>('GET', getPage('/v1/webhook-endpoints', { limit: PAGE })),
});

export function deliveriesQuery(endpointId: string) {
  return queryOptions({
    queryKey: ['deliveries', endpointId],
    queryFn: () =>
      call<Page<WebhookDelivery>>(
        'GET',
        getPage(`/v1/webhook-endpoints/${encodeURIComponent(endpointId)}/deliveries`, { limit: 50 }),
      ),
    refetchInterval: 5_000,
  });
}

export function deliveryQuery(id: string) {
  return queryOptions({
    queryKey: ['delivery', id],
    queryFn: () => call<WebhookDeliveryDetail>('GET', `/v1/deliveries/${encodeURIComponent(id)}`),
    refetchInterval: 5_000,
  });
}

/** Puts one channel's news wherever it is shown; lists that may gain or lose it are loaded again. */
export function storeChannel(client: QueryClient, channel: Channel): void {
  const before = client.getQueryData<Channel>(['channel', channel.id]);
  client.setQueryData(['channel', channel.id], channel);
  let listed = false;
  for (const [key, list] of client.getQueriesData<ChannelList>({ queryKey: ['channels'] })) {
    if (!list?.channels.some((one) => one.id === channel.id)) continue;
    listed = true;
    client.setQueryData<ChannelList>(key, {
      ...list,
      channels: list.channels.map((one) => (one.id === channel.id ? channel : one)),
    });
  }
  const isPaged = storeInPages(client, channel);
  if (!listed || before?.status !== channel.status) void client.invalidateQueries({ queryKey: ['channels'] });
  if (!isPaged || before?.status !== channel.status) void client.invalidateQueries({ queryKey: ['channel-pages'] });
}

/** Adds an event at the top of its channel's timeline, once. */
export function storeEvent(client: QueryClient, event: StreamedEvent): void {
  if (!event.channel) return;
  client.setQueryData<InfiniteData<Page<TimelineEvent>, string | null>>(['timeline', event.channel], (timeline) => {
    const first = timeline?.pages[0];
    if (!timeline || !first || timeline.pages.some((page) => page.data.some((one) => one.id === event.id)))
      return timeline;
    return { ...timeline, pages: [{ ...first, data: [event, ...first.data] }, ...timeline.pages.slice(1)] };
  });
}
