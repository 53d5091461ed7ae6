import { eq } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ContentWriter } from '../../imports/fetching/content.ts';
import { ContentSweeper, pruneAll, retireAcknowledged } from '../../background/retention.ts';
import { pruneExpired } from '../../db/across-tenants/retention.ts';
import type { Transaction } from '../../db/client.ts';
import { lockLink } from '../../db/access/links.ts';
import { newId } from '../../db/ids.ts';
import { messageParts } from '../../db/schema/messages.ts';
import { planNewLink } from '../../notifications/plan-new-link.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, TENANT } from './importing.ts';

const PASSWORD = secret('password');

const DAY_MS = 86_400_000;

let stage: Stage;
let api: Api;
let sql: postgres.Sql;
beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  sql = postgres(stage.databaseUrl, { max: 2 });
}, 60_000);
afterAll(async () => {
  await sql?.end();
  await api?.close();
  await stage?.close();
});

const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => stage.context.database.inTenant(TENANT, work);
const later = (days: number) => {
  const { clock } = stage.context;
  return { ...stage.context, clock: { now: async () => new Date((await clock.now()).getTime() + days * DAY_MS) } };
};
const partsOf = (channelId: string) =>
  inTenant((tx) => tx.select().from(messageParts).where(eq(messageParts.channelId, channelId)));

async function connected(name: string) {
  const email = `${name}@example.com`;
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  return { email, channelId: channelOf(await connectImap(stage, email, PASSWORD)) };
}

describe('retention after the acknowledgement', () => {
  test('content and envelope go, a tombstone stays, and nothing comes twice, not even under new ids', async () => {
    const { email, channelId } = await connected('retired');
    const delivered = await stage.sandbox.deliver('imap', email, 5);
    const { poll, stored, queue, finish, receipt } = importing(stage.context);
    await poll(channelId);
    const ids = (await stored(channelId)).slice(0, 3).map(({ id }) => id);
    expect((await api.call('POST', '/v1/messages/ack', { ids })).json).toEqual({ acknowledged: 3 });

    expect(await retireAcknowledged(later(29))).toBe(0);
    expect(await retireAcknowledged(later(31))).toBe(3);
    expect(await retireAcknowledged(later(31))).toBe(0);
    const [tombstone] = (await stored(channelId)).filter(({ id }) => id === ids[0]);
    expect(tombstone).toMatchObject({
      subject: null,
      sender: null,
      recipients: [],
      date: null,
      messageId: null,
      folder: '',
      size: 0,
      channelId,
    });
    expect(tombstone?.fingerprint).toMatch(/^m:[0-9a-f]{64}$/);
    expect(await partsOf(channelId)).toHaveLength(2);
    expect(await api.call('GET', `/v1/messages/${ids[0]}/raw`)).toMatchObject({
      status: 410,
      json: { code: 'content_gone', retryable: false },
    });
    const feed = (await api.call('GET', `/v1/messages?channel=${channelId}`)).json.data as { message_id: string }[];
    expect(feed).toHaveLength(2);
    expect((await api.call('POST', '/v1/messages/ack', { ids })).json).toEqual({ acknowledged: 0 });

    await stage.sandbox.fault('imap', email, 'uidvalidity_changed');
    const more = await stage.sandbox.deliver('imap', email, 1);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    await finish(channelId, importId);
    expect(await receipt(importId)).toMatchObject({ imported: 1, missing: 0, repaired: 0 });
    const requested = await queue(channelId, { cause: 'requested' });
    await finish(channelId, requested);
    expect(await receipt(requested)).toMatchObject({ found: 6, imported: 0, alreadyHad: 6 });
    const alive = (await stored(channelId)).filter(({ retiredAt }) => retiredAt === null);
    expect(await stored(channelId)).toHaveLength(6);
    expect(messageIds([...delivered, ...more])).toEqual(expect.arrayContaining(idsOf(alive)));
  });

  test('is the tenant’s own: at once, after some days, or never', async () => {
    const { email, channelId } = await connected('policy');
    await stage.sandbox.deliver('imap', email, 2);
    const { poll, stored } = importing(stage.context);
    await poll(channelId);
    const [first, second] = await stored(channelId);
    await api.call('POST', '/v1/messages/ack', { ids: [first?.id] });
    const path = `/v1/tenants/${TENANT}/policy`;
    expect((await api.call('GET', path)).json).toMatchObject({ retention_days: 30 });
    await api.call('PUT', path, { retention_days: null });
    expect(await retireAcknowledged(later(4_000))).toBe(0);
    await api.call('PUT', path, { retention_days: 0 });
    expect(await retireAcknowledged(stage.context)).toBe(1);
    // What was never acknowledged stays.
    expect((await stored(channelId)).find(({ id }) => id === second?.id)?.retiredAt).toBeNull();
    expect((await api.call('PUT', path, { retention_days: -1 })).status).toBe(400);
    await api.call('PUT', path, {});
  });
});

test('content that a killed process left without a message goes, what is in use or being written stays', async () => {
  const { email, channelId } = await connected('orphan');
  await stage.sandbox.deliver('imap', email, 2);
  await importing(stage.context).poll(channelId);
  const writer = new ContentWriter(stage.context, { tenantId: TENANT, channelId });
  const bytes = (async function* () {
    yield Buffer.alloc(600_000, 'x');
  })();
  const { contentId } = await writer.write(bytes);
  await writer.flush();
  const before = await partsOf(channelId);
  const sweeper = new ContentSweeper(stage.context);
  await sweeper.sweep(0);
  await sweeper.sweep(3_500_000);
  expect(await partsOf(channelId)).toHaveLength(before.length);
  await sweeper.sweep(3_700_000);
  expect((await partsOf(channelId)).map((part) => part.contentId)).not.toContain(contentId);
  expect(await partsOf(channelId)).toHaveLength(2);
});

test('what has served its time goes, the diary and what is pending stay', async () => {
  const { channelId } = await connected('pruned');
  const event = async (type: string, days: number) => {
    const id = newId('evt');
    await sql`insert into events (id, tenant_id, channel_id, type, data, at)
              values (${id}, ${TENANT}, ${channelId}, ${type}, '{}', now() - make_interval(days => ${days}))`;
    return id;
  };
  const [old, lifecycle] = [await event('message.received', 31), await event('channel.degraded', 400)];
  const young = await event('import.progress', 29);
  await sql`insert into idempotency_keys (hash, request_hash, created_at, expires_at)
            values ('over', 'x', now(), now() - interval '1 minute'), ('valid', 'x', now(), now() + interval '1 minute')`;
  await pruneExpired(stage.context.database, { now: await stage.context.clock.now(), limit: 100 });
  const left = (await sql`select id from events where channel_id = ${channelId}`).map(({ id }) => String(id));
  expect(left).toEqual(expect.arrayContaining([lifecycle, young]));
  expect(left).not.toContain(old);
  expect(
    (await sql`select hash from idempotency_keys where request_hash = 'x'`).map(({ hash }) => String(hash)),
  ).toEqual(['valid']);

  const endpoint = newId('whe');
  await sql`insert into webhook_endpoints (id, url, secret_jwe, created_at) values (${endpoint}, 'http://x.example', '', now())`;
  const deliver = (state: string) =>
    sql`insert into webhook_deliveries (id, event_id, endpoint_id, tenant_id, redelivery, state, created_at)
        values (${newId('whd')}, ${lifecycle}, ${endpoint}, ${TENANT}, ${state.length}, ${state}, now())`;
  await deliver('delivered');
  await deliver('pending');
  await pruneExpired(stage.context.database, { now: await later(31).clock.now(), limit: 100 });
  const deliveries = await sql`select state from webhook_deliveries where endpoint_id = ${endpoint}`;
  expect(deliveries.map(({ state }) => String(state))).toEqual(['pending']);
});

test('what expires faster than a turn deletes is gone after one sweep all the same', async () => {
  const { channelId } = await connected('growing');
  await sql`insert into events (id, tenant_id, channel_id, type, data, at, number)
    select 'evt_old' || n, ${TENANT}, ${channelId}, 'import.progress', '{}', now() - interval '40 days', 0
    from generate_series(1, 1300) n`;
  await sql`insert into idempotency_keys (hash, request_hash, created_at, expires_at)
    select 'many' || n, 'many', now(), now() - interval '1 minute' from generate_series(1, 1300) n`;
  expect(await pruneAll(stage.context)).toBeGreaterThanOrEqual(2_600);
  expect(await sql`select 1 from events where id like 'evt_old%'`).toHaveLength(0);
  expect(await sql`select 1 from idempotency_keys where request_hash = 'many'`).toHaveLength(0);
});

const day = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

test('unused links of banners go a month after their end; used and renewed ones, and those of the product, stay', async () => {
  const { context } = stage;
  const { channelId } = await connected('banner');
  const made: string[] = [];
  const link = async (forBanner: boolean, expiresAt: string, usedAt: string | null = null) => {
    const id = newId('lnk');
    made.push(id);
    await sql`insert into links (id, tenant_id, hash, purpose, channel_id, spec, for_banner, expires_at, used_at, created_at)
              values (${id}, ${TENANT}, ${id}, 'reauthorize', ${channelId}, '{}', ${forBanner}, ${expiresAt}, ${usedAt}, now())`;
    return id;
  };
  const over = await link(true, day(31));
  const kept = [await link(true, day(29)), await link(true, day(31), day(32)), await link(false, day(31))];
  const renewed = await link(true, day(31));
  await inTenant(async (tx) => {
    const row = await lockLink(tx, renewed);
    if (row) await planNewLink(tx, { link: row, recipient: 'ana@people.example', now: new Date() });
  });
  await pruneExpired(context.database, { now: new Date(), limit: 100 });
  const left = await sql`select id from links where id in ${sql(made)} order by id`;
  expect(left.map(({ id }) => String(id))).toEqual([...kept, renewed].toSorted());
  expect(left.map(({ id }) => String(id))).not.toContain(over);
});
