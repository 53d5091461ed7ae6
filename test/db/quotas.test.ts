import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { reserveQuotaTime } from '../../db/quotas.ts';
import { quotas } from '../../db/schema/quotas.ts';
import { startMigratedPostgres } from '../support/migrated-postgres.ts';
import { makeLogins } from '../support/logins.ts';

const dir = mkdtempSync(join(tmpdir(), 'mooring-quotas-'));
let postgres: Awaited<ReturnType<typeof startMigratedPostgres>>;
let workerUrl: string;
let database: Database;
beforeAll(async () => {
  postgres = await startMigratedPostgres(join(dir, 'postgres'));
  workerUrl = (await makeLogins(postgres.url)).worker;
  database = connectDatabase({ url: workerUrl, program: 'worker', poolSize: 2 });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.stop();
  rmSync(dir, { recursive: true });
});

/** 6,000 units a minute are 100 a second, and 300 at once after a rest. */
const UNITS_PER_MINUTE = 6_000;
const LASTING_MS = 6_000;

async function spendInProcess(): Promise<number> {
  const script = join(import.meta.dirname, 'spending-process.ts');
  const given = [script, workerUrl, String(UNITS_PER_MINUTE), String(LASTING_MS)];
  const { stdout } = await promisify(execFile)(process.execPath, given);
  return Number(stdout);
}

test('two processes at one key keep within its rate together, and each gets a share', async () => {
  const beganAt = performance.now();
  const spent = await Promise.all([spendInProcess(), spendInProcess()]);
  const lastedMs = performance.now() - beganAt;
  const sum = spent.reduce((total, units) => total + units, 0);
  expect(sum).toBeLessThanOrEqual(300 + (lastedMs / 60_000) * UNITS_PER_MINUTE);
  expect(sum).toBeGreaterThan(300 + (LASTING_MS / 60_000) * UNITS_PER_MINUTE * 0.5);
  for (const units of spent) expect(units).toBeGreaterThan(sum / 10);
}, 30_000);

test('a key names nobody, and another key has a quota of its own', async () => {
  const clock = { now: async () => new Date('2026-03-01T00:00:00Z') };
  const reserve = (key: string) => reserveQuotaTime({ database, clock }, key, { ms: 2_000, burstMs: 3_000 });
  expect([await reserve('a@example.com'), await reserve('a@example.com')]).toEqual([-3_000, -1_000]);
  expect(await reserve('b@example.com')).toBe(-3_000);
  const rows = await database.outsideTenants((tx) => tx.select().from(quotas));
  for (const { key } of rows) expect(key).toMatch(/^[0-9a-f]{64}$/);
});
