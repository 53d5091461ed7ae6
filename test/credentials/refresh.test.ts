import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

const TENANT = 'acme';
const read = (channelId: string) =>
  stage.context.database.inTenant(TENANT, async (tx) => ({
    channel: await findChannel(tx, channelId),
    credential: await findCredential(tx, channelId),
  }));
const refresh = (channelId: string, version: number) =>
  refreshCredential(stage.context, { tenantId: TENANT, accessType: 'gmail', channelId, version });

test('refreshCredential stores exactly one newer version', async () => {
  const channelId = channelOf(await connectGmail(stage, 'one@example.com'));
  expect(await refresh(channelId, 1)).toBe('refreshed');
  const { channel, credential } = await read(channelId);
  expect(credential).toMatchObject({ version: 2, secretVersion: 1, rotation: 'none', leaseOwner: null });
  expect(channel).toMatchObject({ status: 'connected', credentialVersion: 2 });
  expect(await refresh(channelId, 1)).toBe('refreshed');
  expect((await read(channelId)).credential?.version).toBe(2);
});

test('rule 3: fifty refreshers at once send one token request', async () => {
  const email = 'crowd@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.fault('google', email, 'slow', { kind: 'token', ms: 300, times: 1 });
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => refresh(channelId, 1)));
  expect(outcomes.filter((outcome) => outcome === 'refreshed').length).toBeGreaterThanOrEqual(1);
  const requests = await stage.sandbox.requests('google', 'token', email);
  expect(requests.filter(({ grant_type }) => grant_type === 'refresh_token')).toHaveLength(1);
});

test('rule 5: a withdrawn grant sends to sign in, a sick provider does not', async () => {
  const email = 'withdrawn@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const { id } = await stage.sandbox.fault('google', email, 'unavailable', { kind: 'token' });
  expect(await refresh(channelId, 1)).toBe('refused');
  expect((await read(channelId)).channel).toMatchObject({ status: 'degraded', action: 'none', trouble: 'credential' });
  await stage.sandbox.mend(id);
  await stage.sandbox.fault('google', email, 'access_revoked');
  expect(await refresh(channelId, 1)).toBe('refused');
  const { channel } = await read(channelId);
  expect(channel).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  expect(channel?.incidentId).toMatch(/^inc_/);
});

test('rules 7 and 8: a sign-in as another account changes nothing, the right one clears the error', async () => {
  const email = 'right@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.fault('google', email, 'password_changed');
  await refresh(channelId, 1);
  const again = channelOf(await connectGmail(stage, email));
  expect(again).toBe(channelId);
  const { channel, credential } = await read(channelId);
  expect(channel).toMatchObject({ status: 'connected', statusReason: null, incidentId: null, credentialVersion: 2 });
  expect(channel).toMatchObject({ importState: 'catching_up' });
  expect(credential?.version).toBe(2);
});
