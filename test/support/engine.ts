import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { NativeConnection } from '@temporalio/worker';
import type { Config } from '../../runtime/config.ts';
import type { Context } from '../../runtime/context.ts';
import type { Clock } from '../../domain/clock.ts';
import { channelWorkflowId } from '../../domain/workflow/names.ts';
import { createWorkers } from '../../temporal-workers.ts';
import { startSettler } from '../../runtime/settler.ts';
import { ensureSearchAttributes, temporalOf } from '../../runtime/temporal.ts';
import { lookAtDue, startWatching } from '../../watching/watcher.ts';
import { databaseAs } from './logins.ts';
import type { SandboxControl } from './sandbox-control.ts';
import type { Stage } from './stage.ts';
import { inStillTime } from './still-time.ts';
import { startTemporalServer } from './temporal-server.ts';

export interface EngineOptions {
  /** Whether hours pass in an instant; else it is a real development server. */
  timeSkipping: boolean;
  config?: Partial<Config>;
  /** False: no listener looks for news but those of the test. */
  watching?: boolean;
}

/**
 * The stage with a real Temporal on it, and the workers of a worker process. Under time skipping every clock is
 * the test server's, the sandbox's too.
 */
export async function raiseEngine(stage: Stage, options: EngineOptions) {
  const server = await startTemporalServer(options).catch(async (error: unknown) => {
    await stage.close();
    throw error;
  });
  try {
    return await onServer(server, stage, options);
  } catch (error) {
    await server.teardown();
    await stage.close();
    throw error;
  }
}

async function onServer(server: TestWorkflowEnvironment, stage: Stage, options: EngineOptions) {
  const { timeSkipping, config = {}, watching: isWatched = true } = options;
  const { client, nativeConnection } = server;
  if (timeSkipping) await addSearchAttributes(server);
  else await ensureSearchAttributes(client);
  const temporal = temporalOf(client, null, async () => {});
  const context: Context = {
    ...stage.context,
    config: { ...stage.context.config, ...config },
    clock: timeSkipping ? skippedClock(server, stage.sandbox) : stage.context.clock,
    temporal: timeSkipping ? inStillTime(server, temporal) : temporal,
  };
  const settler = startSettler(context);
  let workers: Awaited<ReturnType<typeof startWorkers>> | null = await startWorkers(context, nativeConnection);
  // Where hours pass in an instant, listeners look when the test has slept.
  const listener = { ...context, database: databaseAs('listener', context.database) };
  const watching = timeSkipping || !isWatched ? null : startWatching(listener, { everyMs: 200 });
  return {
    ...stage,
    context,
    client,
    server,
    /** Time goes by, under time skipping; then a listener looks at what has become due. */
    async sleep(ms: number) {
      await server.sleep(ms);
      await lookAtDue(listener);
    },
    channel: (channelId: string) => client.workflow.getHandle(channelWorkflowId(channelId)),
    /** Ends the workers as SIGTERM would. */
    async stopWorkers() {
      await workers?.stop();
      workers = null;
    },
    async startWorkers() {
      workers ??= await startWorkers(context, nativeConnection);
    },
    async close() {
      await watching?.stop();
      await settler.stop();
      await workers?.stop();
      await server.teardown();
      await stage.close();
    },
  };
}
export type Engine = Awaited<ReturnType<typeof raiseEngine>>;

/** The time-skipping server can add search attributes, and cannot list them. */
async function addSearchAttributes({ client }: TestWorkflowEnvironment): Promise<void> {
  const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType
  const names = ['TenantId', 'AccessType', 'ChannelStatus', 'StatusReason'];
  await client.connection.operatorService.addSearchAttributes({
    namespace: client.options.namespace,
    searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
  });
}

/** A token's life and a message's date are the provider's: its clock is set along, whenever ours has jumped. */
function skippedClock(server: TestWorkflowEnvironment, sandbox: SandboxControl): Clock {
  let offsetS = 0;
  return {
    async now() {
      const nowMs = await server.currentTimeMs();
      const nextS = (nowMs - Date.now()) / 1000;
      if (Math.abs(nextS - offsetS) > 1) {
        offsetS = nextS;
        await sandbox.setClock(nextS);
      }
      return new Date(nowMs);
    },
  };
}

async function startWorkers(context: Context, connection: NativeConnection) {
  const workers = await createWorkers(context, connection);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await running;
    },
  };
}

export type WorkflowHistory = Awaited<ReturnType<ReturnType<Engine['channel']>['fetchHistory']>>;

/** Every run of a workflow, the first one first: a channel's diary is the chain of its runs. */
export async function chainOf({ client }: Pick<Engine, 'client'>, workflowId: string): Promise<WorkflowHistory[]> {
  const chain: WorkflowHistory[] = [];
  for (let runId: string | undefined; ;) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    chain.unshift(history);
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
    if (!runId) return chain;
  }
}

/** Looks again and again until there is something; the one way in which tests wait. */
export async function until<T>(what: string, look: () => Promise<T> | T, timeoutMs = 45_000): Promise<NonNullable<T>> {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > endsAt) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
