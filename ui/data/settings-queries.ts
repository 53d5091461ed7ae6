import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { Page } from '../../api/schemas/list.ts';
import type { Policy } from '../../api/schemas/policy.ts';
import type { Tenant } from '../../api/schemas/tenants.ts';

export const tenantsQuery = infiniteQueryOptions({
  queryKey: ['tenants'],
  queryFn: ({ pageParam }) => call<Page<Tenant>>('GET', getPage('/v1/tenants', { limit: 200, after: pageParam })),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
});

export const policyPath = (tenant: string) => `/v1/tenants/${encodeURIComponent(tenant)}/policy`;

export function policyQuery(tenant: string) {
  return queryOptions({
    queryKey: ['policy', tenant],
    queryFn: () => call<Policy>('GET', policyPath(tenant)),
  });
}
