import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A tick of /proc/<pid>/stat: USER_HZ, 100 a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** CPU time by role, in ms. */
export type CpuTimes = Record<string, number>;

/** CPU time that each process has used so far, PostgreSQL's backends counted with their postmaster. */
export function cpuTimes(pids: Record<string, number>): CpuTimes {
  const family = childrenOf(pids['postgres'] ?? -1);
  return Object.fromEntries(
    Object.entries(pids).map(([role, pid]) => {
      const members = role === 'postgres' ? [pid, ...family] : [pid];
      return [role, members.reduce((sum, member) => sum + cpuMs(member), 0)];
    }),
  );
}

/** What was used between two readings; a process that came or went meanwhile counts as 0. */
export function cpuBetween(before: CpuTimes, after: CpuTimes): CpuTimes {
  return Object.fromEntries(Object.entries(after).map(([role, ms]) => [role, Math.max(0, ms - (before[role] ?? ms))]));
}

export function addCpu(sum: CpuTimes, more: CpuTimes): CpuTimes {
  const roles = new Set([...Object.keys(sum), ...Object.keys(more)]);
  return Object.fromEntries([...roles].map((role) => [role, (sum[role] ?? 0) + (more[role] ?? 0)]));
}

export function without(cpu: CpuTimes, roles: string[]): CpuTimes {
  return Object.fromEntries(Object.entries(cpu).filter(([role]) => !roles.includes(role)));
}

/** User and system time, and that of children it has waited for (a backend that ended), in ms. */
function cpuMs(pid: number): number {
  const fields = statFields(pid);
  return fields === null ? 0 : TICK_MS * fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

/** The fields of /proc/<pid>/stat from the third on: the second, the name, may hold spaces. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null; // it ended
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(statFields(pid)?.[1]) === parent);
}

/** The largest resident set since `forgetPeak`, in MB. */
export function peakMb(pid: number): number {
  const [, kb] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kb) / 1024);
}

/** Lets the peak of a process begin anew (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** A process of the bench: it is spoken to by messages, and answers each with one. */
export async function startProgram(name: string, environment: Record<string, string>) {
  const child = fork(join(import.meta.dirname, name), {
    env: { ...process.env, ...environment },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const ready = await nextMessage(child, name);
  return {
    pid: child.pid ?? -1,
    /** What it said when it was ready. */
    ready,
    async ask<Answer>(message: unknown): Promise<Answer> {
      const answer = nextMessage(child, name);
      child.send(message as never);
      return (await answer) as Answer;
    },
    async stop() {
      process.off('exit', endWithUs);
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
export type Program = Awaited<ReturnType<typeof startProgram>>;

function nextMessage(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`));
    child.once('exit', onEnd);
    child.once('message', (message) => {
      child.off('exit', onEnd);
      resolve(message);
    });
  });
}
