import { infiniteQueryOptions, keepPreviousData, queryOptions, skipToken } from '@tanstack/react-query';
import { call, getPage } from './client.ts';
import type { Branding } from '../../api/schemas/branding.ts';
import type { Page } from '../../api/schemas/list.ts';
import type { Policy } from '../../api/schemas/policy.ts';
import type { LogoPreview, MailPreview } from '../../api/schemas/preview.ts';
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

export const brandingQuery = queryOptions({
  queryKey: ['branding'],
  queryFn: () => call<Branding>('GET', '/v1/branding'),
});

/** The logo at an address, as Mooring can fetch it: null where it cannot. */
export function logoPreviewQuery(logoUrl: string | null) {
  return queryOptions({
    queryKey: ['logo-preview', logoUrl],
    queryFn:
      logoUrl === null
        ? skipToken
        : () => call<LogoPreview>('POST', '/ui/logo-preview', { logo_url: logoUrl }).then(({ logo }) => logo),
    staleTime: 60_000,
  });
}

/** A mail about an invented channel. */
export function mailPreviewQuery(wish: { kind: string; locale: string; branding: Branding }) {
  return queryOptions({
    queryKey: ['mail-preview', wish],
    queryFn: () => call<MailPreview>('POST', '/ui/mail-preview', { ...wish, tenant_name: 'Acme Ltd' }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}
