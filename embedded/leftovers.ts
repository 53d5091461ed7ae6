import { join } from 'node:path';
import { endCluster } from './postgres-cluster.ts';
import { endProcesses, type ProcessEntry } from './process-table.ts';

/** How each process of a state folder shows on its command line; `start` passes these, and they name the folder. */
export const marks = (stateDir: string) =>
  ({
    server: ['--state-dir', stateDir],
    worker: ['--state-dir', stateDir],
    sandbox: ['--dir', join(stateDir, 'sandbox')],
    temporal: ['--db-filename', join(stateDir, 'temporal', 'temporal.db')],
  }) as const;

/**
 * Ends what an earlier `start` of this state folder left running when it was killed; returns how many there were.
 * Recognised by command line alone, never by a remembered pid: by now that may belong to a stranger. Programs get
 * SIGTERM and time to drain first, because a worker that dies with a token request on the wire can cost a
 * sign-in; then the databases under them.
 */
export async function endLeftovers(stateDir: string, drainMs = 10_000): Promise<number> {
  const folder = marks(stateDir);
  const programs = await endProcesses(
    (entry) => [folder.server, folder.sandbox].some((mark) => hasMark(entry, mark)),
    drainMs,
  );
  const temporal = await endProcesses((entry) => hasMark(entry, folder.temporal), 5_000);
  return programs + temporal + (await endCluster(join(stateDir, 'postgres')));
}

function hasMark({ argv }: ProcessEntry, [flag, value]: readonly [string, string]): boolean {
  return argv.some((argument, i) => argument === flag && argv[i + 1] === value);
}
