import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { turnErasures } from '../../background/erasures.ts';
import { eraseDisconnected, eraseTenant } from '../../connections/erase.ts';
import { eraseSome, mailOf } from '../../db/erasure.ts';
import { newId } from '../../db/ids.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { addChannel, raiseStage, tell } from '../webhooks/stage.ts';
import type { Stage } from '../webhooks/stage.ts';

const MESSAGES = 5_000;

let stage: Stage;
let owner: postgres.Sql;

beforeAll(async () => {
  stage = await raiseStage();
  owner = postgres(stage.ownerUrl, { max: 4, onnotice: () => {} });
  // Before the first connection of the stage: a wait that a test can wait for.
  await owner`alter role mooring_worker set lock_timeout = '300ms'`;
}, 120_000);
afterAll(async () => {
  await owner?.end();
  await stage?.close();
});

/** A disconnected channel with so many messages, each with its content and place. */
async function largeChannel(tenantId: string, eraseRequested = true): Promise<{ tenantId: string; channelId: string }> {
  const channelId = await addChannel(stage.database, tenantId);
  await owner`update channels set status = 'disconnected', erase_requested = ${eraseRequested} where id = ${channelId}`;
  await owner`insert into message_parts (content_id, part, tenant_id, channel_id, jwe)
    select ${channelId} || n, 0, ${tenantId}, ${channelId}, 'x' from generate_series(1, ${MESSAGES}) n`;
  await owner`insert into messages (id, tenant_id, channel_id, provider_id, folder, recipients, received_at, size, backfilled,
      content_id, fingerprint, stored_at)
    select ${channelId} || n, ${tenantId}, ${channelId}, n, 'INBOX', '[]', now(), 1, false, ${channelId} || n, 'f', now()
    from generate_series(1, ${MESSAGES}) n`;
  await owner`insert into message_locations (channel_id, scope, generation, provider_id, tenant_id, message_id)
    select ${channelId}, 'INBOX', '1', n, ${tenantId}, ${channelId} || n from generate_series(1, ${MESSAGES}) n`;
  await owner`insert into imports (id, channel_id, tenant_id, state, cause, moves_cursor, backfill, started_at)
    values (${`imp${channelId}`}, ${channelId}, ${tenantId}, 'completed', 'poll', true, false, now())`;
  await owner`insert into import_scopes (import_id, scope, channel_id, tenant_id, listing, state)
    values (${`imp${channelId}`}, 'INBOX', ${channelId}, ${tenantId}, 'changes', 'done')`;
  await owner`insert into import_items (import_id, scope, generation, provider_id, channel_id, tenant_id, outcome, listed_at)
    select ${`imp${channelId}`}, 'INBOX', '1', n, ${channelId}, ${tenantId}, 'imported', now()
    from generate_series(1, ${MESSAGES}) n`;
  return { tenantId, channelId };
}

async function leftOf(channelId: string): Promise<number[]> {
  const [row] = await owner<{ left: number[] }[]>`
    select array[(select count(*) from message_parts where channel_id = ${channelId}),
      (select count(*) from message_locations where channel_id = ${channelId}),
      (select count(*) from messages where channel_id = ${channelId})]::int[] as left`;
  return row!.left;
}

const waitingForLocks = async () =>
  (await owner`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`).length;

test('an erasure under another’s lock holds one connection, gives up in time, and goes on from where it was', async () => {
  const channel = await largeChannel('acme');
  const beside = await largeChannel('globex');
  const held = await holdTransaction(
    owner,
    (tx) =>
      tx`select 1 from message_parts where channel_id = ${channel.channelId} order by content_id desc limit 1 for update`,
  );
  for (let attempt = 0; attempt < 3; attempt++) {
    const tried = eraseDisconnected(stage, channel, { signal: AbortSignal.timeout(60_000) });
    await expect(tried).rejects.toThrow();
    expect(await waitingForLocks()).toBe(0);
  }
  const [parts] = await leftOf(channel.channelId);
  expect(parts).toBeLessThan(MESSAGES);
  expect(parts).toBeGreaterThan(0);
  // The sweep of the workers erases the other meanwhile, and this one once it can.
  await turnErasures(stage);
  expect(await leftOf(beside.channelId)).toEqual([0, 0, 0]);
  expect((await leftOf(channel.channelId))[2]).toBe(MESSAGES);
  await held();
  await turnErasures(stage);
  expect(await leftOf(channel.channelId)).toEqual([0, 0, 0]);
  const erased = await owner`select 1 from channels where erased_at is not null`;
  expect(erased).toHaveLength(2);
});

test('an erasure that meets another of the same channel goes on with the rows that the other leaves', async () => {
  const channel = await largeChannel('hooli');
  const [parts] = mailOf(channel.channelId);
  const firstBatch = await holdTransaction(
    owner,
    (tx) => tx`
    delete from message_parts where ctid = any (array(
      select ctid from message_parts where channel_id = ${channel.channelId} limit 100))`,
  );
  const second = stage.database.inTenant('hooli', async (tx) => {
    await tx.execute(sql`set local lock_timeout = '60s'`);
    return eraseSome(tx, parts!);
  });
  await expect.poll(waitingForLocks, { timeout: 30_000 }).toBe(1);
  await firstBatch();
  expect(await second, 'more is left').toBe(true);
  await turnErasures(stage);
  expect(await leftOf(channel.channelId)).toEqual([0, 0, 0]);
});

test('a tenant goes in short transactions with all it has, and nothing of another', async () => {
  const mine = await largeChannel('initech', false);
  const other = await largeChannel('umbrella', false);
  await stage.database.inTenant('initech', (tx) => tell(tx, mine));
  await owner`insert into links (id, hash, tenant_id, purpose, spec, expires_at, created_at)
    values (${newId('lnk')}, ${newId('lnk')}, 'initech', 'connect', '{}', now(), now())`;
  await owner`update tenants set erase_requested_at = now() where id = 'initech'`;
  // A batch and no more: its time is over before it began.
  const asServer = { ...stage, database: stage.serverDatabase };
  expect(await eraseTenant(asServer, 'initech', { signal: AbortSignal.abort() })).toBe(false);
  // Under the rights of a server, which has fewer than a worker.
  expect(await eraseTenant(asServer, 'initech', { signal: AbortSignal.timeout(30_000) })).toBe(true);
  for (const table of ['tenants', 'channels', 'messages', 'events', 'links', 'imports', 'import_items']) {
    const column = table === 'tenants' ? 'id' : 'tenant_id';
    const rows = await owner`select 1 from ${owner(table)} where ${owner(column)} = 'initech'`;
    expect(rows.length, table).toBe(0);
  }
  expect(await leftOf(other.channelId)).toEqual([MESSAGES, MESSAGES, MESSAGES]);
});

test('a tenant with a channel that is not disconnected stays', async () => {
  await addChannel(stage.database, 'soylent');
  await owner`update tenants set erase_requested_at = now() where id = 'soylent'`;
  await turnErasures(stage);
  expect(await owner`select 1 from channels where tenant_id = 'soylent'`).toHaveLength(1);
});
