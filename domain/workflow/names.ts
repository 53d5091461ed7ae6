import { isBuiltIn } from '../access-type.ts';
import type { AccessType } from '../access-type.ts';

/** Workflow types, ids and task queues. Histories contain them: a rename is an addition. */
export const CHANNEL_WORKFLOW = 'channelWorkflow';
export const IMPORT_WORKFLOW = 'importWorkflow';
export const DELIVER_WORKFLOW = 'deliverWorkflow';
export const RECIPIENT_WORKFLOW = 'recipientWorkflow';
export const SEND_WORKFLOW = 'sendWorkflow';

export const channelWorkflowId = (channelId: string) => `channel/${channelId}`;
export const importWorkflowId = (importId: string) => `import/${importId}`;
export const deliverWorkflowId = (deliveryId: string) => `deliver/${deliveryId}`;
export const recipientWorkflowId = (recipientId: string) => `recipient/${recipientId}`;
export const sendWorkflowId = (sendId: string, attempt: number) => `send/${sendId}/${attempt}`;

/** Workflows, and activities that touch only our database: no provider holds one of their slots. */
export const CHANNELS_QUEUE = 'channels';
/** Workflows of deliveries: a burst of new channels must not hold up what is told of them. */
export const DELIVERIES_QUEUE = 'deliveries';
/** Attempts of webhook deliveries: a slow endpoint must not hold a channel. */
export const WEBHOOKS_QUEUE = 'webhooks';
/** The same of the lane of messages: a flood of them must not hold up a lifecycle event. */
export const MESSAGE_WEBHOOKS_QUEUE = 'webhooks-messages';
/** Mail: a slow mail server must not hold a channel or a webhook. */
export const NOTICES_QUEUE = 'notices';
/**
 * The access types of files share one queue: many files must not mean many pollers in each worker. A worker that lacks a file
 * polls it too.
 */
const OF_FILES = 'custom';
const queueName = (accessType: AccessType) => (isBuiltIn(accessType) ? accessType : OF_FILES);
/** Refresh, verify, revoke: apart from imports, so that no import can starve a refresh. */
export const credentialsQueue = (accessType: AccessType) => `${queueName(accessType)}-credentials`;
/** For the access types of files no worker polls this queue: Mooring neither imports nor sends for them. */
export const importQueue = (accessType: AccessType) => `${queueName(accessType)}-import`;

/** Temporal takes keys of up to 64 bytes. */
const LONGEST_KEY = 64;

/**
 * Whose turn it is in a queue, where Temporal's fairness is on: the mail server of the account, which may hang for all
 * who are there, or the tenant. Longer names may share a key; then they share their turns.
 */
export const fairnessOf = (tenantId: string, server: string | undefined) => ({
  fairnessKey: encodeURIComponent(server ?? tenantId).slice(0, LONGEST_KEY),
});
