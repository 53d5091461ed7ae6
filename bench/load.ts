import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'undici';

/** What is asked again and again. */
export interface Target {
  origin: string;
  path: string;
  headers: Record<string, string>;
}

/** Connections that each ask again as soon as they are answered. */
export class ClosedLoad {
  readonly #clients: Client[];
  readonly #target: Target;

  constructor(target: Target, connections: number) {
    this.#target = target;
    this.#clients = Array.from({ length: connections }, () => new Client(target.origin));
  }

  /** Answers with the time each read took, in ms. */
  async run(forMs: number): Promise<number[]> {
    const latenciesMs: number[] = [];
    const endsAt = performance.now() + forMs;
    await Promise.all(
      this.#clients.map(async (client) => {
        while (performance.now() < endsAt) latenciesMs.push(await ask(client, this.#target));
      }),
    );
    return latenciesMs;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

/**
 * Asks all targets in turn at a fixed rate, whether or not earlier ones have been answered: a slow answer is then seen
 * as it is, and does not keep later questions from being asked.
 */
export async function fixedLoad(targets: Target[], { perSecond, forMs }: { perSecond: number; forMs: number }) {
  const pools = targets.map(({ origin }) => new Pool(origin, { connections: 64 }));
  const latenciesMs: number[][] = targets.map(() => []);
  const beganAt = performance.now();
  const total = Math.floor((perSecond * forMs) / 1000);
  const asked: Promise<void>[] = [];
  for (let i = 0; i < total; i++) {
    const dueAt = beganAt + (i * 1000) / perSecond;
    await sleep(Math.max(0, dueAt - performance.now()));
    const which = i % targets.length;
    const answered = ask(pools[which] as Pool, targets[which] as Target);
    asked.push(answered.then((ms) => void latenciesMs[which]?.push(ms)));
  }
  await Promise.all(asked);
  await Promise.all(pools.map((pool) => pool.close()));
  return latenciesMs;
}

async function ask(client: Client | Pool, { path, headers }: Target): Promise<number> {
  const askedAt = performance.now();
  const { statusCode, body } = await client.request({ method: 'GET', path, headers });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${text}`);
  return performance.now() - askedAt;
}

/** The value that a share of `values` (0 to 1) does not exceed; NaN of none. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

export const median = (values: number[]) => quantile(values, 0.5);
