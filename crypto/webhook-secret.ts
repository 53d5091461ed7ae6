import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import type { Binding } from './vault.ts';

/** A key for HMAC-SHA256 in the form of Standard Webhooks: `whsec_` and 32 bytes in base64. */
export function newWebhookSecret(): Secret {
  return new Secret(`whsec_${randomBytes(32).toString('base64')}`);
}

/** What an endpoint's encrypted secret is bound to. */
export function webhookSecretBinding(endpoint: { id: string; tenantId: string | null }): Binding {
  return { tenant: endpoint.tenantId ?? '', owner: endpoint.id, kind: 'webhook_secret', version: 1 };
}
