import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { recordRefusal } from '../../credentials/outcomes.ts';
import { tokenRefused, verdict } from '../../domain/verdict-builders.ts';
import { noteCrowdedRefresh } from '../../channels/put-off.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { wakeForgotten } from '../../background/reconcile.ts';
import { readConfig } from '../../runtime/config.ts';
import type { Context } from '../../runtime/context.ts';
import { createProviders } from '../../providers/registry.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { setScene, TENANT } from './scene.ts';

const PASSWORD = secret('password');
const NEXT_PASSWORD = secret('password');

const scene = setScene();
beforeAll(() => scene.withoutReminders());
const check = (channelId: string) => checkChannel(scene.stage.context, { tenantId: TENANT, channelId });
const due = async (channelId: string) =>
  (await lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId, seq: 1_000_000 })).due;
const msUntil = async (time: Date | null) => (time ? time.getTime() - (await scene.clock.now()).getTime() : NaN);

async function operatorIncidents() {
  return [
    ...(await scene.stage.context.database.acrossTenants((tx) =>
      tx.execute<{ id: string; open: boolean; client: string; reason: string }>(
        sql`select id, client, reason, closed_at is null as open from incidents where channel_id is null order by id`,
      ),
    )),
  ];
}

/** The same context with another client secret file. */
async function withSecretFile(file: string): Promise<Context> {
  const { GOOGLE_CLIENT_SECRET: _, ...environment } = scene.stage.environment;
  const config = readConfig({ ...environment, GOOGLE_CLIENT_SECRET_FILE: file });
  return { ...scene.stage.context, config, providers: createProviders(config.providers) };
}

test('S-11: a wrong client secret is one incident of the operator, tells nobody else, and heals without a restart', async () => {
  const file = join(scene.stage.dir, 'client-secret');
  await writeFile(file, secret('client-secret'));
  const context = await withSecretFile(file);
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three', 'four']) ids.push(await scene.connect(`${name}@secret.example.com`));
  const outcomes = [];
  for (const id of ids) outcomes.push(await scene.refresh(id, context));
  expect(outcomes).toEqual(['refused', 'waiting', 'waiting', 'waiting']);
  const [incident, ...more] = await operatorIncidents();
  expect(more).toEqual([]);
  expect(incident).toMatchObject({ open: true, reason: 'app_credentials_invalid' });
  const [canary = '', ...others] = ids;
  const { channel: tried } = await scene.read(canary);
  expect(tried).toMatchObject({ status: 'blocked', action: 'fix_app_credentials', incidentId: incident?.id });
  expect(await msUntil(tried.retryAt)).toBeLessThanOrEqual(120_000);
  for (const id of others) {
    expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', incidentId: null, action: 'none' });
  }
  for (const id of ids) {
    expect(await scene.isServed(id)).toBe(true);
    expect(await scene.events(id, 'channel.blocked')).toEqual([]);
    expect(await scene.events(id, 'incident.opened')).toEqual([]);
  }
  // Many failures later the canary still looks again within minutes, and the others have asked nothing.
  for (let i = 0; i < 10; i++) for (const id of ids) await scene.refresh(id, context);
  expect(await msUntil((await scene.read(canary)).channel.retryAt)).toBeLessThanOrEqual(135_000);
  expect(await scene.refreshes('one@secret.example.com')).toHaveLength(11);
  for (const name of ['two', 'three', 'four']) {
    expect(await scene.refreshes(`${name}@secret.example.com`)).toHaveLength(0);
  }
  expect(await operatorIncidents()).toHaveLength(1);

  await writeFile(file, scene.stage.environment['GOOGLE_CLIENT_SECRET'] ?? '');
  const [first = '', ...rest] = ids;
  expect(await scene.refresh(first, context)).toBe('refreshed');
  expect((await operatorIncidents()).map(({ open }) => open)).toEqual([false]);
  for (const id of rest) {
    await due(id);
    const { retryAt, nextRefreshAt } = (await scene.read(id)).channel;
    expect(await msUntil(retryAt)).toBeLessThanOrEqual(5_000);
    expect(nextRefreshAt).toEqual(retryAt);
    expect(await scene.refresh(id, context)).toBe('refreshed');
  }
  for (const id of ids) {
    expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', incidentId: null, retryAt: null });
    expect(await scene.events(id, 'channel.repaired')).toEqual([]);
  }
});

test('a client secret file that is gone is the operator’s as well, and costs no token', async () => {
  const email = 'gone@secret.example.com';
  const id = await scene.connect(email, { rotation: 'strict' });
  const context = await withSecretFile(join(scene.stage.dir, 'no-such-file'));
  expect(await scene.refresh(id, context)).toBe('refused');
  expect((await scene.read(id)).channel).toMatchObject({ status: 'blocked', providerCode: 'client_secret_unreadable' });
  expect(await scene.refresh(id)).toBe('refreshed');
  expect(await scene.refreshes(email)).toHaveLength(1);
  expect((await operatorIncidents()).filter(({ open }) => open)).toEqual([]);
});

test('R-10: Retry-After is honoured, backoff grows to a quarter of an hour, and nobody is told to act', async () => {
  const email = 'busy@example.com';
  const id = await scene.connect(email);
  const limited = await scene.stage.sandbox.fault('google', email, 'rate_limited', {
    kind: 'token',
    retry_after_s: 90,
  });
  await scene.refresh(id);
  const wait = await msUntil((await scene.read(id)).channel.retryAt);
  expect(wait).toBeGreaterThan(89_000);
  expect(wait).toBeLessThanOrEqual(99_500);
  await scene.stage.sandbox.mend(limited.id);
  const down = await scene.stage.sandbox.fault('google', email, 'unavailable', { kind: 'token' });
  for (let i = 0; i < 14; i++) await scene.refresh(id);
  const { channel } = await scene.read(id);
  expect(channel).toMatchObject({ status: 'degraded', action: 'none', statusReason: 'provider_unavailable' });
  expect(await msUntil(channel.retryAt)).toBeGreaterThan(890_000);
  expect(await msUntil(channel.retryAt)).toBeLessThanOrEqual(990_000);
  await due(id);
  expect((await scene.read(id)).channel.nextRefreshAt).toEqual(channel.retryAt);
  await scene.stage.sandbox.mend(down.id);
  expect(await scene.refresh(id)).toBe('refreshed');
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', failures: 0, trouble: null });
  expect(await scene.events(id, 'channel.degraded')).toHaveLength(1);
  expect(await scene.events(id, 'channel.repaired')).toHaveLength(1);
});

test('R-12: rubbish and nonsense replace no credential', async () => {
  const email = 'rubbish@example.com';
  const id = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'rubbish', { kind: 'token', times: 1 });
  expect(await scene.refresh(id)).toBe('refused');
  expect((await scene.read(id)).credential).toMatchObject({ version: 1, leaseOwner: null });
  expect((await scene.read(id)).channel.status).toBe('degraded');
  expect(await scene.refresh(id)).toBe('refreshed');
});

test('a vague refusal is believed after two spaced confirmations, with any number of requests between', async () => {
  const email = 'vague@example.com';
  const id = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  // Half a day later Google calls a withdrawn token a "Bad Request".
  await scene.advance(13 * 3_600_000);
  for (const gapMs of [0, 10_000, 50_000, 10_000, 40_000]) {
    await scene.advance(gapMs);
    await scene.refresh(id);
    // The token has expired, so no reader can get one.
    const waiting = { status: 'degraded', action: 'none', statusReason: 'provider_unavailable' };
    expect((await scene.read(id)).channel).toMatchObject(waiting);
  }
  await scene.advance(10_000);
  await scene.refresh(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  expect(await scene.events(id, 'incident.opened')).toHaveLength(1);
});

test('a vague refusal leaves a channel connected while its token is served, and degraded from its end on', async () => {
  const email = 'vague-with-token@example.com';
  const id = await scene.connect(email, { tokenLifeS: 13 * 3_600 + 90 });
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.advance(13 * 3_600_000);
  await scene.refresh(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected' });
  await scene.advance(60_000);
  await scene.refresh(id);
  const { channel } = await scene.read(id);
  expect(channel).toMatchObject({ status: 'connected' });
  const untilTriedMs = await msUntil(channel.retryAt); // at the token's end, not a minute later
  expect(untilTriedMs).toBeLessThan(30_000);
  await scene.advance(untilTriedMs);
  await scene.refresh(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'degraded', suspicion: { times: 2 } });
  await scene.advance(60_000);
  await scene.refresh(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required' });
});

test('a vague refusal is believed at once where the provider refuses the access token as well, and not for a report', async () => {
  const emails = ['both-refused@example.com', 'only-reported@example.com'];
  const [both = '', reported = ''] = await Promise.all(
    emails.map((email) => scene.connect(email, { tokenLifeS: 14 * 3_600 })),
  );
  for (const email of emails) await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.advance(13 * 3_600_000);
  const tried = { tenantId: TENANT, channelId: both, credentialVersion: 1, tried: 'access' } as const;
  await recordRefusal(scene.stage.context, { ...tried, verdict: tokenRefused(null) });
  await scene.refresh(both);
  expect((await scene.read(both)).channel).toMatchObject({ status: 'reauth_required' });
  await scene.reportRefused(reported);
  await scene.refresh(reported);
  expect((await scene.read(reported)).channel).toMatchObject({ status: 'degraded' });
});

test('rule 5: a login with a token that is refused vaguely asks a person only after spaced tries, also with a newer token', async () => {
  const id = await scene.connect('vague-login@example.com');
  const details = { vague: true, tokenRefused: true };
  const refuse = (credentialVersion: number) =>
    recordRefusal(scene.stage.context, {
      tenantId: TENANT,
      channelId: id,
      credentialVersion,
      tried: 'access',
      verdict: verdict('reauth_required', 'access_revoked', details),
    });
  await refuse(1);
  await scene.refresh(id);
  const { version } = (await scene.read(id)).credential ?? expect.unreachable();
  expect(version).toBe(2);
  for (const gapMs of [0, 60_000]) {
    await scene.advance(gapMs);
    await refuse(version);
    expect((await scene.read(id)).channel.status).not.toBe('reauth_required');
  }
  await scene.advance(60_000);
  await refuse(version);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
});

test('a refresh that is turned away leaves a channel connected while its token is served, and degraded from its end on', async () => {
  const id = await scene.connect('crowded@example.com', { tokenLifeS: 3_600 });
  const input = { tenantId: TENANT, channelId: id };
  await noteCrowdedRefresh(scene.stage.context, input);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', trouble: null });
  await scene.advance(3_600_000);
  await noteCrowdedRefresh(scene.stage.context, input);
  const { channel } = await scene.read(id);
  expect(channel).toMatchObject({ status: 'degraded', action: 'none', statusReason: 'provider_unavailable' });
  expect(await msUntil(channel.retryAt)).toBeLessThan(60_000);
  expect(await scene.refresh(id)).toBe('refreshed');
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected' });
});

test('blocked: an account that is gone is support’s, a policy is the admin’s; both come back by themselves', async () => {
  for (const [fault, action] of [
    ['account_disabled', 'contact_support'],
    ['admin_consent_required', 'admin_consent'],
  ] as const) {
    const email = `${fault}@example.com`;
    const id = await scene.connect(email);
    const { id: faultId } = await scene.stage.sandbox.fault('google', email, fault);
    await scene.refresh(id);
    const { channel } = await scene.read(id);
    expect(channel).toMatchObject({ status: 'blocked', action, trouble: 'credential' });
    expect(await msUntil(channel.retryAt)).toBeGreaterThan(3_590_000);
    expect(await due(id)).toMatchObject({ deed: 'refresh', at: channel.retryAt?.getTime() });
    await scene.advance(25 * 3_600_000);
    await scene.refresh(id);
    expect(await msUntil((await scene.read(id)).channel.retryAt)).toBeGreaterThan(23 * 3_600_000);
    await scene.stage.sandbox.mend(faultId);
    await scene.refresh(id);
    expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', incidentId: null });
    expect(await scene.events(id, 'channel.blocked')).toHaveLength(1);
  }
});

test('rule 5: an access token that stays refused though it was refreshed is trouble with backoff, not a loop', async () => {
  const email = 'stuck@example.com';
  const id = channelOf(await connectGmail(scene.stage, email));
  const { context } = scene.stage;
  const gmail = context.providers.get('gmail')!;
  const refusing = {
    ...context,
    providers: new Map([
      ...context.providers,
      [
        'gmail' as const,
        {
          ...gmail,
          openSession: (_: unknown, signal: AbortSignal) =>
            gmail.openSession(
              { kind: 'token', mailbox: email, context: {}, accessToken: { reveal: () => 'ya29.nobody' } as never },
              signal,
            ),
        },
      ],
    ]),
  };
  const before = (await scene.refreshes(email)).length;
  expect(await checkChannel(refusing, { tenantId: TENANT, channelId: id })).toMatchObject({ ok: false });
  const { channel } = await scene.read(id);
  expect(channel).toMatchObject({ status: 'degraded', trouble: 'access', action: 'none' });
  expect((await scene.refreshes(email)).length - before).toBe(1);
  expect(await msUntil(channel.retryAt)).toBeGreaterThan(0);
  expect(await check(id)).toMatchObject({ ok: true });
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', suspicion: null, trouble: null });
});

test('a scope that was removed is believed of an API only once a refresh says it too', async () => {
  const email = 'scope@example.com';
  const id = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'scope_removed', {
    scope: 'https://www.googleapis.com/auth/gmail.readonly',
  });
  expect(await check(id)).toMatchObject({ ok: false });
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', suspicion: { times: 1 } });
  expect(await check(id)).toMatchObject({ ok: false });
  expect((await scene.read(id)).channel.status).toBe('connected');
  expect(await due(id)).toMatchObject({ deed: 'refresh' });
  await scene.refresh(id);
  // The token endpoint has said what the grant lacks: no further call has to confirm it.
  expect((await scene.read(id)).channel).toMatchObject({
    status: 'reauth_required',
    statusReason: 'insufficient_scope',
    uses: [],
    missingUses: ['read'],
  });
  expect(await due(id)).toBeNull();
  expect(await scene.events(id, 'channel.reauth_required')).toHaveLength(1);
});

test('a healthy token that is reported costs one call', async () => {
  const email = 'healthy@example.com';
  const id = await scene.connect(email);
  const calls = async () => (await scene.stage.sandbox.requests('google', 'api', email)).length;
  const before = await calls();
  expect(await check(id)).toMatchObject({ ok: true });
  expect((await calls()) - before).toBe(1);
});

test('a channel that waits for a person is left alone until there is a fact about it', async () => {
  const email = 'waiting@example.com';
  const id = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.refresh(id);
  expect(await due(id)).toBeNull();
  const isWokenAfter = async (ms: number) => {
    const clock = { now: async () => new Date((await scene.clock.now()).getTime() + ms) };
    const told: string[] = [];
    const temporal = {
      ...scene.stage.context.temporal,
      lookAt: async (channel: { id: string }) => void told.push(channel.id),
    };
    await wakeForgotten({ ...scene.stage.context, clock, temporal });
    return told.includes(id);
  };
  for (const days of [1, 30]) expect(await isWokenAfter(days * 86_400_000)).toBe(false);
  await connectGmail(scene.stage, email);
  expect(await isWokenAfter(60_000)).toBe(true);
});

test('IMAP: a changed password sends to sign in, a server that is away does not', async () => {
  const email = 'password@imap.example.com';
  await scene.stage.sandbox.account('imap', email, { password: PASSWORD });
  const id = channelOf(await connectImap(scene.stage, email, PASSWORD));
  const { id: faultId } = await scene.stage.sandbox.fault('imap', email, 'unavailable');
  await check(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'degraded', action: 'none' });
  await scene.stage.sandbox.mend(faultId);
  expect(await check(id)).toMatchObject({ ok: true });
  await scene.stage.sandbox.account('imap', email, { password: NEXT_PASSWORD });
  await check(id);
  await scene.advance(6_000);
  await check(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
});

test('a mail server that finds us misconfigured opens no incident of an authorization server’s client', async () => {
  const email = 'misconfigured@example.com';
  await scene.stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(scene.stage, email, PASSWORD));
  await recordRefusal(scene.stage.context, {
    tenantId: TENANT,
    channelId,
    credentialVersion: 1,
    tried: 'access',
    verdict: verdict('misconfigured', 'app_credentials_invalid'),
  });
  const [incident] = (await operatorIncidents()).filter(({ open }) => open);
  expect(incident).toMatchObject({ client: '' });
});
