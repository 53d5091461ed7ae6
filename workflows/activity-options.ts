import { proxyActivities } from '@temporalio/workflow';
import type { Priority } from '@temporalio/common';
import type { ChannelActivities } from '../activities/channel.ts';
import type { AccessType } from '../domain/access-type.ts';
import { CHANNELS_QUEUE, credentialsQueue, importQueue } from '../domain/workflow/names.ts';

const RETRY = { initialInterval: '1s', maximumInterval: '1m', backoffCoefficient: 2 } as const;

/**
 * A channel's activities, each with a summary in words: those on its row alone on the queue of the workflows, the others
 * on the two queues of its access type, where `priority` says whose turn it is. The heartbeat timeout detects a killed
 * worker. A look is retried without end; a deed has minutes, including the wait for a worker and all retries, and is then
 * put off, so that one deed never keeps the others waiting.
 */
export function channelActivities(accessType: AccessType, priority: Priority) {
  const on = onQueuesBy(priority);
  const credentials = credentialsQueue(accessType);
  return {
    look: on(CHANNELS_QUEUE, 'look at the row', '30s').look,
    putOff: on(CHANNELS_QUEUE, 'put off what did not come to an end', '30s').putOff,
    refresh: on(credentials, `refresh the ${accessType} access token`, '75s', '5m').refresh,
    check: on(credentials, 'verify with a real call', '2m', '5m').check,
    disconnect: on(credentials, 'revoke and shred the credential', '30s', '5m').disconnect,
    remind: on(CHANNELS_QUEUE, 'remind the person who must act', '30s', '2m').remind,
    leave: on(CHANNELS_QUEUE, 'shred the credential without its provider', '30s', '5m').leave,
    renew: on(credentials, 'renew the subscription to news', '30s', '2m').renew,
    poll: on(importQueue(accessType), 'poll for new messages', '75s', '2m').poll,
    audit: on(importQueue(accessType), 'compare the last two days with the provider', '75s', '2m').audit,
  };
}

const onQueuesBy =
  (priority: Priority) =>
  (taskQueue: string, summary: string, startToCloseTimeout: '2m' | '75s' | '30s', within?: '5m' | '2m') =>
    proxyActivities<ChannelActivities>({
      taskQueue,
      summary,
      priority,
      startToCloseTimeout,
      heartbeatTimeout: '15s',
      retry: RETRY,
      ...(within ? { scheduleToCloseTimeout: within } : {}),
    });
