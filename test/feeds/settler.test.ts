import { fork } from 'node:child_process';
import { once } from 'node:events';
import { asc, eq, isNull, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from '../../db/client.ts';
import { parseFeedCursor, readFeedEnd } from '../../db/events/feed.ts';
import { newId } from '../../db/ids.ts';
import { insertMessages } from '../../db/messages/messages.ts';
import { events } from '../../db/schema/events.ts';
import { messageNotices, messages } from '../../db/schema/messages.ts';
import { isNewsOf, tenantsAsPayload } from '../../domain/notify-topics.ts';
import { startSettler } from '../../runtime/settler.ts';
import { until } from '../support/engine.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { settle } from '../support/settle.ts';
import { addChannel, raiseStage, tell } from '../webhooks/stage.ts';
import type { Stage } from '../webhooks/stage.ts';

let stage: Stage;
let channel: { tenantId: string; channelId: string };
let owner: postgres.Sql;

beforeAll(async () => {
  stage = await raiseStage();
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
  owner = postgres(stage.ownerUrl, { max: 2, onnotice: () => {} });
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await stage?.close();
});

const inAcme = <T>(work: (tx: Transaction) => Promise<T>) => stage.database.inTenant('acme', work);
const soon = (ms: number) => new Date(Date.now() + ms);

/** Messages as an import stores them. */
async function store(tx: Transaction, count = 1): Promise<string[]> {
  const rows = Array.from({ length: count }, () => {
    const id = newId('msg');
    return {
      ...channel,
      id,
      providerId: id,
      folder: 'INBOX',
      recipients: [],
      receivedAt: new Date(),
      size: 1,
      revision: 1,
      mediaType: 'message/rfc822' as const,
      backfilled: false,
      contentId: newId('cnt'),
      fingerprint: id,
      storedAt: new Date(),
    };
  });
  await insertMessages(tx, rows, []);
  return rows.map(({ id }) => id);
}

const lsn = async () => (await owner`select pg_current_wal_insert_lsn()::text as at`)[0]?.['at'];
const numbered = () =>
  inAcme((tx) =>
    tx
      .select()
      .from(messages)
      .where(sql`number is not null`)
      .orderBy(asc(messages.number)),
  );
/** As a restored backup has it. */
const restore = (number: bigint) =>
  owner`update feed_state set place = 'the cluster of the backup', number = ${number.toString()} where name = 'messages'`;
const unsettled = () => inAcme((tx) => tx.select({ id: messages.id }).from(messages).where(isNull(messages.number)));
const received = () =>
  inAcme((tx) => tx.select().from(events).where(eq(events.type, 'message.received')).orderBy(asc(events.seq)));

/** A transaction that is held open until `commit`. */
async function hold(work: (tx: Transaction) => Promise<unknown>) {
  const begun = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  const done = inAcme(async (tx) => {
    await work(tx);
    begun.resolve();
    await open.promise;
  });
  await begun.promise;
  return async () => {
    open.resolve();
    await done;
  };
}

describe('rule 12: a settler numbers what is committed', () => {
  test('a transaction that stays open holds back its own rows alone, here and in another database', async () => {
    await owner.unsafe('create database elsewhere');
    const there = postgres(stage.ownerUrl.replace(/\/[^/]*$/, '/elsewhere'), { max: 1 });
    await there.unsafe('begin; create table held (id int); insert into held values (1)');
    let first: string[] = [];
    const commit = await hold(async (tx) => (first = await store(tx)));
    const second = await inAcme((tx) => store(tx));
    await settle(stage.database);
    expect((await numbered()).map(({ id }) => id)).toEqual(second);
    await commit();
    await settle(stage.database);
    expect((await numbered()).map(({ id }) => id)).toEqual([...second, ...first]);
    await there.unsafe('rollback');
    await there.end();
  });

  test('numbers only grow, and a reader sees each row once, while writers write and three settlers settle', async () => {
    const start = await inAcme((tx) => readFeedEnd(tx, 'messages'));
    const settlers = [1, 2, 3].map(() => startSettler(stage));
    const state = { isWriting: true };
    const written: string[] = [];
    const writing = Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let turn = 0; turn < 25; turn++) {
          await inAcme(async (tx) => {
            written.push(...(await store(tx, 2)));
            await tx.execute(sql`select pg_sleep(${((writer * 7 + turn * 13) % 20) / 1000})`);
            written.push(...(await store(tx)));
          });
        }
      }),
    ).then(() => (state.isWriting = false));
    const seen: string[] = [];
    let position = start.number;
    const read = async () => {
      const rows = await inAcme((tx) =>
        tx
          .select()
          .from(messages)
          .where(sql`number > ${position.toString()}::bigint`)
          .orderBy(asc(messages.number))
          .limit(7),
      );
      seen.push(...rows.map(({ id }) => id));
      position = rows.at(-1)?.number ?? position;
      return rows.length;
    };
    while (state.isWriting) await read();
    await writing;
    await Promise.all(settlers.map((one) => one.stop()));
    await settle(stage.database);
    while ((await read()) > 0);
    expect(seen).toHaveLength(300);
    expect(new Set(seen)).toEqual(new Set(written));
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'a settler that ends in the middle of a turn (%s) costs no row and no order, and another takes over',
    async (signal) => {
      const ending = fork(new URL('./dying-settler.ts', import.meta.url), [stage.url, stage.keysFile]);
      await once(ending, 'message');
      // It holds its turn, which has numbered them, and commits nothing.
      const isAmid = once(ending, 'message');
      const ids = await inAcme((tx) => store(tx, 50));
      await isAmid;
      ending.kill(signal);
      const settler = startSettler(stage);
      await until('the numbers', async () => (await unsettled()).length === 0);
      await settler.stop();
      ending.kill('SIGKILL');
      expect((await numbered()).slice(-50).map(({ id }) => id)).toEqual(ids);
      const all = (await numbered()).map(({ number }) => number);
      expect(new Set(all).size).toBe(all.length);
    },
    60_000,
  );

  test('in a restored database numbers go on beyond all that may have been given, and one backup restored twice gives none twice', async () => {
    await settle(stage.database);
    const before = await inAcme((tx) => readFeedEnd(tx, 'messages'));
    await restore(before.number);
    // A turn without rows takes the new place, so that a reader whose cursor is ahead of the backup is answered.
    await settle(stage.database, new Date('2026-03-01'));
    const first = await inAcme((tx) => readFeedEnd(tx, 'messages'));
    expect(first.epoch).toBe(before.epoch);
    expect(first.number).toBeGreaterThan(before.number + 1_000_000_000n);
    await restore(before.number);
    await settle(stage.database, new Date('2026-03-02'));
    const second = await inAcme((tx) => readFeedEnd(tx, 'messages'));
    expect(second.number).toBeGreaterThan(first.number + 1_000_000_000n);
    await inAcme((tx) => store(tx));
    await settle(stage.database);
    expect((await numbered()).at(-1)?.number).toBe(second.number + 1n);
  });

  test('forty tenants with long names in one turn are told as any', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `${String(n).padStart(3, '0')}${'客'.repeat(120)}`);
    const ids = await Promise.all(names.map((name) => addChannel(stage.database, name)));
    for (const [n, tenantId] of names.entries()) {
      await stage.database.inTenant(tenantId, (tx) => tell(tx, { tenantId, channelId: ids[n] ?? '' }));
    }
    expect((await settle(stage.database)).more).toBe(false);
    const left = await stage.database.acrossTenants((tx) => tx.select().from(events).where(isNull(events.number)));
    expect(left).toEqual([]);
  });

  test('where nothing happens, a turn writes nothing', async () => {
    await settle(stage.database, soon(5_000));
    const quiet = async () => {
      const before = await lsn();
      for (let turn = 0; turn < 20; turn++) await settle(stage.database);
      return (await lsn()) === before;
    };
    // The cluster writes of its own, seldom.
    expect((await quiet()) || (await quiet()) || (await quiet())).toBe(true);
  });
});

describe('message.received', () => {
  test('is one event of many commits, after a second, whose cursor lies before the first', async () => {
    await settle(stage.database, soon(5_000));
    const before = (await received()).length;
    const end = await inAcme((tx) => readFeedEnd(tx, 'messages'));
    await inAcme((tx) => store(tx, 100));
    expect((await settle(stage.database)).noticesWait).toBe(true);
    await inAcme((tx) => store(tx, 23));
    await settle(stage.database);
    expect(await received()).toHaveLength(before);
    expect((await settle(stage.database, soon(1_100))).noticesWait).toBe(false);
    const told = (await received()).slice(before);
    expect(told).toHaveLength(1);
    expect(told[0]?.data['count']).toBe(123);
    expect(told[0]?.number).not.toBeNull();
    expect(parseFeedCursor('messages', String(told[0]?.data['cursor']))).toEqual(end);
  });

  test('counts nothing twice and loses nothing while commits and turns overlap', async () => {
    await settle(stage.database, soon(5_000));
    const before = (await received()).length;
    const turns = (async () => {
      for (let turn = 0; turn < 60; turn++) await settle(stage.database, soon(2_000));
    })();
    for (let count = 1; count <= 30; count++) await inAcme((tx) => store(tx, count));
    await turns;
    await settle(stage.database);
    await settle(stage.database, soon(5_000));
    const told = (await received()).slice(before);
    expect(told.reduce((sum, event) => sum + Number(event.data['count']), 0)).toBe(465);
  });

  test('waits for a channel or a tenant that is held, and nothing else waits with it', async () => {
    await inAcme((tx) => store(tx));
    const commit = await hold(async (tx) => {
      await tx.execute(sql`select from channels where id = ${channel.channelId} for update`);
      await tx.execute(sql`select from tenants where id = 'acme' for update`);
    });
    expect(await settle(stage.database)).toMatchObject({ noticesWait: true });
    expect(await settle(stage.database, soon(2_000))).toMatchObject({ settled: 0, noticesWait: true });
    expect(await unsettled()).toEqual([]);
    await commit();
    expect((await settle(stage.database, soon(5_000))).noticesWait).toBe(false);
    expect(await inAcme((tx) => tx.select().from(messageNotices))).toEqual([]);
  });

  test('is not told of a channel that is erased', async () => {
    await inAcme((tx) =>
      tx.insert(messageNotices).values({ channelId: 'chn_erased', tenantId: 'acme', count: 1, since: soon(0) }),
    );
    expect((await settle(stage.database, soon(5_000))).noticesWait).toBe(false);
  });

  test('is told also after the clock was set back', async () => {
    const before = (await received()).length;
    await inAcme((tx) => store(tx));
    await settle(stage.database, soon(3_600_000));
    await settle(stage.database);
    expect(await received()).toHaveLength(before + 1);
  });
});

test('an event is never in its feed before the messages that were committed with it', async () => {
  await inAcme((tx) => store(tx));
  // The turn waits between the two feeds: it has numbered the message, and cannot note it.
  const release = await holdTransaction(owner, (tx) => tx`lock table message_notices in share row exclusive mode`);
  const turn = settle(stage.database);
  await until('the turn that waits', async () => {
    const [row] = await owner`select exists (select from pg_locks where not granted) as waits`;
    return row?.['waits'] === true;
  });
  const [message, event] = await inAcme(async (tx) => [(await store(tx))[0] ?? '', await tell(tx, channel)] as const);
  await release();
  await turn;
  const numberOf = (table: 'messages' | 'events', id: string) =>
    owner`select number from ${owner(table)} where id = ${id}`.then(([row]) => row?.['number'] as string | null);
  const [ofMessage, ofEvent] = [await numberOf('messages', message), await numberOf('events', event)];
  expect(ofMessage !== null || ofEvent === null).toBe(true);
  await settle(stage.database);
  expect([await numberOf('messages', message), await numberOf('events', event)]).not.toContain(null);
});

test('a stream’s hearing is of its own tenant, whatever others tell', () => {
  expect(isNewsOf(tenantsAsPayload(['large', null]), 'quiet')).toBe(false);
  expect(isNewsOf(tenantsAsPayload(['large', 'quiet']), 'quiet')).toBe(true);
  expect(isNewsOf(tenantsAsPayload(['large']), null)).toBe(true);
  expect(isNewsOf('', 'quiet')).toBe(true);
});
