import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, launch, type ProcessSpec, type RunningProcess } from './process.ts';
import type { Say } from './steps.ts';

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 5_000;
/** One that was up this long has not been failing, so it is brought back without delay again. */
const HEALTHY_MS = 10_000;

export interface Supervisor {
  /** Starts a process for the first time; throws if that fails. From then on it is brought back whenever it ends. */
  start(name: string, spec: ProcessSpec): Promise<void>;
  /** The process ids of what has been ready, by name. */
  pids(): Record<string, number>;
  /** Stops these together, for good. */
  stop(...names: string[]): Promise<void>;
  /** Starts nothing new from now on. */
  close(): void;
  /** Kills everything, now, and starts nothing new. */
  kill(): void;
}

interface Supervised {
  spec: ProcessSpec;
  running: RunningProcess | null;
  /** The first launch; settles when it has succeeded or failed. */
  launched: Promise<void>;
  /** Aborted once it shall not come back. */
  stopping: AbortController;
  /** Settles when its supervision has ended. */
  kept: Promise<void>;
}

/** `restarted` is called after a process was brought back, which gave it another pid. */
export function createSupervisor(say: Say, restarted: () => void): Supervisor {
  const all = new Map<string, Supervised>();
  let closed = false;
  return {
    async start(name, spec) {
      const stopping = new AbortController();
      if (closed) stopping.abort();
      const launching = launch(spec, stopping.signal);
      const launched = launching.then(ignore, ignore);
      const child: Supervised = { spec, running: null, launched, stopping, kept: launched };
      all.set(name, child);
      child.running = await launching;
      child.kept = keep(child, say, restarted);
    },
    pids: () => Object.fromEntries([...all].flatMap(([name, { running }]) => (running ? [[name, running.pid]] : []))),
    async stop(...names) {
      const chosen = names.flatMap((name) => all.get(name) ?? []);
      for (const { stopping } of chosen) stopping.abort();
      await Promise.all(chosen.map(end));
    },
    close() {
      closed = true;
    },
    kill() {
      closed = true;
      for (const { stopping, running } of all.values()) {
        stopping.abort();
        running?.kill();
      }
    },
  };
}

const ignore = () => {};

async function end(child: Supervised): Promise<void> {
  await child.launched;
  await child.running?.stop();
  await child.kept;
}

async function keep(child: Supervised, say: Say, restarted: () => void): Promise<void> {
  let backoffMs = FIRST_BACKOFF_MS;
  while (child.running) {
    const readyAt = Date.now();
    const exit = await child.running.exited;
    if (child.stopping.signal.aborted) return;
    const endedAt = Date.now();
    if (endedAt - readyAt > HEALTHY_MS) backoffMs = FIRST_BACKOFF_MS;
    say(child.spec.title, `${wayOfEnding(exit)}; starting it again`);
    child.running = await bringBack(child, backoffMs, say);
    backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
    if (!child.running) return;
    say(child.spec.title, `back, process ${child.running.pid}`, Date.now() - endedAt);
    restarted();
  }
}

/** Tries until it succeeds; `null` when it shall not come back after all. Says why it fails once, not every time. */
async function bringBack(child: Supervised, firstBackoffMs: number, say: Say): Promise<RunningProcess | null> {
  const { signal } = child.stopping;
  for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS)) {
    try {
      await sleep(backoffMs, undefined, { signal });
      return await launch(child.spec, signal);
    } catch (error) {
      if (signal.aborted) return null;
      if (backoffMs === firstBackoffMs) say(child.spec.title, error instanceof Error ? error.message : String(error));
    }
  }
}

function wayOfEnding({ code, signal }: Exit): string {
  return signal ? `was killed (${signal})` : `ended with code ${code}`;
}
