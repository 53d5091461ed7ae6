import { cancellationSignal } from '@temporalio/activity';
import type { Temporal } from '../runtime/temporal.ts';
import { attemptDelivery } from '../webhooks/attempt.ts';
import type { DeliveryContext, DeliveryOutcome } from '../webhooks/attempt.ts';
import { createWebhookReceivers } from '../webhooks/receivers.ts';
import type { ReceiverConfig } from '../webhooks/receivers.ts';
import { startDeliveries } from '../webhooks/start-deliveries.ts';

export interface DeliveryAttempt {
  deliveryId: string;
  endpointId: string;
}

export type DeliverActivities = ReturnType<typeof createDeliverActivities>;

type Given = Omit<DeliveryContext, 'receivers' | 'start'> & {
  config: { providers: ReceiverConfig };
  temporal: Pick<Temporal, 'startDelivery'>;
};

/** The activity of `deliverWorkflow`: idempotent, because the row says what was done. */
export function createDeliverActivities(given: Given) {
  const { database, clock, vault, logger, temporal, config } = given;
  const context: DeliveryContext = {
    database,
    clock,
    vault,
    logger,
    receivers: createWebhookReceivers(config.providers),
    async start(deliveries) {
      await startDeliveries({ database, clock, logger, temporal }, deliveries);
    },
  };
  return {
    async attemptDelivery({ deliveryId }: DeliveryAttempt): Promise<DeliveryOutcome> {
      return attemptDelivery(context, deliveryId, cancellationSignal());
    },
  };
}
