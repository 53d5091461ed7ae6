import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listQuarantine } from '../../../db/imports/quarantine.ts';
import { channelOf, connectImap } from '../../support/connect.ts';
import { raiseEngine, until } from '../../support/engine.ts';
import type { Engine } from '../../support/engine.ts';
import { secret } from '../../support/minting.ts';
import { raiseStage } from '../../support/stage.ts';
import { lifeOf } from '../../workflows/life.ts';

const EMAIL = 'poisoned@example.com';
const PASSWORD = secret('password');

/**
 * A real worker, started again each time it dies, as a supervisor does. Temporal takes 15 s to notice each death, so
 * this is the long form of test/imports/kill/quarantine.test.ts.
 */
export function livesOfWorkers(): void {
  let engine: Engine;
  let worker: ChildProcess;
  let isOver = false;
  const deaths: (string | null)[] = [];

  const startWorker = (poison: string) => {
    const file = new URL('./poisoned-worker.ts', import.meta.url).pathname;
    const env = {
      PATH: process.env['PATH'] ?? '',
      ...engine.environment,
      TEMPORAL_ADDRESS: engine.server.address,
      TEMPORAL_NAMESPACE: engine.client.options.namespace,
      POISON: poison,
    };
    worker = spawn(process.execPath, [file], { env, stdio: 'ignore' });
    worker.once('close', (_code, signal) => {
      deaths.push(signal);
      if (!isOver) startWorker(poison);
    });
  };

  beforeAll(async () => {
    engine = await raiseEngine(await raiseStage(), { timeSkipping: false });
    await engine.stopWorkers();
  }, 180_000);
  afterAll(async () => {
    isOver = true;
    if (worker?.exitCode === null && worker.signalCode === null) {
      worker.kill('SIGKILL');
      await once(worker, 'close');
    }
    await engine.close();
  }, 60_000);

  it('a message that kills every worker is quarantined, and the channel goes on', async () => {
    await engine.sandbox.account('imap', EMAIL, { password: PASSWORD });
    const channelId = channelOf(await connectImap(engine, EMAIL, PASSWORD));
    const life = lifeOf(engine, channelId);
    const delivered = await engine.sandbox.deliver('imap', EMAIL, 9);
    const poison = delivered[4]?.provider_id.split('/').at(-1) ?? '';
    startWorker(poison);
    const held = () => life.inTenant((tx) => listQuarantine(tx, { channelId, after: null, limit: 9 }));
    await until('the quarantine', async () => (await held()).length > 0, 300_000);
    await until('the end of the import', async () => (await life.read()).importState === 'idle', 60_000);
    expect(await held()).toMatchObject([{ reason: 'unparseable', lastError: 'worker_lost', tries: 3 }]);
    expect(await life.stored()).toBe(8);
    // The poll with the whole page, and three tries alone.
    expect(deaths).toEqual(Array.from({ length: 4 }, () => 'SIGKILL'));
    await engine.sandbox.deliver('imap', EMAIL, 2);
    await life.askForPoll();
    await until('the next mail', async () => (await life.stored()) === 10, 60_000);
    expect(await life.read()).toMatchObject({ status: 'connected' });
  }, 420_000);
}
