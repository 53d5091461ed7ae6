import { cancellationSignal } from '@temporalio/activity';
import { Webhook } from 'standardwebhooks';
import type { Context } from '../runtime/context.ts';
import { webhookSecretBinding } from '../crypto/webhook-secret.ts';
import { readConsignment, recordDelivery } from '../db/across-tenants/across-tenants.ts';
import type { Consignment } from '../db/events/deliveries.ts';
import { retryDelayMs, steppingAsideMs } from '../domain/delivery-schedule.ts';
import { ProviderError } from '../domain/verdict.ts';
import { createWebhookReceivers } from '../webhooks/receivers.ts';
import type { ReceiverAnswer, WebhookReceivers } from '../webhooks/receivers.ts';
import { EndpointSlots } from '../webhooks/endpoint-slots.ts';
import { noAnswerInWords, refusalInWords } from '../webhooks/delivery-words.ts';

/** The timer of the workflow and our clock may differ by this much, in ms, without the attempt being too early. */
const EARLY_MS = 1_000;

export interface DeliveryAttempt {
  deliveryId: string;
  endpointId: string;
  /** How often in a row this delivery found its endpoint busy. */
  steppedAside: number;
}

export type DeliveryOutcome =
  | { state: 'delivered' | 'failed'; attempts: number; words: string }
  | { state: 'pending'; attempts: number; words: string; retryInMs: number; busy: boolean };

export type DeliverActivities = ReturnType<typeof createDeliverActivities>;

/** The activity of `deliverWorkflow`. The row is the truth: it may be run again, and picks up where the row stands. */
export function createDeliverActivities(
  context: Pick<Context, 'database' | 'clock' | 'vault' | 'logger'> & { config: Pick<Context['config'], 'providers'> },
) {
  const receivers = createWebhookReceivers(context.config.providers);
  const slots = new EndpointSlots();
  return {
    async attemptDelivery({ deliveryId, endpointId, steppedAside }: DeliveryAttempt): Promise<DeliveryOutcome> {
      const outcome = await slots.run(endpointId, () => attempt(context, receivers, deliveryId));
      return outcome ?? stepAside(deliveryId, steppedAside);
    },
  };
}

type DeliverContext = Parameters<typeof createDeliverActivities>[0];

function stepAside(deliveryId: string, times: number): DeliveryOutcome {
  const words = 'The endpoint has as many attempts under way as it may';
  return { state: 'pending', attempts: 0, words, retryInMs: steppingAsideMs(deliveryId, times), busy: true };
}

async function attempt(
  context: DeliverContext,
  receivers: WebhookReceivers,
  deliveryId: string,
): Promise<DeliveryOutcome> {
  const consignment = await readConsignment(context.database, deliveryId);
  if (!consignment) return { state: 'failed', attempts: 0, words: 'The endpoint or the event was deleted' };
  const { delivery, endpoint } = consignment;
  const { attempts } = delivery;
  if (delivery.state !== 'pending') return { state: delivery.state, attempts, words: 'It had ended before' };
  const now = await context.clock.now();
  const earlyMs = (delivery.nextAttemptAt ?? now).getTime() - now.getTime();
  if (earlyMs > EARLY_MS) {
    return { state: 'pending', attempts, words: 'The next attempt is not due yet', retryInMs: earlyMs, busy: false };
  }
  if (endpoint.disabledAt) {
    const words = 'The endpoint is disabled; enable it and redeliver';
    await recordDelivery(context.database, consignment, { state: 'failed', lastError: words, nextAttemptAt: null });
    return { state: 'failed', attempts, words };
  }
  return settle(context, consignment, await post(context, receivers, consignment, now));
}

/** The receiver's answer, or the code of why there was none. */
async function post(
  context: DeliverContext,
  receivers: WebhookReceivers,
  { endpoint, event }: Consignment,
  now: Date,
): Promise<ReceiverAnswer | string> {
  const secret = await context.vault.decryptSecret(endpoint.secretJwe, webhookSecretBinding(endpoint));
  const body = webhookBody(event);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Mooring',
    'webhook-id': event.id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret.reveal()).sign(event.id, now, body),
  };
  try {
    return await receivers.post(new URL(endpoint.url), headers, body, cancellationSignal());
  } catch (error) {
    if (error instanceof ProviderError) return error.verdict.providerCode ?? 'network';
    throw error;
  }
}

/** The same bytes for every attempt and redelivery of an event: ids, numbers and words, never a secret or mail. */
function webhookBody(event: Consignment['event']): string {
  const whose = { channel: event.channelId, tenant: event.tenantId, incident: event.incidentId };
  return JSON.stringify({
    type: event.type,
    timestamp: event.at.toISOString(),
    data: { ...whose, ...event.data, ...whose },
  });
}

async function settle(
  context: DeliverContext,
  consignment: Consignment,
  answer: ReceiverAnswer | string,
): Promise<DeliveryOutcome> {
  const { id } = consignment.delivery;
  const now = await context.clock.now();
  const attempts = consignment.delivery.attempts + 1;
  const status = typeof answer === 'string' ? null : answer.status;
  const made = { attempts, lastStatus: status, lastAttemptAt: now };
  if (status !== null && status >= 200 && status < 300) {
    const delivered = { state: 'delivered' as const, lastError: null, nextAttemptAt: null, deliveredAt: now };
    await recordDelivery(context.database, consignment, { ...made, ...delivered });
    return { state: 'delivered', attempts, words: `Answered ${status}` };
  }
  const isGone = status === 410;
  const words = typeof answer === 'string' ? noAnswerInWords(answer) : refusalInWords(answer.status);
  const retryInMs = isGone ? null : retryDelayMs(id, attempts, typeof answer === 'string' ? null : answer.retryAfterMs);
  const next = retryInMs === null ? null : new Date(now.getTime() + retryInMs);
  const state = next === null ? ('failed' as const) : ('pending' as const);
  const progress = { ...made, state, lastError: words, nextAttemptAt: next };
  await recordDelivery(context.database, consignment, progress, isGone ? now : null);
  if (retryInMs !== null) return { state: 'pending', attempts, words, retryInMs, busy: false };
  const { endpoint, event } = consignment;
  context.logger.warn({ deliveryId: id, endpointId: endpoint.id, eventId: event.id, attempts }, `Gave up: ${words}`);
  return { state: 'failed', attempts, words };
}
