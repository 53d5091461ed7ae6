import { NativeConnection, Worker } from '@temporalio/worker';
import { createDeliverActivities } from '../../activities/deliver.ts';
import { signOfLife } from '../../activities/sign-of-life.ts';
import { startSettler } from '../../runtime/settler.ts';
import { startOutboxPump } from '../../webhooks/outbox-pump.ts';
import { DELIVERIES_QUEUE, MESSAGE_WEBHOOKS_QUEUE, WEBHOOKS_QUEUE } from '../../domain/workflow/names.ts';
import { temporalOf } from '../../runtime/temporal.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import type { Stage } from './stage.ts';

/** A real Temporal beside the stage, and in this process the workers of webhooks; its time can be made to skip. */
export async function raiseEngine(
  stage: Stage,
  { timeSkipping = false, withWorkers = true }: { timeSkipping?: boolean; withWorkers?: boolean } = {},
) {
  const engine = await startTemporalServer({ timeSkipping });
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
    startPump: () => startPump(context),
    async close() {
      await workers?.stop();
      await engine.teardown();
    },
  };
}

export type Engine = Awaited<ReturnType<typeof raiseEngine>>;

/** What a worker process does between an event and its deliveries. */
export function startPump(context: Parameters<typeof startOutboxPump>[0]) {
  const loops = [startSettler(context), startOutboxPump(context)];
  return {
    async stop(): Promise<void> {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** The workers of workflows and of webhooks. */
export async function startWorkers(
  connection: NativeConnection,
  context: Parameters<typeof createDeliverActivities>[0],
) {
  const workers = [
    await Worker.create({
      connection,
      taskQueue: DELIVERIES_QUEUE,
      workflowsPath: new URL('../../workflows/deliver.ts', import.meta.url).pathname,
    }),
    ...(await Promise.all(
      [WEBHOOKS_QUEUE, MESSAGE_WEBHOOKS_QUEUE].map((taskQueue) =>
        Worker.create({
          connection,
          taskQueue,
          activities: createDeliverActivities(context),
          interceptors: { activity: [(activity) => ({ inbound: signOfLife(activity) })] },
        }),
      ),
    )),
  ];
  const running = workers.map((worker) => worker.run());
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    },
  };
}
