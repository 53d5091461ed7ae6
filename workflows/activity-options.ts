import { proxyActivities } from '@temporalio/workflow';
import type { ChannelActivities } from '../activities/channel.ts';
import type { AccessType } from '../domain/access-type.ts';
import { credentialsQueue, importQueue } from '../domain/workflow-names.ts';

/** Retried without end with growing gaps: an entity's activity has no failure that giving up would mend. */
const RETRY = { initialInterval: '1s', maximumInterval: '1m', backoffCoefficient: 2 } as const;

/**
 * A channel's activities on the two queues of its access type, with a summary in words on each. The heartbeat timeout
 * is what a killed worker is noticed by.
 */
export function channelActivities(accessType: AccessType) {
  const credentials = credentialsQueue(accessType);
  return {
    look: on(credentials, 'look at the row', '30s').look,
    refresh: on(credentials, `refresh the ${accessType} access token`, '75s').refresh,
    check: on(credentials, 'verify with a real call', '75s').check,
    disconnect: on(credentials, 'revoke and shred the credential', '30s').disconnect,
    poll: on(importQueue(accessType), 'poll for new messages', '75s').poll,
  };
}

function on(taskQueue: string, summary: string, startToCloseTimeout: '75s' | '30s') {
  return proxyActivities<ChannelActivities>({
    taskQueue,
    summary,
    startToCloseTimeout,
    heartbeatTimeout: '15s',
    retry: RETRY,
  });
}
