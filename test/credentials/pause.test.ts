import { afterAll, beforeAll, expect, test } from 'vitest';
import { importWait } from '../../imports/wait.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
let api: Api;
beforeAll(async () => {
  api = await startApi(scene.stage.context);
});
afterAll(() => api?.close());

const give = async (command: 'pause' | 'resume', id: string) =>
  (await api.call('POST', `/v1/channels/${id}/${command}`)).json.status as string;
const due = async (channelId: string) =>
  (await lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId, seq: 1_000_000 })).due;
const signInAgain = async (email: string) => channelOf(await connectGmail(scene.stage, email));
const now = () => scene.clock.now();

test('a pause outlives a sign-in that becomes necessary meanwhile', async () => {
  const email = 'away@example.com';
  const id = await scene.connect(email);
  expect(await give('pause', id)).toBe('paused');
  await scene.stage.sandbox.fault('google', email, 'password_changed');
  expect(await scene.refresh(id)).toBe('refused');
  expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  expect(await scene.events(id, 'channel.reauth_required')).toHaveLength(1);

  await signInAgain(email);
  const { channel } = await scene.read(id);
  expect(channel).toMatchObject({ status: 'paused', statusReason: null, action: 'none', incidentId: null });
  expect(await scene.events(id, 'channel.reauthorized')).toMatchObject([{ status: 'paused' }]);
  expect(await scene.isServed(id)).toBe(true);
  expect((await due(id))?.deed).not.toBe('poll');
  expect(importWait(channel, await now())).toMatchObject({ waitingFor: 'the channel to be resumed' });

  expect(await give('resume', id)).toBe('connected');
  expect(importWait((await scene.read(id)).channel, await now())).toBeNull();
});

test('a pause outlives a fault of the operator’s that heals', async () => {
  const email = 'operator@example.com';
  const id = await scene.connect(email);
  await give('pause', id);
  const fault = await scene.stage.sandbox.fault('google', email, 'app_credentials_invalid');
  expect(await scene.refresh(id)).toBe('refused');
  expect((await scene.read(id)).channel.status).toBe('blocked');
  await scene.stage.sandbox.mend(fault.id);
  expect(await scene.refresh(id)).toBe('refreshed');
  expect((await scene.read(id)).channel.status).toBe('paused');
  expect(await give('resume', id)).toBe('connected');
});

test('resumed while it waits for its person, a channel still waits, and is not paused afterwards', async () => {
  const email = 'resumed@example.com';
  const id = await scene.connect(email);
  await give('pause', id);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.refresh(id);
  expect(await give('resume', id)).toBe('reauth_required');
  await signInAgain(email);
  expect((await scene.read(id)).channel.status).toBe('connected');
});

test('trouble from before a pause is looked for again when it is resumed', async () => {
  const email = 'troubled@example.com';
  const id = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.refresh(id);
  expect(await give('pause', id)).toBe('paused');
  expect((await due(id))?.at).toBeGreaterThan((await now()).getTime() + 60_000);
  expect(await give('resume', id)).toBe('connected');
  expect(await due(id)).toMatchObject({ deed: 'refresh' });
  expect((await due(id))?.at).toBeLessThanOrEqual((await now()).getTime());
  await scene.refresh(id);
  expect((await scene.read(id)).channel).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
});

test('a pause does not make a refused refresh token good: a sign-in has to bring a new one', async () => {
  const email = 'hidden@example.com';
  const id = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.refresh(id);
  await give('pause', id);
  await connectGmail(scene.stage, email, { tenantId: 'elsewhere' });
  const result = await connectGmail(scene.stage, email, { prompt: 'select_account' });
  expect(result).toMatchObject({ status: 'failed', code: 'no_refresh_token' });
  expect((await scene.read(id)).channel).toMatchObject({ status: 'paused', credentialVersion: 1 });
  await signInAgain(email);
  expect(await scene.refresh(id)).toBe('refreshed');
  expect((await scene.read(id)).channel.status).toBe('paused');
});
