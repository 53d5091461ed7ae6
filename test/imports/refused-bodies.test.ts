import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isNotNull } from 'drizzle-orm';
import { updateChannel } from '../../db/channels/channels.ts';
import { importItems } from '../../db/schema/imports.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { until } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { idsOf, importing, TENANT } from './importing.ts';

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

async function connected(login: string): Promise<string> {
  server.folders.clear();
  server.folder('INBOX');
  return channelOf(await connectImap(stage, login, PASSWORD));
}

/** Whether a UID FETCH is, among others, for message 3. */
function namesThree(rest: string): boolean {
  const ranges = (rest.split(' ')[0] ?? '').split(',').map((range) => range.split(':').map(Number));
  return ranges.some(([first = 0, last = first]) => first <= 3 && 3 <= last);
}

/** One more try at once: the wait that the last try has set is cleared. */
async function tryAgain(channelId: string): Promise<void> {
  await stage.context.database.inTenant(TENANT, (tx) => updateChannel(tx, channelId, { retryAt: null }));
  const { importId } = await machine.poll(channelId);
  if (importId) await machine.slice(channelId, importId);
}

async function arrived(channelId: string, expected: string[]): Promise<void> {
  const isWhole = async () => {
    await tryAgain(channelId);
    return (await machine.stored(channelId)).length >= expected.length;
  };
  await until('every message', isWhole, 40_000);
  expect(idsOf(await machine.stored(channelId))).toEqual(expected.toSorted());
}

/** Tries until no import is under way. */
async function ended(channelId: string): Promise<void> {
  const isEnded = async () => {
    await tryAgain(channelId);
    return (await machine.imports(channelId)).every(({ state }) => state !== 'running');
  };
  await until('the end of the import', isEnded, 40_000);
}

const isForBodies = ({ command, rest }: { command: string; rest: string }) =>
  command === 'UID FETCH' && rest.includes('BODY');

describe('rule 10: bodies that are refused for a while, while everything else works', () => {
  const refusals = [
    'NO [UNAVAILABLE] Server error, please try again later',
    'NO [LIMIT] Rate limit hit',
    'NO [CANNOT] Message cannot be read',
    'NO Fetch failed',
    'BAD Request is throttled. Suggested Backoff Time: 92 milliseconds',
  ];
  test.each(refusals)('%s: no message is blamed, and none is lost', async (refusal) => {
    const channelId = await connected(`refused-${refusals.indexOf(refusal)}@written.example`);
    const before = server.deliver('INBOX', 1);
    await arrived(channelId, before);
    const missed = server.deliver('INBOX', 3);
    server.twist = (asked, answer) => (isForBodies(asked) ? `%T ${refusal}\r\n` : answer);
    for (let tries = 0; tries < 6; tries++) await tryAgain(channelId);
    const claimed = (await machine.imports(channelId)).filter(({ state }) => state === 'completed');
    const receipts = await Promise.all(claimed.map(({ id }) => machine.receipt(id)));
    expect(receipts.flatMap((receipt) => receipt?.skipped ?? [])).toEqual([]);
    expect(await machine.channel(channelId)).toMatchObject({ status: 'degraded' });
    server.twist = (_asked, answer) => answer;
    await arrived(channelId, [...before, ...missed]);
  });

  test('a message that is refused while others are given is quarantined, alone, and tried again within the hour', async () => {
    const channelId = await connected('one-refused@written.example');
    const given = server.deliver('INBOX', 2);
    const refused = server.deliver('INBOX', 1);
    const later = server.deliver('INBOX', 1);
    server.twist = ({ command, rest }, answer) =>
      command === 'UID FETCH' && rest.includes('BODY') && namesThree(rest) ? '%T NO [SERVERBUG] Corrupted\r\n' : answer;
    await ended(channelId);
    expect(idsOf(await machine.stored(channelId))).toEqual([...given, ...later].toSorted());
    server.twist = (_asked, answer) => answer;
    await stage.context.database.inTenant(TENANT, (tx) =>
      tx.update(importItems).set({ retryAt: new Date() }).where(isNotNull(importItems.retryAt)),
    );
    await tryAgain(channelId); // it opens what is due; the channel's workflow starts the import's again
    for (const { id, replaying } of await machine.imports(channelId))
      if (replaying) await machine.finish(channelId, id);
    await arrived(channelId, [...given, ...refused, ...later]);
  });
});

describe('an absence is an answer like any other', () => {
  test('a FETCH that brings no line this once: the messages are looked for again, and stored', async () => {
    const channelId = await connected('silent@written.example');
    const expected = server.deliver('INBOX', 2);
    let isFirst = true;
    server.twist = ({ command, rest }, answer) => {
      if (command !== 'UID FETCH' || !rest.includes('INTERNALDATE') || !isFirst) return answer;
      isFirst = false;
      return '%T OK FETCH completed\r\n';
    };
    await arrived(channelId, expected);
  });

  test('a message that stays away is gone after a few looks, and the import ends', async () => {
    const channelId = await connected('gone@written.example');
    server.deliver('INBOX', 1);
    let looks = 0;
    server.twist = ({ command }, answer) => {
      if (command !== 'UID FETCH') return answer;
      looks++;
      return '%T OK FETCH completed\r\n';
    };
    await ended(channelId);
    expect(await machine.stored(channelId)).toEqual([]);
    expect(looks).toBeLessThan(10);
  });
});

describe('content that contradicts its size', () => {
  test.each(['NIL', '""'])(
    'BODY[] %s is no content: the message is tried again, never stored empty',
    async (nothing) => {
      const channelId = await connected(`nothing-${nothing.length}@written.example`);
      const expected = server.deliver('INBOX', 2);
      let answers = 0;
      server.twist = (asked, answer) => {
        if (!isForBodies(asked) || ++answers > 2) return answer;
        return answer.replaceAll(/BODY\[\] \{\d+\}\r\n[^]*?(?=\)\r\n)/g, `BODY[] ${nothing}`);
      };
      await arrived(channelId, expected);
      expect((await machine.stored(channelId)).map(({ size }) => size)).not.toContain(0);
    },
  );
});
