import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { createDeliverActivities } from '../../activities/deliver.ts';
import { signOfLife } from '../../activities/sign-of-life.ts';
import { startOutboxPump } from '../../background/outbox-pump.ts';
import { CHANNELS_QUEUE, WEBHOOKS_QUEUE } from '../../domain/workflow-names.ts';
import { machineCacheDir } from '../../embedded/machine-tools.ts';
import { temporalBinary } from '../../embedded/temporal-binary.ts';
import { temporalTestServer } from '../../embedded/test-server.ts';
import { temporalOf } from '../../temporal.ts';
import type { Stage } from './stage.ts';

/** A real Temporal beside the stage, and in this process the workers of webhooks; its time can be made to skip. */
export async function raiseEngine(
  stage: Stage,
  { timeSkipping = false, withWorkers = true }: { timeSkipping?: boolean; withWorkers?: boolean } = {},
) {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const engine = await startEngine(timeSkipping);
  const context = {
    ...stage,
    clock: timeSkipping ? { now: async () => new Date(await engine.currentTimeMs()) } : stage.clock,
    temporal: temporalOf(engine.client, null, async () => {}),
  };
  const workers = withWorkers ? await startWorkers(engine.nativeConnection, context) : null;
  return {
    context,
    client: engine.client,
    address: engine.address,
    startPump: () => startOutboxPump(context),
    async close() {
      await workers?.stop();
      await engine.teardown();
    },
  };
}

async function startEngine(timeSkipping: boolean, tries = 3): Promise<TestWorkflowEnvironment> {
  const environment = { ...process.env } as Record<string, string>;
  const tools = { environment, cacheDir: machineCacheDir(environment), say: () => {} };
  if (!timeSkipping) {
    const executable = { type: 'existing-path', path: await temporalBinary(tools) } as const;
    return TestWorkflowEnvironment.createLocal({ server: { executable, log: { format: 'pretty', level: 'never' } } });
  }
  const executable = await temporalTestServer(tools);
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  } catch (error) {
    // The SDK gives it five seconds, which a busy machine may not have.
    if (tries === 1) throw error;
    return startEngine(timeSkipping, tries - 1);
  }
}

export type Engine = Awaited<ReturnType<typeof raiseEngine>>;

/** The workers of workflows and of webhooks. */
export async function startWorkers(
  connection: NativeConnection,
  context: Parameters<typeof createDeliverActivities>[0],
) {
  const workers = [
    await Worker.create({
      connection,
      taskQueue: CHANNELS_QUEUE,
      workflowsPath: new URL('../../workflows/deliver.ts', import.meta.url).pathname,
    }),
    await Worker.create({
      connection,
      taskQueue: WEBHOOKS_QUEUE,
      activities: createDeliverActivities(context),
      interceptors: { activity: [(activity) => ({ inbound: signOfLife(activity) })] },
    }),
  ];
  const running = workers.map((worker) => worker.run());
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    },
  };
}
