import { expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { REFRESH_TIMING } from '../../credentials/send-refresh.ts';
import { createProviders } from '../../providers/registry.ts';
import { declaring, rotationOf } from './declaring.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
const REFUSAL = 'refresh_outcome_unknown';

test('another token in the answer is learned as strict rotation, and stays so', async () => {
  const channelId = await scene.connect('learns@example.com', { rotation: 'strict' });
  expect((await scene.read(channelId)).credential.rotation).toBe('unproven');
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect((await scene.read(channelId)).credential).toMatchObject({ rotation: 'strict', version: 2, secretVersion: 2 });
  await scene.rotate('none');
  await scene.refresh(channelId);
  expect((await scene.read(channelId)).credential).toMatchObject({ rotation: 'strict', version: 3, secretVersion: 2 });
});

test.for(['none', 'tolerant', 'grace'] as const)(
  'a lost response under %s rotation is simply asked again',
  async (mode) => {
    const email = `lost-${mode}@example.com`;
    const channelId = await scene.connect(email, { rotation: mode });
    const context = declaring(scene.stage.context, rotationOf(mode));
    await scene.refresh(channelId, context);
    await scene.stage.sandbox.fault('google', email, 'lost_response', { times: 1 });
    expect(await scene.refresh(channelId, context)).toBe('refused');
    expect(await scene.refresh(channelId, context)).toBe('refreshed');
    expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
    expect(await scene.refreshes(email)).toHaveLength(3);
  },
);

test('R-03: under grace rotation the time to ask again ends five seconds before the grace does', async () => {
  const email = 'lost-late@example.com';
  const channelId = await scene.connect(email, { rotation: 'grace' });
  const context = declaring(scene.stage.context, rotationOf('grace'));
  await scene.refresh(channelId, context);
  await scene.stage.sandbox.fault('google', email, 'lost_response', { times: 1 });
  await scene.refresh(channelId, context);
  await scene.advance(26_000);
  expect(await scene.refresh(channelId, context)).toBe('unknown');
  expect(await scene.refreshes(email)).toHaveLength(2);
});

test('R-04: under strict rotation the old token serves to its end, one probe settles it, one alert says why', async () => {
  const email = 'lost-strict@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict', tokenLifeS: 600 });
  await scene.refresh(channelId);
  await scene.stage.sandbox.fault('google', email, 'lost_response', { times: 1 });
  expect(await scene.refresh(channelId)).toBe('refused');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'degraded', action: 'none' });
  for (const aheadMs of [60_000, 300_000, 200_000]) {
    await scene.advance(aheadMs);
    expect(await scene.refresh(channelId)).toBe('unknown');
    expect(await scene.isServed(channelId)).toBe(true);
  }
  expect(await scene.refreshes(email)).toHaveLength(2);
  await scene.advance(31_000);
  expect(await scene.refresh(channelId)).toBe('refused');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'reauth_required', statusReason: REFUSAL });
  expect(await scene.isServed(channelId)).toBe(true);
  expect(await scene.refresh(channelId)).toBe('refused');
  expect(await scene.refreshes(email)).toHaveLength(3);
  expect(await scene.events(channelId, 'channel.reauth_required')).toHaveLength(1);
  expect(await scene.events(channelId, 'incident.opened')).toHaveLength(1);
});

test('a request that never reached a strict provider is made good by its probe', async () => {
  const email = 'cut-strict@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict', tokenLifeS: 600 });
  await scene.refresh(channelId);
  await scene.stage.sandbox.fault('google', email, 'cut_connection', { after: 'request', kind: 'token', times: 1 });
  expect(await scene.refresh(channelId)).toBe('refused');
  await scene.advance(595_000);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
});

test('rule 5: an outage that cuts the probe as well sends nobody to sign in, and heals', async () => {
  const email = 'outage-strict@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict', tokenLifeS: 600 });
  await scene.refresh(channelId);
  const cut = await scene.stage.sandbox.fault('google', email, 'cut_connection', { after: 'request', kind: 'token' });
  await scene.refresh(channelId);
  await scene.advance(592_000);
  expect(await scene.refresh(channelId)).toBe('refused');
  expect(await scene.refresh(channelId)).toBe('unknown');
  await scene.advance(10_000);
  expect(await scene.refresh(channelId)).toBe('refused');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'degraded', action: 'none' });
  await scene.stage.sandbox.mend(cut.id);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect((await scene.read(channelId)).channel.status).toBe('connected');
  expect(await scene.events(channelId, 'channel.reauth_required')).toHaveLength(0);
});

test('no connection, no doubt: a strict token that was not sent is sent as soon as there is one', async () => {
  const email = 'unsent@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict' });
  const { context } = scene.stage;
  const variables = { ...context.config.providers.variables, GOOGLE_TOKEN_URL: 'http://127.0.0.1:1/' };
  const nowhere = { ...context.config.providers, variables };
  const unreachable = { ...context, providers: createProviders(nowhere) };
  expect(await scene.refresh(channelId, unreachable)).toBe('refused');
  expect(await scene.refreshes(email)).toHaveLength(0);
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'degraded', statusReason: 'network' });
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect(await scene.refreshes(email)).toHaveLength(1);
});

test('a token is not written once another process may have taken over', async () => {
  const email = 'overtaken@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict' });
  const input = { tenantId: TENANT, accessType: 'gmail', channelId, version: 1 } as const;
  const stopped = await refreshCredential(scene.stage.context, input, { ...REFRESH_TIMING, maxPauseMs: -1 });
  expect(stopped).toBe('busy');
  expect(await scene.refreshes(email)).toHaveLength(0);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect(await scene.refreshes(email)).toHaveLength(1);
});
