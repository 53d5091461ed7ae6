import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { KeptMail, KeptMailContent } from '../../api/outbox/schemas.ts';
import type { Page } from '../../api/schemas/list.ts';

export const outboxQuery = infiniteQueryOptions({
  queryKey: ['outbox'],
  queryFn: ({ pageParam }) => call<Page<KeptMail>>('GET', getPage('/v1/outbox', { limit: 50, after: pageParam })),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
  // A mail is kept without an event.
  refetchInterval: 5_000,
});

export function keptMailQuery(id: string) {
  return queryOptions({
    queryKey: ['outbox', id],
    queryFn: () => call<KeptMailContent>('GET', `/v1/outbox/${encodeURIComponent(id)}`),
  });
}
