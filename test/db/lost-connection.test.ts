import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import driver from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { tenants } from '../../db/schema/tenants.ts';
import { ensureTenant, findTenant } from '../../db/access/tenants.ts';
import { startMigratedPostgres } from '../support/migrated-postgres.ts';
import { makeLogins } from '../support/logins.ts';

/*
 * PostgreSQL goes away while it is used: a restart, a failover, a proxy between. What had begun fails; nothing of it is
 * done on another connection, no process ends of it, and every connection is good again afterwards.
 */

const dir = mkdtempSync(join(tmpdir(), 'mooring-lost-'));
const passing = new Set<Socket>();
/** Resolves when a query that sleeps has been sent. */
let asleep = Promise.withResolvers<void>();
const between = createServer((client) => {
  const server = connect(Number(new URL(postgres.url).port), '127.0.0.1');
  client.pipe(server).on('error', () => {});
  server.pipe(client).on('error', () => {});
  passing.add(client);
  client.on('data', (bytes) => bytes.includes('pg_sleep') && asleep.resolve());
  client.once('close', () => {
    passing.delete(client);
    server.destroy();
  });
});
let postgres: Awaited<ReturnType<typeof startMigratedPostgres>>;
let url: string;

/** Every connection ends as when the server exits: with a FIN, in the middle of its work. */
const cutAll = () => [...passing].forEach((client) => client.end());

async function withDatabase(poolSize: number, use: (database: Database) => Promise<void>): Promise<void> {
  const database = connectDatabase({ url, poolSize, program: 'server' });
  try {
    await use(database);
  } finally {
    await database.close();
  }
}

const erasureOf = (database: Database, id: string) =>
  database.inTenant(id, async (tx) => (await findTenant(tx, id))?.eraseRequestedAt);

beforeAll(async () => {
  postgres = await startMigratedPostgres(join(dir, 'postgres'));
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const through = new URL((await makeLogins(postgres.url)).server);
  through.port = String((between.address() as AddressInfo).port);
  url = through.href;
  await withDatabase(1, async (database) => {
    for (const id of ['ours', 'theirs']) await database.inTenant(id, (tx) => ensureTenant(tx, id, new Date()));
  });
});
afterAll(async () => {
  cutAll();
  between.close();
  await postgres.stop();
  rmSync(dir, { recursive: true });
});

test('a transaction fails that loses its connection, and the process lives', async () => {
  await withDatabase(1, async (database) => {
    for (let i = 0; i < 5; i++) {
      asleep = Promise.withResolvers();
      const losing = database.inTenant('ours', (tx) => tx.execute(sql`select pg_sleep(60)`));
      const isLost = expect(losing).rejects.toThrow();
      await asleep.promise;
      cutAll();
      await isLost;
      expect(await erasureOf(database, 'ours')).toBeNull();
    }
  });
});

test('what the server says when it ends a connection is not thrown at the next query', async () => {
  const owner = driver(postgres.url, { max: 1 });
  await withDatabase(1, async (database) => {
    const backend = Promise.withResolvers<number>();
    const losing = database.inTenant('ours', async (tx) => {
      const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      backend.resolve(row?.pid ?? 0);
      await tx.execute(sql`select pg_sleep(60)`);
    });
    const isLost = expect(losing).rejects.toThrow();
    const pid = await backend.promise;
    const endIt = () =>
      owner`select pg_terminate_backend(pid) from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`;
    await expect.poll(endIt).toHaveLength(1);
    await isLost;
    expect(await erasureOf(database, 'ours')).toBeNull();
  });
  await owner.end();
});

test('rule 14: what a lost transaction still does is done nowhere, least of all in another’s', async () => {
  await withDatabase(1, async (database) => {
    const [cut, goOn, wentOn] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const lost = database.inTenant('ours', async (tx) => {
      await findTenant(tx, 'ours');
      cut.resolve();
      await goOn.promise;
      try {
        await tx.execute(sql`select set_config('mooring.tenant', 'ours', true)`);
        await tx.update(tenants).set({ eraseRequestedAt: new Date() });
      } finally {
        wentOn.resolve();
      }
    });
    const isLost = expect(lost).rejects.toThrow();
    await cut.promise;
    cutAll();
    await isLost;
    // The same connection again, by another: with one in the pool there is no other.
    const at = new Date(1_000);
    await database.inTenant('theirs', async (tx) => {
      await tx.update(tenants).set({ eraseRequestedAt: at });
      goOn.resolve();
      await wentOn.promise;
      expect((await findTenant(tx, 'theirs'))?.eraseRequestedAt).toEqual(at);
    });
    expect(await erasureOf(database, 'theirs')).toEqual(at);
    expect(await erasureOf(database, 'ours')).toBeNull();
  });
});

test('every connection is good again, also one that was written to while it ended', async () => {
  await withDatabase(4, async (database) => {
    for (let i = 1; i < 24; i++) {
      const all = Array.from({ length: 8 }, () => erasureOf(database, 'ours'));
      expect(await Promise.all(all)).toEqual(all.map(() => null));
      // Some are at work, the others idle: what those were asked is asked of these, which are about to end as well.
      const stop = new AbortController();
      const busy = Array.from({ length: 1 + (i % 3) }, () => askOn(database, stop.signal));
      asleep = Promise.withResolvers();
      await asleep.promise;
      cutAll();
      stop.abort();
      await Promise.all(busy);
    }
  });
});

/** Queries once, and once more when told to stop; after a refusal it queries again at once, as a retry does. */
async function askOn(database: Database, stop: AbortSignal): Promise<void> {
  for (let last = false; !last;) {
    last = stop.aborted;
    await database.app.unsafe('select pg_sleep(0.001)').catch(() => (last = false));
  }
}
