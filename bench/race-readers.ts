// One of the processes of the race: reads a token as often as it is told, all at once, on connections opened before.
import { Client } from 'undici';
import type { Target } from './load.ts';

interface Start {
  targets: Target[];
  /** For each target. */
  readers: number;
}

/** What the readers of one process got. */
export interface RaceAnswers {
  statuses: number[];
  versions: number[];
  latenciesMs: number[];
}

let clients: { client: Client; target: Target }[] = [];
process.on('message', (message: Start | 'go') => void (message === 'go' ? race() : connect(message)));
process.send?.('ready');

async function connect({ targets, readers }: Start): Promise<void> {
  clients = targets.flatMap((target) =>
    Array.from({ length: readers }, () => ({
      target,
      client: new Client(target.origin, { headersTimeout: 60_000, connectTimeout: 60_000 }),
    })),
  );
  // Any answer will do, it is the connection that counts.
  for (const { client } of clients) await (await client.request({ method: 'GET', path: '/healthz' })).body.dump();
  process.send?.('connected');
}

async function race(): Promise<void> {
  const startedAt = performance.now();
  const answers = await Promise.all(
    clients.map(async ({ client, target }) => {
      const { statusCode, body } = await client.request({ method: 'GET', path: target.path, headers: target.headers });
      const { version } = (await body.json().catch(() => ({}))) as { version?: number };
      return { status: statusCode, version: version ?? 0, tookMs: performance.now() - startedAt };
    }),
  );
  await Promise.all(clients.map(({ client }) => client.close()));
  process.send?.({
    statuses: answers.map(({ status }) => status),
    versions: answers.map(({ version }) => version),
    latenciesMs: answers.map(({ tookMs }) => tookMs),
  } satisfies RaceAnswers);
}
