import { afterAll, beforeAll, expect, it } from 'vitest';
import { channelWorkflowId } from '../../domain/workflow/names.ts';
import type { CommandAnswer } from '../../domain/workflow/inputs.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';

/* A real Temporal server, which limits how many commands may wait at once. */
let engine: Engine;
beforeAll(async () => {
  const config = { pollIntervalMs: 3_600_000 };
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config });
}, 180_000);
afterAll(() => engine.close());

async function settled(email: string) {
  const channelId = channelOf(await connectGmail(engine, email));
  const life = lifeOf(engine, channelId);
  await until('the first poll', life.isWatched);
  const longestRun = async () => {
    const chain = await chainOf(engine, channelWorkflowId(channelId));
    return { runs: chain.length, events: Math.max(...chain.map(({ events }) => events?.length ?? 0)) };
  };
  return { life, longestRun };
}

it('three callers that loop on a command against a slow provider keep no message waiting, and no run grows', async () => {
  const email = 'loops@example.com';
  const { life, longestRun } = await settled(email);
  const slow = await engine.sandbox.fault('google', email, 'slow', { kind: 'api', ms: 400 });
  const answers: (CommandAnswer | null)[] = [];
  const stopping = new AbortController();
  const loop = async () => {
    while (!stopping.signal.aborted) answers.push(await life.command('verify', 60_000));
  };
  const callers = [loop(), loop(), loop()];
  await until('some answers', () => answers.length >= 6);
  await engine.sandbox.deliver('google', email, 1);
  await life.askForPoll();
  await until('the message', async () => (await life.stored()) === 1, 15_000);
  await until('more runs', async () => (await longestRun()).runs > 3, 60_000);
  stopping.abort();
  await Promise.all(callers);
  await engine.sandbox.mend(slow.id);
  expect(answers.filter((answer) => !answer?.done)).toEqual([]);
  expect((await longestRun()).events).toBeLessThanOrEqual(100);
}, 120_000);

it('forty callers at once are all answered, by a few calls of the provider', async () => {
  const email = 'forty@example.com';
  const { life, longestRun } = await settled(email);
  const slow = await engine.sandbox.fault('google', email, 'slow', { kind: 'api', ms: 400 });
  const before = (await engine.sandbox.requests('google', 'api', email)).length;
  const answers = await Promise.all(Array.from({ length: 40 }, () => life.command('verify', 60_000)));
  const calls = (await engine.sandbox.requests('google', 'api', email)).length - before;
  await engine.sandbox.mend(slow.id);
  expect(answers.every((answer) => answer?.done)).toBe(true);
  expect(calls).toBeLessThan(20);
  expect((await longestRun()).events).toBeLessThanOrEqual(100);
}, 120_000);
