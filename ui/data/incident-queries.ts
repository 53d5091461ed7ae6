import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import type { Incident } from '../../api/schemas/incidents.ts';
import type { Page } from '../../api/schemas/list.ts';

const PAGE = 50;
const REFRESH_MS = 10_000;

/** The open incidents of a wide scope; there are never many. */
export function wideIncidentsQuery(scope: 'client' | 'provider' | 'key') {
  return queryOptions({
    queryKey: ['incidents', 'open', scope],
    queryFn: () =>
      call<Page<Incident>>('GET', getPage('/v1/incidents', { scope, state: 'open', limit: PAGE })).then(
        ({ data }) => data,
      ),
    refetchInterval: REFRESH_MS,
  });
}

/** The incidents of single channels, or the closed ones of every scope, newest first. */
export function incidentsQuery(filter: { scope?: 'channel'; state: 'open' | 'closed' }) {
  return infiniteQueryOptions({
    queryKey: ['incidents', filter],
    queryFn: ({ pageParam }) =>
      call<Page<Incident>>('GET', getPage('/v1/incidents', { ...filter, limit: PAGE, after: pageParam })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: REFRESH_MS,
  });
}

export function incidentChannelsQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ['incident-channels', id],
    queryFn: ({ pageParam }) =>
      call<Page<Channel>>(
        'GET',
        getPage(`/v1/incidents/${encodeURIComponent(id)}/channels`, { limit: PAGE, after: pageParam }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}
