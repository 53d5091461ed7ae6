import { eq, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { wantedBy } from '../../db/across-tenants/outbox.ts';
import type { Transaction } from '../../db/client.ts';
import { webhookDeliveries } from '../../db/schema/events.ts';
import { handOver } from '../support/settle.ts';
import { addChannel, addEndpoint, raiseStage, removeEndpoints, tell } from './stage.ts';
import type { Stage } from './stage.ts';

let stage: Stage;
let channel: { tenantId: string; channelId: string };

beforeAll(async () => {
  stage = await raiseStage();
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
}, 60_000);
afterAll(() => stage.close());
beforeEach(async () => {
  await removeEndpoints(stage.database);
  await emptyOutbox();
});

const turn = (limit = 200) => handOver(stage.database, new Date(), limit);
const inAcme = <T>(work: (tx: Transaction) => Promise<T>) => stage.database.inTenant('acme', work);

async function emptyOutbox() {
  for (let look = await turn(); !look || look.more || look.deliveries.length > 0; look = await turn());
}

async function deliveredEvents(endpointId: string): Promise<string[]> {
  const rows = await stage.database.acrossTenants((tx) =>
    tx
      .select({ eventId: webhookDeliveries.eventId })
      .from(webhookDeliveries)
      .where(eq(webhookDeliveries.endpointId, endpointId))
      .orderBy(webhookDeliveries.id),
  );
  return rows.map(({ eventId }) => eventId);
}

describe('turnOutbox()', () => {
  it('gives each event to each endpoint that wants it, by tenant, type and being enabled', async () => {
    const other = { tenantId: 'other', channelId: await addChannel(stage.database, 'other') };
    const url = 'http://127.0.0.1/';
    const all = (await addEndpoint(stage, { url })).endpoint;
    const acme = (await addEndpoint(stage, { url, tenantId: 'acme' })).endpoint;
    const paused = (await addEndpoint(stage, { url, events: ['channel.paused'] })).endpoint;
    const off = (await addEndpoint(stage, { url, disabledAt: new Date() })).endpoint;
    const [one, two] = await inAcme(async (tx) => [
      await tell(tx, channel, 'channel.connected'),
      await tell(tx, channel, 'channel.paused'),
    ]);
    const three = await stage.database.inTenant('other', (tx) => tell(tx, other, 'channel.paused'));
    await emptyOutbox();
    expect(await deliveredEvents(all.id)).toEqual([one, two, three]);
    expect(await deliveredEvents(acme.id)).toEqual([one, two]);
    expect(await deliveredEvents(paused.id)).toEqual([two, three]);
    expect(await deliveredEvents(off.id)).toEqual([]);
  });

  it('keeps a refresh in the diary and off the wire', async () => {
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/' });
    await inAcme((tx) => tell(tx, channel, 'credential.refreshed'));
    await emptyOutbox();
    expect(await deliveredEvents(endpoint.id)).toEqual([]);
  });

  it('goes on where it stood when a turn is rolled back half done', async () => {
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/' });
    const event = await inAcme((tx) => tell(tx, channel));
    await asOwner('alter table webhook_deliveries add constraint full_disk check (false) not valid');
    await expect(turn()).rejects.toThrow();
    await asOwner('alter table webhook_deliveries drop constraint full_disk');
    await emptyOutbox();
    expect(await deliveredEvents(endpoint.id)).toEqual([event]);
  });

  it('hands every event over once while many writers and several pumps are at it', async () => {
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/' });
    const told: string[] = [];
    const written = new AbortController();
    const pumps = [1, 2, 3].map(async () => {
      while (!written.signal.aborted) await turn(7);
    });
    await Promise.all(
      Array.from({ length: 6 }, async (_, writer) => {
        for (let i = 0; i < 25; i++) {
          await inAcme(async (tx) => {
            told.push(await tell(tx, channel));
            await tx.execute(sql`select pg_sleep(${((writer * 7 + i * 13) % 20) / 1000})`);
            told.push(await tell(tx, channel));
          });
        }
      }),
    );
    written.abort();
    await Promise.all(pumps);
    await emptyOutbox();
    const delivered = await deliveredEvents(endpoint.id);
    expect(delivered).toHaveLength(300);
    expect(new Set(delivered)).toEqual(new Set(told));
  });
});

const addEndpoints = (many: number, ofTenants: boolean) =>
  asOwner(`
    insert into tenants (id, created_at) select 'many-' || n, now() from generate_series(1, ${many}) n
      on conflict do nothing;
    insert into webhook_endpoints (id, tenant_id, url, secret_jwe, created_at)
      select 'whe_' || n, ${ofTenants ? "'many-' || n" : 'null'}, 'http://127.0.0.1/', 'none', now()
      from generate_series(1, ${many}) n`);

describe('a turn among many endpoints', () => {
  it('reads the endpoints of the events’ own tenants, not those of ten thousand others', async () => {
    await addEndpoints(10_000, true);
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/', tenantId: 'acme' });
    const told = await tellTimes(200);
    const [row] = await stage.database.acrossTenants((tx) =>
      tx.execute<{ 'QUERY PLAN': unknown }>(sql`explain (analyze, format json) ${wantedBy(told, null)}`),
    );
    expect(endpointRowsOf(row?.['QUERY PLAN'])).toBeLessThanOrEqual(400);
    await emptyOutbox();
    expect(await deliveredEvents(endpoint.id)).toEqual(told);
  });

  it('inserts what one transaction can, goes on while events are left, and cuts no event in two', async () => {
    await addEndpoints(900, false);
    const told = await tellTimes(5);
    const turns: number[] = [];
    for (let look = await turn(); look?.more || look?.deliveries.length; look = await turn()) {
      if (look.deliveries.length > 0) turns.push(look.deliveries.length);
    }
    expect(turns).toEqual([1_800, 1_800, 900]);
    expect(await deliveredEvents('whe_1')).toEqual(told);
    expect(await deliveredEvents('whe_900')).toEqual(told);
  });
});

const tellTimes = (times: number) =>
  inAcme(async (tx) => {
    const ids: string[] = [];
    for (let i = 0; i < times; i++) ids.push(await tell(tx, channel));
    return ids;
  });

/** Rows of webhook_endpoints that a plan has looked at. */
function endpointRowsOf(plan: unknown): number {
  if (typeof plan !== 'object' || plan === null) return 0;
  const node = plan as Record<string, unknown>;
  const count = (name: string) => Number(node[name] ?? 0);
  const own = (count('Actual Rows') + count('Rows Removed by Filter')) * count('Actual Loops');
  const below = Object.values(node).reduce<number>((sum, part) => sum + endpointRowsOf(part), 0);
  return (node['Relation Name'] === 'webhook_endpoints' ? own : 0) + below;
}

async function asOwner(statement: string): Promise<void> {
  const client = postgres(stage.ownerUrl, { max: 1, onnotice: () => {} });
  await client.unsafe(statement);
  await client.end();
}
