import type { ApiKeyRow } from '../../db/access/api-keys.ts';
import type { KeyLimits } from '../../db/schema/tenants.ts';
import { isoOrNull } from './time.ts';
import type { ApiKey } from '../schemas/api-keys.ts';

/** A key without its secret, which is shown once, when it is made. */
export function presentApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    tenant: row.tenantId,
    cidrs: row.cidrs,
    expires_at: isoOrNull(row.expiresAt),
    limits: row.limits && presentLimits(row.limits),
    revoked_at: isoOrNull(row.revokedAt),
    last_used_at: isoOrNull(row.lastUsedAt),
    created_at: row.createdAt.toISOString(),
  };
}

function presentLimits({ readsPerMinute }: KeyLimits): NonNullable<ApiKey['limits']> {
  return readsPerMinute === undefined ? {} : { reads_per_minute: readsPerMinute };
}
