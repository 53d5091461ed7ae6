import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { putOffDeed } from '../../channels/put-off.ts';
import { requestRefresh } from '../../api/tokens/request-refresh.ts';
import { askFor, changeChannel } from '../../channels/wake.ts';
import { writeFacts } from '../../push/write-facts.ts';
import type { Context } from '../../runtime/context.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { mortal } from './mortal.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
let api: Api;
beforeAll(async () => {
  api = await startApi(scene.stage.context);
});
afterAll(() => api?.close());

const report = (id: string, http_status: number) =>
  api.call('POST', `/v1/channels/${id}/report-failure`, { http_status, body: 'they say so' });
const look = (channelId: string) => lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId, seq: 1_000_000 });
const check = (channelId: string, context = scene.stage.context) =>
  checkChannel(context, { tenantId: TENANT, channelId });
const callsFor = async (email: string) =>
  (await scene.stage.sandbox.requests('google', 'api', email)).length + (await scene.refreshes(email)).length;

/** The same context; `between` comes once, right after the transaction that wrote down that a call has worked. */
function interrupted(channelId: string, between: () => Promise<unknown>): Context {
  const { context } = scene.stage;
  let isDone = false;
  const inTenant: Context['database']['inTenant'] = async (tenant, work) => {
    const before = (await scene.read(channelId)).channel.lastVerifiedAt;
    const result = await context.database.inTenant(tenant, work);
    const after = (await scene.read(channelId)).channel.lastVerifiedAt;
    if (!isDone && after?.getTime() !== before?.getTime()) {
      isDone = true;
      await between();
    }
    return result;
  };
  return { ...context, database: { ...context.database, inTenant } };
}

test('a hundred reports of a healthy token cost one call, also those that come while it is made', async () => {
  const email = 'healthy@example.com';
  const id = await scene.connect(email);
  const before = await callsFor(email);
  for (let i = 0; i < 30; i++) await report(id, i % 2 === 0 ? 401 : 500);
  const reader = api.call('GET', `/v1/channels/${id}/access-token`);
  await expect.poll(async () => (await scene.read(id)).channel.refreshRequestedAt).not.toBeNull();
  expect((await look(id)).due?.deed).toBe('check');
  const crowd = interrupted(id, async () => {
    for (let i = 0; i < 40; i++) expect((await report(id, 401)).status).toBe(202);
  });
  expect(await check(id, crowd)).toEqual({ ok: true, proved: expect.any(String) });
  for (let i = 0; i < 30; i++) expect((await report(id, 403)).json.checked_at).not.toBeNull();
  expect((await callsFor(email)) - before).toBe(1);
  expect(await reader).toMatchObject({ status: 200, json: { version: 1 } });
  expect(await scene.isServed(id)).toBe(true);
  expect((await look(id)).due?.deed).not.toBe('refresh');
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', checkRequestedAt: null });
  expect((await scene.read(id)).credential).toMatchObject({ version: 1, accessTokenRefusedAt: null });
});

test('a security event that comes during a check is checked after it, also where that check is put off', async () => {
  const id = await scene.connect('event-during-check@example.com');
  const channel = { tenantId: TENANT, channelId: id };
  await report(id, 500);
  const during = interrupted(id, async () => {
    await scene.advance(1_000);
    const source = { issuer: 'google', issuedAt: await scene.clock.now() } as const;
    await changeChannel(scene.stage.context, channel, (waking, row) =>
      writeFacts(waking, row, 'sessions_revoked', source),
    );
  });
  expect(await check(id, during)).toMatchObject({ ok: true });
  expect((await look(id)).due?.deed).toBe('check');
  await putOffDeed(scene.stage.context, { ...channel, deed: 'check' });
  const { checkRequestedAt } = (await scene.read(id)).channel;
  expect(checkRequestedAt?.getTime()).toBeGreaterThan((await scene.clock.now()).getTime());
  await scene.advance(60_000);
  await check(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', checkRequestedAt: null });
});

test('the refresh that a security event asks for is owed after a check, and after a refresh that was answered before', async () => {
  const id = await scene.connect('event-and-refresh@example.com');
  const tell = async () => {
    const source = { issuer: 'google', issuedAt: await scene.clock.now() } as const;
    await changeChannel(scene.stage.context, { tenantId: TENANT, channelId: id }, (waking, row) =>
      writeFacts(waking, row, 'tokens_revoked', source),
    );
  };
  const requestedAt = async () => (await scene.read(id)).channel.refreshRequestedAt;
  await report(id, 401);
  await tell();
  const planned = await requestedAt();
  expect(planned?.getTime()).toBeGreaterThan((await scene.clock.now()).getTime());
  expect(await check(id)).toMatchObject({ ok: true });
  expect(await requestedAt()).toEqual(planned);
  await scene.advance(120_000);
  await report(id, 401);
  await tell();
  expect(await check(id)).toMatchObject({ ok: true });
  expect((await look(id)).due?.deed).toBe('refresh');
  const { context, died } = mortal(scene.stage.context, 'refresh.sealed');
  await Promise.allSettled([scene.refresh(id, context), died]);
  await scene.advance(1_000);
  await tell();
  expect(await scene.refresh(id)).toBe('refreshed');
  expect(await requestedAt()).not.toBeNull();
  expect(await scene.refresh(id)).toBe('refreshed');
  expect(await requestedAt()).toBeNull();
});

test('what moves the check or the refresh after a security event leaves its refresh owed', async () => {
  const id = await scene.connect('moved-check@example.com');
  const channel = { tenantId: TENANT, channelId: id };
  const tell = (kind: 'tokens_revoked' | 'account_enabled') =>
    changeChannel(scene.stage.context, channel, async (waking, row) =>
      writeFacts(waking, row, kind, { issuer: 'google', issuedAt: await scene.clock.now() }),
    );
  const moves = {
    'a held connection that is refused': () => askFor(scene.stage.context, channel, 'checkRequestedAt'),
    'another event': () => tell('account_enabled'),
    'a reader that waits': async () => {
      const { version } = (await scene.read(id)).credential;
      return requestRefresh(scene.stage.context as never, { tenantId: TENANT, version } as never, id);
    },
  };
  for (const [who, move] of Object.entries(moves)) {
    await scene.advance(120_000);
    await report(id, 401);
    await scene.advance(1_000);
    await tell('tokens_revoked');
    await scene.advance(1_000);
    await move();
    await scene.advance(1_000);
    expect(await check(id), who).toMatchObject({ ok: true });
    expect((await look(id)).due, who).toMatchObject({ deed: 'refresh' });
    expect((await look(id)).due!.at, who).toBeLessThanOrEqual((await scene.clock.now()).getTime());
    expect(await scene.refresh(id), who).toBe('refreshed');
    const { refreshRequestedAt, proofRequestedAt } = (await scene.read(id)).channel;
    expect([refreshRequestedAt, proofRequestedAt], who).toEqual([null, null]);
  }
  // Without an event a report costs one call and no refresh.
  await scene.advance(120_000);
  await report(id, 401);
  await moves['a reader that waits']();
  await scene.advance(1_000);
  expect(await check(id)).toMatchObject({ ok: true });
  expect((await scene.read(id)).channel.refreshRequestedAt).toBeNull();
});

test('rule 5: reports alone send nobody to sign in, however long they go on', async () => {
  const email = 'slandered@example.com';
  const id = await scene.connect(email);
  for (let minute = 0; minute < 20; minute++) {
    await report(id, 401);
    await check(id);
    await scene.advance(60_000);
  }
  expect((await scene.read(id)).channel).toMatchObject({ status: 'connected', action: 'none', suspicion: null });
  expect(await scene.isServed(id)).toBe(true);
  expect(await scene.refreshes(email)).toHaveLength(0);
});

test('a check from before a sign-in answers no report from after it', async () => {
  const email = 'twice@imap.example.com';
  const { sandbox } = scene.stage;
  const signIn = async () => {
    const password = secret('password');
    await sandbox.account('imap', email, { password });
    return channelOf(await connectImap(scene.stage, email, password));
  };
  const id = await signIn();
  for (let times = 0; times < 2; times++) {
    await sandbox.fault('imap', email, 'password_changed');
    expect((await report(id, 401)).json.checked_at).toBeNull();
    expect((await look(id)).due?.deed).toBe('check');
    await check(id);
    expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required' });
    expect((await report(id, 401)).json.checked_at).not.toBeNull();
    expect(await signIn()).toBe(id);
  }
});

test('a password has no token to refresh, and says so', async () => {
  const email = 'plain@imap.example.com';
  const password = secret('password');
  await scene.stage.sandbox.account('imap', email, { password });
  const id = channelOf(await connectImap(scene.stage, email, password));
  expect(await api.call('POST', `/v1/channels/${id}/refresh`)).toMatchObject({
    status: 409,
    json: { code: 'no_token_for_access_type' },
  });
});
