import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { secret } from '../support/minting.ts';
import { raiseEngine, startPump } from './engine.ts';
import type { Engine } from './engine.ts';
import { addKey, serveWebhookCalls } from './serve-calls.ts';
import { addChannel, listenForWebhooks, raiseStage, removeEndpoints, tell, until } from './stage.ts';
import type { Received, Stage } from './stage.ts';

const OPERATOR = `mk_${secret('api-key')}`;
const ACME = `mk_${secret('api-key')}`;
const OTHER = `mk_${secret('api-key')}`;

let stage: Stage;
let engine: Engine;
let base: string;
let close: () => void;
let pump: { stop(): Promise<void> };
let channel: { tenantId: string; channelId: string };
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  stage = await raiseStage();
  engine = await raiseEngine(stage);
  pump = startPump(engine.context);
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
  await addChannel(stage.database, 'other');
  const scopes = ['webhooks:read', 'webhooks:write'];
  await addKey(stage, OPERATOR, null, scopes);
  await addKey(stage, ACME, 'acme', scopes);
  await addKey(stage, OTHER, 'other', scopes);
  ({ base, close } = await serveWebhookCalls(stage));
}, 120_000);
afterAll(async () => {
  close?.();
  await pump?.stop();
  await engine?.close();
  await stage?.close();
});
afterEach(async () => {
  for (const end of closing.splice(0)) await end();
  await removeEndpoints(stage.database);
});

interface Answer {
  status: number;
  // eslint-disable-next-line typescript/no-explicit-any -- what each call answers is asserted
  json: any;
}

async function call(key: string, method: string, path: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, json: text ? JSON.parse(text) : null };
}

async function receiver(answer?: (one: Received, times: number) => number) {
  const listening = await listenForWebhooks(answer);
  closing.push(() => listening.close());
  return listening;
}

async function endpoint(url: string, key = ACME): Promise<{ id: string; secret: string }> {
  const { status, json } = await call(key, 'POST', '/v1/webhook-endpoints', { url });
  expect(status).toBe(201);
  return json;
}

/** One event each, and the ids that the endpoint has been sent. */
async function tellTimes(times: number): Promise<string[]> {
  const ids: string[] = [];
  for (let turn = 0; turn < times; turn++)
    ids.push(await stage.database.inTenant('acme', (tx) => tell(tx, channel, 'channel.paused')));
  return ids;
}
const idOf = ({ headers }: Received) => String(headers['webhook-id']);

/** Which of the secrets have signed a delivery. */
function signedBy({ body, headers }: Received, secrets: string[]): string[] {
  const given = headers as Record<string, string>;
  return secrets.filter((one) => {
    try {
      new Webhook(one).verify(body, given);
      return true;
    } catch {
      return false;
    }
  });
}

describe('a delivery', () => {
  it('shows the request as it was sent, and each attempt with the beginning of its answer', async () => {
    const hook = await receiver((_one, times) => (times === 1 ? 500 : 204));
    const { id } = await endpoint(hook.url);
    await tellTimes(1);
    const ended = await until('a second attempt', 60_000, async () => {
      const { json } = await call(ACME, 'GET', `/v1/webhook-endpoints/${id}/deliveries`);
      return json.data.find(({ state }: { state: string }) => state === 'delivered');
    });
    const { json } = await call(ACME, 'GET', `/v1/deliveries/${ended.id}`);
    const [first, second] = hook.received;
    expect(json.request.body).toBe(second!.body);
    for (const name of ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'])
      expect(json.request.headers[name], name).toBe(second!.headers[name]);
    expect(first!.body).toBe(second!.body);
    expect(json.attempt_count).toBe(2);
    expect(json.attempts).toMatchObject([
      { status: 500, response: 'what an endpoint answers', error: 'The endpoint answered 500; expected 200 to 299' },
      { status: 204, response: '', error: null },
    ]);
    expect((await call(OTHER, 'GET', `/v1/deliveries/${ended.id}`)).status).toBe(404);
  });

  it('keeps 4 KiB of an answer, in letters that PostgreSQL takes, and says when there was none', async () => {
    const long = await listenForWebhooks(() => 400, { 'x-answer': 'long' });
    closing.push(() => long.close());
    const { id } = await endpoint(long.url);
    await tellTimes(1);
    const detail = await until('an attempt', 30_000, async () => {
      const { json } = await call(ACME, 'GET', `/v1/webhook-endpoints/${id}/deliveries`);
      const one = json.data.at(0);
      return one?.attempts > 0 && (await call(ACME, 'GET', `/v1/deliveries/${one.id}`)).json;
    });
    const { response } = detail.attempts[0];
    expect(Buffer.byteLength(response)).toBeLessThanOrEqual(4_096);
    expect(Buffer.byteLength(response)).toBeGreaterThan(4_000);
    expect(response).toMatch(/^ä+$/);
  });
});

describe('a test event', () => {
  it('reaches this endpoint alone, signed, and no timeline or feed', async () => {
    const [hook, beside] = [await receiver(), await receiver()];
    const { id, secret: whsec } = await endpoint(hook.url);
    await endpoint(beside.url, OPERATOR);
    const { status, json } = await call(ACME, 'POST', `/v1/webhook-endpoints/${id}/test`, { type: 'channel.blocked' });
    expect(status).toBe(201);
    expect(json).toMatchObject({ endpoint: id, event: { type: 'channel.blocked' }, state: 'pending' });
    const taken = await until('the test', 30_000, () => hook.received.at(0));
    expect(signedBy(taken, [whsec])).toEqual([whsec]);
    expect(JSON.parse(taken.body)).toMatchObject({ type: 'channel.blocked', data: { test: true, tenant: 'acme' } });
    // An event that follows reaches both: had the test been for both, it would have come before.
    const [after] = await tellTimes(1);
    await until('the next event', 30_000, () => beside.received.map(idOf).includes(after!));
    expect(beside.received.map(idOf)).toEqual([after]);
    const rows = await stage.database.acrossTenants((tx) =>
      tx.execute<{ number: string }>(`select number from events`),
    );
    expect(rows.map(({ number }) => Number(number))).toContain(0);
  });

  it('is refused where the endpoint is switched off, or is another tenant’s', async () => {
    const hook = await receiver();
    const { id } = await endpoint(hook.url);
    expect((await call(OTHER, 'POST', `/v1/webhook-endpoints/${id}/test`, {})).status).toBe(404);
    await call(ACME, 'PATCH', `/v1/webhook-endpoints/${id}`, { disabled: true });
    const refused = await call(ACME, 'POST', `/v1/webhook-endpoints/${id}/test`, {});
    expect(refused).toMatchObject({ status: 409, json: { code: 'endpoint_disabled' } });
  });
});

describe('a replay', () => {
  it('delivers each event of a time once more, oldest first, by what became of it', async () => {
    let status = 410;
    const hook = await receiver(() => status);
    const { id } = await endpoint(hook.url);
    const since = new Date().toISOString();
    await tellTimes(1);
    await until('an end', 30_000, async () => {
      const { json } = await call(ACME, 'GET', `/v1/webhook-endpoints/${id}`);
      return json.disabled;
    });
    status = 204;
    await call(ACME, 'PATCH', `/v1/webhook-endpoints/${id}`, { disabled: false });
    const good = await tellTimes(2);
    await until('two more', 30_000, () => hook.received.length === 3);
    const failed = idOf(hook.received[0]!);

    const path = `/v1/webhook-endpoints/${id}/replay`;
    const onlyFailed = await until('their ends', 30_000, async () => {
      const answer = await call(ACME, 'POST', path, { since, states: ['failed'] });
      return answer.json.count === 1 ? answer : null;
    });
    expect(onlyFailed.status).toBe(202);
    await until('the failed one', 30_000, () => hook.received.length === 4);
    expect(idOf(hook.received[3]!)).toBe(failed);

    const all = await until('all three ended', 30_000, async () => {
      const { json } = await call(ACME, 'GET', `/v1/webhook-endpoints/${id}/deliveries`);
      if (json.data.some(({ state }: { state: string }) => state === 'pending')) return null;
      return call(ACME, 'POST', path, { since });
    });
    expect(all.json.count).toBe(3);
    await until('all three', 30_000, () => hook.received.length === 7);
    expect(new Set(hook.received.slice(4).map(idOf))).toEqual(new Set([failed, ...good]));
    expect((await call(ACME, 'POST', path, { since: new Date(Date.now() + 1_000).toISOString() })).json.count).toBe(0);
    expect((await call(ACME, 'POST', path, { since, until: since })).status).toBe(400);
    expect((await call(OTHER, 'POST', path, { since })).status).toBe(404);
  });
});

describe('a rotated secret', () => {
  it('signs beside the one before until that ends; a second rotation ends the oldest at once', async () => {
    const hook = await receiver();
    const { id, secret: first } = await endpoint(hook.url);
    const path = `/v1/webhook-endpoints/${id}/rotate-secret`;
    const next = async (): Promise<Received> => {
      const [sent] = await tellTimes(1);
      return until('a delivery', 30_000, () => hook.received.find((one) => idOf(one) === sent));
    };
    const { status, json } = await call(ACME, 'POST', path, { overlap_s: 3_600 });
    expect(status).toBe(200);
    const second: string = json.secret;
    expect(Date.parse(json.old_until) - Date.now()).toBeGreaterThan(3_500_000);
    expect(signedBy(await next(), [first, second])).toEqual([first, second]);
    const third: string = (await call(ACME, 'POST', path, { overlap_s: 3_600 })).json.secret;
    expect(signedBy(await next(), [first, second, third])).toEqual([second, third]);
    const fourth: string = (await call(ACME, 'POST', path, { overlap_s: 0 })).json.secret;
    expect(signedBy(await next(), [first, second, third, fourth])).toEqual([fourth]);
    expect(new Set([first, second, third, fourth]).size).toBe(4);
    expect((await call(OTHER, 'POST', path, {})).status).toBe(404);
    expect(JSON.stringify((await call(ACME, 'GET', `/v1/webhook-endpoints/${id}`)).json)).not.toContain('whsec_');
  });
});
