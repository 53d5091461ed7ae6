import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime } from '@temporalio/worker';
import { machineCacheDir } from '../../embedded/machine-tools.ts';
import { temporalBinary } from '../../embedded/temporal-binary.ts';
import { temporalTestServer } from '../../embedded/test-server.ts';
import { temporalLogging } from '../../runtime/temporal-log.ts';
import { keepFolder } from './evidence.ts';
import { keepHistories } from './kept-histories.ts';
import { keptLogger } from './kept-log.ts';
import { releaseLeakedTimeLocks } from './leaked-time-locks.ts';

/** The SDK gives a server five seconds to listen, which a busy machine may not have. */
const TRIES = 4;

/** Its database is a file, to be looked through; it need not outlive a power cut, so no write waits for the disk. */
const HASTY = ['journal_mode=MEMORY', 'synchronous=OFF'].flatMap((pragma) => ['--sqlite-pragma', pragma]);

/** As in production: tenants take turns in a queue. */
const FAIR = ['--dynamic-config-value', 'matching.enableFairness=true'];

/** A Temporal of a test file's own: a real development server, or one whose time can be skipped. */
export async function startTemporalServer({ timeSkipping }: { timeSkipping: boolean }) {
  installRuntime();
  const environment = { ...process.env } as Record<string, string>;
  const tools = { environment, cacheDir: machineCacheDir(environment), say: () => {} };
  if (timeSkipping) {
    const executable = await temporalTestServer(tools);
    const start = () => TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    return releasingTimeLocks(keepingHistories(await tried(start)));
  }
  const executable = { type: 'existing-path', path: await temporalBinary(tools) } as const;
  const dir = mkdtempSync(join(tmpdir(), 'mooring-temporal-'));
  return keepingHistories(await tried((time) => startLocal(executable, join(dir, `temporal-${time}.db`))), dir);
}

/** A server that did not start in time has left its database half made: each try has its own. */
function startLocal(executable: { type: 'existing-path'; path: string }, dbFilename: string) {
  const log = { format: 'pretty', level: 'never' } as const;
  return TestWorkflowEnvironment.createLocal({
    server: { executable, log, dbFilename, extraArgs: [...HASTY, ...FAIR] },
  });
}

/** As in a worker: what the SDK and its core log is kept, and what went wrong is on the screen as well. */
function installRuntime(): void {
  Runtime.install(temporalLogging(keptLogger('temporal')));
}

function keepingHistories(server: TestWorkflowEnvironment, dir?: string): TestWorkflowEnvironment {
  const teardown = server.teardown.bind(server);
  server.teardown = async () => {
    await keepHistories(server.client, { timeSkipping: server.supportsTimeSkipping });
    await teardown();
    if (!dir) return;
    keepFolder('temporal', dir);
    rmSync(dir, { recursive: true });
  };
  return server;
}

function releasingTimeLocks(server: TestWorkflowEnvironment): TestWorkflowEnvironment {
  const releasing = releaseLeakedTimeLocks(server);
  const teardown = server.teardown.bind(server);
  server.teardown = async () => {
    await releasing.stop();
    await teardown();
  };
  return server;
}

async function tried(
  start: (time: number) => Promise<TestWorkflowEnvironment>,
  time = 1,
): Promise<TestWorkflowEnvironment> {
  try {
    return await start(time);
  } catch (error) {
    if (time === TRIES) throw error;
    return tried(start, time + 1);
  }
}
