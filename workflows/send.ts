import { isCancellation, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { SendActivities } from '../activities/send.ts';
import type { SendWorkflowInput } from '../domain/workflow/inputs.ts';
import { CHANNELS_QUEUE, fairnessOf, importQueue } from '../domain/workflow/names.ts';

/** The gaps between looks while the access token is refreshed. */
const WAIT_MS = 500;
const MOST_LOOKS = 40;
/** An execution that does not end is repeated for some four minutes; by then it has marked its message, or transmits none. */
const MOST_EXECUTIONS = 25;

/**
 * Sends one message, by its row: nothing of it is in the history. A product waits for the end, so sends go before imports
 * in their queue. A try that does not end is given up; the row then says whether its message may have left.
 */
export async function sendWorkflow(input: SendWorkflowInput): Promise<void> {
  const { tenantId, channelId, sendId, attempt } = input;
  const one = { tenantId, channelId, sendId, attempt };
  const isSettled = await untilSettled(input, one);
  setCurrentDetails(`Send \`${sendId}\`, try ${attempt}: ${isSettled ? 'settled' : 'given up'}.`);
  if (!isSettled) await rows.giveUpSend(one);
}

const rows = proxyActivities<SendActivities>({
  taskQueue: CHANNELS_QUEUE,
  summary: 'give up what did not come to an end',
  startToCloseTimeout: '30s',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

async function untilSettled(input: SendWorkflowInput, one: Parameters<SendActivities['transmit']>[0]) {
  const { transmit } = proxyActivities<SendActivities>({
    taskQueue: importQueue(input.accessType),
    summary: 'send the message',
    priority: { priorityKey: 1, ...fairnessOf(input.tenantId, input.server) },
    scheduleToStartTimeout: '4m',
    // A mail server may take 10 minutes after the last octet of a message; the heartbeat detects a killed worker.
    startToCloseTimeout: '15m',
    scheduleToCloseTimeout: '20m',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '1s', maximumInterval: '10s', maximumAttempts: MOST_EXECUTIONS },
  });
  try {
    for (let look = 1; look <= MOST_LOOKS; look++) {
      if ((await transmit(one)) === 'settled') return true;
      await sleep(WAIT_MS, { summary: 'the access token is refreshed' });
    }
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
  return false;
}
