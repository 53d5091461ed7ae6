import { setTimeout as sleep } from 'node:timers/promises';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import postgres from 'postgres';

/** What a migration waits for and does, in words. */
export type SayMigration = (words: string) => void;

interface Migration {
  sql: string[];
  /** When it was made, in ms: the order, and how the database remembers it. */
  folderMillis: number;
  hash: string;
}

/**
 * A statement that waits for a lock keeps all that come after it waiting too: it gives up soon, lets them through, and comes
 * again.
 */
const LOCK_TIMEOUT = '2s';
const GAPS_MS = [200, 500, 1_000, 2_000, 5_000, 10_000];
/** Longer than any transaction of ours is open. */
const GIVE_UP_MS = 10 * 60_000;
/** lock_not_available, and deadlock_detected. */
const HELD_BY_OTHERS = ['55P03', '40P01'];

const CONCURRENTLY = /^\s*(create|drop)\s+(unique\s+)?index\s+concurrently\b/i;
const NEW_INDEX = /^\s*create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?"?(\w+)"?/i;

/**
 * Runs the pending migrations of a folder of drizzle-kit's, each by itself: a kill, or a failure, leaves those before it
 * done. One with `concurrently` runs statement by statement without a transaction, as PostgreSQL asks for; each of its
 * statements may be run again.
 */
export async function runMigrations(client: postgres.Sql, folder: string, say: SayMigration): Promise<void> {
  await client.unsafe(`create schema if not exists drizzle;
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`);
  const [last] = await client<{ at: string }[]>`
    select created_at as at from drizzle.__drizzle_migrations order by created_at desc limit 1`;
  const pending = readMigrationFiles({ migrationsFolder: folder }).filter(
    ({ folderMillis }) => !last || folderMillis > Number(last.at),
  );
  for (const migration of pending) {
    if (migration.sql.some((statement) => CONCURRENTLY.test(statement))) await runConcurrently(client, migration, say);
    else await retried(say, () => runAtOnce(client, migration));
  }
}

async function runAtOnce(client: postgres.Sql, migration: Migration): Promise<void> {
  await client.begin(async (tx) => {
    await tx.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    for (const statement of migration.sql) await tx.unsafe(statement);
    await remember(tx, migration);
  });
}

async function runConcurrently(client: postgres.Sql, migration: Migration, say: SayMigration): Promise<void> {
  for (const statement of migration.sql) {
    const name = NEW_INDEX.exec(statement)?.[1];
    if (name !== undefined && (await isMade(client, name))) continue;
    if (name !== undefined) say(`The index ${name} is made while the database goes on working`);
    await retried(say, async () => void (await client.unsafe(statement)));
  }
  await remember(client, migration);
}

/** Whether an index is there and good. One that a kill or a failure has left half made is dropped. */
async function isMade(client: postgres.Sql, name: string): Promise<boolean> {
  const [index] = await client<{ isValid: boolean }[]>`
    select indisvalid as "isValid" from pg_index where indexrelid = to_regclass(${`public.${name}`})`;
  if (index?.isValid === false) await client`drop index concurrently if exists ${client(name)}`;
  return index?.isValid ?? false;
}

const remember = (client: postgres.Sql | postgres.TransactionSql, { hash, folderMillis }: Migration) =>
  client`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;

/** Comes again where a lock is held, for as long as a transaction may hold it. */
async function retried(say: SayMigration, run: () => Promise<void>): Promise<void> {
  const end = performance.now() + GIVE_UP_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!HELD_BY_OTHERS.includes((error as { code?: string }).code ?? '') || performance.now() > end) throw error;
      if (attempt === 0) say('A migration waits for a table that another transaction holds; it tries again');
      await sleep(GAPS_MS[Math.min(attempt, GAPS_MS.length - 1)]);
    }
  }
}
