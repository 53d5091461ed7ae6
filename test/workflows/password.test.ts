import { afterAll, beforeAll, expect, it } from 'vitest';
import { findSignInImport } from '../../db/imports/receipts.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';

const EMAIL = 'refused@imap.example.com';
const PASSWORD = secret('password');
const MINUTE_MS = 60_000;

let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: true, config: { pollIntervalMs: MINUTE_MS } });
}, 180_000);
afterAll(() => engine.close());

it('a server that refuses a right password for 25 seconds gets its channel back by itself, with the missed mail', async () => {
  await engine.sandbox.account('imap', EMAIL, { password: PASSWORD });
  const life = lifeOf(engine, channelOf(await connectImap(engine, EMAIL, PASSWORD)));
  await until('the first poll', async () => (await life.read()).workflowSeq > 1);
  await engine.sandbox.account('imap', EMAIL, { password: secret('password') });
  await life.askForPoll();
  await until('the refusal', async () => (await life.read()).status === 'reauth_required');
  await engine.server.sleep(25_000);
  await engine.sandbox.account('imap', EMAIL, { password: PASSWORD });
  await engine.context.clock.now(); // sets the provider's clock
  await engine.sandbox.deliver('imap', EMAIL, 3);
  await engine.server.sleep(8 * MINUTE_MS);
  expect(await life.read()).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  // In short steps: once an import runs, the test server may skip no more time.
  await until('the repair', async () => {
    await engine.server.sleep(5_000);
    return (await life.read()).status === 'connected';
  });
  await until('the missed mail', async () => (await life.stored()) === 3);
  const imported = await until('the end of the import', async () => {
    const found = await life.inTenant(async (tx) => findSignInImport(tx, (await life.read()).id));
    return found?.row.state === 'running' ? null : found;
  });
  expect(imported.row).toMatchObject({ state: 'completed', cause: 'reauthorized', compared: true });
  expect(await life.read()).toMatchObject({ status: 'connected', incidentId: null, credentialVersion: 1 });
  expect([await life.told('channel.repaired'), await life.told('channel.reauthorized')]).toEqual([1, 0]);
  expect(await life.told('gap.detected')).toBe(1);
}, 120_000);
