import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { lookAtChannel } from '../../channels/look.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { startRefresher } from './refresher-process.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
const HOUR_MS = 3_600_000;
/** How much later than its receipt an answer may be taken on a busy machine, in ms. */
const TOLERANCE_MS = 20_000;

const SKEWS = [
  { words: 'two hours ahead, and then steps back to two hours behind', skewMs: 2 * HOUR_MS, steps: true },
  { words: 'two hours behind', skewMs: -2 * HOUR_MS, steps: false },
];

describe('R-13: a process whose clock is wrong', () => {
  test.for(SKEWS)(
    '$words: its lease holds, a life is counted in the database’s time, and nothing loops',
    async ({ skewMs, steps }) => {
      const email = `skewed-${skewMs}-${steps}@example.com`;
      const channelId = await scene.connect(email, { rotation: 'strict' });
      await scene.stage.sandbox.fault('google', email, 'slow', { kind: 'token', ms: 3_000, times: 1 });
      const input = { tenantId: TENANT, accessType: 'gmail', channelId, version: 1 } as const;
      const { environment } = scene.stage;
      const { child, outcome } = startRefresher({ environment, aheadMs: null, do: 'refresh', input }, { skewMs });
      await expect.poll(async () => (await scene.refreshes(email)).length, { timeout: 30_000 }).toBe(1);
      const sentAtMs = Date.now();
      if (steps) child.kill('SIGUSR2');
      expect(await scene.refresh(channelId)).toBe('busy');
      expect(await outcome).toBe('refreshed');
      expect(await scene.refreshes(email)).toHaveLength(1);

      const { credential } = await scene.read(channelId);
      const livesUntilMs = credential.expiresAt!.getTime();
      expect(livesUntilMs).toBeGreaterThanOrEqual(sentAtMs + HOUR_MS - 1_000);
      expect(livesUntilMs).toBeLessThanOrEqual(Date.now() + HOUR_MS);
      expect(livesUntilMs - sentAtMs - HOUR_MS).toBeLessThan(TOLERANCE_MS);
      await lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId, seq: 1_000_000 });
      const { nextRefreshAt } = (await scene.read(channelId)).channel;
      expect(nextRefreshAt!.getTime() - Date.now()).toBeGreaterThan(HOUR_MS / 4);
    },
  );

  test('rule 6: it serves a fresh token, and none that is about to end', async () => {
    const channelId = await scene.connect('read@example.com');
    const { serverEnvironment: environment } = scene.stage;
    const isServed = (skewMs: number) =>
      startRefresher({ environment, aheadMs: null, do: 'read', tenantId: TENANT, channelId }, { skewMs }).outcome;
    expect(await isServed(2 * HOUR_MS)).toBe(true);
    const expiresAt = new Date(Date.now() + 59_000);
    const issuedAt = new Date(expiresAt.getTime() - HOUR_MS);
    await scene.stage.context.database.inTenant(TENANT, (tx) =>
      tx.update(credentials).set({ issuedAt, expiresAt }).where(eq(credentials.channelId, channelId)),
    );
    expect(await isServed(-2 * HOUR_MS)).toBe(false);
  });
});
