import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateChannel } from '../../db/channels/channels.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/* Deeds that never come to an end, for a reason of our own: under time skipping, because each has minutes for it. */
let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: true, config: { pollIntervalMs: HOUR_MS } });
  await engine.sandbox.settings('google', { token_life_s: 7_200 });
}, 180_000);
afterAll(() => engine.close());

/** A channel whose access token does not open: every use throws an error that is no provider's answer. */
async function withUnreadableToken(email: string) {
  const channelId = channelOf(await connectGmail(engine, email));
  const life = lifeOf(engine, channelId);
  await until('the first poll', life.isWatched);
  const set = { accessTokenJwe: 'rubbish' };
  await life.inTenant((tx) => tx.update(credentials).set(set).where(eq(credentials.channelId, channelId)));
  return life;
}

describe('rule 13: a deed that does not come to an end', () => {
  it('is put off, and starves no refresh: the poll that cannot be done waits, the token is renewed', async () => {
    const life = await withUnreadableToken('stuck@example.com');
    await life.askForPoll();
    await until('the poll under way', async () => {
      const { raw } = await life.workflow.describe();
      return raw.pendingActivities?.some(
        ({ activityType, attempt }) => activityType?.name === 'poll' && (attempt ?? 0) > 1,
      );
    });
    await life.fact((tx, row, now) => updateChannel(tx, row.id, { refreshRequestedAt: now }));
    expect(await life.read()).toMatchObject({ credentialVersion: 1 });
    await engine.sleep(3 * MINUTE_MS);
    await until('the refresh', async () => (await life.read()).credentialVersion === 2);
    expect(await life.read()).toMatchObject({ status: 'connected', incidentId: null });
    await life.askForPoll();
    await until('the poll', async () => (await life.read()).pollRequestedAt === null);
    expect((await life.workflow.describe()).status.name).toBe('RUNNING');
  });

  it('is tried again with growing gaps, and ends a refresh’s trouble when it works', async () => {
    const life = await withUnreadableToken('mended@example.com');
    const { channelId = '', sealedSecret = '' } = (await life.credential()) ?? {};
    const seal = (secret: string) =>
      life.inTenant((tx) =>
        tx.update(credentials).set({ sealedSecret: secret }).where(eq(credentials.channelId, channelId)),
      );
    await seal('rubbish');
    await life.fact((tx, row, now) => updateChannel(tx, row.id, { refreshRequestedAt: now }));
    await engine.sleep(HOUR_MS);
    expect(await life.read()).toMatchObject({ credentialVersion: 1, trouble: 'credential' });
    await seal(sealedSecret);
    await engine.sleep(HOUR_MS);
    await until('the refresh', async () => (await life.read()).credentialVersion > 1);
    expect(await life.read()).toMatchObject({ status: 'connected', trouble: null, failures: 0 });
  });
});
