import { afterAll, beforeAll, expect, it } from 'vitest';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { PUSH_VARIABLES } from '../push/pushing.ts';
import { lifeOf } from './life.ts';
import type { Life } from './life.ts';
import { withLongLivedTokens } from '../support/long-lived-tokens.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EMAIL = 'renewed@example.com';

/* Days in the life of a subscription, under time skipping, driven by the workflow alone. */
let engine: Engine;
let channelId: string;
let life: Life;
beforeAll(async () => {
  engine = await raiseEngine(withLongLivedTokens(await raiseStage({ variables: PUSH_VARIABLES })), {
    timeSkipping: true,
    config: { pollIntervalMs: 4 * DAY_MS, auditIntervalMs: 30 * DAY_MS },
  });
  await engine.sandbox.settings('google', { token_life_s: 30 * 24 * 3_600 });
  channelId = channelOf(await connectGmail(engine, EMAIL));
  life = lifeOf(engine, channelId);
  await until('the first renewal', subscription);
}, 180_000);
afterAll(() => engine.close());

const subscription = () => life.inTenant((tx) => findSubscription(tx, channelId));
/** How Google answered each time it was asked to tell of news. */
const watches = async () => {
  const requests = await engine.sandbox.requests('google', 'api', EMAIL);
  const asked = requests.filter((request) => (request as { operation?: string }).operation?.endsWith('/watch'));
  return asked.map(({ status }) => status);
};

/** Half days, at whose end the subscription still stands. */
async function pass(days: number): Promise<void> {
  for (let half = 0; half < 2 * days; half++) {
    await engine.sleep(DAY_MS / 2);
    const now = await engine.context.clock.now();
    expect((await subscription())?.expiresAt?.getTime()).toBeGreaterThan(now.getTime());
  }
}

it('is renewed once a day, though it would live for seven', async () => {
  await pass(10);
  const asked = await watches();
  expect(asked.length).toBeGreaterThanOrEqual(11);
  expect(asked.length).toBeLessThanOrEqual(13);
  expect(new Set(asked)).toEqual(new Set([200]));
}, 120_000);

it('refused for five days is tried ever more rarely, told once, and told once when it is back', async () => {
  const before = (await watches()).length;
  const { id } = await engine.sandbox.fault('google', EMAIL, 'subscription_refused');
  await pass(5);
  const tries = (await watches()).slice(before);
  expect(new Set(tries)).toEqual(new Set([403]));
  // 15 s, 30 s … up to 6 h.
  expect(tries.length).toBeGreaterThanOrEqual(20);
  expect(tries.length).toBeLessThanOrEqual(32);
  expect(await life.told('subscription.renewal_failed')).toBe(1);
  expect(await life.read()).toMatchObject({ status: 'connected', statusReason: null, incidentId: null });
  await engine.sandbox.mend(id);
  await pass(1);
  expect(await life.told('subscription.restored')).toBe(1);
  expect(await life.told('subscription.renewal_failed')).toBe(1);
  expect(await subscription()).toMatchObject({ failures: 0, failingSince: null });
}, 120_000);

it('without an answer for a day is nobody’s news while the old one stands', async () => {
  const { id } = await engine.sandbox.fault('google', EMAIL, 'unavailable', { kind: 'api' });
  await pass(2);
  expect((await subscription())?.failures).toBeGreaterThan(4);
  await engine.sandbox.mend(id);
  await pass(1);
  expect(await subscription()).toMatchObject({ failures: 0, failingSince: null });
  expect(await life.told('subscription.renewal_failed')).toBe(1);
}, 120_000);
