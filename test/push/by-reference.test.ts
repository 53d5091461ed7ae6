import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChannel, updateChannel } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { takeNudge } from '../../db/channels/nudges.ts';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import { endSubscription, renewSubscription } from '../../push/subscription.ts';
import { readAccess } from '../../credentials/access.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { subscribingProvider } from './subscribing-provider.ts';

const TENANT = 'acme';
const DAY_MS = 86_400_000;

/* A provider that names subscriptions, at the real receiver over HTTP. */
const { provider, live, asked, script } = subscribingProvider();
let stage: Stage;
let api: Api;
let channelId: string;
const signalled = () => (stage.context.temporal as unknown as { told: string[] }).told;

beforeAll(async () => {
  stage = await raiseStage({ given: { providers: new Map([['imap', provider]]) } });
  api = await startApi(stage.context);
}, 180_000);
afterAll(async () => {
  await api.close();
  await stage.close();
});

let connected = 0;
beforeEach(async () => {
  const email = `told-${++connected}@example.com`;
  channelId = channelOf(await connectImap(stage, email, secret('password'), { tenantId: TENANT }));
  await renew();
  await rest();
});

const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => stage.context.database.inTenant(TENANT, work);
const renew = () => renewSubscription(stage.context, { tenantId: TENANT, channelId });
const subscription = async () => {
  const row = await inTenant((tx) => findSubscription(tx, channelId));
  if (!row) throw new Error('there is no subscription');
  return row;
};
/** As after a look: nothing is asked for, and no workflow was signalled. */
const rest = async () => {
  await inTenant(async (tx) => {
    await updateChannel(tx, channelId, { pollRequestedAt: null });
    await takeNudge(tx, channelId);
  });
  signalled().length = 0;
  asked.length = 0;
};
const isPollAsked = async () => (await inTenant((tx) => findChannel(tx, channelId)))?.pollRequestedAt !== null;
const isRenewalDue = async () =>
  (await subscription()).renewAt.getTime() <= (await stage.context.clock.now()).getTime();

/** The subscription as its provider would name it. */
const named = async () => {
  const subscriptionId = (await subscription()).reference ?? '';
  return { subscriptionId, clientState: live.get(subscriptionId) ?? null };
};
const push = (...value: object[]) =>
  api.request('POST', '/push/imap', {
    body: JSON.stringify({ value }),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });

describe('the receiver', () => {
  it('answers a challenge in plain text, decoded', async () => {
    const token = 'Validation: Testing client application reachability <b>&é';
    const answer = await api.request('POST', `/push/imap?validationToken=${encodeURIComponent(token)}`, {
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    expect(answer).toMatchObject({ status: 200, text: token });
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('finds the channel by the stored reference, signals once, and answers as the provider wants', async () => {
    const item = await named();
    expect((await push(item, item, item)).status).toBe(202);
    expect(await isPollAsked()).toBe(true);
    expect(signalled()).toEqual([channelId]);
  });

  it.each([
    ['another state', { clientState: 'guessed' }],
    ['no state', { clientState: null }],
    ['an unknown reference', { subscriptionId: 'subscription-0' }],
    ['a reference that no database can hold', { subscriptionId: 'nul \0' }],
  ])('acknowledges %s and tells the channel nothing', async (_what, forged) => {
    for (const lifecycleEvent of [undefined, 'renew', 'resubscribe', 'missed']) {
      expect((await push({ ...(await named()), ...forged, lifecycleEvent })).status).toBe(202);
    }
    expect(await isPollAsked()).toBe(false);
    expect(await isRenewalDue()).toBe(false);
    expect(signalled()).toEqual([]);
  });

  it('tells the other channels of a request of which one item is forged', async () => {
    const item = await named();
    expect((await push({ ...item, clientState: 'guessed' }, item)).status).toBe(202);
    expect(await isPollAsked()).toBe(true);
  });

  it('shows in the figures', async () => {
    await push({ ...(await named()), clientState: 'guessed' }, { subscriptionId: 'none', clientState: null });
    const { text } = await api.call('GET', '/metrics');
    expect(text).toMatch(/mooring_pushes_total\{provider="imap",outcome="forged"\} [1-9]/);
    expect(text).toMatch(/mooring_pushes_total\{provider="imap",outcome="unknown_subscription"\} [1-9]/);
  });
});

describe('what the provider says of a subscription', () => {
  it('`renew` renews the one that stands', async () => {
    const item = await named();
    await push({ ...item, lifecycleEvent: 'renew' });
    expect([await isRenewalDue(), await isPollAsked()]).toEqual([true, false]);
    expect(signalled()).toEqual([channelId]);
    await renew();
    expect(asked).toEqual([`renew ${item.subscriptionId}`]);
    expect(await named()).toEqual(item);
  });

  it('`missed` is a poll', async () => {
    await push({ ...(await named()), lifecycleEvent: 'missed' });
    expect([await isRenewalDue(), await isPollAsked()]).toEqual([false, true]);
  });

  it('`resubscribe` makes a new one, and polls for what was not told between', async () => {
    const item = await named();
    live.delete(item.subscriptionId);
    await push({ ...item, lifecycleEvent: 'resubscribe' });
    expect([await isRenewalDue(), await isPollAsked()]).toEqual([true, true]);
    await rest();
    await renew();
    expect(asked).toEqual([expect.stringMatching(/^create /)]);
    expect((await named()).subscriptionId).not.toBe(item.subscriptionId);
    expect(await isPollAsked()).toBe(true);
    expect((await push(item)).status).toBe(202);
    expect((await push(await named())).status).toBe(202);
  });
});

describe('a subscription', () => {
  it('is stored with its reference and the hash of its state, never the state', async () => {
    const { reference, stateHash } = await subscription();
    const state = live.get(reference ?? '') ?? '';
    expect(stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(await subscription())).not.toContain(state);
  });

  it('that the provider has lost is replaced at its renewal', async () => {
    const { reference } = await subscription();
    live.delete(reference ?? '');
    await renew();
    expect((await subscription()).reference).not.toBe(reference);
    expect(await isPollAsked()).toBe(true);
  });

  it('is renewed at half of what the provider grants, where that is sooner', async () => {
    script.lifeMs = DAY_MS / 2;
    await renew();
    script.lifeMs = 7 * DAY_MS;
    const inMs = (await subscription()).renewAt.getTime() - Date.now();
    expect(inMs).toBeGreaterThan(DAY_MS / 5);
    expect(inMs).toBeLessThanOrEqual(DAY_MS / 4);
  });

  it('that ended while it was renewed is renewed again at once', async () => {
    const item = await named();
    script.whileSubscribing = async () => void (await push({ ...item, lifecycleEvent: 'resubscribe' }));
    await renew();
    script.whileSubscribing = async () => {};
    expect(await isRenewalDue()).toBe(true);
  });

  it('ends by its reference', async () => {
    const { reference } = await subscription();
    const access = await readAccess(stage.context, TENANT, channelId);
    if (access === 'gone') throw new Error('the channel is gone');
    expect(await endSubscription(stage.context, access)).toEqual({ is: 'ended' });
    expect(asked).toEqual([`delete ${reference}`]);
  });

  it('that this account cannot have is no failure: the channel is polled, and asks again in a day', async () => {
    script.canSubscribe = false;
    await renew();
    script.canSubscribe = true;
    const { reference, renewAt, failures, failingSince } = await subscription();
    expect({ reference, failures, failingSince }).toEqual({ reference: null, failures: 0, failingSince: null });
    expect(renewAt.getTime() - Date.now()).toBeGreaterThan(DAY_MS * 0.9);
  });
});
