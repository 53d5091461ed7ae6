import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { checkChannel } from '../../credentials/check.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { findChannel, updateChannel } from '../../db/channels/channels.ts';
import { takeNudge } from '../../db/channels/nudges.ts';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import type { Transaction } from '../../db/client.ts';
import { renewSubscription } from '../../push/subscription.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectMicrosoft } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { openPublicAddress } from '../support/public-address.ts';
import type { PublicAddress } from '../support/public-address.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const TENANT = 'acme';
const EMAIL = 'told@contoso.example';
/** `STORM=10000` is the long form. */
const STORM = Number(process.env['STORM'] ?? 1_000);
/** Graph drops an endpoint that is slower than this. */
const GRAPH_WAITS_MS = 3_000;

interface Notification {
  subscriptionId: string;
  clientState: string;
}

/* The sandbox's Graph tells the real receiver of what happens in a mailbox. */
let stage: Stage;
let api: Api;
let address: PublicAddress;
let channelId: string;
const signalled = () => (stage.context.temporal as unknown as { told: string[] }).told;
const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => stage.context.database.inTenant(TENANT, work);

beforeAll(async () => {
  address = await openPublicAddress();
  stage = await raiseStage({ variables: { MOORING_PUBLIC_URL: address.url } });
  api = await startApi(stage.context);
  address.answerBy(api);
  await stage.sandbox.account('microsoft', EMAIL);
  channelId = channelOf(await connectMicrosoft(stage, EMAIL));
  await renewSubscription(stage.context, { tenantId: TENANT, channelId });
}, 180_000);
afterAll(async () => {
  await api?.close();
  address?.close();
  await stage?.close();
});

/** As after a look. */
beforeEach(async () => {
  await inTenant(async (tx) => {
    await updateChannel(tx, channelId, { pollRequestedAt: null });
    await takeNudge(tx, channelId);
  });
  signalled().length = 0;
  address.bodies.length = 0;
});

const isPollAsked = async () => (await inTenant((tx) => findChannel(tx, channelId)))?.pollRequestedAt !== null;
const post = (body: string) => api.request('POST', '/push/microsoft', { body });

/** What Graph sends when a message comes. */
async function realNotification(): Promise<Notification> {
  await stage.sandbox.deliver('microsoft', EMAIL, 1);
  const body = await vi.waitUntil(() => address.bodies.find((one) => one.includes('subscriptionId')), {
    timeout: 30_000,
  });
  return (JSON.parse(body) as { value: Notification[] }).value[0]!;
}

describe('a subscription at Graph', () => {
  it('stands once our receiver has answered within the call, and its state is stored as a hash', async () => {
    const row = await inTenant((tx) => findSubscription(tx, channelId));
    expect(row?.reference).toMatch(/^[\w-]{36}$/);
    const { clientState } = await realNotification();
    expect(JSON.stringify(row)).not.toContain(clientState);
  });

  it('tells of a message, which is one request for a poll', async () => {
    await stage.sandbox.deliver('microsoft', EMAIL, 1);
    await vi.waitUntil(isPollAsked, 30_000);
    expect(signalled()).toEqual([channelId]);
  });

  it('is renewed in place', async () => {
    const before = await inTenant((tx) => findSubscription(tx, channelId));
    await renewSubscription(stage.context, { tenantId: TENANT, channelId });
    const after = await inTenant((tx) => findSubscription(tx, channelId));
    expect(after?.reference).toBe(before?.reference);
  });
});

const row = () => inTenant(async (tx) => (await findChannel(tx, channelId))!);
const renewAt = async () => (await inTenant((tx) => findSubscription(tx, channelId)))?.renewAt ?? null;

describe('a lifecycle notification of Graph', () => {
  it('`reauthorizationRequired` plans the renewal for now, and says nothing of the grant', async () => {
    const before = await renewAt();
    await stage.sandbox.fault('microsoft', EMAIL, 'reauthorization_required');
    await vi.waitUntil(async () => (await renewAt())! < before!, 30_000);
    expect((await renewAt())!.getTime()).toBeLessThanOrEqual((await stage.context.clock.now()).getTime());
    expect(await row()).toMatchObject({ checkRequestedAt: null, refreshRequestedAt: null });
    expect(signalled()).toEqual([channelId]);
  });

  it('`subscriptionRemoved` requests a check, and the refresh that finds the grant gone while its access token lives', async () => {
    const email = 'removed@contoso.example';
    await stage.sandbox.settings('microsoft', { token_life_s: 3_600 });
    await stage.sandbox.account('microsoft', email);
    const id = channelOf(await connectMicrosoft(stage, email));
    await renewSubscription(stage.context, { tenantId: TENANT, channelId: id });
    const read = () => inTenant(async (tx) => (await findChannel(tx, id))!);
    // Ends the refresh token alone.
    await stage.sandbox.fault('microsoft', email, 'token_idle_expired');
    await stage.sandbox.fault('microsoft', email, 'subscription_removed');
    await vi.waitUntil(async () => (await read()).refreshRequestedAt !== null, 30_000);
    const { credentialVersion: version, refreshRequestedAt } = await read();
    expect((await read()).checkRequestedAt).not.toBeNull();
    expect(await inTenant((tx) => findSubscription(tx, id))).toMatchObject({ reference: null });
    const { issuedAt, expiresAt } = (await inTenant((tx) => findCredentialState(tx, id)))!;
    // A minute after the last refresh, long before the access token ends.
    expect(refreshRequestedAt!.getTime()).toBe(issuedAt!.getTime() + 60_000);
    expect(refreshRequestedAt!.getTime()).toBeLessThan(expiresAt!.getTime());
    const look = { tenantId: TENANT, channelId: id, seq: 0 };
    const { due } = await lookAtChannel(stage.context, look);
    expect(due?.deed).toBe('check');
    await checkChannel(stage.context, look);
    await lookAtChannel(stage.context, look);
    const checked = await read();
    expect(checked).toMatchObject({ status: 'connected', checkRequestedAt: null, refreshRequestedAt });
    expect(checked.nextRefreshAt!.getTime()).toBeLessThanOrEqual(refreshRequestedAt!.getTime());
    const refresh = { tenantId: TENANT, channelId: id, accessType: 'microsoft', version } as const;
    expect(await refreshCredential(stage.context, refresh)).toBe('refused');
    expect(await read()).toMatchObject({ status: 'reauth_required' });
  });
});

test('S-09: an access token that does not open keeps no channel from leaving, whose subscription would need it', async () => {
  const email = 'unopened@contoso.example';
  await stage.sandbox.account('microsoft', email);
  const id = channelOf(await connectMicrosoft(stage, email));
  await renewSubscription(stage.context, { tenantId: TENANT, channelId: id });
  await inTenant((tx) =>
    tx.update(credentials).set({ accessTokenJwe: 'no token' }).where(eq(credentials.channelId, id)),
  );
  expect((await api.call('DELETE', `/v1/channels/${id}`)).status).toBe(202);
  expect(await disconnectChannel(stage.context, { tenantId: TENANT, channelId: id })).toBe(true);
  const { json } = await api.call('GET', `/v1/channels/${id}`);
  expect(json).toMatchObject({ status: 'disconnected', revocation: 'unsupported' });
  expect(await inTenant((tx) => findSubscription(tx, id))).toBeNull();
});

describe('what claims to come from Graph', () => {
  it('asks for nothing where it is forged, in twelve ways', async () => {
    const { subscriptionId, clientState } = await realNotification();
    const guessed = secret('client-state');
    const states = [
      guessed,
      '',
      clientState.toUpperCase(),
      `${clientState} `,
      clientState.slice(0, -1),
      null,
      undefined,
    ];
    const forged = [
      ...states.map((state) => JSON.stringify({ value: [{ subscriptionId, clientState: state }] })),
      JSON.stringify({ value: [{ subscriptionId: crypto.randomUUID(), clientState }] }),
      JSON.stringify({ value: [] }),
      JSON.stringify({ value: [{ clientState }] }),
      JSON.stringify([{ subscriptionId, clientState }]),
      `{"value":[{"subscriptionId":"${subscriptionId}","clientState":"${clientState}"`,
    ];
    expect(forged).toHaveLength(12);
    await vi.waitUntil(isPollAsked, 30_000);
    await inTenant((tx) => updateChannel(tx, channelId, { pollRequestedAt: null }));
    signalled().length = 0;
    for (const body of forged) {
      const { status } = await post(body);
      expect([202, 400]).toContain(status);
      expect(await isPollAsked(), body.replaceAll(clientState, '…')).toBe(false);
    }
    expect(signalled()).toEqual([]);
  });

  it(`is answered in time in a storm of ${STORM}, which is at most two signals`, async () => {
    const notification = await realNotification();
    const body = JSON.stringify({ value: [notification] });
    signalled().length = 0;
    let slowestMs = 0;
    let left = STORM;
    const sender = async () => {
      while (left-- > 0) {
        const began = performance.now();
        expect((await post(body)).status).toBe(202);
        slowestMs = Math.max(slowestMs, performance.now() - began);
      }
    };
    await Promise.all(Array.from({ length: 40 }, sender));
    expect(slowestMs).toBeLessThan(GRAPH_WAITS_MS);
    expect(await isPollAsked()).toBe(true);
    expect(signalled().length).toBeLessThanOrEqual(2);
  }, 120_000);
});
