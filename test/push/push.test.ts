import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChannel, updateChannel } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { nudge } from '../../db/channels/nudges.ts';
import { findSubscription, planRenewal } from '../../db/channels/subscriptions.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { AUDIENCE, PUSH_VARIABLES } from './pushing.ts';

const HOUR_MS = 3_600_000;

/* Polls are an hour apart: what arrives at once was pushed, by the sandbox's Google to the API's own receiver. */
let engine: Engine;
let api: Api;
beforeAll(async () => {
  const stage = await raiseStage({ variables: PUSH_VARIABLES });
  engine = await raiseEngine(stage, { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
  api = await startApi(engine.context);
  await engine.sandbox.settings('google', {
    token_life_s: 3_600,
    push_endpoint: `${api.url}/push/google`,
    push_audience: AUDIENCE,
  });
}, 180_000);
afterAll(async () => {
  await api.close();
  await engine.close();
});

const read = async (path: string) => (await api.call('GET', path)).json;
const pushTo = (endpoint: string) => engine.sandbox.settings('google', { push_endpoint: endpoint });

/** A mailbox whose channel is connected, and what the product sees of it. */
function channelAt(id: string, email: string, tenantId: string) {
  const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => engine.context.database.inTenant(tenantId, work);
  const row = async () => {
    const found = await inTenant((tx) => findChannel(tx, id));
    if (!found) throw new Error(`There is no channel ${id}`);
    return found;
  };
  return {
    id,
    email,
    inTenant,
    row,
    deliver: (count: number) => engine.sandbox.deliver('google', email, count),
    stored: async (): Promise<number> => (await read(`/v1/messages?channel=${id}&limit=200`)).data.length,
    told: async (type: string): Promise<{ data: Record<string, unknown> }[]> =>
      (await read(`/v1/channels/${id}/timeline?limit=200`)).data.filter(
        (event: { type: string }) => event.type === type,
      ),
    imports: async (): Promise<{ cause: string; imported: number }[]> =>
      (await read(`/v1/channels/${id}/imports`)).data,
    shown: () => read(`/v1/channels/${id}`),
    subscription: () => inTenant((tx) => findSubscription(tx, id)),
    /** What Google was asked for, in order. */
    asked: async () => {
      const requests = await engine.sandbox.requests('google', 'api', email);
      return requests.map((request) => (request as { operation?: string }).operation?.split('/').at(-1) ?? '');
    },
    pushes: async () => (await engine.sandbox.requests('google', 'push', email)).map(({ status }) => status),
    /** The workflow looks at the row, in which something is due now. */
    async due(work: (tx: Transaction) => Promise<unknown>): Promise<void> {
      const isNew = await inTenant(async (tx) => {
        await work(tx);
        return nudge(tx, tenantId, id, await engine.context.clock.now());
      });
      if (isNew) await engine.context.temporal.lookAt(await row());
    },
  };
}
type Channel = ReturnType<typeof channelAt>;

/** Connected, subscribed and polled: from here on nothing is due for an hour. */
async function connected(email: string, tenantId = 'acme'): Promise<Channel> {
  const channel = channelAt(channelOf(await connectGmail(engine, email, { tenantId })), email, tenantId);
  await until('the first renewal', channel.subscription);
  await until('the first poll', async () => await isAsleep(channel));
  return channel;
}

/** Its workflow has no poll to do, and listeners look in an hour. */
const isAsleep = async ({ row }: Channel) => (await row()).nextPollAt === null;

const renewNow = (channel: Channel) => channel.due((tx) => planRenewal(tx, channel.id, new Date()));

describe('mail that is pushed', () => {
  it('is stored when Google tells of it, long before the next poll', async () => {
    const channel = await connected('told@example.com');
    expect((await channel.asked()).filter((operation) => operation === 'watch')).toHaveLength(1);
    for (const count of [1, 3]) {
      const before = await channel.stored();
      await channel.deliver(count);
      await until('the mail', async () => (await channel.stored()) === before + count);
    }
    expect(await isAsleep(channel)).toBe(true);
    expect((await channel.imports()).map(({ cause, imported }) => [cause, imported])).toEqual([
      ['push', 3],
      ['push', 1],
    ]);
    expect(await channel.pushes()).toEqual([204, 204]);
  });

  it('reaches every tenant that has connected the mailbox, also after one of them has left', async () => {
    const email = 'both@example.com';
    const [first, second] = [await connected(email), await connected(email, 'globex')];
    await first.deliver(2);
    await until('the mail of both', async () => (await first.stored()) === 2 && (await second.stored()) === 2);
    expect((await api.call('DELETE', `/v1/channels/${first.id}`)).status).toBe(202);
    await until('the end', async () => (await first.row()).status === 'disconnected');
    expect(await first.asked()).not.toContain('stop');
    await second.deliver(1);
    await until('the mail', async () => (await second.stored()) === 3);
    expect(await isAsleep(second)).toBe(true);
  });

  it('pushed twice is imported once', async () => {
    const channel = await connected('twice@example.com');
    await engine.sandbox.fault('google', channel.email, 'push_duplicated', { times: 1 });
    await channel.deliver(2);
    await until('both pushes', async () => (await channel.pushes()).length === 2);
    await until('the mail', async () => (await channel.stored()) === 2);
    await until('peace', async () => (await isAsleep(channel)) && (await channel.row()).pollRequestedAt === null);
    expect(await channel.imports()).toHaveLength(1);
    expect((await channel.asked()).filter((operation) => operation === 'history').length).toBeLessThanOrEqual(2);
  });

  it('to a push that is lost is brought by the next poll: polling is the net', async () => {
    const channel = await connected('lost@example.com');
    await engine.sandbox.fault('google', channel.email, 'push_dropped');
    await channel.deliver(2);
    await until('the lost push', async () => (await channel.pushes()).length === 1);
    expect(await channel.pushes()).toEqual([null]);
    expect(await channel.stored()).toBe(0);
    await channel.due((tx) => updateChannel(tx, channel.id, { nextPollAt: new Date() }));
    await until('the mail', async () => (await channel.stored()) === 2);
    expect((await channel.imports()).map(({ cause }) => cause)).toEqual(['poll']);
  });

  it('while the server was away is brought after it returns: Pub/Sub sends it again', async () => {
    const channel = await connected('away@example.com');
    await pushTo('http://127.0.0.1:9/push/google');
    await channel.deliver(1);
    await until('a push that nobody took', async () => (await channel.pushes()).length === 1);
    await pushTo(`${api.url}/push/google`);
    await until('the mail', async () => (await channel.stored()) === 1);
    expect(await isAsleep(channel)).toBe(true);
  });
});

describe('a subscription that is refused', () => {
  it('breaks nothing: it is told once, tried again, and told once when it is back', async () => {
    const email = 'refused@example.com';
    const refusal = await engine.sandbox.fault('google', null, 'subscription_refused');
    const channel = await connected(email);
    for (let tries = 2; tries <= 4; tries++) {
      await renewNow(channel);
      await until('the next try', async () => ((await channel.subscription())?.failures ?? 0) >= tries);
    }
    const { renewAt, expiresAt } = (await channel.subscription())!;
    expect(renewAt.getTime()).toBeGreaterThan(Date.now() + 60_000);
    expect(expiresAt).toBeNull();
    expect(await channel.shown()).toMatchObject({ status: 'connected', action: 'none', incident: null });
    const failed = await channel.told('subscription.renewal_failed');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.data).toMatchObject({ reason: 'subscription_renewal_failed', provider_code: 'forbidden' });
    expect((await api.call('GET', '/metrics')).text).toContain('mooring_subscriptions_failing 1');

    await engine.sandbox.mend(refusal.id);
    await renewNow(channel);
    await until('the restoration', async () => (await channel.told('subscription.restored')).length > 0);
    const watches = async () => (await channel.asked()).filter((each) => each === 'watch').length;
    const before = await watches();
    await renewNow(channel);
    await until('a renewal', async () => (await watches()) > before);
    expect(await channel.told('subscription.restored')).toHaveLength(1);
    expect(await channel.told('subscription.renewal_failed')).toHaveLength(1);
    expect(await channel.told('channel.degraded')).toHaveLength(0);
    await channel.deliver(1);
    await until('the mail', async () => (await channel.stored()) === 1);
  });

  it('rule 5: for want of a scope asks nobody to sign in before the channel’s own check has seen it', async () => {
    const channel = await connected('scope@example.com');
    await engine.sandbox.fault('google', channel.email, 'scope_removed', { scope: 'gmail.readonly' });
    await renewNow(channel);
    await until('the alert', async () => (await channel.row()).status === 'reauth_required');
    const after = (await channel.asked()).slice((await channel.asked()).lastIndexOf('watch'));
    // The refused call makes the channel refresh, and the answer of the refresh tells that the scope is gone.
    expect(after).toContain('profile');
    expect((await channel.row()).credentialVersion).toBeGreaterThan(1); // with a token that came after the first refusal
    expect(await channel.told('channel.reauth_required')).toHaveLength(1);
    expect(await channel.told('subscription.renewal_failed')).toHaveLength(0); // rule 11: one alert
  });

  it('by an outage is nobody’s news, for the old one stands', async () => {
    const channel = await connected('outage@example.com');
    const { id } = await engine.sandbox.fault('google', channel.email, 'unavailable', { kind: 'api' });
    await renewNow(channel);
    await until('the refusal', async () => ((await channel.subscription())?.failures ?? 0) > 0);
    await engine.sandbox.mend(id);
    expect(await channel.told('subscription.renewal_failed')).toHaveLength(0);
    expect(await channel.shown()).toMatchObject({ status: 'connected' });
  });
});

describe('a channel', () => {
  it('that is disconnected is told of nothing more: the subscription ends before the access is withdrawn', async () => {
    const channel = await connected('leaving@example.com');
    await api.call('DELETE', `/v1/channels/${channel.id}`);
    await until('its end', async () => (await channel.row()).status === 'disconnected');
    expect((await channel.row()).revocation).toBe('done');
    expect(await channel.asked()).toContain('stop');
    expect(await channel.subscription()).toBeNull();
    const [stop, revoke] = await Promise.all(
      (['api', 'revoke'] as const).map((kind) => engine.sandbox.requests('google', kind, channel.email)),
    );
    expect(stop?.at(-1)?.status).toBe(204);
    expect(new Date(stop?.at(-1)?.at ?? '').getTime()).toBeLessThanOrEqual(new Date(revoke?.[0]?.at ?? 0).getTime());
  });

  it.each(['gap', 'off'])(
    'whose import is set to %s is told of nothing more, and again when it is set back',
    async (mode) => {
      const channel = await connected(`${mode}@example.com`);
      await api.call('PATCH', `/v1/channels/${channel.id}`, { import: mode });
      await until('the end of the subscription', async () => (await channel.subscription()) === null);
      expect(await channel.asked()).toContain('stop');
      await channel.deliver(1);
      await api.call('PATCH', `/v1/channels/${channel.id}`, { import: 'continuous' });
      await until('a new one', async () => (await channel.subscription())?.expiresAt);
      await until('a poll', async () => isAsleep(channel));
      const before = await channel.stored();
      await channel.deliver(1);
      await until('the mail', async () => (await channel.stored()) === before + 1);
    },
  );

  it('that is paused asks nothing and is told in vain; resumed, it has everything', async () => {
    const channel = await connected('paused@example.com');
    await api.call('POST', `/v1/channels/${channel.id}/pause`);
    await renewNow(channel);
    await channel.deliver(2);
    await until('the push', async () => (await channel.pushes())[0] === 204);
    expect((await channel.row()).pollRequestedAt).toBeNull();
    expect((await channel.asked()).filter((operation) => operation === 'watch')).toHaveLength(1);
    await api.call('POST', `/v1/channels/${channel.id}/resume`);
    await until('the mail', async () => (await channel.stored()) === 2);
    await until('the renewal', async () => (await channel.asked()).filter((each) => each === 'watch').length >= 2);
  });

  it('that was signed in again is told again: the old subscription went with the old grant', async () => {
    const channel = await connected('returned@example.com');
    await engine.sandbox.fault('google', channel.email, 'access_revoked');
    await channel.due((tx) => updateChannel(tx, channel.id, { refreshRequestedAt: new Date() }));
    await until('the alert', async () => (await channel.row()).status === 'reauth_required');
    await channel.deliver(2);
    await connectGmail(engine, channel.email);
    await until('what was missed', async () => (await channel.stored()) === 2);
    await until('the renewal', async () => (await channel.asked()).filter((each) => each === 'watch').length >= 2);
    await until('peace', async () => isAsleep(channel));
    expect(await channel.pushes()).toEqual([]);
    await channel.deliver(1);
    await until('the mail', async () => (await channel.stored()) === 3);
    expect(await channel.pushes()).toEqual([204]);
  });
});
