// A worker for nothing but the bare workflow. Told a number, it starts so many of them; told `count`, it answers with
// the cycles so far; told `stop`, it lets them end.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const TASK_QUEUE = 'bench';
const address = process.env['TEMPORAL_ADDRESS'] ?? '';

let cycles = 0;
let isRunning = true;
const activities = {
  async nothing(): Promise<boolean> {
    cycles++;
    return isRunning;
  },
};
export type BareActivities = typeof activities;

Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('WARN') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: TASK_QUEUE,
  workflowsPath: join(import.meta.dirname, 'bare-workflow.ts'),
  activities,
  maxCachedWorkflows: 500,
  maxConcurrentActivityTaskExecutions: 40,
});
const client = new Client({ connection: await Connection.connect({ address }) });
const ended = worker.run();
process.once('SIGTERM', () => {
  worker.shutdown();
  void ended.finally(() => process.exit(0));
});

let running: Promise<unknown>[] = [];

process.on('message', (message: number | 'count' | 'stop') => void obey(message));
process.send?.('ready');

async function obey(message: number | 'count' | 'stop'): Promise<void> {
  if (typeof message === 'number') {
    isRunning = true;
    const ids = Array.from({ length: message }, () => `bench/${randomUUID()}`);
    const options = { taskQueue: TASK_QUEUE };
    const handles = await Promise.all(
      ids.map((workflowId) => client.workflow.start('bareWorkflow', { ...options, workflowId })),
    );
    running = handles.map((handle) => handle.result());
  }
  if (message === 'stop') {
    isRunning = false;
    await Promise.all(running);
  }
  process.send?.(cycles);
}
