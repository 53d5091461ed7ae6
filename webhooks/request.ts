import { Webhook } from 'standardwebhooks';
import type { Vault } from '../crypto/vault.ts';
import { webhookSecretBinding } from '../crypto/webhook-secret.ts';
import type { Consignment } from '../db/events/deliveries.ts';
import type { SigningEndpoint } from '../db/events/endpoints.ts';
import { wireData } from '../domain/event.ts';

/** The same bytes for every attempt and redelivery of an event: ids, numbers and words, never a secret or mail. */
export function webhookBody(event: Consignment['event']): string {
  const whose = { channel: event.channelId, tenant: event.tenantId, incident: event.incidentId };
  const data = wireData(event.data);
  // A test event speaks of a channel that does not exist.
  return JSON.stringify({
    type: event.type,
    timestamp: event.at.toISOString(),
    data: data['test'] === true ? data : { ...whose, ...data, ...whose },
  });
}

/** The headers of an attempt (Standard Webhooks); null for what no attempt has set yet. */
export function webhookHeaders(
  eventId: string,
  attempt: { timestamp: string; signature: string } | null,
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Mooring',
    'webhook-id': eventId,
    ...(attempt && { 'webhook-timestamp': attempt.timestamp, 'webhook-signature': attempt.signature }),
  };
}

/** One signature for each secret that is good now, the newest first: a receiver accepts any of them. */
export async function signWebhook(
  vault: Pick<Vault, 'decryptSecret'>,
  endpoint: SigningEndpoint,
  { eventId, body, now }: { eventId: string; body: string; now: Date },
): Promise<string> {
  const { secretJwe, otherSecretJwe, signsWithOther, oldSecretUntil } = endpoint;
  const [current, old] = signsWithOther ? [otherSecretJwe, secretJwe] : [secretJwe, otherSecretJwe];
  const good = [current, oldSecretUntil !== null && oldSecretUntil > now ? old : null];
  const signatures: string[] = [];
  for (const jwe of good) {
    if (jwe === null) continue;
    const secret = await vault.decryptSecret(jwe, webhookSecretBinding(endpoint));
    signatures.push(new Webhook(secret.reveal()).sign(eventId, now, body));
  }
  return signatures.join(' ');
}
