import { infiniteQueryOptions } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { Page } from '../../api/schemas/list.ts';
import type { NoticeOut, RequestedNotices } from '../../api/schemas/notices.ts';

export interface NoticeFilter {
  tenant?: string | null;
  channel?: string | null;
  incident?: string | null;
  kind?: NoticeOut['kind'] | null;
  state?: NoticeOut['state'] | null;
}

/** The notices, newest first. */
export function noticesQuery(filter: NoticeFilter, limit = 50) {
  return infiniteQueryOptions({
    queryKey: ['notices', filter, limit],
    queryFn: ({ pageParam }) =>
      call<Page<NoticeOut>>('GET', getPage('/v1/notices', { ...filter, limit, after: pageParam })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    // A mail that goes out is no event.
    refetchInterval: 10_000,
  });
}

/** What one request takes. */
const MOST_CHANNELS = 200;

/** Tells the people of these channels now. The answers of several requests are one. */
export async function requestNotices(channels: readonly string[]): Promise<RequestedNotices> {
  const whole: RequestedNotices = { sent: 0, held: 0, skipped: [] };
  for (let from = 0; from < channels.length; from += MOST_CHANNELS) {
    const body = { channels: channels.slice(from, from + MOST_CHANNELS), kind: 'reauth_required' };
    const answer = await call<RequestedNotices>('POST', '/v1/notices', body);
    whole.sent += answer.sent;
    whole.held += answer.held;
    whole.skipped.push(...answer.skipped);
  }
  return whole;
}
