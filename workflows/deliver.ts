import { continueAsNew, log, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { DeliverActivities } from '../activities/deliver.ts';
import type { DeliverInput } from '../domain/workflow/inputs.ts';
import { MESSAGE_WEBHOOKS_QUEUE, WEBHOOKS_QUEUE } from '../domain/workflow/names.ts';
import type { DeliveryOutcome } from '../webhooks/attempt.ts';

/** A run of ten attempts stays under 120 events; only a clock that is ahead makes a delivery look more often. */
const LOOKS_PER_RUN = 20;

const activitiesOn = (taskQueue: string) =>
  proxyActivities<DeliverActivities>({
    taskQueue,
    startToCloseTimeout: '45s', // an attempt has 20 s
    heartbeatTimeout: '15s',
    retry: { initialInterval: '1s', maximumInterval: '1m' },
  });

export interface DeliverResult {
  state: 'delivered' | 'failed' | 'waiting';
  attempts: number;
  words: string;
}

/**
 * Delivers one event to one endpoint: an attempt, a durable sleep, the next attempt, for three days at most. The row
 * holds the schedule, so a workflow that was ended in Temporal's tools and started again keeps it. The workflow ends as
 * delivered or failed and never fails itself. It also ends, as waiting, when its endpoint has no place for an attempt:
 * the queue of the endpoint costs nothing here, and starts it again.
 */
export async function deliverWorkflow(input: DeliverInput): Promise<DeliverResult> {
  const { deliveryId, endpointId, lane } = input;
  const { attemptDelivery } = activitiesOn(lane === 'messages' ? MESSAGE_WEBHOOKS_QUEUE : WEBHOOKS_QUEUE);
  for (let look = 1; look <= LOOKS_PER_RUN; look++) {
    const outcome = await attemptDelivery.executeWithOptions({ summary: 'post the event to its endpoint' }, [
      { deliveryId, endpointId },
    ]);
    setCurrentDetails(describe(deliveryId, endpointId, outcome));
    if (outcome.state !== 'pending') return outcome;
    log.debug('The delivery waits', { deliveryId, retryInMs: outcome.retryInMs });
    await sleep(outcome.retryInMs, { summary: `after attempt ${outcome.attempts}: ${outcome.words}` });
  }
  return continueAsNew<typeof deliverWorkflow>(input);
}

function describe(deliveryId: string, endpointId: string, { state, attempts, words }: DeliveryOutcome): string {
  return `Delivery \`${deliveryId}\` to endpoint \`${endpointId}\`: ${state} after ${attempts} attempts. ${words}.`;
}
