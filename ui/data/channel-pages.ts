import { infiniteQueryOptions } from '@tanstack/react-query';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import type { Page } from '../../api/schemas/list.ts';
import type { ChannelSort } from '../../domain/channel.ts';
import { STATUSES_OF } from '../words/status-groups.ts';
import type { StatusGroup } from '../words/status-groups.ts';

const PAGE = 100;
/** A list that was scrolled far is loaded again less often: each time brings all of its pages. */
const RELOAD_MS = { few: 10_000, many: 60_000 };
const FEW_PAGES = 3;

export interface ListFilter {
  group: StatusGroup;
  tenant: string | null;
  text: string;
  sort: ChannelSort;
}

type Pages = InfiniteData<Page<Channel>, string | null>;

/** What the server is asked for. */
export const listQueryOf = ({ group, tenant, text, sort }: ListFilter) => ({
  status: STATUSES_OF[group].join(','),
  tenant,
  q: text.trim(),
  sort,
});

/** The list of channels, as the server sorts and searches it, page by page. */
export function channelPagesQuery(filter: ListFilter) {
  const wanted = { ...listQueryOf(filter), limit: PAGE };
  return infiniteQueryOptions({
    queryKey: ['channel-pages', wanted],
    queryFn: ({ pageParam }) => call<Page<Channel>>('GET', getPage('/v1/channels', { ...wanted, after: pageParam })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > FEW_PAGES ? RELOAD_MS.many : RELOAD_MS.few),
    // Another filter keeps the rows until its own are here: the page does not jump.
    placeholderData: (before: Pages | undefined) => before,
  });
}

/** The rows of all pages, each once: a channel whose status changes may stand on two. */
export function rowsOf(pages: Page<Channel>[]): Channel[] {
  return [...new Map(pages.flatMap(({ data }) => data).map((channel) => [channel.id, channel])).values()];
}

/** Puts a channel’s news into the lists that show it; false: none does. */
export function storeInPages(client: QueryClient, channel: Channel): boolean {
  let isShown = false;
  for (const [key, pages] of client.getQueriesData<Pages>({ queryKey: ['channel-pages'] })) {
    if (!pages?.pages.some(({ data }) => data.some(({ id }) => id === channel.id))) continue;
    isShown = true;
    client.setQueryData<Pages>(key, {
      ...pages,
      pages: pages.pages.map((page) => ({
        ...page,
        data: page.data.map((one) => (one.id === channel.id ? channel : one)),
      })),
    });
  }
  return isShown;
}
