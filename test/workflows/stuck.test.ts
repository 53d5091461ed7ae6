import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateChannel } from '../../db/channels/channels.ts';
import { listRequests, queueImport } from '../../db/imports/imports.ts';
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

const WINDOW = { movesCursor: false, backfill: false } as const;

/** A channel whose access token does not open: every use throws an error that is no provider's answer. */
async function withUnreadableToken(email: string) {
  const channelId = channelOf(await connectGmail(engine, email));
  const life = lifeOf(engine, channelId);
  await until('the first poll', life.isWatched);
  const { accessTokenJwe } = (await life.credential()) ?? {};
  const set = { accessTokenJwe: 'rubbish' };
  await life.inTenant((tx) => tx.update(credentials).set(set).where(eq(credentials.channelId, channelId)));
  return Object.assign(life, { accessTokenJwe });
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
    expect(await life.read()).toMatchObject({ credentialVersion: 1, trouble: 'credential', status: 'connected' });
    await engine.sleep(HOUR_MS + 10 * MINUTE_MS);
    // No reader gets a token any more.
    expect(await life.read()).toMatchObject({ status: 'degraded', action: 'none' });
    await seal(sealedSecret);
    await engine.sleep(HOUR_MS);
    await until('the refresh', async () => (await life.read()).credentialVersion > 1);
    expect(await life.read()).toMatchObject({ status: 'connected', trouble: null, failures: 0 });
  });

  it('shows a poll and an import that break as stalled, puts them off, and ends them once they can', async () => {
    const life = await withUnreadableToken('broken@example.com');
    const { channelId = '' } = (await life.credential()) ?? {};
    const { accessTokenJwe } = life;
    await life.askForPoll();
    await engine.sleep(3 * MINUTE_MS);
    await until('the poll to be put off', async () => (await life.read()).importState === 'stalled');
    await life.fact((tx, { tenantId, createdAt: windowFrom }, now) =>
      queueImport(tx, { tenantId, channelId, cause: 'requested', windowFrom, ...WINDOW, windowTo: now, now }),
    );
    const failures = async () => (await life.inTenant((tx) => listRequests(tx, channelId)))[0]?.failures;
    await until('the import', async () => (await failures()) !== undefined);
    await engine.sleep(3 * MINUTE_MS);
    await until('the import to be put off', async () => (await failures()) ?? 0);
    await until('that it is shown', async () => (await life.read()).importState === 'stalled');
    expect(await failures()).toBeLessThan(5);
    await life.inTenant((tx) =>
      tx.update(credentials).set({ accessTokenJwe }).where(eq(credentials.channelId, channelId)),
    );
    await engine.sleep(HOUR_MS);
    await until('the end of both', async () => (await life.read()).importState === 'idle');
  });
});
