import { queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';
import type { PageBranding } from '../../api/schemas/branding.ts';
import type { ConnectProgress, ConnectSession } from '../../api/schemas/connect.ts';

/** The path of a link's page and of the calls below it. */
export function linkPath(link: string): string {
  return `/connect/${encodeURIComponent(link)}`;
}

export function linkQuery(link: string) {
  return queryOptions({
    queryKey: ['link', link],
    queryFn: () => call<ConnectSession>('GET', `${linkPath(link)}/session`),
  });
}

/** The branding of a page that no link tells it. */
export const pageBrandingQuery = queryOptions({
  queryKey: ['page-branding'],
  queryFn: () => call<PageBranding>('GET', '/branding'),
  staleTime: Infinity,
});

/** Asks for a new link in place of one that is over; the answer is the same for every link. */
export function renewLink(link: string): Promise<unknown> {
  return call('POST', `${linkPath(link)}/renew`, {});
}

/** The import after a sign-in, without an API session. Looks every second while it runs, and rests once it is done. */
export function progressQuery(link: string) {
  return queryOptions({
    queryKey: ['link-progress', link],
    queryFn: () => call<ConnectProgress>('GET', `${linkPath(link)}/progress`),
    refetchInterval: (query) => {
      const state = query.state.data?.import?.state;
      if (state === 'completed' || state === 'cancelled') return false;
      return state === 'stalled' ? 10_000 : 1_000;
    },
  });
}
