import { afterAll, beforeAll, expect, it } from 'vitest';
import { listImports } from '../../db/imports/receipts.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';
import { withLongLivedTokens } from '../support/long-lived-tokens.ts';

const HOUR_MS = 3_600_000;
const EMAIL = 'audited@example.com';

let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(withLongLivedTokens(await raiseStage()), {
    timeSkipping: true,
    config: { pollIntervalMs: 4 * HOUR_MS },
  });
  await engine.sandbox.settings('google', { token_life_s: 7 * 24 * 3_600 });
}, 180_000);
afterAll(() => engine.close());

it('what no change listing mentioned is found within a day of its arrival, by a listener’s daily look', async () => {
  const channelId = channelOf(await connectGmail(engine, EMAIL));
  const life = lifeOf(engine, channelId);
  await until('the first look', async () => (await life.read()).workflowSeq > 0);
  const pass = async (hours: number) => {
    for (let hour = 0; hour < hours; hour += 6) await engine.sleep(6 * HOUR_MS);
  };
  await pass(30);
  await engine.context.clock.now(); // sets the provider's clock
  await engine.sandbox.deliver('google', EMAIL, 2);
  await engine.sandbox.deliver('google', EMAIL, 1, { unannounced: true });
  await pass(6);
  await until('the mail', async () => (await life.stored()) === 2);
  await pass(24);
  await until('the repair', async () => (await life.stored()) === 3);
  const imports = await life.inTenant((tx) => listImports(tx, { channelId, after: null, limit: 50 }));
  expect(imports.filter(({ counts }) => counts.repaired > 0)).toHaveLength(1);
  expect(imports).toHaveLength(2);
  expect(await life.read()).toMatchObject({ status: 'connected', importState: 'idle', incidentId: null });
  expect(await life.told('import.started')).toBe(0);
}, 120_000);
