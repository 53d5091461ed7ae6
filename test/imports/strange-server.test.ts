import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { channelOf, connectImap } from '../support/connect.ts';
import { until } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { idsOf, importing } from './importing.ts';

const PASSWORD = secret('password');

let server: WrittenImap;
let stage: Stage;
let machine: ReturnType<typeof importing>;
beforeAll(async () => {
  server = await WrittenImap.start();
  stage = await stageTrusting(server, 'tls');
  machine = importing(stage.context);
});
afterEach(() => {
  server.twist = (_asked, answer) => answer;
});
afterAll(async () => {
  await stage.close();
  await server.stop();
});

/** A poll, and the import that it becomes where it takes longer. */
async function catchUp(channelId: string): Promise<string[]> {
  const { outcome, importId } = await machine.poll(channelId);
  if (outcome === 'more' && importId) await machine.finish(channelId, importId);
  return idsOf(await machine.stored(channelId));
}

async function connected(login: string): Promise<string> {
  server.folders.clear();
  server.folder('INBOX');
  return channelOf(await connectImap(stage, login, PASSWORD));
}

test('mail without a date that can be read is stored, also when it came while the folder was numbered anew', async () => {
  const channelId = await connected('undated@written.example');
  server.twist = (_asked, answer) => answer.replaceAll(/INTERNALDATE "[^"]*"/g, 'INTERNALDATE NIL');
  const before = server.deliver('INBOX', 2);
  expect(await catchUp(channelId)).toEqual(before.toSorted());
  const inbox = server.folder('INBOX');
  inbox.uidValidity = 8;
  inbox.messages = new Map([...inbox.messages].map(([uid, message]) => [uid + 10, message]));
  inbox.uidNext = 20;
  const since = server.deliver('INBOX', 1);
  expect(await catchUp(channelId)).toEqual([...before, ...since].toSorted());
});

test('a message that an answer names twice, with flags or in full, is stored once', async () => {
  const channelId = await connected('twice@written.example');
  server.twist = ({ command }, answer) =>
    command === 'UID FETCH'
      ? answer.replaceAll(/^\* (\d+) FETCH \(UID (\d+) /gm, '* $1 FETCH (UID $2 FLAGS (\\Seen))\r\n$&')
      : answer;
  const told = server.deliver('INBOX', 3);
  expect(await catchUp(channelId)).toEqual(told.toSorted());
  server.twist = ({ command }, answer) => {
    const end = answer.lastIndexOf('%T');
    return command === 'UID FETCH' ? answer.slice(0, end).repeat(2) + answer.slice(end) : answer;
  };
  const more = server.deliver('INBOX', 3);
  expect(await catchUp(channelId)).toEqual([...told, ...more].toSorted());
});

/** Messages as any server takes them, so many that their listing has several pages. */
async function connectedWithPages(login: string): Promise<{ channelId: string; told: string[] }> {
  const channelId = await connected(login);
  return { channelId, told: server.deliver('INBOX', 1_700) };
}

/** How often the folder was examined beyond the first time of each session. */
async function importMissed(channelId: string) {
  const importId = await machine.queue(channelId, { cause: 'reauthorized' });
  server.takeCounts();
  const answer = await machine.finish(channelId, importId);
  const { EXAMINE: examined = 0, AUTHENTICATE: sessions = 0 } = server.takeCounts();
  return { answer: { state: answer.state, ...answer.counts }, examinedAgain: examined - sessions };
}

test('a folder stays open from page to page: its ends alone are examined', async () => {
  const { channelId, told } = await connectedWithPages('pages@written.example');
  // Listed in four pages, and compared in four.
  const { answer, examinedAgain } = await importMissed(channelId);
  expect(answer).toMatchObject({ state: 'completed', found: 1_700, imported: 1_700 });
  expect(examinedAgain).toBeLessThanOrEqual(2);
  expect(idsOf(await machine.stored(channelId))).toEqual(told.toSorted());
});

test('what comes in while a folder is open is listed before its end is told', async () => {
  const { channelId, told } = await connectedWithPages('meanwhile@written.example');
  let since: string[] = [];
  server.twist = ({ command }, answer) => {
    if (command === 'UID FETCH' && since.length === 0) since = server.deliver('INBOX', 3);
    return answer;
  };
  const { answer, examinedAgain } = await importMissed(channelId);
  expect(answer).toMatchObject({ state: 'completed', imported: 1_703 });
  expect(examinedAgain).toBeLessThanOrEqual(2);
  expect(idsOf(await machine.stored(channelId))).toEqual([...told, ...since].toSorted());
});

test('after a refusal the folder is examined before anything more is listed', async () => {
  const { channelId, told } = await connectedWithPages('refusal@written.example');
  let refused = false;
  let next: string | null = null;
  server.twist = ({ command, rest }, answer) => {
    if (refused && (command === 'EXAMINE' || command === 'UID SEARCH')) next ??= command;
    if (refused || command !== 'UID FETCH' || !rest.includes('BODY.PEEK[]')) return answer;
    refused = true;
    return '%T NO [SERVERBUG] not now\r\n';
  };
  expect((await importMissed(channelId)).answer).toMatchObject({ state: 'completed', imported: 1_700 });
  expect(next).toBe('EXAMINE');
  expect(idsOf(await machine.stored(channelId))).toEqual(told.toSorted());
});

test.each(['told in between', 'not told'])(
  'a folder that is numbered anew while it is open (%s) loses and doubles nothing',
  async (how) => {
    const { channelId, told } = await connectedWithPages(`renumbered-${how.replaceAll(' ', '-')}@written.example`);
    let fetches = 0;
    server.twist = ({ command }, answer) => {
      if (command !== 'UID FETCH' || ++fetches !== 4) return answer;
      const inbox = server.folder('INBOX');
      inbox.uidValidity = 8;
      inbox.messages = new Map([...inbox.messages].map(([uid, message]) => [uid + 5_000, message]));
      inbox.uidNext = 7_000;
      return how === 'not told' ? answer : `* OK [UIDVALIDITY 8] numbered anew\r\n${answer}`;
    };
    expect((await importMissed(channelId)).answer).toMatchObject({ state: 'completed', missing: 0 });
    expect(idsOf(await machine.stored(channelId))).toEqual(told.toSorted());
  },
);

test('accounts whose server hangs when asked what is still in a folder hold up no other account', async () => {
  server.folders.clear();
  server.folder('INBOX');
  const logins = Array.from({ length: 9 }, (_, i) => `still-there-${i}@written.example`);
  const connections = await Promise.all(logins.map((login) => connectImap(stage, login, PASSWORD)));
  const [other = '', ...channels] = connections.map((connection) => channelOf(connection));
  const told = server.deliver('INBOX', 1);
  for (const channelId of [...channels, other]) expect(await catchUp(channelId)).toEqual(told);
  const inbox = server.folder('INBOX');
  const [message] = inbox.messages.values();
  if (message) inbox.messages.set(2, message);
  inbox.uidNext = 3;
  let hanging = 0;
  server.twist = ({ command, rest }, answer) =>
    command === 'UID FETCH' && rest.startsWith('1 ') && hanging < 8 && ++hanging > 0 ? '' : answer;
  const polls = channels.map((channelId) => machine.poll(channelId));
  await until('every place to be taken', async () => hanging === 8, 30_000);
  expect(await machine.poll(other)).toMatchObject({ outcome: 'stored' });
  server.hangUp();
  await Promise.allSettled(polls);
});

test('a folder numbered anew at every login tells of the gap once a day, finds what is new and stores nothing twice', async () => {
  const channelId = await connected('renumbers@written.example');
  let validity = 100;
  server.twist = ({ command }, answer) => {
    if (/^(LOGIN|AUTHENTICATE)$/.test(command)) server.folder('INBOX').uidValidity = ++validity;
    return answer;
  };
  const sent: string[] = [];
  for (let polls = 0; polls < 4; polls++) {
    sent.push(...server.deliver('INBOX', 1));
    expect(await catchUp(channelId)).toEqual(sent.toSorted());
  }
  expect(await machine.told(channelId, 'gap.detected')).toHaveLength(1);
});
