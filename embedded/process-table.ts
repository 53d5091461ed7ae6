import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from './start-error.ts';

export interface ProcessEntry {
  pid: number;
  /** Its command line; a process may rewrite it, as PostgreSQL's backends do. */
  argv: string[];
}

/** All processes that this user may see. Zombies have no command line and are left out: nothing of them runs. */
export function processTable(): ProcessEntry[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8').replace(/\0+$/, '');
        return commandLine === '' ? [] : [{ pid: Number(name), argv: commandLine.split('\0') }];
      } catch {
        return []; // it ended between the two reads
      }
    });
}

/** `ps` joins the arguments with spaces, so an argument with a space in it is not recognised there. */
function fromPs(): ProcessEntry[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return lines.split('\n').flatMap((line) => {
    const [, pid, args] = /^\s*(\d+)\s+(.+)$/.exec(line) ?? [];
    return pid === undefined || args === undefined ? [] : [{ pid: Number(pid), argv: args.split(' ') }];
  });
}

/**
 * Sends `first` to every process that `ours` picks, SIGKILL to what still runs after `graceMs`, and returns how
 * many there were once none is left. The table is read again, not the pids: an unreaped zombie keeps its pid.
 */
export async function endProcesses(
  ours: (entry: ProcessEntry) => boolean,
  graceMs: number,
  first: NodeJS.Signals = 'SIGTERM',
): Promise<number> {
  const found = processTable().filter(ours);
  for (const { pid } of found) signalProcess(pid, first);
  const deadline = Date.now() + graceMs;
  for (let left = found; left.length > 0; left = processTable().filter(ours)) {
    if (Date.now() > deadline) for (const { pid } of left) signalProcess(pid, 'SIGKILL');
    await sleep(50);
  }
  return found.length;
}

/** Signals a process that may have ended already. Throws a `StartError` when it is another user's. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM')
      throw new StartError(`Process ${pid} of an earlier start belongs to another user. End it first.`);
    if (code !== 'ESRCH') throw error;
  }
}
