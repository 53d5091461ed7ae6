import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transaction } from '../../db/client.ts';
import { listEvents, listTimeline } from '../../db/events/timeline.ts';
import { listMessages } from '../../db/messages/message-feed.ts';
import { addChannel, raiseStage } from '../webhooks/stage.ts';
import type { Stage } from '../webhooks/stage.ts';

const FOREIGN = 20_000;
const PAGE = 50;
/** Rows of the small tenant. */
const OWN = 150;

let stage: Stage;
let quiet: string;

/** A large tenant with many rows, and a small one with a page and a half: its rows stand before, amid and behind the others. */
beforeAll(async () => {
  stage = await raiseStage();
  const large = await addChannel(stage.database, 'large');
  quiet = await addChannel(stage.database, 'quiet');
  const owner = postgres(stage.ownerUrl, { max: 1, onnotice: () => {} });
  await owner.unsafe(`
    insert into messages (id, tenant_id, channel_id, provider_id, folder, recipients, received_at, size, backfilled, content_id,
        fingerprint, stored_at, number, retired_at)
      select 'msg_' || n, tenant, case when tenant = 'quiet' then '${quiet}' else '${large}' end, 'p' || n, 'INBOX', '[]', now(), 1,
        false, 'c' || n, 'f' || n, now(), n, case when tenant = 'quiet' and n % 2 = 0 then now() end
      from (select n, case when n % ${Math.floor(FOREIGN / OWN)} = 0 then 'quiet' else 'large' end as tenant
        from generate_series(1, ${FOREIGN}) n) rows;
    insert into events (id, tenant_id, channel_id, type, data, at, number)
      select 'evt_' || n, tenant, case when tenant = 'quiet' then '${quiet}' else '${large}' end, 'channel.paused', '{}', now(), n
      from (select n, case when n % ${Math.floor(FOREIGN / OWN)} = 0 then 'quiet' else 'large' end as tenant
        from generate_series(1, ${FOREIGN}) n) rows;
    analyze messages, events`);
  await owner.end();
}, 120_000);
afterAll(() => stage?.close());

/** Rows of a table that this transaction's work has read. */
async function rowsRead(table: string, tenant: string | null, work: (tx: Transaction) => Promise<unknown[]>) {
  const { database } = stage;
  const counted = async (tx: Transaction) => {
    // A session's count may have transactions before this one.
    const before = await countRead(tx, table);
    const found = await work(tx);
    return { found: found.length, read: (await countRead(tx, table)) - before };
  };
  return tenant === null ? database.acrossTenants(counted) : database.inTenant(tenant, counted);
}

async function countRead(tx: Transaction, table: string): Promise<number> {
  const [row] = await tx.execute<{ read: string }>(
    sql`select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::text as read
        from pg_stat_xact_user_tables where relname = ${table}`,
  );
  return Number(row?.read ?? 0);
}

const position = { number: 0n };

test.each([
  ['a tenant', 'quiet'],
  ['all tenants', null],
])('a page of messages of %s reads its own rows', async (_, tenantId) => {
  const { found, read } = await rowsRead('messages', tenantId, (tx) =>
    listMessages(tx, { channelId: null, tenantId, position, limit: PAGE }),
  );
  expect(found).toBe(PAGE);
  expect(read).toBeLessThanOrEqual(2 * PAGE);
});

test('a page of messages of a channel reads its own rows', async () => {
  const { found, read } = await rowsRead('messages', 'quiet', (tx) =>
    listMessages(tx, { channelId: quiet, tenantId: 'quiet', position, limit: PAGE }),
  );
  expect(found).toBe(PAGE);
  expect(read).toBeLessThanOrEqual(2 * PAGE);
});

test('a page of a tenant’s events, and one of a channel’s timeline, read their own rows', async () => {
  const events = await rowsRead('events', 'quiet', (tx) =>
    listEvents(tx, { tenantId: 'quiet', position, limit: PAGE }),
  );
  expect(events.found).toBe(PAGE);
  expect(events.read).toBeLessThanOrEqual(2 * PAGE);
  const timeline = await rowsRead('events', 'quiet', (tx) =>
    listTimeline(tx, { channelId: quiet, before: null, limit: PAGE }),
  );
  expect(timeline.found).toBe(PAGE);
  expect(timeline.read).toBeLessThanOrEqual(OWN);
});

test('a reader at the end of the feed reads no row of another tenant', async () => {
  const { found, read } = await rowsRead('messages', 'quiet', (tx) =>
    listMessages(tx, { channelId: null, tenantId: 'quiet', position: { number: BigInt(FOREIGN) }, limit: PAGE }),
  );
  expect({ found, read }).toEqual({ found: 0, read: 0 });
});
