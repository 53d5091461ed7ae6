import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eq, ne, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { requestDisconnect } from '../../connections/request-disconnect.ts';
import { startOutboxPump } from '../../webhooks/outbox-pump.ts';
import { startIncidents, turnIncidents } from '../../background/incidents.ts';
import { readConfig } from '../../runtime/config.ts';
import type { Context } from '../../runtime/context.ts';
import { closeDesertedOperatorIncidents } from '../../db/across-tenants/incidents/operator-incidents.ts';
import { handOver } from '../support/settle.ts';
import { changeChannel } from '../../channels/wake.ts';
import { feedCursor, readFeedEnd } from '../../db/events/feed.ts';
import { channels, incidents, nudges } from '../../db/schema/channels.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { events, webhookDeliveries } from '../../db/schema/events.ts';
import { createProviders } from '../../providers/registry.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { addEndpoint, listenForWebhooks } from '../webhooks/stage.ts';

/**
 * `CHANNELS=1000 npx vitest run test/credentials/operator-incident.test.ts` is the long form. In the suite's, so many
 * are healed by workflows of their own, and the others by the same activity called from here.
 */
const CHANNELS = Number(process.env['CHANNELS'] ?? 200);
const BY_WORKFLOW = CHANNELS / 10;
const AT_ONCE = 10;
const HOUR_MS = 3_600_000;
const TENANTS = ['acme', 'other'];

let engine: Engine;
let api: Api;
/** The engine's context with a client secret that is read from a file. */
let context: Context;
let secretFile: string;

beforeAll(async () => {
  const stage = await raiseStage();
  secretFile = join(stage.dir, 'client-secret');
  await setSecret('right');
  const { GOOGLE_CLIENT_SECRET: _, ...environment } = stage.environment;
  const { providers } = readConfig({ ...environment, GOOGLE_CLIENT_SECRET_FILE: secretFile });
  const onFile = { ...stage, context: { ...stage.context, providers: createProviders(providers) } };
  engine = await raiseEngine(onFile, { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
  ({ context } = engine);
  await engine.sandbox.settings('google', { token_life_s: 24 * 3600 });
  api = await startApi(context);

  async function setSecret(which: 'right' | 'wrong') {
    await writeFile(
      secretFile,
      which === 'right' ? (stage.environment['GOOGLE_CLIENT_SECRET'] ?? '') : secret('client-secret'),
    );
  }
}, 120_000);
afterAll(async () => {
  await api?.close();
  await engine?.close();
});

const breakSecret = () => writeFile(secretFile, secret('client-secret'));
const mendSecret = () => writeFile(secretFile, engine.environment['GOOGLE_CLIENT_SECRET'] ?? '');

interface Connected {
  tenantId: string;
  channelId: string;
}

/** Channels of two tenants whose workflows sleep. */
async function connect(count: number, name: string): Promise<Connected[]> {
  const silent = { ...engine, context: { ...context, temporal: { ...context.temporal, lookAt: async () => {} } } };
  const connected: Connected[] = [];
  for (let i = 0; i < count; i++) {
    const tenantId = TENANTS[i % 2]!;
    const result = await connectGmail(silent, `${name}${i}@example.com`, { tenantId });
    connected.push({ tenantId, channelId: channelOf(result) });
  }
  await across((tx) => tx.delete(nudges));
  return connected;
}

async function refresh({ tenantId, channelId }: Connected, by = context) {
  return refreshCredential(by, { tenantId, channelId, accessType: 'gmail', version: 1 });
}

async function refreshAll(connected: Connected[]): Promise<Set<string>> {
  const outcomes = new Set<string>();
  for (let first = 0; first < connected.length; first += AT_ONCE) {
    for (const outcome of await Promise.all(connected.slice(first, first + AT_ONCE).map((one) => refresh(one))))
      outcomes.add(outcome);
  }
  return outcomes;
}

/** Skips the events up to now. */
async function emptyOutbox(): Promise<void> {
  for (;;) {
    const turn = await handOver(context.database, await context.clock.now(), 500);
    if (turn && !turn.more) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const across = <T>(work: Parameters<typeof context.database.acrossTenants<T>>[0]) =>
  context.database.acrossTenants(work);
const statuses = async () => {
  const rows = await across((tx) =>
    tx.execute<{ status: string; count: number }>(
      sql`select status, count(*)::integer as count from channels group by status`,
    ),
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};
const openIncidents = () =>
  across((tx) =>
    tx
      .select()
      .from(incidents)
      .where(sql`closed_at is null`),
  );

async function isAllDelivered(): Promise<boolean> {
  const left = await across((tx) =>
    tx.select().from(webhookDeliveries).where(ne(webhookDeliveries.state, 'delivered')),
  );
  return left.length === 0;
}

test(`S-11: a wrong client secret on ${CHANNELS} channels is one incident of the operator, told once and to nobody else`, async () => {
  const connected = await connect(CHANNELS, 'secret');
  await emptyOutbox();
  const [operator, tenant] = [await listenForWebhooks(), await listenForWebhooks()];
  await addEndpoint(context as never, { url: operator.url });
  await addEndpoint(context as never, { url: tenant.url, tenantId: 'acme' });
  const pump = startOutboxPump(context);
  const woken: string[] = [];
  const asleep = new Set<string>();
  const lookAt: Context['temporal']['lookAt'] = async (channel) => {
    woken.push(channel.id);
    if (asleep.has(channel.id)) await context.temporal.lookAt(channel);
  };
  const waking = { ...context, temporal: { ...context.temporal, lookAt } };
  // Wakes those for whom there is no place in the first 500.
  const sweep = startIncidents(waking);
  try {
    await breakSecret();
    expect([...(await refreshAll(connected))].toSorted()).toEqual(['refused', 'waiting']);
    // Only those that were on their way before the incident was open.
    const { connected: waiting, blocked } = await statuses();
    expect(waiting! + blocked!).toBe(CHANNELS);
    expect(blocked).toBeLessThanOrEqual(AT_ONCE);
    const opened = JSON.parse((await until('the webhook', () => operator.received[0])).body);
    const [incident, ...more] = await openIncidents();
    expect(more).toEqual([]);
    expect(opened).toMatchObject({
      type: 'incident.opened',
      data: {
        tenant: null,
        channel: null,
        incident: incident?.id,
        provider: 'gmail',
        scope: 'client',
        reason: 'app_credentials_invalid',
        action: 'fix_app_credentials',
        provider_code: 'invalid_client',
      },
    });
    expect((await api.call('GET', '/v1/incidents?state=open&scope=client')).json.data).toMatchObject([
      { id: incident?.id, provider: 'google', access_type: 'gmail', channels: CHANNELS, tenants: 2, tenant: null },
    ]);
    const own = await api.caller({ tenantId: 'acme' });
    expect((await own('GET', `/v1/incidents/${incident?.id}`)).json).toMatchObject({
      channels: CHANNELS / 2,
      tenants: 1,
    });
    const canary = connected.find(({ channelId }) => channelId === incident?.canaryId)!;
    const others = connected.filter((one) => one !== canary);
    await tokenSpent(others[0]!);
    expect(await tokenRequestsOf(() => refreshAll(connected))).toBe(1);
    expect(await rowOf(others[0]!)).toMatchObject({ status: 'blocked', incidentId: incident?.id });

    await mendSecret();
    for (const { channelId } of others.slice(0, BY_WORKFLOW)) asleep.add(channelId);
    woken.length = 0;
    expect(await refresh(canary, waking)).toBe('refreshed');
    expect(new Set(woken).size).toBeGreaterThanOrEqual(Math.min(CHANNELS - 1, 500));
    // The others' own workflows are woken and do the rest.
    await refreshAll(others.slice(BY_WORKFLOW));
    await until('everybody’s recovery', async () => (await statuses())['connected'] === CHANNELS, 200_000);
    await until('that all follow', async () => (await versions()).every((version) => version === 2), 200_000);
    await until('the end', async () => operator.received.length >= 2 && (await isAllDelivered()));
    const told = operator.received.map(({ body }) => JSON.parse(body).type);
    expect(told).toEqual(['incident.opened', 'incident.closed']);
    expect(tenant.received).toEqual([]);
    expect(await openIncidents()).toEqual([]);
    expect(await countOf(connected)).toEqual({});
    const closed = await api.call('GET', `/v1/incidents/${incident?.id}`);
    expect(closed.json).toMatchObject({ state: 'closed', channels: CHANNELS, tenants: 2 });
    expect((await own('GET', `/v1/incidents/${incident?.id}`)).json).toMatchObject({
      channels: CHANNELS / 2,
      tenants: 1,
    });
  } finally {
    await sweep.stop();
    await pump.stop();
    await operator.close();
    await tenant.close();
  }
}, 900_000);

async function tokenRequestsOf(deed: () => Promise<unknown>): Promise<number> {
  const before = (await engine.sandbox.requests('google', 'token')).length;
  await deed();
  return (await engine.sandbox.requests('google', 'token')).length - before;
}

/** The channel's token is at its end. */
const tokenSpent = ({ channelId }: Connected) =>
  across((tx) =>
    tx
      .update(credentials)
      .set({ expiresAt: sql`issued_at + interval '1 s'` })
      .where(eq(credentials.channelId, channelId)),
  );

async function rowOf({ channelId }: Connected) {
  const [row] = await across((tx) => tx.select().from(channels).where(eq(channels.id, channelId)));
  return row;
}

const versions = async () =>
  (await across((tx) => tx.select({ version: channels.credentialVersion }).from(channels))).map(
    ({ version }) => version,
  );

/** What was told of these channels after they were connected, but for their refreshes. */
async function countOf(connected: Connected[]): Promise<Record<string, number>> {
  const ids = connected.map(({ channelId }) => channelId);
  const rows = await across((tx) =>
    tx.execute<{ type: string; count: number }>(sql`
      select type, count(*)::integer as count from events
      where channel_id in ${ids} and type not in ('channel.connected', 'credential.refreshed') group by type`),
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
}

test('an event of the operator is shown to keys that see every tenant, and to no tenant', async () => {
  const [event] = await across((tx) => tx.select().from(events).where(eq(events.type, 'incident.opened')));
  expect(event?.tenantId).toBeNull();
  for (const tenantId of TENANTS) {
    const seen = await context.database.inTenant(tenantId, (tx) =>
      tx.execute(sql`select 1 from events where tenant_id is null or type = 'incident.opened'`),
    );
    expect([...seen]).toEqual([]);
    const forging = context.database.inTenant(tenantId, (tx) =>
      tx.insert(events).values({ id: 'evt_forged', tenantId: null, type: 'incident.closed', data: {}, at: new Date() }),
    );
    await expect(forging).rejects.toThrow();
    const call = await api.caller({ tenantId });
    // That it was, and its own count.
    expect((await call('GET', '/v1/incidents')).json.data).toMatchObject([
      { tenant: null, scope: 'client', tenants: 1 },
    ]);
    expect(await streamed(call.key)).not.toContain('incident.opened');
  }
  expect(await streamed(api.call.key)).toContain(event?.id);
  expect((await api.call('GET', '/v1/incidents')).json.data).toMatchObject([{ tenant: null, state: 'closed' }]);
});

/** What a stream brings that begins with the first event there is. */
async function streamed(key: string): Promise<string> {
  const { epoch } = await across((tx) => readFeedEnd(tx, 'events'));
  const from = feedCursor('events', { epoch, number: 0n });
  const headers = { authorization: `Bearer ${key}`, 'last-event-id': from };
  const response = await fetch(`${api.url}/v1/stream`, { headers });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    while (!text.includes('credential.refreshed')) text += (await reader.read()).value ?? '';
    return text;
  } finally {
    await reader.cancel();
  }
}

test('it is closed when the last of its channels leaves, in any way', async () => {
  const connected = await connect(3, 'leaving');
  // A refusal within the minute after the last incident counts as one that was under way.
  await across((tx) => tx.update(incidents).set({ closedAt: sql`closed_at - interval '5 minutes'` }));
  await breakSecret();
  await refreshAll(connected);
  expect(await openIncidents()).toMatchObject([{ tenantId: null, channelId: null }]);
  for (const { tenantId, channelId } of connected) {
    expect(await closeDesertedOperatorIncidents(context.database, await context.clock.now())).toBe(0);
    await changeChannel(context, { tenantId, channelId }, (waking, row) =>
      requestDisconnect(waking, row, { erase: false }),
    );
  }
  await mendSecret();
  // A step of the sweep that fails keeps no other waiting.
  let calls = 0;
  const acrossTenants: typeof context.database.acrossTenants = async (work) => {
    if (calls++ === 0) throw new Error('canceling statement due to statement timeout');
    return context.database.acrossTenants(work);
  };
  await expect(turnIncidents({ ...context, database: { ...context.database, acrossTenants } })).rejects.toThrow();
  expect(await openIncidents()).toEqual([]);
  const [closed] = await across((tx) =>
    tx
      .select()
      .from(events)
      .where(eq(events.type, 'incident.closed'))
      .orderBy(sql`seq desc`)
      .limit(1),
  );
  expect(closed).toMatchObject({ tenantId: null, channelId: null, data: { provider: 'gmail' } });
}, 60_000);
