import { MockActivityEnvironment } from '@temporalio/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { presentImport } from '../../api/presenters/import.ts';
import { findReceipt } from '../../db/imports/receipts.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { VOID_CURSOR } from '../../db/imports/cursors.ts';
import { cursors } from '../../db/schema/imports.ts';
import { runSlice } from '../../imports/slice.ts';
import type { Context } from '../../runtime/context.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage, stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';
import { sliceInProcess } from './kill/slicing.ts';

const PASSWORD = secret('password');
const HOUR_MS = 3_600_000;
const EVERYTHING = '0';

/** The same machine when time has passed. */
function later(context: Context, ms: number) {
  return importing({ ...context, clock: { now: async () => new Date((await context.clock.now()).getTime() + ms) } });
}

const shown = ({ context }: Stage, importId: string) =>
  context.database.inTenant(TENANT, async (tx) => {
    const receipt = await findReceipt(tx, importId);
    if (!receipt) throw new Error(`no import ${importId}`);
    return presentImport(receipt);
  });

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

async function withProjects(email: string) {
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  await stage.sandbox.deliver('imap', email, 1, { folder: 'Projects', date: '2020-02-02T12:00:00Z' });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  const inbox = await stage.sandbox.deliver('imap', email, 4);
  const projects = await stage.sandbox.deliver('imap', email, 12, { folder: 'Projects' });
  return { channelId, inbox, projects };
}

/** As Temporal does: again and again, until one comes to its end. */
async function slices(channelId: string, importId: string, above: string): Promise<(string | null)[]> {
  const given = { CHANNEL: channelId, IMPORT: importId, FOLDER: 'Projects', ABOVE: above };
  const ends: (string | null)[] = [];
  while (ends.length < 9) {
    const { signal, done } = await sliceInProcess(stage, { ...given, ATTEMPT: String(ends.length + 1) });
    ends.push(signal);
    if (done) break;
  }
  return ends;
}

describe.concurrent('a listing that kills its process', () => {
  test('is set aside after ever smaller pages, and the other folders go on; in an hour it is tried again', async () => {
    const email = 'listing@example.com';
    const { channelId, inbox, projects } = await withProjects(email);
    const { queue, stored, channel, told, poll } = importing(stage.context);
    const before = await channel(channelId);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    // 500 ids, not counted; then 500, 50, 5 and 1, each counted before it was tried.
    const killed = 'SIGKILL';
    expect(await slices(channelId, importId, EVERYTHING)).toEqual([killed, killed, killed, killed, killed, null]);
    expect(idsOf(await stored(channelId))).toEqual(messageIds(inbox));
    const receipt = await shown(stage, importId);
    expect(receipt).toMatchObject({ state: 'stalled', compared: false, imported: 4, missing: 0 });
    expect(receipt.set_aside).toMatchObject([{ folder: 'Projects' }]);
    expect(await told(channelId, 'import.stalled')).toMatchObject([{ data: { setAside: ['Projects'] } }]);
    expect(await channel(channelId)).toMatchObject({
      status: 'connected',
      importState: 'stalled',
      coveredUntil: before.coveredUntil,
    });

    // Polls bring what comes elsewhere, leave the folder alone, and claim nothing.
    const more = await stage.sandbox.deliver('imap', email, 2);
    await poll(channelId);
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...inbox, ...more]));
    expect(await channel(channelId)).toMatchObject({ importState: 'stalled', coveredUntil: before.coveredUntil });

    // In an hour one more try, which counts too; and then another hour.
    const inAnHour = later(stage.context, HOUR_MS + 60_000);
    expect(await inAnHour.poll(channelId)).toMatchObject({ outcome: 'more', importId });
    expect(await slices(channelId, importId, EVERYTHING)).toEqual([killed, null]);
    expect(await shown(stage, importId)).toMatchObject({ state: 'stalled', set_aside: [{ folder: 'Projects' }] });
    expect(await told(channelId, 'import.stalled')).toHaveLength(1);

    // The cause is repaired: the same import completes.
    const inTwoHours = later(stage.context, 2 * HOUR_MS + 120_000);
    expect(await inTwoHours.poll(channelId)).toMatchObject({ outcome: 'more', importId });
    expect(await inTwoHours.finish(channelId, importId)).toMatchObject({ state: 'completed', setAside: 0 });
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...inbox, ...more, ...projects]));
    expect(await shown(stage, importId)).toMatchObject({ state: 'completed', compared: true, set_aside: [] });
    const after = await channel(channelId);
    expect(after.importState).toBe('idle');
    expect(after.coveredUntil?.getTime()).toBeGreaterThan(before.coveredUntil?.getTime() ?? Infinity);
  }, 240_000);

  test('is done in pages that pass where some do', async () => {
    const { channelId, inbox, projects } = await withProjects('pages@example.com');
    const { queue, stored } = importing(stage.context);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    const killed = 'SIGKILL';
    expect(await slices(channelId, importId, '7')).toEqual([killed, killed, killed, null]);
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...inbox, ...projects]));
    expect(await shown(stage, importId)).toMatchObject({
      state: 'completed',
      compared: true,
      imported: 16,
      set_aside: [],
    });
  }, 240_000);
});

async function withInbox(email: string) {
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  const delivered = await stage.sandbox.deliver('imap', email, 3);
  return { channelId, delivered };
}

/** One slice, as a second attempt, whose listing hangs until the activity is cancelled for this reason. */
async function hang(channelId: string, importId: string, reason: 'TIMED_OUT' | 'WORKER_SHUTDOWN'): Promise<void> {
  const environment = new MockActivityEnvironment({ attempt: 2 });
  const list = (): Promise<never> => {
    environment.cancel(reason);
    return Promise.reject(new Error('aborted'));
  };
  const hanging = withSessions(stage.context, (session) => ({
    ...session,
    // An expired cursor is told at once; the window after it is what hangs.
    listChanges: (scope, cursor, limit) => (cursor === '' ? session.listChanges(scope, cursor, limit) : list()),
    listWindow: list,
  }));
  const slice = () => runSlice(hanging, { tenantId: TENANT, channelId, importId });
  await expect(environment.run(slice)).rejects.toThrow();
}

describe('a listing that never answers', () => {
  test('as a window whose head has become void meanwhile, it ends well when it is tried again', async () => {
    const { channelId, delivered } = await withInbox('window@example.com');
    const { queue, slice, finish, stored } = importing(stage.context);
    await stage.context.database.inTenant(TENANT, (tx) =>
      tx.update(cursors).set({ cursor: VOID_CURSOR, compared: null }).where(eq(cursors.channelId, channelId)),
    );
    const importId = await queue(channelId, { cause: 'reauthorized' });
    for (let hangs = 0; hangs < 4; hangs++) await hang(channelId, importId, 'TIMED_OUT');
    // The first folder is set aside, the others are not.
    await slice(channelId, importId);
    expect((await shown(stage, importId)).set_aside.map(({ folder }) => folder)).toEqual(['Archive']);
    // Another sign-in causes an import that lists it.
    const second = await queue(channelId, { cause: 'reauthorized' });
    expect(second).not.toBe(importId);
    expect(await finish(channelId, second)).toMatchObject({ state: 'completed' });
    const inAnHour = later(stage.context, HOUR_MS + 60_000);
    expect(await inAnHour.poll(channelId)).toMatchObject({ outcome: 'more', importId });
    expect(await inAnHour.finish(channelId, importId)).toMatchObject({ state: 'completed', setAside: 0 });
    expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
    expect((await inAnHour.channel(channelId)).importState).toBe('idle');
  });

  test('is counted when its activity runs out of time, and not when its worker is told to stop', async () => {
    const { channelId, delivered } = await withInbox('hanging@example.com');
    const importId = await importing(stage.context).queue(channelId, { cause: 'reauthorized' });
    for (let stops = 0; stops < 6; stops++) await hang(channelId, importId, 'WORKER_SHUTDOWN');
    for (let hangs = 0; hangs < 3; hangs++) await hang(channelId, importId, 'TIMED_OUT');
    expect((await shown(stage, importId)).set_aside).toEqual([]);
    await hang(channelId, importId, 'TIMED_OUT');
    const { slice, stored, finish } = importing(stage.context);
    expect(await slice(channelId, importId)).toMatchObject({ done: true, state: 'stalled', setAside: 1 });
    const inAnHour = later(stage.context, HOUR_MS + 60_000);
    await inAnHour.poll(channelId);
    expect(await finish(channelId, importId)).toMatchObject({ state: 'completed', setAside: 0 });
    expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
  });
});

describe('a listing that cuts every connection', () => {
  let server: WrittenImap;
  let trusting: Stage;
  beforeAll(async () => {
    server = await WrittenImap.start();
    trusting = await stageTrusting(server, 'tls');
  });
  afterAll(async () => {
    await trusting.close();
    await server.stop();
  });

  test('does not keep a mailbox from being polled: the folder is set aside, the account works', async () => {
    server.folder('Projects');
    const channelId = channelOf(await connectImap(trusting, 'cut@written.example', PASSWORD));
    const inbox = server.deliver('INBOX', 3);
    const projects = server.deliver('Projects', 3);
    let folder = '';
    server.twist = ({ command, rest }, answer) => {
      if (command === 'EXAMINE') folder = rest;
      return command === 'UID SEARCH' && folder.includes('Projects') ? null : answer;
    };
    let passedMs = 0;
    const pass = async (ms: number) => {
      passedMs += ms;
      await trusting.context.database.inTenant(TENANT, (tx) => updateChannel(tx, channelId, { retryAt: null }));
      return later(trusting.context, passedMs);
    };
    let importId: string | null = null;
    for (let polls = 0; polls < 6 && importId === null; polls++) {
      ({ importId } = await (await pass(60_000)).poll(channelId));
    }
    let done = false;
    for (let slices = 0; slices < 12 && !done; slices++) {
      ({ done } = await (await pass(60_000)).slice(channelId, importId ?? ''));
    }
    expect(await shown(trusting, importId ?? '')).toMatchObject({
      state: 'stalled',
      set_aside: [{ folder: 'Projects' }],
    });
    const machine = await pass(60_000);
    expect(idsOf(await machine.stored(channelId))).toEqual(inbox.toSorted());
    const more = server.deliver('INBOX', 2);
    await machine.poll(channelId);
    expect(idsOf(await machine.stored(channelId))).toEqual([...inbox, ...more].toSorted());
    expect(await machine.channel(channelId)).toMatchObject({ status: 'connected', importState: 'stalled' });

    server.twist = (_asked, answer) => answer;
    const mended = await pass(2 * HOUR_MS);
    await mended.poll(channelId);
    expect(await mended.finish(channelId, importId ?? '')).toMatchObject({ state: 'completed' });
    expect(idsOf(await mended.stored(channelId))).toEqual([...inbox, ...more, ...projects].toSorted());
    expect(await mended.channel(channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
  });
});
