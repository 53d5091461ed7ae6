import { afterAll, beforeAll, expect, it } from 'vitest';
import { updateChannel } from '../../db/channels/channels.ts';
import { credentialsQueue, importQueue } from '../../domain/workflow/names.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';

const HOUR_MS = 3_600_000;

let engine: Engine;
beforeAll(async () => {
  const stage = await raiseStage();
  const gmail = stage.context.providers.get('gmail');
  if (!gmail) throw new Error('Gmail is not configured');
  // Another access type for the same account: it is reached in the same way.
  const providers = new Map([...stage.context.providers, ['imap' as const, { ...gmail, accessType: 'imap' as const }]]);
  const context = { ...stage.context, providers };
  engine = await raiseEngine({ ...stage, context }, { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
}, 180_000);
afterAll(() => engine.close());

it('a channel whose row changes its access type gets its next deeds on the queues of the new one', async () => {
  const life = lifeOf(engine, channelOf(await connectGmail(engine, 'moves@example.com')));
  const polled = async () => {
    await life.askForPoll();
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
  };
  await polled();
  await life.fact((tx, row) => updateChannel(tx, row.id, { accessType: 'imap' }));
  await polled();
  expect(await life.command('refreshNow')).toMatchObject({ done: true });

  const events = (await chainOf(engine, life.workflow.workflowId)).flatMap((run) => run.events ?? []);
  const queuesOf = (activity: string) =>
    events
      .map(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled)
      .filter((scheduled) => scheduled?.activityType?.name === activity)
      .map((scheduled) => scheduled?.taskQueue?.name);
  expect(queuesOf('poll').at(0)).toBe(importQueue('gmail'));
  expect(queuesOf('poll').at(-1)).toBe(importQueue('imap'));
  expect(queuesOf('refresh')).toEqual([credentialsQueue('imap')]);
  const { typedSearchAttributes } = await life.workflow.describe();
  expect(typedSearchAttributes.getAll()).toContainEqual(
    expect.objectContaining({ key: expect.objectContaining({ name: 'AccessType' }), value: 'imap' }),
  );
});
