import { expect, test } from 'vitest';
import { tellAllExpiring } from '../../background/expiring.ts';
import { tellExpiring } from '../../channels/tell-expiring.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { listExpiring } from '../../db/across-tenants/grant-lives.ts';
import { channelOf, connectMicrosoft } from '../support/connect.ts';
import { setScene, TENANT } from '../credentials/scene.ts';

/* `channel.expiring`, under a clock that the test moves. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const scene = setScene();
const told = (channelId: string) => scene.events(channelId, 'channel.expiring');
const tellAll = () => tellAllExpiring(scene.stage.context);

/** A channel of a client in testing: Google ends its grant after seven days, whatever is refreshed. */
async function inTesting(email: string): Promise<string> {
  await scene.stage.sandbox.settings('google', { refresh_token_life_s: (7 * DAY_MS) / 1000 });
  const channelId = await scene.connect(email);
  await scene.stage.sandbox.settings('google', { refresh_token_life_s: null });
  return channelId;
}

/** Blocks the account, as its administrator does. Returns what allows it again. */
async function block(channelId: string, email: string): Promise<() => Promise<unknown>> {
  const { id } = await scene.stage.sandbox.fault('google', email, 'account_disabled', { kind: 'token' });
  await scene.refresh(channelId);
  expect((await scene.read(channelId)).channel.status).toBe('blocked');
  return () => scene.stage.sandbox.mend(id);
}

test('a warning waits while its channel is blocked, hour by hour, and is told once it works again', async () => {
  const email = 'blocked@example.com';
  const channelId = await inTesting(email);
  await scene.advance(5.5 * DAY_MS);
  const allow = await block(channelId, email);
  for (let hours = 0; hours < 3; hours++) {
    await tellAll();
    expect(await told(channelId)).toEqual([]);
    const now = await scene.clock.now();
    const { expiryWarnAt } = (await scene.read(channelId)).credential;
    expect(expiryWarnAt!.getTime()).toBeGreaterThan(now.getTime());
    expect(expiryWarnAt!.getTime()).toBeLessThanOrEqual(now.getTime() + HOUR_MS);
    await scene.advance(HOUR_MS);
  }
  await allow();
  expect(await scene.refresh(channelId)).toBe('refreshed');
  await tellAll();
  expect(await told(channelId)).toMatchObject([{ expires_by: 'refresh_token_expired', action: 'reauthorize' }]);
  await scene.advance(HOUR_MS);
  await tellAll();
  expect(await told(channelId)).toHaveLength(1);
});

test('a channel that is blocked until its grant is over is told of no end', async () => {
  const email = 'over@example.com';
  const channelId = await inTesting(email);
  await scene.advance(5.5 * DAY_MS);
  const allow = await block(channelId, email);
  await tellAll();
  await scene.advance(2 * DAY_MS);
  await tellAll();
  expect((await scene.read(channelId)).credential.expiryWarnAt).toBeNull();
  await allow();
  await tellAll();
  expect(await told(channelId)).toEqual([]);
});

test('a grant that a refresh has prolonged is told of no end, also when the sweep had it on its list before', async () => {
  const email = 'prolonged@contoso.example';
  await scene.stage.sandbox.account('microsoft', email);
  const channelId = channelOf(await connectMicrosoft(scene.stage, email));
  await scene.advance(84 * DAY_MS);
  const { database } = scene.stage.context;
  const listed = await listExpiring(database, { now: await scene.clock.now(), limit: 200 });
  const mine = listed.filter((one) => one.channelId === channelId);
  expect(mine).toHaveLength(1);
  const refresh = { tenantId: TENANT, channelId, accessType: 'microsoft', version: 1 } as const;
  expect(await refreshCredential(scene.stage.context, refresh)).toBe('refreshed');
  for (const one of mine) await tellExpiring(scene.stage.context, one);
  await tellAll();
  expect(await told(channelId)).toEqual([]);
  // The new end is told in its time.
  await scene.advance(84 * DAY_MS);
  await tellAll();
  expect(await told(channelId)).toMatchObject([{ expires_by: 'token_idle_expired' }]);
});

test('a channel whose event cannot be emitted keeps no other waiting', async () => {
  const [stuck, other] = [await inTesting('stuck@example.com'), await inTesting('other@example.com')];
  await scene.advance(5.5 * DAY_MS);
  const { context } = scene.stage;
  let begun = 0;
  // The first one, which is the most urgent, fails at each look.
  const inTenant: typeof context.database.inTenant = async (tenant, work) => {
    if (begun++ === 0) throw new Error('this row cannot be written');
    return context.database.inTenant(tenant, work);
  };
  await tellAllExpiring({ ...context, database: { ...context.database, inTenant } }, { limit: 1 });
  expect([await told(stuck), await told(other)].map(({ length }) => length)).toEqual([0, 1]);
  await tellAll();
  expect(await told(stuck)).toHaveLength(1);
});
