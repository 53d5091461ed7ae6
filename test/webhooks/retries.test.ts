import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handOver } from '../support/settle.ts';
import { findConsignment } from '../../db/events/deliveries.ts';
import { disableEndpoint } from '../../db/events/endpoints.ts';
import type { EndpointRow } from '../../db/events/endpoints.ts';
import { DELIVERY_GAPS_MS } from '../../domain/backoff.ts';
import { deliverWorkflowId } from '../../domain/workflow/names.ts';
import type { DeliverResult } from '../../workflows/deliver.ts';
import { raiseEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import { addChannel, addEndpoint, listenForWebhooks, raiseStage, removeEndpoints, tell } from './stage.ts';
import type { Received, Stage } from './stage.ts';

const HOUR_MS = 3_600_000;

let stage: Stage;
let engine: Engine;
let channel: { tenantId: string; channelId: string };
let listening: Awaited<ReturnType<typeof listenForWebhooks>>;
let endpoint: EndpointRow;
let answer: (one: Received, times: number) => number;
const headers: Record<string, string> = {};

beforeAll(async () => {
  stage = await raiseStage();
  engine = await raiseEngine(stage, { timeSkipping: true });
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
}, 120_000);
afterAll(async () => {
  await engine.close();
  await stage.close();
});
beforeEach(async () => {
  listening = await listenForWebhooks((one, times) => answer(one, times), headers);
  ({ endpoint } = await addEndpoint(stage, { url: listening.url }));
});
afterEach(async () => {
  for (const name of Object.keys(headers)) delete headers[name];
  await removeEndpoints(stage.database);
  await listening.close();
});

/** Lets something happen, and days pass until its delivery has ended. */
async function deliver(
  meanwhile: () => Promise<void> = async () => {},
): Promise<{ result: DeliverResult; deliveryId: string }> {
  await stage.database.inTenant('acme', (tx) => tell(tx, channel));
  for (;;) {
    const turn = await handOver(stage.database, await engine.context.clock.now(), 100);
    const [delivery] = turn?.deliveries ?? [];
    if (!delivery) continue;
    await meanwhile();
    await engine.context.temporal.startDelivery(delivery);
    const handle = engine.client.workflow.getHandle(deliverWorkflowId(delivery.id));
    return { result: await handle.result(), deliveryId: delivery.id };
  }
}

const sentAtMs = (one: Received | undefined) => Number(one?.headers['webhook-timestamp']) * 1000;
const pausesMs = () =>
  listening.received.slice(1).map((one, before) => sentAtMs(one) - sentAtMs(listening.received[before]));
const read = (deliveryId: string) => stage.database.acrossTenants((tx) => findConsignment(tx, deliveryId));

describe('a delivery that fails', () => {
  it('is tried ten times over three days, a tenth sooner or later, and then given up', async () => {
    answer = () => 500;
    const { result, deliveryId } = await deliver();
    expect(result).toMatchObject({ state: 'failed', attempts: 10 });
    const pauses = pausesMs();
    expect(pauses).toHaveLength(9);
    for (const [before, pauseMs] of pauses.entries()) {
      const plannedMs = DELIVERY_GAPS_MS[before + 1] ?? 0;
      expect(Math.abs(pauseMs - plannedMs)).toBeLessThan(plannedMs * 0.1 + 2_000);
    }
    expect(new Set(listening.received.map((one) => one.headers['webhook-id'])).size).toBe(1);
    const row = await read(deliveryId);
    expect(row?.delivery).toMatchObject({ state: 'failed', attempts: 10, lastStatus: 500, nextAttemptAt: null });
    expect(row?.delivery.lastError).toBe('The endpoint answered 500; expected 200 to 299');
  }, 60_000);

  it('arrives after the receiver was down for ten hours, freshly signed', async () => {
    const from = (await engine.context.clock.now()).getTime();
    answer = (one) => (sentAtMs(one) - from < 10 * HOUR_MS ? 503 : 204);
    const { result } = await deliver();
    expect(result.state).toBe('delivered');
    const last = listening.received.at(-1);
    expect(sentAtMs(last) - from).toBeGreaterThan(10 * HOUR_MS);
    expect(last?.headers['webhook-id']).toBe(listening.received[0]?.headers['webhook-id']);
    expect(last?.headers['webhook-signature']).not.toBe(listening.received[0]?.headers['webhook-signature']);
  }, 60_000);

  it('leaves a receiver alone for as long as it asks with 429', async () => {
    headers['retry-after'] = '7200';
    answer = (_, times) => (times === 1 ? 429 : 204);
    const { result } = await deliver();
    expect(result).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(pausesMs()[0]).toBeGreaterThanOrEqual(2 * HOUR_MS - 1_000);
  }, 60_000);

  it('counts a redirect as a failure and never follows it', async () => {
    const elsewhere = await listenForWebhooks();
    headers['location'] = elsewhere.url;
    answer = (_, times) => (times === 1 ? 307 : 204);
    const { result } = await deliver();
    expect(result).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(elsewhere.received).toHaveLength(0);
    await elsewhere.close();
  }, 60_000);

  it('says in words why there was no answer', async () => {
    answer = () => 204;
    await listening.close();
    const { deliveryId, result } = await deliver();
    expect(result).toMatchObject({ state: 'failed', attempts: 10 });
    expect((await read(deliveryId))?.delivery).toMatchObject({
      lastStatus: null,
      lastError: 'Nothing listens at the endpoint (connection_refused)',
    });
  }, 60_000);

  it('ends before its next attempt when its endpoint was disabled meanwhile', async () => {
    answer = () => 500;
    const { result, deliveryId } = await deliver(async () => {
      const now = await engine.context.clock.now();
      await stage.database.acrossTenants((tx) => disableEndpoint(tx, endpoint.id, now));
    });
    expect(result).toMatchObject({ state: 'failed' });
    expect((await read(deliveryId))?.delivery.lastError).toBe('The endpoint is disabled; enable it and redeliver');
    expect(listening.received).toHaveLength(0);
  }, 60_000);
});
