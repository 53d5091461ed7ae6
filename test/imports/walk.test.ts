import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { listCursors } from '../../db/imports/cursors.ts';
import type { Provider } from '../../providers/contract.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, TENANT } from './importing.ts';
import { dice, ModelMailbox } from './model/model-mailbox.ts';
import { modelProvider } from './model/model-provider.ts';
import type { ModelAccount } from './model/model-provider.ts';

const DAY_MS = 86_400_000;
/** What every request takes here, so that a walk lasts longer than a poll and many slices. */
const REQUEST_MS = 1_500;

/* A mailbox at a provider without a cursor as of now: the first one is the end of a walk. */
let stage: Stage;
let account: ModelAccount;
let steadyMs = 0;
let fails: (() => void) | null = null;
/** Where each page of a walk began. */
let walked: (string | null)[] = [];

beforeAll(async () => {
  const steady = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => steady() + steadyMs);
  stage = await raiseStage({ given: { providers: new Map([['imap', noting(modelProvider(() => account))]]) } });
}, 180_000);
afterAll(() => stage.close());

function noting(provider: Provider): Provider {
  return {
    ...provider,
    async openSession(access, signal) {
      const session = await provider.openSession(access, signal);
      const walk = session.walk?.bind(session);
      if (!walk) return session;
      return {
        ...session,
        walk(scope, position, limit) {
          walked.push(position);
          return walk(scope, position, limit);
        },
      };
    },
  };
}

function meet(): void {
  steadyMs += REQUEST_MS;
  fails?.();
}

/** A channel at a mailbox of 600 old messages. */
async function connected(email: string) {
  const mailbox = new ModelMailbox(['INBOX', 'Sent'], 0, () => new Date());
  account = { mailbox, tellsTime: true, walks: true, roll: dice(7), meet };
  mailbox.deliver(mailbox.folder(0), 600, 10 * DAY_MS);
  const channelId = channelOf(await connectImap(stage, email, secret('password')));
  mailbox.connected = true;
  walked = [];
  const { channel, stored, ...work } = importing(stage.context);
  return {
    ...work,
    channelId,
    channel: () => channel(channelId),
    stored: async () => idsOf(await stored(channelId)),
    cursors: () => stage.context.database.inTenant(TENANT, (tx) => listCursors(tx, channelId)),
    deliver: (folder: number, count: number) => mailbox.deliver(mailbox.folder(folder), count),
    ours: () => idsOf(mailbox.arrived.filter(({ ours }) => ours)),
  };
}

/** The import that a poll has begun and could not finish. */
async function beginImport({ poll, channelId }: Awaited<ReturnType<typeof connected>>): Promise<string> {
  const { outcome, importId } = await poll(channelId);
  if (outcome !== 'more' || importId === null) throw new Error(`the poll came to ${outcome}`);
  return importId;
}

test('a channel is connected at once, and catches up until its first cursors are taken', async () => {
  const subject = await connected('walked@example.com');
  expect(await subject.channel()).toMatchObject({ status: 'connected', importState: 'catching_up' });
  expect((await subject.channel()).coveredUntil).not.toBeNull();
  const importId = await beginImport(subject);
  await subject.finish(subject.channelId, importId);
  expect(await subject.channel()).toMatchObject({ status: 'connected', importState: 'idle' });
  expect((await subject.cursors()).map(({ scope }) => scope)).toEqual(['INBOX', 'Sent']);
  expect(await subject.stored()).toEqual([]);
});

test('what comes during the walk is stored while it lasts, in every folder', async () => {
  const subject = await connected('busy@example.com');
  const importId = await beginImport(subject);
  for (const folder of [0, 1]) {
    subject.deliver(folder, 3);
    await subject.slice(subject.channelId, importId);
    expect(await subject.cursors()).toEqual([]);
    expect(await subject.stored()).toEqual(subject.ours());
  }
  subject.deliver(0, 2);
  await subject.finish(subject.channelId, importId);
  expect(await subject.stored()).toEqual(subject.ours());
});

test('a walk that is killed goes on where it was; nothing is lost or stored twice', async () => {
  const subject = await connected('killed@example.com');
  const importId = await beginImport(subject);
  for (const calls of [3, 12, 6]) {
    subject.deliver(0, 2);
    let left = calls;
    fails = () => {
      if (left-- === 0) throw new Error('the process is gone');
    };
    await expect(subject.slice(subject.channelId, importId)).rejects.toThrow('the process is gone');
    fails = null;
    const [last] = walked.slice(-1);
    walked = [];
    await subject.slice(subject.channelId, importId, 2);
    expect(walked[0]).not.toBeNull();
    expect(uidOf(walked[0] ?? null)).toBeGreaterThanOrEqual(uidOf(last ?? null));
  }
  await subject.finish(subject.channelId, importId);
  expect(await subject.stored()).toEqual(subject.ours());
});

test('after the walk news is listed after the cursor, and no walk begins again', async () => {
  const subject = await connected('later@example.com');
  await subject.finish(subject.channelId, await beginImport(subject));
  walked = [];
  subject.deliver(1, 4);
  // The model lists what is no more as well, which is looked for a second time: then the poll hands over.
  const { outcome, importId } = await subject.poll(subject.channelId);
  if (outcome === 'more' && importId !== null) await subject.finish(subject.channelId, importId);
  expect(await subject.stored()).toEqual(subject.ours());
  expect(await subject.poll(subject.channelId)).toMatchObject({ outcome: 'nothing' });
  expect(walked).toEqual([]);
});

test('an expired cursor is a walk again, beside a window from what is covered', async () => {
  const subject = await connected('expired@example.com');
  await subject.finish(subject.channelId, await beginImport(subject));
  walked = [];
  subject.deliver(0, 3);
  account.mailbox.expire(account.mailbox.folder(0));
  const importId = await beginImport(subject);
  await subject.finish(subject.channelId, importId);
  expect(walked.length).toBeGreaterThan(1);
  expect(await subject.stored()).toEqual(subject.ours());
  expect(await subject.channel()).toMatchObject({ importState: 'idle' });
});

const uidOf = (position: string | null): number => (JSON.parse(position ?? '{"uid":0}') as { uid: number }).uid;
