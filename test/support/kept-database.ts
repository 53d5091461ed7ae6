import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { keep, keepFolder } from './evidence.ts';
import { learnSecret } from './minting.ts';

/** Keeps every row of every table, as JSON; `url` must be the superuser's, whom no row-level security holds. */
export async function keepRows(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
  for (const { name } of tables) {
    const rows = sql.unsafe<{ text: string }[]>(`select row_to_json(t)::text as text from ${name} t`);
    for await (const some of rows.cursor(200)) keep('database', some.map(({ text }) => text).join('\n'));
  }
  await sql.end();
}

/**
 * Keeps the log of all writes of a PostgreSQL that was stopped, which also has what was deleted since, and what it
 * complained about, which may quote values.
 */
export function keepWrites(dataDir: string): void {
  keepFolder('database', join(dataDir, 'pg_wal'));
  if (existsSync(`${dataDir}.log`)) keep('log', readFileSync(`${dataDir}.log`));
  learnSecret('superuser-password', readFileSync(`${dataDir}-password`, 'utf8').trim());
}
