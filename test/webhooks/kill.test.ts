import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { listDeliveries } from '../../db/events/deliveries.ts';
import type { ListedDelivery } from '../../db/events/deliveries.ts';
import { keepOutput } from '../support/kept-log.ts';
import { raiseEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import { addChannel, addEndpoint, listenForWebhooks, raiseStage, tell } from './stage.ts';
import type { Stage } from './stage.ts';

const PROGRAM = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

let stage: Stage;
let engine: Engine;
const children = new Set<ReturnType<typeof fork>>();

beforeAll(async () => {
  stage = await raiseStage();
  engine = await raiseEngine(stage, { withWorkers: false });
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await engine.close();
  await stage.close();
});

async function startWorker() {
  const child = fork(PROGRAM, [stage.url, stage.keysFile, engine.address], { execArgv: [], silent: true });
  keepOutput(child);
  children.add(child);
  await once(child, 'message');
  return {
    async kill() {
      children.delete(child);
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

it('KILL: workers killed at any moment lose no event, and each is told under one id (rule 12)', async () => {
  const channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
  const listening = await listenForWebhooks(() => sleep(30, 204));
  const { endpoint } = await addEndpoint(stage, { url: listening.url });
  const told: string[] = [];
  for (const livesMs of [300, 700, 1_100, 450]) {
    const worker = await startWorker();
    const killed = sleep(livesMs).then(() => worker.kill());
    for (let i = 0; i < 25; i++) {
      told.push(await stage.database.inTenant('acme', (tx) => tell(tx, channel)));
      await sleep(20);
    }
    await killed;
  }
  const last = await startWorker();
  const list = () =>
    withinReach(stage.database, null, (tx) => listDeliveries(tx, { endpointId: endpoint.id, after: null, limit: 200 }));
  const isOver = (rows: ListedDelivery[]) =>
    rows.length === told.length && rows.every(({ delivery }) => delivery.state === 'delivered');
  for (let look = 0; look < 240 && !isOver(await list()); look++) await sleep(500);
  const deliveries = await list();
  expect(deliveries.filter(({ delivery }) => delivery.state !== 'delivered')).toEqual([]);
  await last.kill();
  await listening.close();
  expect(new Set(deliveries.map(({ event }) => event.id))).toEqual(new Set(told));
  expect(new Set(listening.received.map((one) => one.headers['webhook-id']))).toEqual(new Set(told));
  const contents = new Set(listening.received.map((one) => JSON.stringify([one.headers['webhook-id'], one.body])));
  expect(contents.size).toBe(told.length);
}, 240_000);
