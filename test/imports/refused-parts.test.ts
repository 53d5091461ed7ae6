import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { presentImport } from '../../api/presenters/import.ts';
import { listChannelSetAside } from '../../db/imports/channel-set-aside.ts';
import { listImports } from '../../db/imports/receipts.ts';
import type { Context } from '../../runtime/context.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { WrittenImap } from '../support/written-imap.ts';
import type { Asked } from '../support/written-imap.ts';
import { idsOf, importing, TENANT } from './importing.ts';

/* One folder that the server refuses, while it gives the others. */

const PASSWORD = secret('password');
const HOUR_MS = 3_600_000;
const REFUSAL = '%T NO [SERVERBUG] Internal error occurred. Refer to server log\r\n';

let server: WrittenImap;
let stage: Stage;
beforeAll(async () => {
  server = await WrittenImap.start();
  stage = await stageTrusting(server, 'tls');
});
afterEach(() => {
  server.twist = (_asked, answer) => answer;
  server.charset = 'utf8';
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

/** The same machine when time has passed. */
function later(context: Context, ms: number) {
  return importing({ ...context, clock: { now: async () => new Date((await context.clock.now()).getTime() + ms) } });
}

async function connect(login: string, folders: string[]): Promise<string> {
  server.folders.clear();
  for (const folder of ['INBOX', ...folders]) server.folder(folder);
  return channelOf(await connectImap(stage, login, PASSWORD));
}

async function catchUp(channelId: string, passedMs = 0): Promise<string[]> {
  const machine = later(stage.context, passedMs);
  const { outcome, importId } = await machine.poll(channelId);
  if (outcome === 'more' && importId) await machine.finish(channelId, importId);
  return idsOf(await machine.stored(channelId));
}

const setAside = async (channelId: string) =>
  (await stage.context.database.inTenant(TENANT, (tx) => listChannelSetAside(tx, [channelId]))).get(channelId) ?? [];

/** Refuses these commands while this folder is asked for, or is selected. */
function refuse(folder: string, commands: string[], line = REFUSAL) {
  let selected = '';
  server.twist = ({ command, rest }: Asked, answer) => {
    if (command === 'EXAMINE') selected = rest;
    const about = ['EXAMINE', 'STATUS'].includes(command) ? rest : selected;
    return commands.includes(command) && about.includes(folder) ? line : answer;
  };
}

test.each([
  ['EXAMINE', ['EXAMINE']],
  ['EXAMINE and STATUS', ['EXAMINE', 'STATUS']],
  ['SEARCH', ['UID SEARCH']],
  ['FETCH', ['UID FETCH', 'FETCH']],
])(
  'a folder whose %s is refused starves no other, is set aside by name, and is read once it can be',
  async (what, commands) => {
    const channelId = await connect(`refused-${what.replaceAll(' ', '-')}@written.example`, ['Work', 'Broken']);
    const { channel } = importing(stage.context);
    const first = [...server.deliver('INBOX', 1), ...server.deliver('Work', 1)];
    expect(await catchUp(channelId)).toEqual(first.toSorted());
    const before = await channel(channelId);
    refuse('Broken', commands);
    const broken = server.deliver('Broken', 2);
    const others = [...first, ...server.deliver('INBOX', 2), ...server.deliver('Work', 2)];
    expect(await catchUp(channelId)).toEqual(others.toSorted());
    expect(await setAside(channelId)).toMatchObject([{ folder: 'Broken', reason: 'refused' }]);
    expect(await channel(channelId)).toMatchObject({ status: 'connected', coveredUntil: before.coveredUntil });
    const more = [...others, ...server.deliver('INBOX', 1)];
    expect(await catchUp(channelId)).toEqual(more.toSorted());

    server.twist = (_asked, answer) => answer;
    await catchUp(channelId, HOUR_MS);
    expect(await catchUp(channelId, HOUR_MS + 60_000)).toEqual([...more, ...broken].toSorted());
    expect(await setAside(channelId)).toEqual([]);
    const after = await channel(channelId);
    expect(after).toMatchObject({ status: 'connected', importState: 'idle' });
    expect(after.coveredUntil?.getTime()).toBeGreaterThan(before.coveredUntil?.getTime() ?? Infinity);
  },
);

test.each([
  ['cuts the connection', 'STATUS', null],
  ['is never answered', 'STATUS', ''],
  ['cuts the connection', 'EXAMINE', null],
] as const)(
  'a folder whose head %s (%s) starves no other once it has done so twice, and is read once it can be',
  async (how, command, nothing) => {
    const login = `silent-${command}-${how.replaceAll(' ', '-')}@written.example`;
    const channelId = await connect(login, ['Work', 'Broken']);
    const { poll } = importing(stage.context);
    server.twist = ({ command: asked, rest }, answer) => {
      if (!rest.includes('Broken')) return answer;
      // Without a STATUS the folder is examined.
      if (asked === 'STATUS' && command === 'EXAMINE') return REFUSAL;
      return asked === command ? nothing : answer;
    };
    const broken = server.deliver('Broken', 2);
    const others = [...server.deliver('INBOX', 2), ...server.deliver('Work', 2)];
    for (let lost = 0; lost < 2; lost++) expect((await poll(channelId)).outcome).toBe('refused');
    expect(await catchUp(channelId)).toEqual(others.toSorted());
    expect(await setAside(channelId)).toMatchObject([{ folder: 'Broken', reason: 'no_answer' }]);

    server.twist = (_asked, answer) => answer;
    await catchUp(channelId, HOUR_MS);
    expect(await catchUp(channelId, HOUR_MS + 60_000)).toEqual([...others, ...broken].toSorted());
    expect(await setAside(channelId)).toEqual([]);
  },
  120_000,
);

test('a folder that cuts the connection does not keep a mailbox from being connected', async () => {
  server.folders.clear();
  for (const folder of ['INBOX', 'Broken', 'Worse']) server.folder(folder);
  server.twist = ({ command, rest }, answer) => (command === 'STATUS' && /Broken|Worse/.test(rest) ? null : answer);
  const channelId = channelOf(await connectImap(stage, 'cut-at-connect@written.example', PASSWORD));
  expect((await setAside(channelId)).map(({ folder }) => folder).toSorted()).toEqual(['Broken', 'Worse']);
  const told = server.deliver('INBOX', 1);
  expect(await catchUp(channelId)).toEqual(told);
});

test('what the whole server refuses for a while sets no folder aside', async () => {
  const channelId = await connect('outage@written.example', ['Work']);
  const told = [...server.deliver('INBOX', 2), ...server.deliver('Work', 2)];
  server.twist = ({ command }, answer) =>
    command === 'UID SEARCH' ? '%T NO [UNAVAILABLE] try again later\r\n' : answer;
  await importing(stage.context).poll(channelId);
  expect(await setAside(channelId)).toEqual([]);
  server.twist = (_asked, answer) => answer;
  expect(await catchUp(channelId, 60_000)).toEqual(told.toSorted());
});

test('a name that only LIST knows does not keep a mailbox from being connected, and is said', async () => {
  server.folders.clear();
  server.folder('INBOX');
  const ghost = '* LIST (\\HasNoChildren) "/" "Public Folders"\r\n';
  server.twist = ({ command, rest }, answer) =>
    command === 'LIST' && rest.includes('*') ? `${ghost}${answer}` : answer;
  const listing = server.twist;
  server.twist = (asked, answer) => {
    const named = asked.command === 'LIST' && asked.rest.includes('Public Folders');
    return named ? `${ghost}%T OK done\r\n` : listing(asked, answer);
  };
  const channelId = channelOf(await connectImap(stage, 'ghost@written.example', PASSWORD));
  expect(await setAside(channelId)).toMatchObject([{ folder: 'Public Folders', reason: 'refused', count: 0 }]);
  const before = await importing(stage.context).channel(channelId);
  const told = server.deliver('INBOX', 2);
  expect(await catchUp(channelId)).toEqual(told.toSorted());
  await catchUp(channelId, 60_000);
  // It was never read, so nothing of it is missing.
  const after = await importing(stage.context).channel(channelId);
  expect(after).toMatchObject({ status: 'connected', importState: 'idle' });
  expect(after.coveredUntil?.getTime()).toBeGreaterThan(before.coveredUntil?.getTime() ?? Infinity);
});

test('a folder that was refused at the connection is read from the connection on, once it can be', async () => {
  server.folders.clear();
  for (const name of ['INBOX', 'Broken']) server.folder(name);
  server.deliver('Broken', 1, new Date('2020-02-02T12:00:00Z'));
  refuse('Broken', ['EXAMINE', 'STATUS']);
  const channelId = channelOf(await connectImap(stage, 'late@written.example', PASSWORD));
  const told = server.deliver('Broken', 2);
  expect(await catchUp(channelId)).toEqual([]);
  server.twist = (_asked, answer) => answer;
  await catchUp(channelId, HOUR_MS);
  expect(await catchUp(channelId, HOUR_MS + 60_000)).toEqual(told.toSorted());
  expect(await setAside(channelId)).toEqual([]);
});

test('a line of LIST that cannot be read is said, and the other folders are read', async () => {
  server.folders.clear();
  for (const name of ['INBOX', 'Work']) server.folder(name);
  server.twist = ({ command, rest }, answer) =>
    command === 'LIST' && rest.includes('*') ? `* LIST (\\HasNoChildren) "/" R & D\r\n${answer}` : answer;
  const channelId = channelOf(await connectImap(stage, 'line@written.example', PASSWORD));
  expect(await setAside(channelId)).toMatchObject([
    { folder: expect.stringContaining('R & D'), reason: 'unreadable_name' },
  ]);
  const told = [...server.deliver('INBOX', 1), ...server.deliver('Work', 1)];
  expect(await catchUp(channelId)).toEqual(told.toSorted());
});

test('an import on request names a folder that was read before and is refused now', async () => {
  const channelId = await connect('requested@written.example', ['Broken']);
  refuse('Broken', ['EXAMINE', 'STATUS']);
  const told = server.deliver('INBOX', 1);
  const machine = importing(stage.context);
  const importId = await machine.queue(channelId, { cause: 'requested', backfill: false });
  expect(await machine.finish(channelId, importId)).toMatchObject({ state: 'stalled', setAside: 1 });
  expect(idsOf(await machine.stored(channelId))).toEqual(told);
});

test('an import names the folders that it left out, and why', async () => {
  const channelId = await connect('named@written.example', ['Broken']);
  refuse('Broken', ['EXAMINE']);
  server.deliver('INBOX', 1);
  server.deliver('Broken', 1);
  await catchUp(channelId);
  const shown = await stage.context.database.inTenant(TENANT, async (tx) =>
    (await listImports(tx, { channelId, after: null, limit: 10 })).map((receipt) => presentImport(receipt)),
  );
  const aside = { folder: 'Broken', reason: 'refused', count: 0 };
  expect(shown.map(({ state, set_aside }) => ({ state, set_aside }))).toMatchObject([
    { state: 'stalled', set_aside: [aside] },
  ]);
});
