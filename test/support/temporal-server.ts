import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { machineCacheDir } from '../../embedded/machine-tools.ts';
import { temporalBinary } from '../../embedded/temporal-binary.ts';
import { temporalTestServer } from '../../embedded/test-server.ts';

/** The SDK gives a server five seconds to listen, which a busy machine may not have. */
const TRIES = 4;

/** A Temporal of a test file's own: a real development server, or one whose time can be skipped. */
export async function startTemporalServer({ timeSkipping }: { timeSkipping: boolean }) {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const environment = { ...process.env } as Record<string, string>;
  const tools = { environment, cacheDir: machineCacheDir(environment), say: () => {} };
  if (timeSkipping) {
    const executable = await temporalTestServer(tools);
    return tried(() => TestWorkflowEnvironment.createTimeSkipping({ server: { executable } }));
  }
  const executable = { type: 'existing-path', path: await temporalBinary(tools) } as const;
  const log = { format: 'pretty', level: 'never' } as const;
  return tried(() => TestWorkflowEnvironment.createLocal({ server: { executable, log } }));
}

async function tried(start: () => Promise<TestWorkflowEnvironment>, times = TRIES): Promise<TestWorkflowEnvironment> {
  try {
    return await start();
  } catch (error) {
    if (times === 1) throw error;
    return tried(start, times - 1);
  }
}
