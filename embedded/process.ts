import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { lastLines } from './log-file.ts';
import { signalProcess } from './process-table.ts';
import { StartError } from './start-error.ts';

export interface ProcessSpec {
  /** As people read it: `PostgreSQL`, `worker`. */
  title: string;
  command: string;
  args: readonly string[];
  environment: Record<string, string>;
  workingDirectory?: string;
  user?: { uid: number; gid: number };
  logFile: string;
  /** Opens an IPC channel, over which the process says `ready`. */
  ipc?: boolean;
  /** Runs before each spawn, the restarts too. */
  before?: () => Promise<void>;
  /** Resolves when the process can be used; stops trying when `signal` aborts. */
  ready: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  readyTimeoutMs: number;
  stopSignal: NodeJS.Signals;
  /** How long it may take to end before it is killed. */
  stopTimeoutMs: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  pid: number;
  exited: Promise<Exit>;
  /** Asks it to end, waits, kills it after `stopTimeoutMs`. */
  stop: () => Promise<void>;
  kill: () => void;
}

/**
 * Starts a process and waits until it is ready, or until `stopping` aborts. It gets a session of its own, so that a
 * Ctrl-C in the terminal reaches `start` alone and the order of stopping is kept, and a log file instead of a pipe,
 * so that it can go on when `start` dies. Throws a `StartError` with its last lines if it ends or stays silent.
 */
export async function launch(spec: ProcessSpec, stopping?: AbortSignal): Promise<RunningProcess> {
  await spec.before?.();
  if (stopping?.aborted) throw new StartError(`${spec.title} was stopped`);
  const child = spawnLogged(spec);
  const exited = exitOf(child);
  const settled = new AbortController();
  const silent = AbortSignal.timeout(spec.readyTimeoutMs);
  const over = AbortSignal.any([settled.signal, silent, ...(stopping ? [stopping] : [])]);
  try {
    await Promise.race([
      spec.ready(child, over),
      exited.then(({ code, signal }) => Promise.reject(new StartError(`ended with ${signal ?? `code ${code}`}`))),
      whenAborted(over, () => (silent.aborted ? `was not ready after ${spec.readyTimeoutMs / 1000} s` : 'was stopped')),
    ]);
  } catch (error) {
    signalChild(child, 'SIGKILL');
    await exited.catch(() => {});
    throw startFailure(spec, error);
  } finally {
    settled.abort();
  }
  return {
    pid: child.pid ?? 0,
    exited,
    stop: () => stop(child, exited, spec),
    kill: () => signalChild(child, 'SIGKILL'),
  };
}

function startFailure({ title, logFile }: ProcessSpec, error: unknown): StartError {
  const why = error instanceof Error ? error.message : String(error);
  const lines = lastLines(logFile);
  return new StartError(
    lines.length > 0 ? [`${title} ${why}. The last lines of ${logFile}:`, ...lines].join('\n    ') : `${title} ${why}`,
  );
}

function spawnLogged(spec: ProcessSpec): ChildProcess {
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    return spawn(spec.command, spec.args, {
      cwd: spec.workingDirectory,
      env: spec.environment,
      ...spec.user,
      detached: true,
      stdio: ['ignore', log, log, ...(spec.ipc ? (['ipc'] as const) : [])],
    });
  } finally {
    closeSync(log);
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => {
      if (child.pid === undefined) reject(new StartError(`cannot be run: ${error.message}`));
    });
  });
}

function whenAborted(signal: AbortSignal, message: () => string): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new StartError(message())), { once: true });
  });
}

async function stop(child: ChildProcess, exited: Promise<Exit>, spec: ProcessSpec): Promise<void> {
  signalChild(child, spec.stopSignal);
  const patience = setTimeout(() => signalChild(child, 'SIGKILL'), spec.stopTimeoutMs);
  await exited.finally(() => clearTimeout(patience));
}

/** By pid only while Node has not reaped it, so never a stranger. */
function signalChild(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) signalProcess(child.pid, signal);
}
