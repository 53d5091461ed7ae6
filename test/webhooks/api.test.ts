import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handOver } from '../support/settle.ts';
import { withinReach } from '../../db/across-tenants/reach.ts';
import { readConsignment, recordDelivery } from '../../db/across-tenants/deliveries.ts';
import { webhookEndpoints } from '../../db/schema/events.ts';
import { addChannel, raiseStage, removeEndpoints, tell } from './stage.ts';
import { addKey, serveWebhookCalls } from './serve-calls.ts';
import type { Stage } from './stage.ts';
import { secret } from '../support/minting.ts';

const URL_HERE = 'http://127.0.0.1:9/hook';
const ENDPOINTS = '/v1/webhook-endpoints';
const OPERATOR = `mk_${secret('api-key')}`;
const ACME = `mk_${secret('api-key')}`;
const READER = `mk_${secret('api-key')}`;

let stage: Stage;
let base: string;
let channel: { tenantId: string; channelId: string };
let close: () => void;

beforeAll(async () => {
  stage = await raiseStage();
  channel = { tenantId: 'acme', channelId: await addChannel(stage.database, 'acme') };
  await addChannel(stage.database, 'other');
  await addKey(stage, OPERATOR, null, ['webhooks:read', 'webhooks:write']);
  await addKey(stage, ACME, 'acme', ['webhooks:read', 'webhooks:write']);
  await addKey(stage, READER, null, ['webhooks:read']);
  ({ base, close } = await serveWebhookCalls(stage));
});
afterAll(async () => {
  close();
  await stage.close();
});
beforeEach(() => removeEndpoints(stage.database));

/** What the calls of this file answer with, all in one. */
interface Answered {
  id: string;
  secret: string;
  tenant: string | null;
  disabled_at: string | null;
  failing: object | null;
  event: { id: string; type: string };
  redelivery: number;
  next_attempt_at: string | null;
  data: Answered[];
  next: string | null;
  errors: object[];
  code: string;
  endpoint: string;
}

async function call(method: string, path: string, body?: object, key = OPERATOR) {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: (text ? JSON.parse(text) : null) as Answered };
}

const byText = (one: unknown, other: unknown) => String(one).localeCompare(String(other));

const create = async (body: object = {}, key = OPERATOR) =>
  (await call('POST', ENDPOINTS, { url: URL_HERE, ...body }, key)).json;

async function newestDelivery(endpointId: string): Promise<Answered> {
  const [newest] = (await call('GET', `${ENDPOINTS}/${endpointId}/deliveries`)).json.data;
  if (!newest) throw new Error('The endpoint has no deliveries');
  return newest;
}

/** Three events, handed over to the endpoints that want them. */
async function makeDeliveries(): Promise<void> {
  await stage.database.inTenant('acme', async (tx) => {
    for (const type of ['channel.connected', 'channel.paused', 'channel.resumed'] as const)
      await tell(tx, channel, type);
  });
  for (;;) {
    const turn = await handOver(stage.database, new Date(), 100);
    if (turn && !turn.more) return;
  }
}

describe('POST /v1/webhook-endpoints', () => {
  it('answers 201 with the secret, which is shown nowhere else and stored encrypted', async () => {
    const { status, json } = await call('POST', ENDPOINTS, {
      url: URL_HERE,
      events: ['channel.paused'],
      tenant: 'acme',
    });
    expect(status).toBe(201);
    expect(json).toMatchObject({ url: URL_HERE, events: ['channel.paused'], tenant: 'acme', disabled: false });
    expect(json.id).toMatch(/^whe_/);
    expect(Buffer.from(json.secret.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
    const shown = [await call('GET', ENDPOINTS), await call('GET', `${ENDPOINTS}/${json.id}`)];
    for (const { text } of shown) expect(text).not.toContain('whsec_');
    const [row] = await withinReach(stage.database, null, (tx) =>
      tx.select().from(webhookEndpoints).where(eq(webhookEndpoints.id, json.id)),
    );
    expect(row?.secretJwe).not.toContain(json.secret.slice(6));
  });

  it.each([
    ['no address', 'hook'],
    ['another scheme', 'ftp://127.0.0.1/'],
    ['a private address', 'https://10.0.0.1/'],
    ['a link-local address', 'https://169.254.169.254/latest/meta-data'],
    ['the same in IPv6 clothes', 'https://[64:ff9b::a9fe:a9fe]/'],
    ['a loopback that is not listed', 'http://127.0.0.2:8080/'],
    ['plain HTTP to a public server', 'http://93.184.216.34/'],
    ['another port of a public server', 'https://93.184.216.34:25/'],
    ['a password in it', 'http://user:word@127.0.0.1/'],
    ['a fragment', `${URL_HERE}#top`],
    ['a name nobody has', 'https://no-such-host.invalid/'],
  ])('refuses %s with 400, and stores nothing', async (_, url) => {
    const { status, json } = await call('POST', ENDPOINTS, { url });
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'validation_failed', errors: [{ in: 'body', path: 'url' }] });
    expect((await call('GET', ENDPOINTS)).json.data).toEqual([]);
  });

  it('refuses a type that is never delivered, and a field it does not know by name', async () => {
    expect((await call('POST', ENDPOINTS, { url: URL_HERE, events: ['credential.refreshed'] })).status).toBe(400);
    const { json } = await call('POST', ENDPOINTS, { url: URL_HERE, colour: 'red' });
    expect(json.errors).toEqual([{ in: 'body', path: 'colour', message: 'is not a known field' }]);
  });

  it('refuses an address that the tenant has already, and names its endpoint; of requests at once one is answered 201', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => call('POST', ENDPOINTS, { url: URL_HERE, tenant: 'acme' })));
    expect(answers.map(({ status }) => status).toSorted(byText)).toEqual([201, 409, 409]);
    const id = answers.find(({ status }) => status === 201)?.json.id;
    const again = await call('POST', ENDPOINTS, { url: URL_HERE }, ACME);
    expect(again).toMatchObject({ status: 409, json: { code: 'endpoint_exists', endpoint: id } });
    expect([await create(), await create({ tenant: 'other' })].map(({ tenant }) => tenant)).toEqual([null, 'other']);
  });

  it('refuses to move an endpoint to an address that another one of the tenant has', async () => {
    const [one, other] = [await create(), await create({ url: `${URL_HERE}/other` })];
    const moved = await call('PATCH', `${ENDPOINTS}/${other.id}`, { url: URL_HERE });
    expect(moved).toMatchObject({ status: 409, json: { code: 'endpoint_exists', endpoint: one.id } });
    expect((await call('PATCH', `${ENDPOINTS}/${one.id}`, { url: URL_HERE })).status).toBe(200);
  });

  it('makes the tenant that it names first', async () => {
    expect((await create({ tenant: 'newcomer' })).tenant).toBe('newcomer');
  });
});

describe('an endpoint', () => {
  it('is changed, disabled, enabled and deleted', async () => {
    const path = `${ENDPOINTS}/${(await create()).id}`;
    const changed = await call('PATCH', path, { events: ['channel.paused'], disabled: true });
    expect(changed.json).toMatchObject({ events: ['channel.paused'], disabled: true });
    const again = await call('PATCH', path, { disabled: true });
    expect(again.json.disabled_at).toBe(changed.json.disabled_at);
    expect((await call('PATCH', path, { disabled: false, events: null })).json).toMatchObject({
      events: null,
      disabled: false,
      disabled_at: null,
    });
    expect((await call('PATCH', path, { url: 'https://10.0.0.1/' })).status).toBe(400);
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
    expect((await call('DELETE', path)).status).toBe(404);
  });

  it('says that it fails and until when its deliveries wait, until its address changes or it is enabled', async () => {
    const { id } = await create();
    const failing = async () => (await call('GET', `${ENDPOINTS}/${id}`)).json.failing;
    expect(await failing()).toBeNull();
    const at = new Date('2026-05-03T10:00:00Z');
    const fail = (openUntil: Date | null) =>
      stage.database.acrossTenants((tx) =>
        tx.update(webhookEndpoints).set({ failures: 6, failingSince: at, openUntil, atOnce: 1 }),
      );
    await fail(null);
    expect(await failing()).toEqual({ since: at.toISOString(), failures: 6, waits_until: null, lane: 'lifecycle' });
    await call('PATCH', `${ENDPOINTS}/${id}`, { url: `${URL_HERE}/moved` });
    expect(await failing()).toBeNull();
    await fail(at);
    await call('PATCH', `${ENDPOINTS}/${id}`, { disabled: true });
    expect(await failing()).toMatchObject({ waits_until: at.toISOString() });
    await call('PATCH', `${ENDPOINTS}/${id}`, { disabled: false });
    expect(await failing()).toBeNull();
  });

  it('needs a key with the right: 401 and 403', async () => {
    expect((await call('GET', ENDPOINTS, undefined, `mk_${secret('api-key')}`)).status).toBe(401);
    expect((await call('POST', ENDPOINTS, { url: URL_HERE }, READER)).status).toBe(403);
    expect((await call('GET', ENDPOINTS, undefined, READER)).status).toBe(200);
  });

  it('of another tenant, or of the product, does not exist for a tenant’s key (rule 14)', async () => {
    const foreign = [await create({ tenant: 'other' }), await create()];
    const own = await create({}, ACME);
    expect(own.tenant).toBe('acme');
    expect((await call('POST', ENDPOINTS, { url: URL_HERE, tenant: 'other' }, ACME)).status).toBe(403);
    const listed = (await call('GET', ENDPOINTS, undefined, ACME)).json.data;
    expect(listed.map(({ id }) => id)).toEqual([own.id]);
    await makeDeliveries();
    for (const { id } of foreign) {
      expect((await call('GET', `${ENDPOINTS}/${id}`, undefined, ACME)).status).toBe(404);
      expect((await call('PATCH', `${ENDPOINTS}/${id}`, { disabled: true }, ACME)).status).toBe(404);
      expect((await call('DELETE', `${ENDPOINTS}/${id}`, undefined, ACME)).status).toBe(404);
      expect((await call('GET', `${ENDPOINTS}/${id}/deliveries`, undefined, ACME)).status).toBe(404);
    }
    const delivery = await newestDelivery(foreign[1]?.id ?? '');
    expect((await call('POST', `/v1/deliveries/${delivery.id}/redeliver`, {}, ACME)).status).toBe(404);
  });

  it('is listed in pages', async () => {
    const made = [await create(), await create({ tenant: 'acme' }), await create({ tenant: 'other' })].map(
      ({ id }) => id,
    );
    const first = (await call('GET', `${ENDPOINTS}?limit=2`)).json;
    const second = (await call('GET', `${ENDPOINTS}?limit=2&after=${first.next}`)).json;
    expect([...first.data, ...second.data].map(({ id }) => id).toSorted(byText)).toEqual(made.toSorted(byText));
    expect(second.next).toBeNull();
  });
});

describe('deliveries', () => {
  it('are listed with what became of them, newest first, in pages', async () => {
    const { id } = await create();
    await makeDeliveries();
    const first = (await call('GET', `${ENDPOINTS}/${id}/deliveries?limit=2`)).json;
    const second = (await call('GET', `${ENDPOINTS}/${id}/deliveries?limit=2&after=${first.next}`)).json;
    const all = [...first.data, ...second.data];
    expect(all.map(({ event }) => event.type).toSorted(byText)).toEqual([
      'channel.connected',
      'channel.paused',
      'channel.resumed',
    ]);
    expect(all[0]).toMatchObject({
      endpoint: id,
      state: 'pending',
      redelivery: 0,
      attempts: 0,
      last_status: null,
      last_error: null,
      delivered_at: null,
    });
    expect(all[0]?.next_attempt_at).toMatch(/Z$/);
  });

  it('are made again on request, as a row of their own that the next turn takes up', async () => {
    const { id } = await create();
    await makeDeliveries();
    const first = await newestDelivery(id);
    const consignment = await readConsignment(stage.database, first.id);
    await recordDelivery(stage.database, consignment!, { state: 'failed' });
    const again = await call('POST', `/v1/deliveries/${first.id}/redeliver`);
    expect(again.status).toBe(202);
    expect(again.json).toMatchObject({ endpoint: id, event: first.event, redelivery: 1, state: 'pending' });
    const turn = await handOver(stage.database, new Date(), 100);
    expect(turn?.deliveries.map((delivery) => delivery.id)).toEqual([again.json.id]);
    expect((await handOver(stage.database, new Date(), 100))?.deliveries).toEqual([]);
    const twice = await Promise.all([1, 2, 3].map(() => call('POST', `/v1/deliveries/${first.id}/redeliver`)));
    expect(twice.map(({ json }) => json.redelivery).toSorted(byText)).toEqual([2, 3, 4]);
    await call('PATCH', `${ENDPOINTS}/${id}`, { disabled: true });
    const refused = await call('POST', `/v1/deliveries/${first.id}/redeliver`);
    expect(refused).toMatchObject({ status: 409, json: { code: 'endpoint_disabled' } });
  });
});
