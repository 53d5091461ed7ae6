import { join } from 'node:path';
import { endCluster } from './postgres-cluster.ts';
import { endProcesses } from './process-table.ts';

/**
 * Ends what an earlier `start` of this state folder left running when it was killed; returns how many there were.
 * Recognised by command line alone, never by a remembered pid: by now that may belong to a stranger. Programs get
 * SIGTERM and time to drain first, because a worker that dies with a token request on the wire can cost a
 * sign-in; then the databases under them.
 */
export async function endLeftovers(stateDir: string, drainMs = 10_000): Promise<number> {
  const ours = (...marks: [flag: string, value: string][]) => endProcessesWith(marks, drainMs);
  const programs = await ours(['--state-dir', stateDir], ['--dir', join(stateDir, 'sandbox')]);
  const temporal = await ours(['--db-filename', join(stateDir, 'temporal', 'temporal.db')]);
  return programs + temporal + (await endCluster(join(stateDir, 'postgres')));
}

/** The processes whose command line names the state folder as `start` names it to them. */
function endProcessesWith(marks: [flag: string, value: string][], graceMs: number): Promise<number> {
  return endProcesses(
    ({ argv }) => marks.some(([flag, value]) => argv.some((argument, i) => argument === flag && argv[i + 1] === value)),
    graceMs,
  );
}
