import { afterAll, beforeAll, expect, it } from 'vitest';
import { presentIncident } from '../../api/presenters/incident.ts';
import { tellAllExpiring } from '../../background/expiring.ts';
import { wakeForgotten } from '../../background/reconcile.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { findIncident } from '../../db/channels/incidents.ts';
import { listTimeline } from '../../db/events/timeline.ts';
import { channelOf, connectSalesforce, signInAt } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { withLongLivedTokens } from '../support/long-lived-tokens.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A session's usual life; no answer tells it. */
const SESSION_S = 7_200;

/* Salesforce under time skipping: tokens that are good once, sessions of an untold life, grants that die unused. */
let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(withLongLivedTokens(await raiseStage()), {
    timeSkipping: true,
    config: { pollIntervalMs: 6 * HOUR_MS, auditIntervalMs: 30 * DAY_MS },
  });
  await engine.sandbox.settings('salesforce', { refresh_rotation: 'strict' });
}, 180_000);
afterAll(() => engine.close());

/** A channel with what its tests do to it and ask. */
async function connected(email: string, spec: { import?: 'off' } = {}) {
  await engine.context.clock.now(); // sets the provider's clock
  await engine.sandbox.account('salesforce', email);
  const channelId = channelOf(await connectSalesforce(engine, email, { spec }));
  const life = lifeOf(engine, channelId);
  await engine.context.temporal.lookAt({ id: channelId, tenantId: 'acme', accessType: 'salesforce' });
  await until('its first look', async () => (await life.read()).workflowSeq > 0);
  const requests = async (kind: 'token' | 'api', operation: string) =>
    (await engine.sandbox.requests('salesforce', kind, email)).filter((request) =>
      (request.operation ?? '').includes(operation),
    );
  return {
    ...life,
    channelId,
    refreshes: async () => (await requests('token', '')).filter(({ grant_type: type }) => type === 'refresh_token'),
    introspections: async () => (await requests('api', 'introspect')).length,
    fault: (fault: string, more = {}) => engine.sandbox.fault('salesforce', email, fault, more),
    deliver: async (count: number) => {
      await engine.context.clock.now();
      return engine.sandbox.deliver('salesforce', email, count);
    },
    signInAgain: () => connectSalesforce(engine, email),
  };
}
type Connected = Awaited<ReturnType<typeof connected>>;

/** Whether Salesforce takes the access token of a channel. */
async function isTaken({ channelId, credential }: Connected): Promise<boolean> {
  const row = await credential();
  const binding = { tenant: 'acme', owner: channelId, kind: 'access_token', version: row!.version } as const;
  const token = await engine.context.vault.decryptSecret(row!.accessTokenJwe!, binding);
  const answer = await fetch(`${row!.context['instance_url']}/services/data/v62.0/limits`, {
    headers: { authorization: `Bearer ${token.reveal()}` },
  });
  return answer.status === 200;
}

async function pass(days: number): Promise<void> {
  for (let left = days; left > 0; left -= 4) {
    await engine.sleep(Math.min(left, 4) * DAY_MS);
    await wakeForgotten(engine.context);
    await tellAllExpiring(engine.context);
  }
}

/** In steps, so that what a deed requests of the provider happens at its time. */
async function untilStatus(channel: Connected, status: string, stepMs = 5 * MINUTE_MS) {
  return until(status, async () => {
    const row = await channel.read();
    if (row.status === status) return row;
    await engine.sleep(stepMs);
    return null;
  });
}

it('keeps a grant alive that no product reads, where one without us ends after 30 days', async () => {
  const idle = 'idle@acme.example';
  // A session of a day: the keep-alive is all that refreshes it.
  await engine.sandbox.settings('salesforce', { token_life_s: 86_400 });
  const channel = await connected(idle, { import: 'off' });
  await channel.fact((tx) => updateChannel(tx, channel.channelId, { keepWarm: 'when_used' }));
  const way = { accessType: 'salesforce', provider: 'salesforce' } as const;
  const abandoned = await signInAt(engine, way, idle);
  const expiring = async () =>
    (await channel.inTenant((tx) => listTimeline(tx, { channelId: channel.channelId, before: null, limit: 200 })))
      .filter(({ type }) => type === 'channel.expiring')
      .map(({ data }) => data);
  await pass(60);
  const asked = await channel.refreshes();
  // Weekly, where an unused grant ends after 30 days.
  expect(asked.length).toBeGreaterThanOrEqual(8);
  expect(asked.length).toBeLessThanOrEqual(10);
  expect(await channel.read()).toMatchObject({ status: 'connected', incidentId: null });
  expect(await expiring()).toEqual([]);
  const [oauth] = engine.context.providers.get('salesforce')!.signIn.oauth;
  const grant = { token: abandoned.refreshToken!, context: abandoned.context };
  const answer = await oauth!.refreshRequest(grant, AbortSignal.timeout(10_000));
  expect(() => oauth!.processTokenAnswer(answer)).toThrow('invalid_grant');

  await channel.disconnect();
}, 120_000);

it('refreshes each session at its half by a token that is good once, and asks how long it lives', async () => {
  await engine.sandbox.settings('salesforce', { token_life_s: SESSION_S });
  const channel = await connected('turns@acme.example');
  await pass(1);
  const asked = await channel.refreshes();
  expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200]));
  const credential = await channel.credential();
  expect(credential).toMatchObject({ version: asked.length + 1, secretVersion: asked.length + 1, rotation: 'strict' });
  // A day has 24 halves of two hours, and each refresh comes up to a twentieth earlier.
  expect(asked.length).toBeGreaterThanOrEqual(23);
  expect(asked.length).toBeLessThanOrEqual(28);
  const lifeS = (credential!.expiresAt!.getTime() - credential!.issuedAt!.getTime()) / 1000;
  expect(lifeS).toBeGreaterThan(SESSION_S - 60);
  expect(lifeS).toBeLessThanOrEqual(SESSION_S);
  expect(await channel.introspections()).toBeGreaterThanOrEqual(asked.length);
  expect(await channel.read()).toMatchObject({ status: 'connected', failures: 0, incidentId: null });
  await channel.pause();
}, 120_000);

it('follows an organization that moves, and a session that an administrator ends, without a word to a person', async () => {
  const channel = await connected('moves@acme.example');
  expect((await channel.credential())?.context['instance_url']).toMatch(/\/na1$/);
  await engine.sandbox.account('salesforce', 'moves@acme.example', { instance: 'na7' });
  const came = await channel.deliver(2);
  await channel.askForPoll();
  await until('its mail', async () => {
    await engine.sleep(MINUTE_MS);
    return (await channel.stored()) === came.length;
  });
  expect((await channel.credential())?.context['instance_url']).toMatch(/\/na7$/);
  await channel.fault('session_revoked');
  await channel.deliver(1);
  await channel.askForPoll();
  await until('its mail', async () => {
    await engine.sleep(MINUTE_MS);
    return (await channel.stored()) === came.length + 1;
  });
  expect(await channel.told('channel.reauth_required')).toBe(0);
  expect(await untilStatus(channel, 'connected')).toMatchObject({ incidentId: null });
  await channel.pause();
}, 120_000);

it('R-04: a lost answer leaves the session in use, is probed once at its end, and told as it is', async () => {
  const channel = await connected('lost@acme.example');
  await channel.fault('lost_response', { kind: 'token', times: 1 });
  await channel.command('refreshNow');
  expect(await channel.read()).toMatchObject({ status: 'degraded', action: 'none', statusReason: 'network' });
  expect(await channel.refreshes()).toHaveLength(1);
  const { expiresAt, version } = (await channel.credential())!;
  await engine.sleep(HOUR_MS);
  expect(await channel.refreshes()).toHaveLength(1);
  const missed = await channel.deliver(2);
  await channel.askForPoll();
  await until('mail that the session still reads', async () => {
    await engine.sleep(MINUTE_MS);
    return (await channel.stored()) === missed.length;
  });
  expect(await isTaken(channel)).toBe(true);
  const broken = await untilStatus(channel, 'reauth_required');
  expect(broken).toMatchObject({ statusReason: 'refresh_outcome_unknown', action: 'reauthorize' });
  const sent = await channel.refreshes();
  expect(sent.map(({ status }) => status)).toEqual([null, 400]);
  expect(broken.statusSince.getTime()).toBeGreaterThan(expiresAt!.getTime() - 15_000);
  // A second use ends the grant and its sessions.
  expect(await isTaken(channel)).toBe(false);
  await engine.sleep(DAY_MS);
  expect(await channel.refreshes()).toHaveLength(2);
  expect([await channel.told('channel.reauth_required'), await channel.told('incident.opened')]).toEqual([1, 1]);
  missed.push(...(await channel.deliver(3)));
  expect(channelOf(await channel.signInAgain())).toBe(channel.channelId);
  await until('all its mail', async () => {
    await engine.sleep(MINUTE_MS);
    return (await channel.stored()) === missed.length;
  });
  expect((await channel.credential())!.version).toBeGreaterThan(version);
  expect(await channel.read()).toMatchObject({ status: 'connected', incidentId: null });
  await channel.pause();
}, 120_000);

it('R-04: a request that Salesforce never saw is made good by its probe', async () => {
  const channel = await connected('cut@acme.example');
  await channel.fault('cut_connection', { after: 'request', kind: 'token', times: 1 });
  await channel.command('refreshNow');
  expect((await channel.read()).status).toBe('degraded');
  await untilStatus(channel, 'connected');
  expect((await channel.refreshes()).map(({ status }) => status).slice(0, 2)).toEqual([null, 200]);
  expect(await channel.told('channel.reauth_required')).toBe(0);
  expect(await isTaken(channel)).toBe(true);
}, 120_000);

it('blocked by an IP allowlist it tells the operator which addresses to enter, asks no owner, and comes back by itself', async () => {
  const channel = await connected('fenced@acme.example');
  const { id } = await channel.fault('conditional_access', { kind: 'token' });
  await channel.command('refreshNow');
  const blocked = await untilStatus(channel, 'blocked');
  expect(blocked).toMatchObject({
    statusReason: 'conditional_access',
    action: 'admin_consent',
    providerCode: 'ip_restricted',
  });
  const incident = await channel.inTenant((tx) => findIncident(tx, blocked.incidentId!));
  const shown = presentIncident(engine.context, incident!, { counts: null, held: 0 });
  expect(shown.what_to_do).toContain('addresses of all workers and servers');
  expect(await channel.told('channel.reauth_required')).toBe(0);
  await engine.sandbox.mend(id);
  await untilStatus(channel, 'connected', HOUR_MS);
  expect(await isTaken(channel)).toBe(true);
}, 120_000);
