import { cancellationSignal } from '@temporalio/activity';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { attemptDelivery } from '../webhooks/attempt.ts';
import type { DeliveryContext, DeliveryOutcome } from '../webhooks/attempt.ts';
import { EndpointSlots } from '../webhooks/endpoint-slots.ts';
import { createWebhookReceivers } from '../webhooks/receivers.ts';
import type { ReceiverConfig } from '../webhooks/receivers.ts';

export interface DeliveryAttempt {
  deliveryId: string;
  endpointId: string;
  /** How often in a row the delivery found its endpoint busy. */
  steppedAside: number;
}

export type DeliverActivities = ReturnType<typeof createDeliverActivities>;

/** The activity of `deliverWorkflow`: idempotent, because the row says what was done. */
export function createDeliverActivities(
  given: Omit<DeliveryContext, 'receivers'> & { config: { providers: ReceiverConfig } },
) {
  const { database, clock, vault, logger, config } = given;
  const context = { database, clock, vault, logger, receivers: createWebhookReceivers(config.providers) };
  const slots = new EndpointSlots();
  return {
    async attemptDelivery({ deliveryId, endpointId, steppedAside }: DeliveryAttempt): Promise<DeliveryOutcome> {
      const attempt = () => attemptDelivery(context, deliveryId, cancellationSignal());
      return (await slots.run(endpointId, attempt)) ?? stepAside(deliveryId, steppedAside);
    },
  };
}

function stepAside(deliveryId: string, times: number): DeliveryOutcome {
  const words = 'The endpoint has as many attempts under way as it may';
  const retryInMs = gapMs(BACKOFF.busyEndpoint, times + 1, { spreadBy: deliveryId });
  return { state: 'pending', attempts: 0, words, retryInMs, busy: true };
}
