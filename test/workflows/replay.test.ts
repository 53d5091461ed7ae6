import { readFileSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { ReplayWorkerOptions } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../workflow-bundle.ts';
import { SECRET, recordedHistories, textsOf } from './recorded.ts';
import type { Recorded } from './recorded.ts';

/*
 * Workflows live for years, across releases. Each recorded history (record.ts) is a state that one may be in when new
 * code takes it up: a failure here would stop those channels in production. Change the workflow with `patched`,
 * or leave the old path.
 */

const recorded = recordedHistories();

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
});

async function replay(
  { workflowId, history }: Recorded,
  options: ReplayWorkerOptions | null = null,
): Promise<Error | undefined> {
  const worker = options ?? { workflowBundle: await workflowBundle() };
  for await (const { error } of Worker.runReplayHistories(worker, [{ workflowId, history }])) {
    return error;
  }
  throw new Error(`${workflowId} was not replayed`);
}

describe('what was recorded', () => {
  it.each(recorded)('$name goes on under today’s code', async (one) => {
    expect(await replay(one)).toBeUndefined();
  });

  it('has every state a channel, an import, a delivery, a recipient and a send can wait in', () => {
    expect(recorded.map(({ name }) => name)).toEqual([
      'channel-audited',
      'channel-blocked',
      'channel-carried',
      'channel-commanded',
      'channel-connected',
      'channel-degraded',
      'channel-disconnected',
      'channel-disconnecting',
      'channel-importing',
      'channel-paused',
      'channel-put-off',
      'channel-reauth-required',
      'channel-refreshed',
      'channel-refused-password',
      'channel-reminded',
      'channel-subscribed',
      'deliver-delivered',
      'deliver-pending',
      'import-completed',
      'import-running',
      'import-waiting',
      'recipient-told',
      'recipient-waiting',
      'send-running',
      'send-settled',
    ]);
  });

  it('rule 1: holds nothing that looks like a secret, nor where it was recorded', () => {
    for (const { name, workflowId, history } of recorded) {
      const texts = textsOf(history);
      const telling = texts.filter((text) => SECRET.test(text) || PLACE.test(text));
      expect(telling, name).toEqual([]);
      expect(texts.join(' ')).toContain(workflowId.split('/')[1]);
    }
  });

  it('rule 13: has no run of a hundred events, and none that failed', () => {
    for (const { name, history } of recorded) {
      expect(history.events.length, name).toBeLessThan(100);
      const failed = history.events.filter((event) => 'workflowExecutionFailedEventAttributes' in event);
      expect(failed, name).toEqual([]);
    }
  });
});

/** An absolute path, or a process on a machine. */
const PLACE = /(^|[\s(])\/\w+\/\w+\/|\d@[\w-]+-\w/;

const channels = recorded.filter(({ name }) => name.startsWith('channel-'));
const carried = channels.find(({ name }) => name === 'channel-carried');
/** Begins with what the run before knew, too. */
const commanded = channels.find(({ name }) => name === 'channel-commanded');

/** The bundle as it would be after an edit of a workflow's source. */
async function changed(from: RegExp, to: string): Promise<ReplayWorkerOptions> {
  const bundle = await workflowBundle();
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
  expect(code).toMatch(from);
  return { workflowBundle: { code: code.replace(from, to) } };
}

describe('a workflow that was changed', () => {
  it('to begin with another activity is caught in every state', async () => {
    const options = await changed(/perform\.look\(\{/, 'perform.poll({');
    for (const one of channels.filter((each) => each !== carried && each !== commanded))
      expect((await replay(one, options))?.name, one.name).toBe('DeterminismViolationError');
  });

  it('to look at what the run before has carried over is caught', async () => {
    const options = await changed(/carried !== null/, 'false');
    expect((await replay(carried!, options))?.name).toBe('DeterminismViolationError');
  });

  it('to end a run after five refreshes is caught in a run that holds more', async () => {
    const options = await changed(/patched\)\(HOLDS_A_DAY\)/, 'patched)("another-mark")');
    const refreshed = channels.find(({ name }) => name === 'channel-refreshed');
    expect((await replay(refreshed!, options))?.name).toBe('DeterminismViolationError');
  });

  it('to put something off that was never put off is caught where it was', async () => {
    const options = await changed(/perform\.putOff\(/, 'perform.look(');
    const putOff = channels.filter(({ name }) => name === 'channel-put-off');
    for (const one of putOff) expect((await replay(one, options))?.name).toBe('DeterminismViolationError');
  });

  it('in its words alone goes on', async () => {
    const options = await changed(/Who must act/, 'Who has to act');
    for (const one of channels) expect(await replay(one, options), one.name).toBeUndefined();
  });
});
