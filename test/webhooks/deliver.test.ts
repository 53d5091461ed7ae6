import { eq } from 'drizzle-orm';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { handOver } from '../support/settle.ts';
import { webhookDeliveries, webhookEndpoints } from '../../db/schema/events.ts';
import { insertRedelivery } from '../../db/events/deliveries.ts';
import type { DeliveryRow } from '../../db/events/deliveries.ts';
import { deleteEndpoint } from '../../db/events/endpoints.ts';
import { deliverWorkflowId } from '../../domain/workflow/names.ts';
import { sampleEventData } from '../../api/schemas/events/event-samples.ts';
import { raiseEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import { addChannel, addEndpoint, listenForWebhooks, raiseStage, removeEndpoints, tell, until } from './stage.ts';
import type { Received, Stage } from './stage.ts';
import { freePort, startReadmeReceiver } from './readme-receiver.ts';

let stage: Stage;
let engine: Engine;
let channel: { tenantId: string; channelId: string };
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  stage = await raiseStage();
  engine = await raiseEngine(stage);
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
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

function pump() {
  const running = engine.startPump();
  closing.unshift(() => running.stop());
}

const happen = (type: Parameters<typeof tell>[2], data = {}) =>
  stage.database.inTenant('acme', (tx) => tell(tx, channel, type, data));

const deliveryOf = (endpointId: string): Promise<DeliveryRow | undefined> =>
  stage.database.acrossTenants(async (tx) => {
    const rows = await tx.select().from(webhookDeliveries).where(eq(webhookDeliveries.endpointId, endpointId));
    return rows.at(-1);
  });

const settled = (endpointId: string) =>
  until('the end of the delivery', 15_000, async () => {
    const delivery = await deliveryOf(endpointId);
    return delivery && delivery.state !== 'pending' ? delivery : null;
  });

/** Writes the deliveries as a pump does that is killed before it starts their workflows. */
async function killedAfterCommit(): Promise<void> {
  for (;;) {
    const turn = await handOver(stage.database, new Date(), 100);
    if (turn && !turn.more) return;
  }
}

describe('a webhook', () => {
  it('leaves within a second of its event, signed as Standard Webhooks ask', async () => {
    const listening = await receiver();
    const { endpoint, secret } = await addEndpoint(stage, { url: listening.url });
    pump();
    await happen('channel.connected');
    await until('the first webhook', 15_000, () => listening.received.length === 1);
    const began = Date.now();
    const id = await happen('channel.reauth_required', { tenant: 'forged' });
    const one = await until('the webhook', 5_000, () => listening.received[1]);
    expect(one.at - began).toBeLessThan(1_000);
    expect(one.headers['webhook-id']).toBe(id);
    const payload = new Webhook(secret).verify(one.body, one.headers as Record<string, string>);
    expect(payload).toEqual({
      type: 'channel.reauth_required',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: {
        ...sampleEventData('channel.reauth_required'),
        channel: channel.channelId,
        tenant: 'acme',
        incident: null,
      },
    });
    expect(await settled(endpoint.id)).toMatchObject({ state: 'delivered', attempts: 1, lastStatus: 204 });
  });

  it('is taken by the receiver of the README, which refuses what another secret has signed', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/hook`;
    const { endpoint, secret } = await addEndpoint(stage, { url });
    const receiving = await startReadmeReceiver({ PORT: String(port), WEBHOOK_SECRET: secret });
    closing.push(() => receiving.close());
    await until('the receiver', 15_000, () =>
      fetch(url, { method: 'POST' }).then(
        () => true,
        () => false,
      ),
    );
    pump();
    const id = await happen('channel.connected');
    expect(await settled(endpoint.id)).toMatchObject({ state: 'delivered', attempts: 1, lastStatus: 204 });
    expect(receiving.said()).toBe(`${id} channel.connected ${channel.channelId}\n`);
    const other = await addEndpoint(stage, { url });
    await happen('channel.paused');
    await until('the refusal', 15_000, async () => (await deliveryOf(other.endpoint.id))?.lastStatus === 400);
    expect(receiving.said().split('\n')).toHaveLength(3);
  });

  it('finds its way when the pump died between the commit and the start of the workflow', async () => {
    const listening = await receiver();
    const { endpoint } = await addEndpoint(stage, { url: listening.url });
    const id = await happen('channel.paused');
    await killedAfterCommit();
    expect((await deliveryOf(endpoint.id))?.state).toBe('pending');
    pump();
    await until('the webhook', 25_000, () => listening.received.some((one) => one.headers['webhook-id'] === id));
    expect(await settled(endpoint.id)).toMatchObject({ state: 'delivered', attempts: 1 });
  }, 40_000);

  it('comes back when its workflow was terminated, and keeps its place in the schedule', async () => {
    const listening = await receiver((_, times) => (times === 1 ? 500 : 204));
    const { endpoint } = await addEndpoint(stage, { url: listening.url });
    pump();
    await happen('channel.resumed');
    const failed = await until('the first attempt', 10_000, async () => {
      const delivery = await deliveryOf(endpoint.id);
      return delivery?.attempts === 1 ? delivery : null;
    });
    await engine.client.workflow.getHandle(deliverWorkflowId(failed.id)).terminate();
    await engine.context.temporal.startDelivery(failed);
    const delivered = await settled(endpoint.id);
    expect(delivered).toMatchObject({ state: 'delivered', attempts: 2 });
    expect((delivered.lastAttemptAt?.getTime() ?? 0) - (failed.lastAttemptAt?.getTime() ?? 0)).toBeGreaterThan(3_500);
  }, 30_000);

  it('tells the same webhook-id again when it is redelivered', async () => {
    const listening = await receiver();
    const { endpoint } = await addEndpoint(stage, { url: listening.url });
    pump();
    await happen('channel.connected');
    const first = await settled(endpoint.id);
    const again = await stage.database.inTenant('acme', (tx) => insertRedelivery(tx, first, new Date()));
    await until('the redelivery', 10_000, () => listening.received.length === 2);
    expect(again.redelivery).toBe(1);
    expect(listening.received[1]?.headers['webhook-id']).toBe(listening.received[0]?.headers['webhook-id']);
    expect(listening.received[1]?.body).toBe(listening.received[0]?.body);
  });

  it('ends with 410, and the endpoint is disabled', async () => {
    const listening = await receiver(() => 410);
    const { endpoint } = await addEndpoint(stage, { url: listening.url });
    pump();
    await happen('channel.connected');
    expect(await settled(endpoint.id)).toMatchObject({ state: 'failed', attempts: 1, lastStatus: 410 });
    const [row] = await stage.database.acrossTenants((tx) =>
      tx.select().from(webhookEndpoints).where(eq(webhookEndpoints.id, endpoint.id)),
    );
    expect(row?.disabledAt).toBeInstanceOf(Date);
  });

  it('ends quietly when its endpoint is deleted', async () => {
    const listening = await receiver(() => 503);
    const { endpoint } = await addEndpoint(stage, { url: listening.url });
    pump();
    await happen('channel.connected');
    const failed = await until('the first attempt', 10_000, async () => {
      const delivery = await deliveryOf(endpoint.id);
      return delivery?.attempts === 1 ? delivery : null;
    });
    await stage.database.acrossTenants((tx) => deleteEndpoint(tx, endpoint.id));
    const result = await engine.client.workflow.getHandle(deliverWorkflowId(failed.id)).result();
    expect(result).toMatchObject({ state: 'failed', words: 'The endpoint or the event was deleted' });
    expect(listening.received).toHaveLength(1);
  }, 30_000);

  it('waits for no other endpoint, however slow that one is', async () => {
    const hanging = await receiver(() => new Promise(() => {}));
    const quick = await receiver();
    await addEndpoint(stage, { url: hanging.url });
    await addEndpoint(stage, { url: quick.url });
    pump();
    for (let i = 0; i < 30; i++) await happen('channel.degraded');
    await until('the thirty of the quick one', 10_000, () => quick.received.length === 30);
    const began = Date.now();
    await happen('channel.repaired');
    await until('one more', 5_000, () => quick.received.length === 31);
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(hanging.received.length).toBeLessThanOrEqual(8);
  }, 30_000);

  it('leaves neither its secret nor its address nor an answer in a history', async () => {
    const listening = await receiver((_, times) => (times === 1 ? 500 : 200));
    const { endpoint, secret } = await addEndpoint(stage, { url: `${listening.url}?key=hidden` });
    pump();
    await happen('channel.connected');
    const delivery = await settled(endpoint.id);
    const history = await engine.client.workflow.getHandle(deliverWorkflowId(delivery.id)).fetchHistory();
    const text = readable(history);
    expect(text).toContain(endpoint.id);
    for (const hidden of [secret, secret.slice(6), 'key=hidden', '127.0.0.1', 'never stored']) {
      expect(text).not.toContain(hidden);
    }
  }, 30_000);
});

/** A history as text, its payloads decoded. */
function readable(history: unknown): string {
  return JSON.stringify(history, (name, value: unknown) =>
    name === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
}
