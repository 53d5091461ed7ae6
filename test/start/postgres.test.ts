import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connect from 'postgres';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startPostgres } from '../../embedded/postgres.ts';

describe('startPostgres', { timeout: 60_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-postgres-')); // 0700: as root, PostgreSQL's user may not enter it
  const dataDir = join(dir, 'data');
  const started: { stop: () => Promise<void> }[] = [];
  const start = async () => {
    const postgres = await startPostgres({ dir: dataDir });
    started.push(postgres);
    return postgres;
  };
  afterAll(() => rmSync(dir, { recursive: true }));
  afterEach(async () => {
    for (const { stop } of started.splice(0)) await stop();
  });

  it('keeps what was committed through a SIGKILL of the postmaster with backends at work', async () => {
    const first = await start();
    const sql = connect(first.url, { max: 2, onnotice: () => {} });
    await sql`create table kept as select 42 as answer`;
    const sleeping = sql`select pg_sleep(60)`.catch((error: { code: string }) => error.code);
    await sql`select 1`;
    process.kill(first.pid, 'SIGKILL');

    const second = await start();
    await sleeping;
    await sql.end({ timeout: 1 });
    const again = connect(second.url, { max: 1 });
    expect(await again`select answer from kept`).toEqual([{ answer: 42 }]);
    await again.end();
  });

  it('writes every commit to the disk', async () => {
    const { url } = await start();
    const sql = connect(url, { max: 1 });
    const settings = await sql`select name, setting from pg_settings
      where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums') order by name`;
    await sql.end();
    expect(settings.map(({ setting }) => String(setting))).toEqual(['on', 'on', 'on', 'on']);
  });

  it('starts where postmaster.pid names a living stranger', async () => {
    const pidFile = join(dataDir, 'postmaster.pid');
    writeFileSync(pidFile, `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n\nready\n`);
    const { pid } = await start();
    expect(Number(readFileSync(pidFile, 'utf8').split('\n')[0])).toBe(pid);
  });

  it('makes the data folder anew where initdb was killed', async () => {
    const other = join(dir, 'other');
    mkdirSync(`${other}.part`);
    writeFileSync(join(`${other}.part`, 'PG_VERSION'), '18\n');
    const { stop } = await startPostgres({ dir: other });
    await stop();
    expect(existsSync(`${other}.part`)).toBe(false);
  });

  it('keeps the password from other users', () => {
    expect(statSync(`${dataDir}-password`).mode & 0o777).toBe(0o600);
  });
});
