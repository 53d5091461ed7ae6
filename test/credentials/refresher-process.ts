import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepOutput } from '../support/kept-log.ts';
import type { Task } from './refresher.ts';

export interface RefresherProcess {
  child: ChildProcess;
  /** What came of the task; null when the process died before it was done. */
  outcome: Promise<unknown>;
}

/** Gives a task to a process of its own; with `skewMs`, to one whose clock is wrong by so much. */
export function startRefresher(task: Task, { skewMs = 0 }: { skewMs?: number } = {}): RefresherProcess {
  // Many of them start in one test: what the first has compiled, the others need not.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'mooring-compile-cache'), SKEW_MS: `${skewMs}` };
  const child = fork(join(import.meta.dirname, 'refresher.ts'), { silent: true, env });
  keepOutput(child);
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
  child.once('message', resolve);
  child.once('exit', () => resolve(null));
  child.send(task);
  return { child, outcome };
}
