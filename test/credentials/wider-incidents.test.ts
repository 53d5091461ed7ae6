import { eq, inArray, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { turnIncidents } from '../../background/incidents.ts';
import { checkChannel } from '../../credentials/check.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { newId } from '../../db/ids.ts';
import { channels } from '../../db/schema/channels.ts';
import { events } from '../../db/schema/events.ts';
import { notices } from '../../db/schema/notices.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { setScene } from './scene.ts';

/** `CHANNELS=1000 npx vitest run test/credentials/wider-incidents.test.ts` is the long form. */
const CHANNELS = Number(process.env['CHANNELS'] ?? 40);
const AT_ONCE = 20;
/** Channels that fail when the incident is open already. */
const LATE = CHANNELS / 10;
const TENANTS = ['acme', 'beta', 'gamma'];
const MINUTE_MS = 60_000;

const scene = setScene();
let api: Api;
beforeAll(async () => {
  api = await startApi(scene.stage.context);
});
afterAll(() => api?.close());

interface Connected {
  tenantId: string;
  channelId: string;
  email: string;
}

const across: (typeof scene.stage.context.database)['acrossTenants'] = (work) =>
  scene.stage.context.database.acrossTenants(work);
const listed = async (query: string, call = api.call) => (await call('GET', `/v1/incidents?${query}`)).json.data;

async function inTurns(connected: Connected[], deed: (one: Connected) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < connected.length; first += AT_ONCE) {
    await Promise.all(connected.slice(first, first + AT_ONCE).map(deed));
  }
}

const check = ({ tenantId, channelId }: Connected) => checkChannel(scene.stage.context, { tenantId, channelId });
const statuses = async (connected: Connected[]) => {
  const ids = connected.map(({ channelId }) => channelId);
  const rows = await across((tx) =>
    tx
      .select({ status: channels.status, count: sql<number>`count(*)::integer` })
      .from(channels)
      .where(inArray(channels.id, ids))
      .groupBy(channels.status),
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};
const eventsOf = async (incidentId: string) => {
  const rows = await across((tx) => tx.select().from(events).where(eq(events.incidentId, incidentId)));
  return rows.map(({ type }) => type);
};
const eventsOfChannels = (connected: Connected[], type: string) =>
  across((tx) =>
    tx
      .select()
      .from(events)
      .where(
        sql`${inArray(
          events.channelId,
          connected.map(({ channelId }) => channelId),
        )} and type = ${type}`,
      ),
  );

test(`rule 11: one dead mail server under ${CHANNELS} channels is one incident, asks no owner, and closes by itself`, async () => {
  const { stage } = scene;
  const connected: Connected[] = [];
  for (let i = 0; i < CHANNELS; i++) {
    const [tenantId, email, password] = [TENANTS[i % 2]!, `dead${i}@imap.example.com`, secret('password')];
    await stage.sandbox.account('imap', email, { password });
    connected.push({ tenantId, email, channelId: channelOf(await connectImap(stage, email, password, { tenantId })) });
  }
  const [late, early] = [connected.slice(0, LATE), connected.slice(LATE)];

  const fault = await stage.sandbox.fault('imap', null, 'unavailable');
  await inTurns(early.slice(0, 4), check);
  await turnIncidents(stage.context);
  expect(await listed('scope=provider')).toEqual([]);
  await inTurns(early.slice(4), check);
  for (let i = 0; i < 2; i++) await turnIncidents(stage.context);
  const [incident, ...more] = await listed('scope=provider&state=open');
  expect(more).toEqual([]);
  expect(incident).toMatchObject({ provider: 'imap', access_type: 'imap', tenant: null, action: 'none' });
  expect(incident).toMatchObject({
    server: `${stage.imap.host}:${stage.imap.port}`,
    channels: early.length,
    tenants: 2,
  });
  expect(incident.what_to_do).toContain('No owner is told');

  // Those that fail from now on have no incident of their own.
  await inTurns(late, check);
  expect(await statuses(connected)).toEqual({ degraded: CHANNELS });
  expect(await listed('state=open')).toMatchObject([{ id: incident.id, channels: CHANNELS }]);
  expect(await listed(`part_of=${incident.id}&limit=200`)).toHaveLength(Math.min(200, early.length));
  expect(await listed(`channel=${early[0]!.channelId}`)).toMatchObject([
    { id: incident.id },
    { part_of: incident.id, scope: 'channel' },
  ]);
  expect(await listed(`channel=${late[0]!.channelId}`)).toMatchObject([{ id: incident.id }]);
  expect((await eventsOfChannels(late, 'channel.degraded')).map(({ data }) => data['partOf'])).toEqual(
    late.map(() => incident.id),
  );
  const own = await api.caller({ tenantId: 'beta' });
  expect(await listed('state=open', own)).toMatchObject([{ id: incident.id, channels: CHANNELS / 2, tenants: 1 }]);
  const members = (await own('GET', `/v1/incidents/${incident.id}/channels?limit=200`)).json.data;
  expect(members).toHaveLength(Math.min(200, CHANNELS / 2));
  expect(members[0]).toMatchObject({ tenant: 'beta', status: 'degraded' });
  await api.call('PUT', '/v1/tenants/gamma/policy', {});
  const stranger = await api.caller({ tenantId: 'gamma' });
  expect(await listed('state=open', stranger)).toEqual([]);
  expect((await stranger('GET', `/v1/incidents/${incident.id}`)).status).toBe(404);

  await stage.sandbox.mend(fault.id);
  // One stays in trouble of its own.
  const [stuck, ...rest] = connected;
  const itsOwn = await stage.sandbox.fault('imap', stuck!.email, 'unavailable');
  await inTurns(connected, check);
  expect(await statuses(rest)).toEqual({ connected: CHANNELS - 1 });
  await turnIncidents(stage.context);
  expect(await listed('scope=provider&state=open')).toHaveLength(1);
  await scene.advance(4 * MINUTE_MS);
  await turnIncidents(stage.context);
  expect(await listed('scope=provider&state=open')).toEqual([]);
  expect(await listed('state=open')).toMatchObject([{ scope: 'channel', channel: stuck!.channelId, part_of: null }]);
  expect(await eventsOf(incident.id)).toEqual(expect.arrayContaining(['incident.opened', 'incident.closed']));
  const ofWhole = await across((tx) =>
    tx
      .select()
      .from(events)
      .where(sql`tenant_id is null`)
      .orderBy(events.seq),
  );
  expect(ofWhole.map(({ type }) => type)).toEqual(['incident.opened', 'incident.closed']);

  // A day later it is the operator's to look at, until it recovers.
  await scene.advance(23 * 3_600_000);
  await turnIncidents(stage.context);
  expect(await listed('scope=provider&state=open')).toEqual([]);
  await scene.advance(2 * 3_600_000);
  for (let i = 0; i < 2; i++) await turnIncidents(stage.context);
  const [lasting, ...others] = await listed('state=open');
  expect(others).toEqual([]);
  const { server, action } = { server: incident.server, action: 'contact_support' };
  expect(lasting).toMatchObject({ scope: 'provider', provider: 'imap', server, action, tenant: null, channels: 1 });
  expect(lasting.what_to_do).toContain('for more than a day');
  expect(await listed(`part_of=${lasting.id}`)).toMatchObject([{ channel: stuck!.channelId }]);
  expect((await own('GET', `/v1/incidents/${lasting.id}`)).status).toBe(404);
  const { json: told } = await api.call('GET', `/v1/incidents/${lasting.id}/channels`);
  expect(told.data).toMatchObject([{ id: stuck!.channelId, status: 'degraded' }]);
  await stage.sandbox.mend(itsOwn.id);
  await check(stuck!);
  await turnIncidents(stage.context);
  expect(await listed('state=open')).toEqual([]);
  expect((await eventsOf(lasting.id)).toSorted()).toEqual(['incident.closed', 'incident.opened']);
  expect(await eventsOfChannels([stuck!], 'channel.repaired')).toMatchObject([{ data: { partOf: lasting.id } }]);

  const repaired = await eventsOfChannels(rest, 'channel.repaired');
  expect(repaired.map(({ data }) => data['partOf'])).toEqual(rest.map(() => incident.id));
  // What asks a person is told by events of these types alone.
  for (const type of ['channel.reauth_required', 'channel.blocked', 'channel.reauth_reminder']) {
    expect(await eventsOfChannels(connected, type)).toEqual([]);
  }
  expect(await across((tx) => tx.select().from(notices))).toEqual([]);
}, 900_000);

async function refuse(count: number): Promise<Connected[]> {
  const { stage } = scene;
  const connected: Connected[] = [];
  for (let i = 0; i < count; i++) {
    const [tenantId, email] = [TENANTS[i % 3]!, `mass${i}@example.com`];
    connected.push({ tenantId, email, channelId: channelOf(await connectGmail(stage, email, { tenantId })) });
    await stage.sandbox.fault('google', email, 'access_revoked');
  }
  await inTurns(connected, ({ tenantId, channelId }) =>
    refreshCredential(stage.context, { tenantId, channelId, accessType: 'gmail', version: 1 }),
  );
  expect(await statuses(connected)).toEqual({ reauth_required: count });
  return connected;
}

test('20 people of three tenants who have to sign in at once wait for the operator, half an hour at most', async () => {
  const { stage } = scene;
  const connected = await refuse(20);
  const now = await scene.clock.now();
  const planned = connected.map(({ tenantId, channelId, email }) => ({
    id: newId('ntc'),
    tenantId,
    channelId,
    kind: 'reauth_required' as const,
    occasion: 'alert',
    recipient: email,
    recipientId: newId('ntc'),
    why: 'owner' as const,
    state: 'queued' as const,
    dueAt: now,
    createdAt: now,
    at: now,
  }));
  await across((tx) => tx.insert(notices).values(planned));
  await turnIncidents(stage.context);
  const [incident, ...more] = await listed('scope=provider&state=open');
  expect(more).toEqual([]);
  expect(incident).toMatchObject({ provider: 'google', action: 'reauthorize', channels: 20, tenants: 3 });
  expect(incident).toMatchObject({ notices_held: 20, part_of: null });
  const heldMs = Date.parse(incident.held_until) - (await scene.clock.now()).getTime();
  expect(heldMs).toBeGreaterThan(29 * MINUTE_MS);
  expect(heldMs).toBeLessThanOrEqual(30 * MINUTE_MS);
  // Each channel's own incident stands: the person has to act on it.
  expect(await listed('scope=channel&state=open&tenant=gamma')).toHaveLength(6);

  const own = await api.caller({ tenantId: 'acme' });
  expect(await own('GET', `/v1/incidents/${incident.id}`)).toMatchObject({ json: { channels: 7, notices_held: 7 } });
  expect((await own('POST', `/v1/incidents/${incident.id}/release`)).json.code).toBe('tenant_not_allowed');
  const release = () => api.call('POST', `/v1/incidents/${incident.id}/release`);
  expect(await release()).toMatchObject({ status: 200, json: { notices_held: 0, state: 'open' } });
  expect((await across((tx) => tx.select().from(notices))).every(({ heldBy }) => heldBy === null)).toBe(true);
  expect((await release()).json.code).toBe('nothing_held');

  // Told 30 s after, signed in again at once, and the gap is imported in 90 s.
  const [one] = connected;
  const { incidentId } = (await across((tx) => tx.select().from(channels).where(eq(channels.id, one!.channelId))))[0]!;
  const toldAt = new Date(now.getTime() + 30_000);
  await across((tx) =>
    tx.update(notices).set({ state: 'sent', incidentId, at: toldAt }).where(eq(notices.channelId, one!.channelId)),
  );
  await scene.advance(MINUTE_MS);
  await connectGmail(stage, one!.email, { tenantId: one!.tenantId });
  await across((tx) =>
    tx.execute(sql`update imports set completed_at = started_at + interval '90 s', state = 'completed'
      where channel_id = ${one!.channelId} and cause = 'reauthorized'`),
  );
  const levels = (await api.call('GET', `/v1/service-levels?tenant=${one!.tenantId}`)).json;
  expect(levels.detect_s).toMatchObject({ count: 7, p50: expect.any(Number) });
  expect(levels.tell_s.count).toBe(1);
  expect(levels.tell_s.p95).toBeGreaterThanOrEqual(28);
  expect(levels.tell_s.p95).toBeLessThanOrEqual(59);
  expect(levels.reauthorize_s.count).toBe(1);
  expect(levels.reauthorize_s.p50).toBeGreaterThanOrEqual(60);
  expect(levels.close_gap_s.count).toBe(1);
  expect(levels.close_gap_s.p95).toBeGreaterThanOrEqual(88);
  const whole = (await api.call('GET', '/v1/service-levels?days=1')).json;
  expect(whole.detect_s.count).toBe(20);
  expect(Date.parse(whole.to) - Date.parse(whole.from)).toBe(86_400_000);
  const others = (await api.call('GET', '/v1/service-levels?tenant=unheard-of')).json;
  expect(others.tell_s).toEqual({ p50: null, p95: null, count: 0 });
  expect((await own('GET', '/v1/service-levels?tenant=beta')).json.code).toBe('tenant_not_allowed');

  await scene.advance(11 * MINUTE_MS);
  await turnIncidents(stage.context);
  expect(await listed('scope=provider&state=open')).toEqual([]);
  expect((await api.call('GET', '/metrics')).text).toContain('mooring_incidents_open{scope="channel"} 19');
}, 120_000);
