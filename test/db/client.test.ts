import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inArray, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '../../db/client.ts';
import type { Database, Transaction } from '../../db/client.ts';
import { databaseClock } from '../../db/clock.ts';
import { tenants } from '../../db/schema/tenants.ts';
import { ensureTenant, findTenant } from '../../db/access/tenants.ts';
import { startMigratedPostgres } from '../support/migrated-postgres.ts';
import { makeLogins } from '../support/logins.ts';

const dir = mkdtempSync(join(tmpdir(), 'mooring-db-'));
let postgres: Awaited<ReturnType<typeof startMigratedPostgres>>;
let database: Database;

beforeAll(async () => {
  postgres = await startMigratedPostgres(join(dir, 'postgres'));
  // One connection: what it keeps of one tenant's queries is used for the other's.
  database = connectDatabase({ url: (await makeLogins(postgres.url)).server, poolSize: 1, program: 'server' });
  for (const id of ['ours', 'theirs']) await database.inTenant(id, (tx) => ensureTenant(tx, id, new Date()));
});
afterAll(async () => {
  await database.close();
  await postgres.stop();
  rmSync(dir, { recursive: true });
});

const preparedStatements = () =>
  database.outsideTenants((tx) => tx.execute(sql`select statement, generic_plans from pg_prepared_statements`));

const seen = (tenant: string, id: string) => database.inTenant(tenant, (tx) => findTenant(tx, id));

async function setErasure(tx: Transaction, at: Date | null): Promise<void> {
  await tx.update(tenants).set({ eraseRequestedAt: at });
}

test('the clock is read inside a transaction that holds the last connection', async () => {
  const clock = databaseClock(database);
  const seconds = await database.inTenant('ours', async (tx) => {
    const [row] = await tx.execute<{ ms: number }>(sql`select extract(epoch from clock_timestamp()) * 1000 as ms`);
    return Math.abs((await clock.now()).getTime() - Number(row?.ms)) / 1000;
  });
  expect(seconds).toBeLessThan(5);
});

test('the clock of an answer that is late is off by half of its trip, and is read anew soon', async () => {
  let lateMs = 1_500;
  const late = (async (...query: Parameters<typeof database.clock>) => {
    const rows = await database.clock(...query);
    await sleep(lateMs);
    return rows;
  }) as unknown as typeof database.clock;
  const clock = databaseClock({ ...database, clock: late });
  const offMs = async () => {
    const ours = await clock.now();
    const [row] = await database.clock<{ ms: number }[]>`select extract(epoch from clock_timestamp()) * 1000 as ms`;
    return Math.abs(Number(row?.ms) - ours.getTime());
  };
  expect(await offMs()).toBeLessThan(1_200);
  lateMs = 0;
  await expect.poll(offMs, { timeout: 10_000 }).toBeLessThan(300);
});

test('rule 14: a prepared query sees the tenant of its own transaction, not the one it was prepared in', async () => {
  for (let i = 0; i < 10; i++) {
    expect(await seen('ours', 'ours')).not.toBeNull();
    expect(await seen('ours', 'theirs')).toBeNull();
    expect(await seen('theirs', 'theirs')).not.toBeNull();
    expect(await seen('theirs', 'ours')).toBeNull();
  }
  const statements = await preparedStatements();
  const select = statements.find(({ statement }) => String(statement).includes('from "tenants" where'));
  expect(Number(select?.['generic_plans'])).toBeGreaterThan(20); // the plan was one for both
});

test('queries begun together are done in their order, and see the tenant that was set before them', async () => {
  for (const at of [new Date(1_000), new Date(2_000), null]) {
    const [, row, theirs] = await database.inTenant('ours', (tx) =>
      Promise.all([setErasure(tx, at), findTenant(tx, 'ours'), findTenant(tx, 'theirs')]),
    );
    expect(row?.eraseRequestedAt).toEqual(at);
    expect(theirs).toBeNull();
  }
});

test('lists of any length are not kept', async () => {
  const before = (await preparedStatements()).length;
  for (let length = 65; length < 75; length++) {
    const ids = Array.from({ length }, (_, i) => `tenant-${i}`);
    const rows = await database.inTenant('ours', (tx) => tx.select().from(tenants).where(inArray(tenants.id, ids)));
    expect(rows).toEqual([]);
  }
  expect((await preparedStatements()).length).toBe(before);
});

test('a transaction that fails takes everything back and leaves its connection good', async () => {
  const failing = database.inTenant('ours', async (tx) => {
    await tx.update(tenants).set({ eraseRequestedAt: new Date() });
    await tx.execute(sql`select 1 / ${0}::int`);
  });
  await expect(failing).rejects.toThrow();
  const row = await database.inTenant('ours', (tx) => findTenant(tx, 'ours'));
  expect(row?.eraseRequestedAt).toBeNull();
});

test('of queries begun together the first that fails is told, and none of them is done', async () => {
  const failing = database.inTenant('ours', (tx) =>
    Promise.all([
      setErasure(tx, new Date()),
      tx.execute(sql`select 1 / ${0}::int`),
      tx.execute(sql`select 'not reached'`),
    ]),
  );
  await expect(failing).rejects.toMatchObject({ code: '22012' }); // division by zero
  expect((await seen('ours', 'ours'))?.eraseRequestedAt).toBeNull();
});
