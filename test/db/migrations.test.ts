import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateDatabase } from '../../db/migrate.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { startMigratedPostgres } from '../support/migrated-postgres.ts';

const FOLDER = new URL('../../db/migrations', import.meta.url).pathname;
/** Migrations before this one were made before it mattered: nothing was installed that could be upgraded beside its work. */
const FIRST_CAREFUL = 61;

const dir = mkdtempSync(join(tmpdir(), 'mooring-migrations-'));
const folder = join(dir, 'migrations');
let cluster: Awaited<ReturnType<typeof startPostgres>>;
let sql: postgres.Sql;

interface Entry {
  idx: number;
  when: number;
  tag: string;
}
const journal = JSON.parse(readFileSync(join(FOLDER, 'meta/_journal.json'), 'utf8')) as { entries: Entry[] };

beforeAll(async () => {
  cluster = await startMigratedPostgres(join(dir, 'postgres'));
  sql = postgres(cluster.url, { max: 4, onnotice: () => {} });
  cpSync(FOLDER, folder, { recursive: true });
}, 60_000);
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await cluster?.stop();
  rmSync(dir, { recursive: true });
});

/** Another migration after the newest. */
function addMigration(statements: string): void {
  const file = join(folder, 'meta/_journal.json');
  const { entries } = JSON.parse(readFileSync(file, 'utf8')) as typeof journal;
  const [idx, when] = [entries.length, entries.at(-1)!.when + 1];
  const tag = `${String(idx).padStart(4, '0')}_test`;
  writeFileSync(join(folder, `${tag}.sql`), statements);
  writeFileSync(file, JSON.stringify({ ...journal, entries: [...entries, { ...entries[0], idx, when, tag }] }));
}

const applied = async () => (await sql`select 1 from drizzle.__drizzle_migrations`).length;

describe('a migration beside a database at work', () => {
  test('that finds its table held lets others through, says so, and comes again', async () => {
    addMigration('alter table channels add column test_of_locks text');
    const before = await applied();
    const release = await holdTransaction(sql, (tx) => tx`select 1 from channels for update`);
    const said: string[] = [];
    const migrating = migrateDatabase(cluster.url, { folder, say: (words) => said.push(words) });
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(1);
    expect(said[0]).toContain('waits for a table');
    // In a gap between two tries, or as soon as one gives up.
    expect(await sql`select count(*) from channels`).toHaveLength(1);
    expect(await applied()).toBe(before);
    await release();
    await migrating;
    expect(await applied()).toBe(before + 1);
    expect(await sql`select test_of_locks from channels`).toHaveLength(0);
  });

  test('that fails leaves those before it done, and nothing of its own', async () => {
    addMigration('alter table channels add column good text');
    addMigration('alter table channels add column half text;--> statement-breakpoint\nselect 1 / 0');
    const before = await applied();
    await expect(migrateDatabase(cluster.url, { folder })).rejects.toThrow();
    expect(await applied()).toBe(before + 1);
    await sql`select good from channels`;
    await expect(sql`select half from channels`).rejects.toThrow('half');
    writeFileSync(
      join(
        folder,
        readdirSync(folder)
          .filter((name) => name.endsWith('.sql'))
          .sort()
          .at(-1)!,
      ),
      'select 1',
    );
    await migrateDatabase(cluster.url, { folder });
  });

  test('makes an index concurrently, anew where one was left half made, and by two processes at once', async () => {
    await sql`create table twice (n integer)`;
    await sql`insert into twice values (1), (1)`;
    await expect(sql`create unique index concurrently twice_n on twice (n)`).rejects.toThrow();
    const state = async () =>
      (
        await sql<{ valid: boolean }[]>`select indisvalid as valid from pg_index where indexrelid = 'twice_n'::regclass`
      )[0];
    expect(await state()).toEqual({ valid: false });
    await sql`delete from twice where ctid = (select min(ctid) from twice)`;
    addMigration(
      'create unique index concurrently "twice_n" on twice (n);--> statement-breakpoint\ncreate index concurrently "twice_m" on twice (n)',
    );
    // What a kill between two statements leaves: the first index is there, and the migration is not remembered.
    await sql`create index concurrently twice_m on twice (n)`;
    const before = await applied();
    await Promise.all([1, 2].map(() => migrateDatabase(cluster.url, { folder })));
    expect(await state()).toEqual({ valid: true });
    expect(await applied()).toBe(before + 1);
  });
});

const CREATES = /create table (?:if not exists )?"?(\w+)"?/gi;
/** What holds up a database at work, and how it is written instead. */
const CARELESS: [RegExp, string][] = [
  [
    /create (?:unique )?index (?!concurrently)[^;]* on "?(\w+)"?/gi,
    'create index concurrently, in a migration of its own',
  ],
  [
    /alter table "?(\w+)"? add constraint (?![^;]*not valid)[^;]*/gi,
    'add the constraint `not valid`, and validate it in the next migration',
  ],
  [
    /alter table "?(\w+)"? alter column "?\w+"? (?:set data )?type/gi,
    'add another column, and drop this one a release later',
  ],
  [
    /alter table "?(\w+)"? alter column "?\w+"? set not null/gi,
    'add a check `not valid`, validate it, then set not null',
  ],
  [
    /alter table "?(\w+)"? drop column/gi,
    'stop using it in one release, drop it in the next, and add it to the test’s list',
  ],
  [/^\s*update "?(\w+)"? /gim, 'fill it batch by batch in code, not in one statement'],
];

test.for(journal.entries.filter(({ idx }) => idx >= FIRST_CAREFUL).map(({ tag }) => tag))(
  '%s holds no large table for long',
  (tag) => {
    const text = readFileSync(join(FOLDER, `${tag}.sql`), 'utf8');
    const made = new Set([...text.matchAll(CREATES)].map(([, table]) => table));
    const careless = CARELESS.flatMap(([pattern, instead]) =>
      [...text.matchAll(pattern)]
        .filter(([, table]) => !made.has(table))
        .map(([found]) => `${found.slice(0, 80)}: ${instead}`),
    );
    expect(careless).toEqual([]);
    if (!/index concurrently/i.test(text)) return;
    const mixed = text
      .split('--> statement-breakpoint')
      .filter((statement) => !/concurrently|if (not )?exists/i.test(statement));
    expect(
      mixed.map(
        (statement) => `${statement.trim().slice(0, 80)}: beside \`concurrently\` a statement may be run twice`,
      ),
    ).toEqual([]);
  },
);
