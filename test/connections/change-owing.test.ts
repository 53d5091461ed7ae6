import { dirname } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { verdict } from '../../domain/verdict-builders.ts';
import { PartRefused } from '../../domain/verdict.ts';

import type { Session } from '../../providers/contract.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, messageIds, withSessions } from '../imports/importing.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { changing, WAYS } from './changing.ts';
import type { WayName } from './changing.ts';

/*
 * A change of access of a channel that still owes mail, or whose old place has had a message later than the new one: nothing is
 * lost, and nothing is imported that is not the channel's.
 */

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let at: ReturnType<typeof changing>;
let written: WrittenImap;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage, api } = raised);
  at = changing(raised);
  written = await WrittenImap.start(dirname(stage.imap.ca_file));
}, 60_000);
afterAll(async () => {
  await written?.stop();
  await raised?.close();
});
beforeEach(() => {
  written.twist = (_asked, answer) => answer;
});

/** A slice that breaks for this time is put off. */
const LAST_ATTEMPT = 4;
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const deliver = (name: WayName, email: string, count: number, more: object = {}) =>
  stage.sandbox.deliver(WAYS[name].at, email, count, more);

/** A channel that has been connected for 200 days, whose only mail is old. */
async function oldChannel(name: WayName, email: string, mailDays: number) {
  const channelId = await at.connect(name, email);
  await raised.sql`
    update channels set created_at = ${daysAgo(200)}, owned_from = ${daysAgo(200)} where id = ${channelId}`;
  const own = await deliver(name, email, 3, { date: daysAgo(mailDays) });
  await importing(stage.context).settle(channelId);
  expect(await at.stored(channelId)).toEqual(messageIds(own));
  return { channelId, own };
}

/** The mailbox is at the new place as well, and the channel moves there. */
async function move(channelId: string, from: WayName, to: WayName, email: string) {
  await at.account(to, email);
  if (WAYS[from].at !== WAYS[to].at) await at.copy(from, to, email);
  expect((await at.change(channelId, to, email, { attested: true })).code).toBeNull();
}

const catchUp = async (channelId: string) =>
  importing(stage.context).finish(channelId, await at.runningImport(channelId));

test('rule 10: a stray message at the old place hides none that went to the new one before it', async () => {
  const email = 'stray@example.com';
  const { channelId, own } = await oldChannel('imap', email, 10);
  const stray = await deliver('imap', email, 1);
  await importing(stage.context).settle(channelId);
  await at.account('gmail', email);
  const moved = await deliver('gmail', email, 2, { date: daysAgo(4) });
  await move(channelId, 'imap', 'gmail', email);
  expect(await catchUp(channelId)).toMatchObject({ state: 'completed', counts: { imported: 2, missing: 0 } });
  expect(await at.stored(channelId)).toEqual(messageIds([...own, ...stray, ...moved]));
});

/** Listings that break for a reason of our own. */
const broken = () =>
  importing(
    withSessions(stage.context, (session: Session) => ({
      ...session,
      listChanges: () => Promise.reject(new TypeError('our reader of this page is broken')),
      listWindow: () => Promise.reject(new TypeError('our reader of this page is broken')),
    })),
  );

/** A call that one part refuses. */
const unlessRefused =
  <A extends [{ name: string | null }, ...unknown[]], R>(part: string, call: (...asked: A) => Promise<R>) =>
  (...asked: A): Promise<R> =>
    asked[0].name === part
      ? Promise.reject(new PartRefused('refused', verdict('transient', 'provider_unavailable')))
      : call(...asked);

const refusing = (part: string) =>
  importing(
    withSessions(stage.context, (session: Session) => ({
      ...session,
      listChanges: unlessRefused(part, session.listChanges.bind(session)),
      listWindow: unlessRefused(part, session.listWindow.bind(session)),
    })),
  );

describe('rule 10: a second change within the hour imports what the first one still owes', () => {
  test.each(['another access', 'the way back'])('beside the lane (%s)', async (to) => {
    const email = `owing-${to.replaceAll(' ', '-')}@example.com`;
    const { channelId, own } = await oldChannel('imap', email, 100);
    const missed = await deliver('imap', email, 2, { date: daysAgo(90) });
    await move(channelId, 'imap', 'gmail', email);
    const owed = await at.runningImport(channelId);
    expect(await broken().slice(channelId, owed, LAST_ATTEMPT)).toMatchObject({ done: false, state: 'stalled' });
    const fresh = await deliver('gmail', email, 1);
    await importing(stage.context).poll(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...fresh]));

    if (to === 'the way back') expect((await at.revert(channelId)).status).toBe(200);
    else await move(channelId, 'gmail', 'microsoft', email);
    expect(await catchUp(channelId)).toMatchObject({ state: 'completed', counts: { missing: 0 } });
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...missed, ...fresh]));
  });

  test('of a folder that is set aside', async () => {
    const email = 'owing-folder@example.com';
    const { channelId, own } = await oldChannel('gmail', email, 100);
    await at.account('imap', email);
    const missed = await deliver('imap', email, 2, { folder: 'Work', date: daysAgo(90) });
    const fresh = await deliver('imap', email, 1);
    await move(channelId, 'gmail', 'imap', email);
    const importId = await at.runningImport(channelId);
    expect(await refusing('Work').finish(channelId, importId)).toMatchObject({ state: 'stalled' });
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...fresh]));
    expect((await at.show(channelId)).set_aside).toMatchObject([{ folder: 'Work', reason: 'refused' }]);
    await move(channelId, 'imap', 'exchange', email);
    expect(await catchUp(channelId)).toMatchObject({ state: 'completed', counts: { missing: 0 } });
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...missed, ...fresh]));
    expect((await at.show(channelId)).set_aside).toEqual([]);
  });
});

/** Sessions that never return one message. */
const withholding = (providerId: string) =>
  importing(
    withSessions(stage.context, (session) => ({
      ...session,
      async *fetchMessages(scope, items) {
        const given = items.filter((item) => item.providerId !== providerId);
        yield* session.fetchMessages(scope, given);
        for (const item of items) {
          if (!given.includes(item)) yield { outcome: 'failed', item, error: new Error('refused') };
        }
      },
    })),
  );

describe('messages in quarantine', () => {
  test('rule 10: one that is being replayed is imported by the new access', async () => {
    const email = 'replaying@example.com';
    const { channelId, own } = await oldChannel('imap', email, 100);
    const [refused] = await deliver('imap', email, 1, { date: daysAgo(90) });
    const since = await deliver('imap', email, 1);
    await raised.sql`update channels set covered_until = ${daysAgo(95)} where id = ${channelId}`;
    await withholding(refused?.provider_id.split('/').at(-1) ?? '').settle(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since]));
    await raised.sql`update channels set covered_until = now() where id = ${channelId}`;
    const [held] = (await api.call('GET', `/v1/channels/${channelId}/quarantine`)).json.data;
    expect((await api.call('POST', `/v1/imports/${held.import}/quarantine/replay`, {})).status).toBe(202);
    await move(channelId, 'imap', 'gmail', email);
    expect((await at.show(channelId)).set_aside).toEqual([]);
    await catchUp(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since, ...(refused ? [refused] : [])]));
  });

  test('one of a requested window, which the change does not list again, stays listed', async () => {
    const email = 'requested-quarantine@example.com';
    await at.account('imap', email);
    const [refused] = await deliver('imap', email, 2, { date: daysAgo(90) });
    const channelId = await at.connect('imap', email);
    const machine = withholding(refused?.provider_id.split('/').at(-1) ?? '');
    const requested = await machine.queue(channelId, { cause: 'requested', windowFrom: new Date(daysAgo(95)) });
    await machine.finish(channelId, requested);
    const { set_aside: before } = await at.show(channelId);
    expect(before).toMatchObject([{ reason: 'unfetchable', count: 1 }]);
    await move(channelId, 'imap', 'gmail', email);
    await catchUp(channelId);
    expect((await at.show(channelId)).set_aside).toEqual([{ ...before[0], retry_at: null }]);
  });
});

const setMode = async (channelId: string, mode: string) =>
  expect((await api.call('PATCH', `/v1/channels/${channelId}`, { import: mode })).status).toBe(200);

describe('other modes of importing', () => {
  test('in gap mode the change imports what came since the cover alone', async () => {
    const email = 'gap-mode@example.com';
    const { channelId, own } = await oldChannel('imap', email, 40);
    await setMode(channelId, 'gap');
    await catchUp(channelId);
    const products = await deliver('imap', email, 2, { date: daysAgo(5) });
    await importing(stage.context).settle(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds(own));
    await move(channelId, 'imap', 'gmail', email);
    const since = await deliver('gmail', email, 2);
    expect(await catchUp(channelId)).toMatchObject({ state: 'completed', counts: { imported: 2, missing: 0 } });
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since]));
    expect(products).toHaveLength(2);
    await deliver('gmail', email, 1);
    await importing(stage.context).settle(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since]));
  });

  test('with importing off the change imports nothing, and what is switched on later doubles nothing', async () => {
    const email = 'importing-off@example.com';
    const { channelId, own } = await oldChannel('imap', email, 0);
    await setMode(channelId, 'off');
    await catchUp(channelId);
    await move(channelId, 'imap', 'gmail', email);
    expect((await importing(stage.context).imports(channelId)).filter(({ state }) => state === 'running')).toEqual([]);
    await importing(stage.context).poll(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds(own));
    await setMode(channelId, 'continuous');
    const since = await deliver('gmail', email, 1);
    await importing(stage.context).settle(channelId);
    await importing(stage.context).settle(channelId);
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since]));
  });
});

const server = () => ({ host: written.host, port: written.port, security: 'tls' });
const REFUSAL = '%T NO [SERVERBUG] Internal error occurred. Refer to server log\r\n';
const refuseHeads = () => {
  written.twist = ({ command, rest }, answer) =>
    ['EXAMINE', 'STATUS'].includes(command) && rest.includes('Broken') ? REFUSAL : answer;
};

async function connectWritten(email: string): Promise<string> {
  const link = await raised.links.makeLink({ tenant: 'acme', access_types: ['imap'] });
  expect((await at.signIn(link.path, 'imap', email, { server: server() })).code).toBeNull();
  return (await raised.links.resultOf(link.id)).channel as string;
}

/** A poll of a session that waits once it knows the parts, until the channel has moved to Gmail and caught up. */
async function pollAcrossChange(channelId: string, email: string): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const waiting = withSessions(stage.context, (session) => ({
    ...session,
    async parts(...asked) {
      const parts = await session.parts(...asked);
      reached.resolve();
      await gate.promise;
      return parts;
    },
  }));
  const polling = importing(waiting)
    .poll(channelId)
    .catch((error: unknown) => error);
  await reached.promise;
  expect((await at.change(channelId, 'gmail', email, { attested: true })).code).toBeNull();
  await catchUp(channelId);
  gate.resolve();
  await polling;
}

describe('a folder of the place that is left', () => {
  test('brings no mail from before the connection when the way back leads to it again', async () => {
    const email = 'unread-folder@example.com';
    written.folders.clear();
    for (const folder of ['INBOX', 'Broken']) written.folder(folder);
    written.deliver('Broken', 2, new Date(daysAgo(300)));
    refuseHeads();
    const channelId = await connectWritten(email);
    await importing(stage.context).settle(channelId);
    expect((await at.show(channelId)).set_aside).toMatchObject([{ folder: 'Broken' }]);
    expect((await at.change(channelId, 'gmail', email, { attested: true })).code).toBeNull();
    expect((await at.revert(channelId)).status).toBe(200);
    written.twist = (_asked, answer) => answer;
    const since = [...written.deliver('INBOX', 1), ...written.deliver('Broken', 1)];
    await catchUp(channelId);
    await importing(stage.context).settle(channelId);
    expect(await at.stored(channelId)).toEqual(since.toSorted());
  });

  test('is none of the new access where a poll of the one before finds it after the change', async () => {
    const email = 'foreign-folder@example.com';
    written.folders.clear();
    for (const folder of ['INBOX', 'Broken']) written.folder(folder);
    const channelId = await connectWritten(email);
    await importing(stage.context).settle(channelId);
    refuseHeads();
    written.deliver('INBOX', 1);
    await pollAcrossChange(channelId, email);
    expect((await at.show(channelId)).set_aside).toEqual([]);
  });

  test('has no cursor at the new access where a poll in gap mode finds it after the change', async () => {
    const email = 'foreign-cursor@example.com';
    written.folders.clear();
    written.folder('INBOX');
    const channelId = await connectWritten(email);
    await importing(stage.context).settle(channelId);
    await setMode(channelId, 'gap');
    await importing(stage.context).settle(channelId);
    written.deliver('New', 1);
    await pollAcrossChange(channelId, email);
    const cursors = await raised.sql`select scope from cursors where channel_id = ${channelId}`;
    expect(cursors).toHaveLength(1);
  });
});
