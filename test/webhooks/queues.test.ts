import { eq, inArray, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { presentEndpoint } from '../../api/presenters/webhooks.ts';
import { giveUpWaiting, takeFromQueue } from '../../db/across-tenants/deliveries.ts';
import { handOver } from '../support/settle.ts';
import { insertRedelivery } from '../../db/events/deliveries.ts';
import { findEndpoint } from '../../db/events/endpoints.ts';
import { webhookDeliveries, webhookEndpoints } from '../../db/schema/events.ts';
import { deliverWorkflowId } from '../../domain/workflow/names.ts';
import { startDeliveries } from '../../webhooks/start-deliveries.ts';
import { raiseEngine, startPump } from './engine.ts';
import type { Engine } from './engine.ts';
import { addChannel, addEndpoint, listenForWebhooks, raiseStage, removeEndpoints, tell, until } from './stage.ts';
import type { Received, Stage } from './stage.ts';

/** Channels that connect at once, and deliveries that a hanging endpoint has to take. */
const BURST = Number(process.env['WEBHOOK_BURST'] ?? 100);

let stage: Stage;
let engine: Engine;
const channelOf: Record<string, { tenantId: string; channelId: string }> = {};
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  stage = await raiseStage();
  engine = await raiseEngine(stage);
  for (const tenantId of ['acme', 'other']) {
    channelOf[tenantId] = { tenantId, channelId: await addChannel(stage.database, tenantId) };
  }
}, 120_000);
afterAll(async () => {
  await engine.close();
  await stage.close();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await removeEndpoints(stage.database);
});

async function receiver(answer?: (one: Received, times: number) => number | Promise<number>) {
  const listening = await listenForWebhooks(answer);
  closing.push(() => listening.close());
  return listening;
}

function pump(context = engine.context) {
  const running = startPump(context);
  closing.unshift(() => running.stop());
}

async function happen(type: Parameters<typeof tell>[2], times: number, tenantId = 'acme'): Promise<string[]> {
  return stage.database.inTenant(tenantId, async (tx) => {
    const ids: string[] = [];
    for (let i = 0; i < times; i++) ids.push(await tell(tx, channelOf[tenantId]!, type));
    return ids;
  });
}

const across = <T>(work: Parameters<typeof stage.database.acrossTenants<T>>[0]) => stage.database.acrossTenants(work);
const endpointRow = async (id: string) => (await across((tx) => findEndpoint(tx, id)))!;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
const idOf = (one: Received) => String(one.headers['webhook-id']);

async function deliveriesOf(endpointId: string) {
  return across((tx) => tx.select().from(webhookDeliveries).where(eq(webhookDeliveries.endpointId, endpointId)));
}

/** How many events the histories of an endpoint's deliveries have. */
async function historyEvents(endpointId: string): Promise<number> {
  const lengths = (await deliveriesOf(endpointId)).map(async ({ id }) => {
    const handle = engine.client.workflow.getHandle(deliverWorkflowId(id));
    return handle.describe().then(
      ({ historyLength }) => historyLength,
      () => 0,
    );
  });
  return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
}

/** An endpoint that hangs until `mend`; its attempts under way are broken off then, or by `breakOff`. */
async function hangingReceiver() {
  let broken = Promise.withResolvers<number>();
  let hangs = true;
  let underWay = 0;
  const atOnce: number[] = [];
  const listening = await receiver(async () => {
    underWay += 1;
    if (!hangs) atOnce.push(underWay);
    const status = hangs ? await broken.promise : 204;
    underWay -= 1;
    return status;
  });
  const breakOff = () => {
    broken.resolve(504);
    broken = Promise.withResolvers<number>();
  };
  const mend = () => {
    hangs = false;
    breakOff();
  };
  return { ...listening, atOnce, breakOff, mend };
}

describe('an endpoint that hangs', () => {
  it(
    'S-41: costs few attempts and next to no history, delays no other, and gets everything once it is mended',
    async () => {
      const hanging = await hangingReceiver();
      const { endpoint } = await addEndpoint(stage, { url: hanging.url, tenantId: 'acme' });
      const told = await happen('channel.degraded', BURST);
      pump();
      await until('the first attempts', 10_000, () => hanging.received.length === 8);
      const quick = await receiver();
      await addEndpoint(stage, { url: quick.url, events: ['channel.repaired'] });
      const [repaired] = await happen('channel.repaired', 1);
      await until('the other endpoint', 5_000, () => quick.received.some((one) => idOf(one) === repaired));
      hanging.breakOff();
      const open = await until('the open circuit', 10_000, async () => {
        const row = await endpointRow(endpoint.id);
        return row.openUntil && row;
      });
      expect(open.failures).toBeGreaterThanOrEqual(5);
      await until('the probe', 20_000, async () => (await endpointRow(endpoint.id)).openUntil! < new Date());
      expect(hanging.received.length).toBeLessThanOrEqual(14);
      expect(await historyEvents(endpoint.id)).toBeLessThan(14 * 25);
      hanging.mend();
      await until('the rest', BURST * 1_000, () => new Set(hanging.received.map(idOf)).size === BURST + 1);
      await until('the end of all', 30_000, async () =>
        (await deliveriesOf(endpoint.id)).every(({ state }) => state === 'delivered'),
      );
      expect(new Set(hanging.received.map(idOf))).toEqual(new Set([...told, repaired]));
      expect(hanging.atOnce[0]).toBe(1);
      expect(Math.max(...hanging.atOnce)).toBeLessThanOrEqual(32);
      expect(await endpointRow(endpoint.id)).toMatchObject({ failures: 0, failingSince: null, openUntil: null });
    },
    BURST * 1_000 + 90_000,
  );

  it('is tried at once when a person asks for a delivery again', async () => {
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/' });
    await happen('channel.paused', 1);
    await emptyOutbox();
    const [first] = await deliveriesOf(endpoint.id);
    const openUntil = new Date(Date.now() + 300_000);
    await across((tx) => tx.update(webhookEndpoints).set({ openUntil, failingSince: new Date(), failures: 9 }));
    await stage.database.inTenant('acme', (tx) => insertRedelivery(tx, first!, new Date()));
    await emptyOutbox();
    expect((await endpointRow(endpoint.id)).openUntil?.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('loses what has waited for as long as all attempts last, if its last probe was as late', async () => {
    const url = 'http://127.0.0.1/';
    const endpoints = [await addEndpoint(stage, { url }), await addEndpoint(stage, { url })];
    await happen('channel.paused', 2);
    await emptyOutbox();
    const old: string[] = [];
    for (const { endpoint } of endpoints) old.push((await deliveriesOf(endpoint.id))[0]!.id);
    await across((tx) =>
      tx
        .update(webhookDeliveries)
        .set({ startAt: hoursAgo(80) })
        .where(inArray(webhookDeliveries.id, old)),
    );
    const fails = { failures: 99, failingSince: hoursAgo(90) };
    await across((tx) => tx.update(webhookEndpoints).set({ ...fails, openUntil: hoursAgo(70) }));
    expect(await giveUpWaiting(stage.database)).toBe(0);
    await across((tx) => tx.update(webhookEndpoints).set({ ...fails, openUntil: hoursAgo(-0.1) }));
    expect(await giveUpWaiting(stage.database)).toBe(2);
    for (const { endpoint } of endpoints) {
      for (const { id, state } of await deliveriesOf(endpoint.id))
        expect(state).toBe(old.includes(id) ? 'failed' : 'pending');
    }
    // A transaction for each endpoint: none is open for as long as all of them take.
    const writers = await across((tx) =>
      tx.execute<{ xmin: string }>(sql`select distinct xmin::text from webhook_deliveries where state = 'failed'`),
    );
    expect(writers.length).toBe(2);
  });
});

async function emptyOutbox() {
  for (;;) {
    const turn = await handOver(stage.database, new Date(), 200);
    if (turn && !turn.more) return;
  }
}

describe('a flood of messages', () => {
  it(
    `holds up no lifecycle event: ${BURST} channels that connect are told of before it is through`,
    async () => {
      const listening = await receiver();
      await addEndpoint(stage, { url: listening.url });
      const flood = await happen('message.received', BURST * 4);
      const connected = new Set(await happen('channel.connected', BURST));
      pump();
      const arrived = () => listening.received.filter((one) => connected.has(idOf(one))).length;
      await until('the events of the channels', BURST * 1_000, () => arrived() === BURST);
      const order = listening.received.map(idOf);
      const before = order.slice(
        0,
        order.findLastIndex((id) => connected.has(id)),
      );
      // Messages have places of their own, so some of them arrive meanwhile: as many on a busy machine as lifecycle events.
      expect(before.filter((id) => !connected.has(id)).length).toBeLessThan(flood.length / 2);
    },
    BURST * 1_100,
  );
});

describe('a receiver that refuses messages alone', () => {
  it('opens the circuit of messages, and delays no lifecycle event', async () => {
    const listening = await receiver(({ body }) => (body.includes('"message.received"') ? 500 : 204));
    const { endpoint } = await addEndpoint(stage, { url: listening.url, tenantId: 'acme' });
    await happen('message.received', 8);
    pump();
    await until('the open circuit', 10_000, async () => (await endpointRow(endpoint.id)).messagesOpenUntil !== null);
    const [degraded] = await happen('channel.degraded', 1);
    await until('the lifecycle event', 5_000, () => listening.received.some((one) => idOf(one) === degraded));
    const closed = { failures: 0, failingSince: null, openUntil: null };
    expect(await endpointRow(endpoint.id)).toMatchObject(closed);
    expect(presentEndpoint(await endpointRow(endpoint.id)).failing).toMatchObject({ lane: 'messages' });
  }, 30_000);
});

describe('the place of a delivery', () => {
  it('is free again when its workflow runs already', async () => {
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/', tenantId: 'acme' });
    await happen('channel.paused', 1);
    await emptyOutbox();
    const taken = await takeFromQueue(stage.database, endpoint.id, new Date());
    const temporal = { startDelivery: async () => false };
    expect(await startDeliveries({ ...engine.context, temporal }, taken)).toBe(true);
    const [delivery] = await deliveriesOf(endpoint.id);
    expect(delivery).toMatchObject({ state: 'pending', underWayUntil: null, startAt: expect.any(Date) });
  });

  it('keeps no deletion of its endpoint waiting: a redelivery locks the endpoint first, too', async () => {
    const { endpoint } = await addEndpoint(stage, { url: 'http://127.0.0.1/', tenantId: 'acme' });
    await happen('channel.paused', 1);
    await emptyOutbox();
    const [first] = await deliveriesOf(endpoint.id);
    await stage.database.inTenant('acme', (tx) => insertRedelivery(tx, first!, new Date()));
    let turn: Promise<unknown> = Promise.resolve();
    await across(async (tx) => {
      await tx.execute(sql`select from webhook_endpoints where id = ${endpoint.id} for update`);
      turn = handOver(stage.database, new Date(), 200);
      await until('the turn that waits', 5_000, async () => {
        const [row] = await tx.execute<{ waits: boolean }>(
          sql`select exists (select from pg_locks where not granted) as waits`,
        );
        return row?.waits;
      });
      await tx.execute(sql`delete from webhook_endpoints where id = ${endpoint.id}`);
    });
    expect(await turn).not.toBeNull();
    expect(await deliveriesOf(endpoint.id)).toEqual([]);
  });
});

describe('an outage of Temporal', () => {
  it('costs few starts; then the tenants take turns, however much one of them has', async () => {
    const listening = await receiver();
    await addEndpoint(stage, { url: listening.url });
    const many = await happen('channel.degraded', 90);
    const few = await happen('channel.degraded', 3, 'other');
    let isAway = true;
    let tries = 0;
    const startDelivery: typeof engine.context.temporal.startDelivery = async (delivery) => {
      tries += 1;
      if (isAway) throw new Error('Temporal is away');
      return engine.context.temporal.startDelivery(delivery);
    };
    pump({ ...engine.context, temporal: { ...engine.context.temporal, startDelivery } });
    await until('the first tries', 10_000, async () => {
      const [row] = await across((tx) =>
        tx.execute<{ count: number }>(
          sql`select count(*)::integer from webhook_deliveries where starts > 0 and start_at is not null`,
        ),
      );
      return (row?.count ?? 0) > 0;
    });
    expect(tries).toBeLessThanOrEqual(8);
    isAway = false;
    await until('all', 100_000, () => new Set(listening.received.map(idOf)).size === many.length + few.length);
    const order = listening.received.map(idOf);
    for (const id of few) expect(order.indexOf(id)).toBeLessThan(40);
  }, 130_000);
});
