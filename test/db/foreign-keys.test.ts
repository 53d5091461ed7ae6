import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startMigratedPostgres } from '../support/migrated-postgres.ts';

/** Keys whose parents are never deleted while they have children, or have a handful of children at most. */
const WITHOUT_INDEX: Record<string, string> = {};

/** Without one, a delete of a parent reads every child there is, of every tenant. */
test('every foreign key has an index that begins with its columns', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mooring-keys-'));
  const { url, stop } = await startMigratedPostgres(join(dir, 'postgres'));
  const sql = postgres(url, { max: 1 });
  const found = await sql<{ name: string }[]>`
    with keys as (
      select c.conrelid, c.conrelid::regclass::text as child, c.conkey, array(
        select a.attname::text from unnest(c.conkey) with ordinality as k (number, place)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number order by k.place) as columns
      from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace
    )
    select child || '.' || array_to_string(columns, ',') as name from keys
    where not exists (
      select from pg_index i where i.indrelid = keys.conrelid and i.indisvalid and i.indpred is null
        and (select array_agg(n::int2 order by n) from unnest((i.indkey::int2[])[0:cardinality(keys.conkey) - 1]) n)
          = (select array_agg(n order by n) from unnest(keys.conkey) n))
    order by 1`;
  await sql.end();
  await stop();
  await rm(dir, { recursive: true, force: true });
  expect(found.map(({ name }) => name)).toEqual(Object.keys(WITHOUT_INDEX).sort());
});
