import type { Consignment, ListedDelivery, ListedRow } from '../../db/events/deliveries.ts';
import type { EndpointRow } from '../../db/events/endpoints.ts';
import { webhookBody, webhookHeaders } from '../../webhooks/request.ts';
import { isoOrNull } from './time.ts';
import type { WebhookDelivery, WebhookDeliveryDetail, WebhookEndpoint } from '../schemas/webhooks.ts';

/** Without the secret, which is shown once, where the endpoint is made. */
export function presentEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    url: row.url,
    events: row.events,
    tenant: row.tenantId,
    disabled: row.disabledAt !== null,
    disabled_at: isoOrNull(row.disabledAt),
    created_at: row.createdAt.toISOString(),
    old_secret_until: isoOrNull(row.oldSecretUntil),
    failing: failingLane(row),
  };
}

/** Lifecycle events first. */
function failingLane(row: EndpointRow): WebhookEndpoint['failing'] {
  const { failingSince, failures, openUntil, messagesFailingSince, messageFailures, messagesOpenUntil } = row;
  if (failingSince !== null)
    return { since: failingSince.toISOString(), failures, waits_until: isoOrNull(openUntil), lane: 'lifecycle' };
  if (messagesFailingSince === null) return null;
  const since = messagesFailingSince.toISOString();
  return { since, failures: messageFailures, waits_until: isoOrNull(messagesOpenUntil), lane: 'messages' };
}

export function presentDelivery(delivery: ListedRow, event: ListedDelivery['event']): WebhookDelivery {
  return {
    id: delivery.id,
    endpoint: delivery.endpointId,
    event: { id: event.id, type: event.type },
    redelivery: delivery.redelivery,
    state: delivery.state,
    attempts: delivery.attempts,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
    last_attempt_at: isoOrNull(delivery.lastAttemptAt),
    next_attempt_at: isoOrNull(delivery.nextAttemptAt),
    delivered_at: isoOrNull(delivery.deliveredAt),
    created_at: delivery.createdAt.toISOString(),
  };
}

/** A delivery with what was sent and answered; the headers are those of the last attempt. */
export function presentDeliveryDetail({ delivery, event }: Omit<Consignment, 'endpoint'>): WebhookDeliveryDetail {
  const log = delivery.attemptLog ?? [];
  return {
    ...presentDelivery(delivery, event),
    attempt_count: delivery.attempts,
    request: { headers: webhookHeaders(event.id, log.at(-1) ?? null), body: webhookBody(event) },
    attempts: log.map(({ at, status, ms, response, error }) => ({ at, status, ms, response, error })),
  };
}
