import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDatabase } from '../../db/client.ts';
import type { Database } from '../../db/client.ts';
import { placeAfter, readFeedEnd } from '../../db/events/feed.ts';
import type { FeedPosition } from '../../db/events/feed.ts';
import { listEvents } from '../../db/events/timeline.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { makeLogins } from '../support/logins.ts';
import { handOver, settle } from '../support/settle.ts';
import { addChannel, addEndpoint, raiseStage, tell } from '../webhooks/stage.ts';
import type { Stage } from '../webhooks/stage.ts';

let stage: Stage;
let dir: string;
let fresh: Awaited<ReturnType<typeof startPostgres>>;
let restored: Database;
let channel: { tenantId: string; channelId: string };

beforeAll(async () => {
  stage = await raiseStage();
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
  dir = await mkdtemp(join(tmpdir(), 'mooring-restored-'));
  // No copy of the suite's template, which would be the same cluster.
  fresh = await startPostgres({ dir: join(dir, 'postgres') });
  await migrateDatabase(fresh.url);
  restored = connectDatabase({ url: (await makeLogins(fresh.url)).worker, poolSize: 4, program: 'worker' });
}, 120_000);
afterAll(async () => {
  await restored?.close();
  await fresh?.stop();
  await rm(dir, { recursive: true, force: true });
  await stage?.close();
});

const write = (database: Database, times: number) =>
  database.inTenant('acme', async (tx) => {
    const ids: string[] = [];
    for (let time = 0; time < times; time++) ids.push(await tell(tx, channel));
    return ids;
  });

/** What a reader of the events finds after a position, and where it stands then. */
const read = (database: Database, after: FeedPosition) =>
  database.inTenant('acme', async (tx) => {
    const end = await readFeedEnd(tx, 'events');
    const rows = await listEvents(tx, { tenantId: 'acme', position: after, limit: 100 });
    return { ids: rows.map(({ id }) => id), position: placeAfter(rows, 100, end), epoch: end.epoch };
  });

/** As `pg_dump` and `pg_restore` do with data: every table copied, sequences where they stood, nothing checked on the way. */
async function restoreDump(from: string, to: string): Promise<void> {
  const [source, target] = [from, to].map((url) => postgres(url, { max: 1, onnotice: () => {} })) as [
    postgres.Sql,
    postgres.Sql,
  ];
  await target.unsafe('set session_replication_role = replica');
  const tables = await source<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`;
  for (const { name } of tables) {
    await target.unsafe(`delete from "${name}"`);
    await pipeline(
      await source.unsafe(`copy "${name}" to stdout`).readable(),
      await target.unsafe(`copy "${name}" from stdin`).writable(),
    );
  }
  const sequences = await source<{ name: string; last: string }[]>`
    select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'public' and last_value is not null`;
  for (const { name, last } of sequences) await target`select setval(${name}, ${last})`;
  await Promise.all([source.end(), target.end()]);
}

test('rule 12: a dump restored into a fresh cluster keeps feeds and webhooks going, and old cursors', async () => {
  const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/' });
  // Many transactions, so that the fresh cluster's are younger than what the dump has seen.
  for (let time = 0; time < 50; time++) await write(stage.database, 1);
  expect((await handOver(stage.database))?.deliveries).toHaveLength(50);
  const start = await stage.database.inTenant('acme', (tx) => readFeedEnd(tx, 'events'));
  const shown = await write(stage.database, 3);
  await settle(stage.database);
  const unsettled = await write(stage.database, 2);
  await restoreDump(stage.ownerUrl, fresh.url);

  // A reader goes on in the old database for a while, and is then beyond what the dump has.
  await settle(stage.database);
  const lost = await write(stage.database, 4);
  await settle(stage.database);
  const reader = await read(stage.database, start);
  expect(reader.ids).toEqual([...shown, ...unsettled, ...lost]);

  // A server settles once before it answers.
  await settle(restored);
  const end = await restored.inTenant('acme', (tx) => readFeedEnd(tx, 'events'));
  expect(end.number).toBeGreaterThan(reader.position.number);
  const next = await write(restored, 3);
  const deliveries = (await handOver(restored))?.deliveries ?? [];
  expect(deliveries.every(({ endpointId }) => endpointId === endpoint.id)).toBe(true);
  expect(deliveries).toHaveLength(shown.length + unsettled.length + next.length);
  const after = await read(restored, reader.position);
  expect(after.epoch).toBe(start.epoch);
  // It has seen the two that were numbered anew; the three that are new come once.
  expect(after.ids).toEqual([...unsettled, ...next]);
  expect((await read(restored, start)).ids).toEqual([...shown, ...unsettled, ...next]);
  expect((await read(restored, after.position)).ids).toEqual([]);
}, 120_000);
