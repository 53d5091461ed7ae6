import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { Page } from '../../api/schemas/list.ts';
import type { Message, MessageView } from '../../api/schemas/messages.ts';

const PAGE = 50;

/** A channel's messages, newest first. */
export function messagePagesQuery(channel: string) {
  return infiniteQueryOptions({
    queryKey: ['message-pages', channel],
    queryFn: ({ pageParam }) =>
      call<Page<Message>>('GET', getPage('/v1/messages', { channel, order: 'newest', limit: PAGE, after: pageParam })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export function messageViewQuery(id: string) {
  return queryOptions({
    queryKey: ['message', id],
    queryFn: () => call<MessageView>('GET', `/v1/messages/${encodeURIComponent(id)}/view`),
    // It never changes, and takes a while to read.
    staleTime: Infinity,
  });
}
