import { NativeConnection, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { createChannelActivities, createRowActivities } from './activities/channel.ts';
import { createDeliverActivities } from './activities/deliver.ts';
import { createImportActivities, createImportRowActivities } from './activities/import.ts';
import { createNoticeActivities } from './activities/notices.ts';
import { createSendActivities, createSendRowActivities } from './activities/send.ts';
import { failWithCode } from './activities/fail-with-code.ts';
import { signOfLife } from './activities/sign-of-life.ts';
import { isBuiltIn } from './domain/access-type.ts';
import type { Context } from './runtime/context.ts';
import {
  CHANNELS_QUEUE,
  DELIVERIES_QUEUE,
  MESSAGE_WEBHOOKS_QUEUE,
  NOTICES_QUEUE,
  WEBHOOKS_QUEUE,
  credentialsQueue,
  importQueue,
} from './domain/workflow/names.ts';
import { failureConverterPath, workflowBundle } from './workflow-bundle.ts';

/** Longer than a token request may take: a rotating call in flight at SIGTERM gets to store its answer. */
const GRACE = '65s';

/**
 * How many of each may run at once in one worker process. Imports hold sessions, and the few that are at work
 * (credentials/work-places.ts) message parts. A webhook is a socket that waits, and an endpoint that begins to hang keeps
 * up to 32: many. Those on rows alone are short, and wait for the connections of the pool that all share.
 */
const SLOTS = { rows: 20, credentials: 40, import: 64, webhooks: 300, notices: 20 };

/**
 * How many workflow tasks a worker takes at once. One thread does them, and each has ten seconds: of more than a busy machine
 * does in that time all run out together, are replayed from their start, and run out again.
 */
const MOST_WORKFLOW_TASKS = 10;

/**
 * One Temporal worker per queue of this process: workflows with the activities on rows, workflows of deliveries, webhooks of
 * each lane, and two activity queues per access type, so that no import can starve a refresh, and no provider another or a
 * channel's look at its row. The access types of files import nothing and share one queue.
 */
export async function createWorkers(context: Context, connection: NativeConnection): Promise<Worker[]> {
  const { namespace } = context.config.temporal;
  const common = {
    connection,
    namespace,
    shutdownGraceTime: GRACE,
    dataConverter: { failureConverterPath },
    interceptors: {
      activity: [(activity) => ({ inbound: signOfLife(activity) }), () => ({ inbound: failWithCode })],
    },
  } satisfies Partial<WorkerOptions>;
  const activities = (taskQueue: string, handlers: object, slots: number) =>
    Worker.create({ ...common, taskQueue, activities: handlers, maxConcurrentActivityTaskExecutions: slots });
  const channel = createChannelActivities(context);
  const imports = { ...createImportActivities(context), ...createSendActivities(context), ...channel };
  const workflows = {
    ...common,
    workflowBundle: await workflowBundle(),
    // A killed worker's cached workflows are taken up by another after this, not after Temporal's ten seconds.
    stickyQueueScheduleToStartTimeout: '2s',
    maxConcurrentWorkflowTaskExecutions: MOST_WORKFLOW_TASKS,
  } satisfies Partial<WorkerOptions>;
  const deliveries = createDeliverActivities(context);
  const accessTypes = [...context.providers.keys()];
  return Promise.all([
    Worker.create({
      ...workflows,
      taskQueue: CHANNELS_QUEUE,
      activities: {
        ...createRowActivities(context),
        ...createImportRowActivities(context),
        ...createSendRowActivities(context),
      },
      maxConcurrentActivityTaskExecutions: SLOTS.rows,
      maxCachedWorkflows: 500,
    }),
    Worker.create({ ...workflows, taskQueue: DELIVERIES_QUEUE, maxCachedWorkflows: 200, workflowThreadPoolSize: 1 }),
    activities(WEBHOOKS_QUEUE, deliveries, SLOTS.webhooks),
    activities(MESSAGE_WEBHOOKS_QUEUE, deliveries, SLOTS.webhooks),
    activities(NOTICES_QUEUE, createNoticeActivities(context), SLOTS.notices),
    ...[...new Set(accessTypes.map(credentialsQueue))].map((queue) => activities(queue, channel, SLOTS.credentials)),
    ...accessTypes.filter(isBuiltIn).map((accessType) => activities(importQueue(accessType), imports, SLOTS.import)),
  ]);
}
