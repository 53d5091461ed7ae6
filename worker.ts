import { NativeConnection, Runtime } from '@temporalio/worker';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { startAdoptions } from './background/adoptions.ts';
import { startOutboxPump } from './webhooks/outbox-pump.ts';
import { startExpiring } from './background/expiring.ts';
import { startFormerAccesses } from './background/former-accesses.ts';
import { startIncidents } from './background/incidents.ts';
import { startPlanner } from './notifications/planner.ts';
import { startReconcile } from './background/reconcile.ts';
import { startServing, turnServing } from './background/serving.ts';
import { startErasures } from './background/erasures.ts';
import { startRetention } from './background/retention.ts';
import { startSecurityEvents } from './background/security-events.ts';
import { startWatchNet } from './background/watch-net.ts';
import { readConfig } from './runtime/config.ts';
import { createContext } from './runtime/context.ts';
import { logLastError } from './runtime/last-error.ts';
import { startSettler } from './runtime/settler.ts';
import { checkStart } from './runtime/start-checks.ts';
import { createWorkers } from './temporal-workers.ts';
import { SEARCH_ATTRIBUTES_REFUSED, connectionOptions, ensureSearchAttributes } from './runtime/temporal.ts';
import { temporalLogging } from './runtime/temporal-log.ts';

const config = readConfig();
const context = await createContext('worker', config);
Runtime.install({ shutdownSignals: [], ...temporalLogging(context.logger) });
await checkStart(context, 'worker');
logLastError(context.logger);
await ensureSearchAttributes(context.temporal.client).catch((error: unknown) => {
  context.logger.warn({ err: error }, SEARCH_ATTRIBUTES_REFUSED);
});
const connection = await NativeConnection.connect(connectionOptions(config.temporal) as NativeConnectionOptions);
const workers = await createWorkers(context, connection);
// Before the first look: a channel that is leaving would go without its revocation where no worker seems to serve it.
await turnServing(context, { isFirst: true }).catch((error: unknown) => {
  context.logger.warn({ err: error }, 'The access types of this worker could not be stored; it is repeated');
});
const background = [
  startSettler(context),
  startOutboxPump(context),
  startPlanner(context),
  startReconcile(context),
  startWatchNet(context),
  startIncidents(context),
  startServing(context),
  startRetention(context),
  startErasures(context),
  startSecurityEvents(context),
  startExpiring(context),
  startFormerAccesses(context),
  startAdoptions(context),
];
const running = Promise.all(workers.map((worker) => worker.run()));

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    for (const worker of workers) worker.shutdown();
  });
}
process.send?.('ready');
context.logger.info({ queues: workers.map(({ options }) => options.taskQueue) }, 'The worker is ready');

await running;
await Promise.all(background.map((loop) => loop.stop()));
await connection.close();
await context.close();
