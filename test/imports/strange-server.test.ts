import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { channelOf, connectImap } from '../support/connect.ts';
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
