import { expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { completeSignIn } from '../../connections/complete-sign-in.ts';
import type { SignIn } from '../../connections/sign-in.ts';
import { findUnsettledAttempt } from '../../db/credentials/refresh-attempts.ts';
import { Secret } from '../../domain/secret.ts';
import { LINK_SPEC, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();

/** Starts a refresh whose answer takes its time; what follows comes while the provider has the request. */
async function slowRefresh(channelId: string, email: string): Promise<{ outcome: Promise<string> }> {
  const before = (await scene.refreshes(email)).length;
  await scene.stage.sandbox.fault('google', email, 'slow', { kind: 'token', ms: 1_500, times: 1 });
  const outcome = scene.refresh(channelId);
  await expect.poll(async () => (await scene.refreshes(email)).length).toBe(before + 1);
  return { outcome };
}

/** A sign-in whose consent gave no refresh token, or the one given. */
async function signInWith(channelId: string, refreshToken: string | null) {
  const { channel } = await scene.read(channelId);
  const { accountEmail: email, accountLogin: login, accountProviderId: providerId } = channel;
  const signIn: SignIn = {
    tenantId: TENANT,
    link: null,
    accessType: 'gmail',
    spec: LINK_SPEC,
    credential: {
      kind: 'oauth',
      provider: 'google',
      askedAt: new Date(),
      tokens: {
        accessToken: new Secret(secret('access-token')),
        tokenType: 'Bearer',
        refreshToken: refreshToken === null ? null : new Secret(refreshToken),
        expiresInSeconds: 3600,
        scopes: null,
        context: {},
      },
    },
    proof: {
      identity: {
        account: { email, login, providerId },
        mailboxKey: email,
        serverKey: null,
        vouchesForAddress: true,
        grantKey: providerId,
        proved: 'it works',
      },
      heads: [],
      aside: [],
    },
    coveredUntil: null,
  };
  return completeSignIn(scene.stage.context, signIn);
}

const openSecret = (channelId: string) => scene.openSecret(channelId);

test('R-17: a reauthorization in the middle of a refresh wins; what the refresh brings is dropped', async () => {
  const email = 'middle@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict' });
  await scene.refresh(channelId);
  const { outcome } = await slowRefresh(channelId, email);
  await connectGmail(scene.stage, email);
  const secret = await openSecret(channelId);
  expect(await outcome).toBe('refreshed');
  expect((await scene.read(channelId)).credential).toMatchObject({ version: 3, secretVersion: 3, leaseOwner: null });
  expect(await openSecret(channelId)).toBe(secret);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 4 });
});

test('R-17: a refresh refused because the grant was replaced under it sends nobody to sign in', async () => {
  const email = 'replaced@example.com';
  const channelId = await scene.connect(email);
  await scene.refresh(channelId);
  const { outcome } = await slowRefresh(channelId, email);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await connectGmail(scene.stage, email);
  expect(await outcome).toBe('refused');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
  expect(await scene.events(channelId, 'channel.reauth_required')).toHaveLength(0);
  expect(await scene.refresh(channelId)).toBe('refreshed');
});

test('a second consent without a refresh token in the middle of a rotation: the rotated token is kept', async () => {
  const email = 'kept@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict' });
  await scene.refresh(channelId);
  const { outcome } = await slowRefresh(channelId, email);
  expect((await signInWith(channelId, null)).status).toBe('connected');
  expect((await scene.read(channelId)).credential).toMatchObject({ version: 3, secretVersion: 2 });
  expect(await outcome).toBe('refreshed');
  expect((await scene.read(channelId)).credential).toMatchObject({ version: 4, secretVersion: 4 });
  expect(await scene.refresh(channelId)).toBe('refreshed');
});

test('a second consent without a refresh token does not make a spent one unspent', async () => {
  const email = 'spent@example.com';
  const channelId = await scene.connect(email, { rotation: 'strict' });
  await scene.refresh(channelId);
  await scene.stage.sandbox.fault('google', email, 'lost_response', { times: 1 });
  await scene.refresh(channelId);
  expect((await signInWith(channelId, null)).status).toBe('connected');
  expect(await scene.refresh(channelId)).toBe('unknown');
  expect(await scene.refreshes(email)).toHaveLength(2);
});

test('a reauthorization with the same refresh token again is one more version, and refreshes', async () => {
  const channelId = await scene.connect('same@example.com');
  expect((await signInWith(channelId, await openSecret(channelId))).status).toBe('connected');
  expect((await scene.read(channelId)).credential).toMatchObject({ version: 2, secretVersion: 2 });
  expect(await scene.refresh(channelId)).toBe('refreshed');
});

test('no_refresh_token: a channel that waits for a person keeps waiting, and changes in nothing', async () => {
  const email = 'consentless@example.com';
  const channelId = await scene.connect(email);
  await scene.stage.sandbox.fault('google', email, 'access_revoked');
  await scene.refresh(channelId);
  const before = await scene.read(channelId);
  expect(await signInWith(channelId, null)).toMatchObject({ status: 'failed', code: 'no_refresh_token' });
  expect(await scene.read(channelId)).toEqual(before);
});

test('two people reauthorize at once: two versions, the last one lives', async () => {
  const email = 'two@example.com';
  const channelId = await scene.connect(email);
  const results = await Promise.all([connectGmail(scene.stage, email), connectGmail(scene.stage, email)]);
  expect(results).toEqual([0, 1].map(() => ({ status: 'connected', channel: channelId })));
  expect((await scene.read(channelId)).credential).toMatchObject({ version: 3, secretVersion: 3 });
  expect(await scene.refresh(channelId)).toBe('refreshed');
});

test('two who take the same stored answer make one version of it', async () => {
  const email = 'twice@example.com';
  const channelId = await scene.connect(email);
  const { context } = scene.stage;
  const dying = {
    ...context,
    killPoint(point: string) {
      if (point === 'refresh.sealed') throw new Error('died');
    },
  };
  await expect(scene.refresh(channelId, dying)).rejects.toThrow('died');
  const { credential } = await scene.read(channelId);
  const left = await context.database.inTenant(TENANT, (tx) => findUnsettledAttempt(tx, credential));
  expect(left?.sealedAnswer).toBeTruthy();
  const input = { tenantId: TENANT, accessType: 'gmail', channelId, version: 1 } as const;
  await Promise.all(Array.from({ length: 10 }, () => refreshCredential(context, input)));
  expect((await scene.read(channelId)).credential.version).toBe(2);
  expect(await scene.refreshes(email)).toHaveLength(1);
  expect(await scene.events(channelId, 'credential.refreshed')).toHaveLength(1);
});
