import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';
import { SearchAttributeType, TypedSearchAttributes, defineSearchAttributeKey } from '@temporalio/common';
import type { TemporalConfig } from './config.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { DeliveryLane } from '../domain/event.ts';
import { sendCommand } from './send-command.ts';
import type {
  ChannelWorkflowInput,
  Command,
  CommandAnswer,
  DeliverInput,
  RecipientInput,
  SendWorkflowInput,
} from '../domain/workflow/inputs.ts';
import {
  CHANNELS_QUEUE,
  CHANNEL_WORKFLOW,
  DELIVERIES_QUEUE,
  DELIVER_WORKFLOW,
  RECIPIENT_WORKFLOW,
  SEND_WORKFLOW,
  channelWorkflowId,
  deliverWorkflowId,
  recipientWorkflowId,
  sendWorkflowId,
} from '../domain/workflow/names.ts';

/** The engine for server and activities: signals and commands to channel workflows, and deliveries. */
export interface Temporal {
  client: Client;
  /** Signals a channel's workflow to look at its row, and starts it if there is none. */
  lookAt(channel: ChannelReference): Promise<void>;
  /** Sends a command and waits for its answer; null when there is none within `waitMs` (the command continues). */
  command(channel: ChannelReference, command: Command, waitMs: number): Promise<CommandAnswer | null>;
  /** Starts the workflow of a committed webhook delivery; false when it already runs. */
  startDelivery(delivery: DeliveryReference): Promise<boolean>;
  /** Signals a recipient's workflow to look at its notices, and starts it if there is none. */
  wakeRecipient(recipient: { tenantId: string; recipientId: string }): Promise<void>;
  /** Runs one try of a send and waits for its end; false when it goes on after `waitMs`. */
  send(input: Omit<SendWorkflowInput, 'v'>, waitMs: number): Promise<boolean>;
  /** The workflow's page in Temporal Web, null without one. */
  workflowUrl(channelId: string): string | null;
  close(): Promise<void>;
}

export interface ChannelReference {
  id: string;
  tenantId: string;
  accessType: AccessType;
}

interface DeliveryReference {
  id: string;
  endpointId: string;
  lane: DeliveryLane;
}

/** Servers that know priorities take lifecycle events first; 3 is Temporal's default. */
const PRIORITY = { lifecycle: { priorityKey: 2 }, messages: { priorityKey: 4 } } as const;

const TENANT_ID = defineSearchAttributeKey('TenantId', SearchAttributeType.KEYWORD);
const ACCESS_TYPE = defineSearchAttributeKey('AccessType', SearchAttributeType.KEYWORD);

/** Options for `Connection` and `NativeConnection`. Connecting is lazy: it waits for nothing. */
export function connectionOptions(config: TemporalConfig): Pick<ConnectionOptions, 'address' | 'apiKey' | 'tls'> {
  const { tls } = config;
  return {
    address: config.address,
    ...(config.apiKey ? { apiKey: config.apiKey.reveal() } : {}),
    ...(tls
      ? {
          tls: {
            ...(tls.serverCa ? { serverRootCACertificate: tls.serverCa } : {}),
            ...(tls.clientCertificate && tls.clientKey
              ? { clientCertPair: { crt: tls.clientCertificate, key: tls.clientKey } }
              : {}),
          },
        }
      : {}),
  };
}

export function connectTemporal(config: TemporalConfig): Temporal {
  const connection = Connection.lazy(connectionOptions(config));
  return temporalOf(new Client({ connection, namespace: config.namespace }), config.uiUrl, () => connection.close());
}

/** The same over an existing client; tests under time skipping bring their own. */
export function temporalOf(client: Client, uiUrl: string | null, close: () => Promise<void>): Temporal {
  return {
    client,
    async lookAt(channel) {
      await client.workflow.signalWithStart(CHANNEL_WORKFLOW, {
        ...startOptions(channel),
        signal: 'rowChanged',
        signalArgs: [],
      });
    },
    command(channel, command, waitMs) {
      return within(sendCommand(client, command, startOptions(channel)), waitMs);
    },
    startDelivery: (delivery) => startDelivery(client, delivery),
    async wakeRecipient({ tenantId, recipientId }) {
      const input: RecipientInput = { v: 1, tenantId, recipientId };
      await client.workflow.signalWithStart(RECIPIENT_WORKFLOW, {
        workflowId: recipientWorkflowId(recipientId),
        taskQueue: CHANNELS_QUEUE,
        args: [input],
        signal: 'noticesChanged',
        signalArgs: [],
      });
    },
    async send(input, waitMs) {
      const ended = runSend(client, { v: 1, ...input }).then(() => true);
      return (await within(ended, waitMs)) ?? false;
    },
    workflowUrl: (channelId) =>
      uiUrl &&
      `${uiUrl}/namespaces/${client.options.namespace}/workflows/${encodeURIComponent(channelWorkflowId(channelId))}`,
    close,
  };
}

function startOptions({ id: channelId, tenantId, accessType }: ChannelReference) {
  const input: ChannelWorkflowInput = { v: 1, tenantId, channelId, accessType, state: null };
  return {
    workflowId: channelWorkflowId(channelId),
    taskQueue: CHANNELS_QUEUE,
    args: [input],
    typedSearchAttributes: attributesOf(tenantId, accessType),
  };
}

async function startDelivery(client: Client, { id, endpointId, lane }: DeliveryReference): Promise<boolean> {
  const input: DeliverInput = { v: 1, deliveryId: id, endpointId, lane };
  try {
    await client.workflow.start(DELIVER_WORKFLOW, {
      workflowId: deliverWorkflowId(id),
      taskQueue: DELIVERIES_QUEUE,
      priority: PRIORITY[lane],
      args: [input],
    });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}

/** A repeated request waits for the workflow that the first one has started. */
function runSend(client: Client, input: SendWorkflowInput): Promise<unknown> {
  const { tenantId, accessType, sendId, attempt } = input;
  return client.workflow.execute(SEND_WORKFLOW, {
    workflowId: sendWorkflowId(sendId, attempt),
    workflowIdConflictPolicy: 'USE_EXISTING',
    taskQueue: CHANNELS_QUEUE,
    args: [input],
    priority: { priorityKey: 1 },
    typedSearchAttributes: attributesOf(tenantId, accessType),
  });
}

const attributesOf = (tenantId: string, accessType: AccessType) =>
  new TypedSearchAttributes([
    { key: TENANT_ID, value: tenantId },
    { key: ACCESS_TYPE, value: accessType },
  ]);

/** null after `waitMs`; the work continues, only its answer is lost. */
async function within<T>(work: Promise<T>, waitMs: number): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), waitMs);
  work.catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

const SEARCH_ATTRIBUTES = ['TenantId', 'AccessType', 'ChannelStatus', 'StatusReason'];

/** Temporal Cloud lets only its own console and its tool tcld add them. */
export const SEARCH_ATTRIBUTES_REFUSED =
  `Temporal's search attributes could not be added. No workflow starts in a namespace without ` +
  `${SEARCH_ATTRIBUTES.join(', ')} (Keyword): add those that are missing by hand`;

/** Registers the search attributes for operators, where the namespace lacks them. */
export async function ensureSearchAttributes({ connection, options }: Client): Promise<void> {
  const { namespace } = options;
  const { operatorService } = connection;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}
