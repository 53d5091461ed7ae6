import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImportInput, SliceAnswer } from '../../imports/slice.ts';
import { CHANNELS_QUEUE, IMPORT_WORKFLOW, importQueue, importWorkflowId } from '../../domain/workflow/names.ts';
import { describeImport } from '../../workflows/import-words.ts';
import { workflowBundle } from '../../workflow-bundle.ts';
import { startTemporalServer } from '../support/temporal-server.ts';

let server: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
/** What the row says. */
let looked: (input: ImportInput) => SliceAnswer = () => ({ ...GOES_ON, waitMs: 60_000 });
beforeAll(async () => {
  server = await startTemporalServer({ timeSkipping: true });
  const { nativeConnection: connection } = server;
  worker = await Worker.create({
    connection,
    taskQueue: CHANNELS_QUEUE,
    workflowsPath: fileURLToPath(new URL('../../workflows/workflows.ts', import.meta.url)),
    activities: { lookAtImport: async (input: ImportInput) => looked(input) },
  });
  running = worker.run();
}, 120_000);
afterAll(async () => {
  worker.shutdown();
  await running;
  await server.teardown();
});

const COUNTS = { found: 0, imported: 0, alreadyHad: 0, skipped: 0, repaired: 0, missing: 0 };
const GOES_ON: SliceAnswer = {
  done: false,
  state: 'running',
  waitMs: 0,
  waitingFor: null,
  counts: { ...COUNTS, found: 50, imported: 50 },
  estimate: 40_000,
};
const DONE: SliceAnswer = { ...GOES_ON, done: true, state: 'completed' };

/** Runs an import whose n-th slice answers what `answer(n)` says; returns how many slices it took. */
async function run(
  importId: string,
  answer: (slice: number) => SliceAnswer,
  meanwhile: (handle: WorkflowHandle) => Promise<void> = async () => {},
): Promise<{ slices: number; handle: WorkflowHandle }> {
  let slices = 0;
  const importSlice = async () => answer(++slices);
  const activities = await Worker.create({
    connection: server.nativeConnection,
    taskQueue: importQueue('imap'),
    activities: { importSlice },
  });
  const handle = await server.client.workflow.start(IMPORT_WORKFLOW, {
    workflowId: importWorkflowId(importId),
    taskQueue: CHANNELS_QUEUE,
    args: [{ v: 1, tenantId: 'acme', channelId: 'chn_1', accessType: 'imap', importId }],
  });
  await activities.runUntil(async () => {
    await meanwhile(handle);
    await handle.result();
  });
  return { slices, handle };
}

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What became of the timers of a run, in order. */
async function timersOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => {
    if (event.timerStartedEventAttributes) return 'started';
    if (event.timerFiredEventAttributes) return 'fired';
    return event.timerCanceledEventAttributes ? 'canceled' : [];
  });
}

test('importWorkflow takes slice after slice until its row is done, in runs of less than 100 events', async () => {
  const { slices, handle } = await run('imp_long', (slice) => (slice < 40 ? GOES_ON : DONE));
  expect(slices).toBe(40);
  const { historyLength } = await handle.describe();
  expect(historyLength).toBeLessThan(100);
});

test('importWorkflow waits durably, and a signal ends the wait', async () => {
  const waiting = { ...GOES_ON, waitMs: 6 * 3_600_000, waitingFor: 'a person to sign in again' };
  const slow = await run('imp_slow', (slice) => (slice === 1 ? waiting : DONE));
  expect(slow.slices).toBe(2);
  expect(await timersOf(slow.handle)).toEqual(['started', 'fired']);
  let slices = 0;
  const woken = await run(
    'imp_woken',
    (slice) => {
      slices = slice;
      return slice === 1 ? { ...waiting, waitMs: 365 * 24 * 3_600_000 } : DONE;
    },
    async (handle) => {
      // A signal that comes before a slice is answered by that slice; and time is not skipped before the result is awaited.
      await until(async () => (await timersOf(handle)).length > 0);
      await handle.signal('rowChanged');
      await until(() => Promise.resolve(slices === 2));
    },
  );
  expect(woken.slices).toBe(2);
  expect(await timersOf(woken.handle)).toEqual(['started', 'canceled']);
});

test('rule 13: an activity that ends for good does not end the import', async () => {
  const { slices } = await run('imp_broken', (slice) => {
    if (slice === 1) throw ApplicationFailure.nonRetryable('somebody ended it in the tools');
    return DONE;
  });
  expect(slices).toBe(2);
});

/** The workflows as they are, but for the wait for a worker: time is not skipped while an activity is scheduled. */
async function impatientWorkflows() {
  const bundle = await workflowBundle();
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
  expect(code).toMatch(PATIENCE);
  return { code: code.replace(PATIENCE, "scheduleToStartTimeout: '2s'") };
}
const PATIENCE = /scheduleToStartTimeout: '2m'/;

test('an import whose access type no worker serves any more goes on at the queue of the new one', async () => {
  const asked: unknown[] = [];
  looked = ({ accessType }) => {
    asked.push(accessType);
    return { ...GOES_ON, ...(asked.length > 1 ? { accessType: 'microsoft' } : { waitMs: 60_000 }) };
  };
  const { nativeConnection: connection } = server;
  const impatient = 'channels-impatient';
  const workflows = await Worker.create({
    connection,
    taskQueue: impatient,
    workflowBundle: await impatientWorkflows(),
  });
  const ofMicrosoft = await Worker.create({
    connection,
    taskQueue: importQueue('microsoft'),
    activities: { importSlice: async () => DONE },
  });
  const handle = await server.client.workflow.start(IMPORT_WORKFLOW, {
    workflowId: importWorkflowId('imp_unserved'),
    taskQueue: impatient,
    args: [{ v: 1, tenantId: 'acme', channelId: 'chn_1', accessType: 'gmail', importId: 'imp_unserved' }],
  });
  await ofMicrosoft.runUntil(workflows.runUntil(handle.result()));
  expect(asked.slice(0, 2)).toEqual(['gmail', 'gmail']);
});

test('a cancelled import is cancelled, not failed', async () => {
  const ended = run(
    'imp_cancelled',
    () => ({ ...GOES_ON, waitMs: 3_600_000_000 }),
    async (handle) => {
      await server.sleep('1 minute');
      await handle.cancel();
    },
  );
  const error = await ended.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
});

test('describeImport says in words how far it is', () => {
  const counts = { ...COUNTS, found: 1_250, imported: 1_200, missing: 50 };
  expect(describeImport({ ...GOES_ON, counts })).toContain('1,200 of about 40,000 messages imported.');
  expect(describeImport({ ...GOES_ON, counts })).toContain('still to do 50');
  expect(describeImport({ ...DONE, state: 'stalled', counts })).toContain('Stalled: 50 listed messages');
});
