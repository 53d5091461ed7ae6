import { afterAll, beforeAll, expect, it } from 'vitest';
import { listTimeline } from '../../db/events/timeline.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';
import type { Life } from './life.ts';

const EMAIL = 'month@example.com';
const DAY_MS = 24 * 3_600_000;

let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: true });
}, 180_000);
afterAll(() => engine.close());

/** The reminders so far: after how many days since the first alert, and whether the admins were joined. */
async function remindersOf(life: Life) {
  const { id } = await life.read();
  const events = await life.inTenant((tx) => listTimeline(tx, { channelId: id, before: null, limit: 1_000 }));
  const asked = events.findLast(({ type }) => type === 'channel.reauth_required')?.at.getTime() ?? 0;
  return events
    .filter(({ type }) => type === 'channel.reauth_reminder')
    .toReversed()
    .map(({ at, data }) => [Math.round(((at.getTime() - asked) / DAY_MS) * 1_000) / 1_000, data['adminsJoin']]);
}

const seen = (life: Life, count: number) =>
  until(`reminder ${count}`, async () => (await remindersOf(life)).length >= count);

it('rule 11: an owner who does nothing for a month is reminded on days 1, 3, 7 and then weekly, and wakes nothing else', async () => {
  const life = lifeOf(engine, channelOf(await connectGmail(engine, EMAIL, { spec: { import: 'off' } })));
  await until('the first look', async () => (await life.read()).workflowSeq > 0);
  await engine.sandbox.fault('google', EMAIL, 'access_revoked');
  await life.fact((tx, row, now) => updateChannel(tx, row.id, { refreshRequestedAt: now }));
  await until('the refusal', async () => (await life.read()).status === 'reauth_required');
  const { workflowSeq } = await life.read();
  for (let day = 0; day < 29; day++) await engine.sleep(DAY_MS);
  await seen(life, 6);
  expect(await remindersOf(life)).toEqual([
    [1, false],
    [3, true],
    [7, true],
    [14, true],
    [21, true],
    [28, true],
  ]);
  // One wake each.
  expect((await life.read()).workflowSeq - workflowSeq).toBeLessThanOrEqual(8);

  await life.disconnect();
  await life.workflow.result();
  await engine.sleep(8 * DAY_MS);
  expect(await remindersOf(life)).toHaveLength(6);
}, 180_000);
