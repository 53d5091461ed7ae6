import { describe, expect, test } from 'vitest';
import { KILL_POINTS } from '../../domain/kill-points.ts';
import type { KillPoint } from '../../domain/kill-points.ts';
import { declaring, rotationOf } from './declaring.ts';
import type { Mode } from './declaring.ts';
import { startRefresher } from './refresher-process.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
const LEASE_MS = 15_000;
const REFRESH_POINTS = KILL_POINTS.filter((point) => point.startsWith('refresh.'));
/** The token is spent and its answer died with the process: under strict rotation the grant is lost. */
const LOST: KillPoint[] = ['refresh.written', 'refresh.received'];

/** Only here does it matter how the tokens turn over. */
const IN_DOUBT: KillPoint[] = ['refresh.marked', ...LOST];

/** Without a declared rotation it is unproven; a declared one is known. */
const CASES = [
  ...(['none', 'tolerant', 'grace'] as const).map((mode) => ({ mode, known: true, points: IN_DOUBT })),
  { mode: 'strict' as const, known: true, points: REFRESH_POINTS },
  { mode: 'none' as const, known: false, points: REFRESH_POINTS },
].flatMap(({ points, ...given }) => points.map((point) => ({ ...given, point })));

async function killedAt(point: KillPoint, channelId: string, mode: Mode | null): Promise<void> {
  const { version } = (await scene.read(channelId)).credential;
  const { outcome } = startRefresher({
    environment: { ...scene.stage.environment, MOORING_KILL_AT: point },
    aheadMs: scene.aheadMs,
    do: 'refresh',
    input: { tenantId: TENANT, accessType: 'gmail', channelId, version },
    ...(mode ? { rotation: rotationOf(mode) } : {}),
  });
  expect(await outcome).toBeNull();
}

describe('a refresh that is killed', () => {
  test.for(CASES)('$point under $mode rotation (known: $known)', async ({ mode, known, point }) => {
    const email = `${mode}-${known}-${point.replace('.', '-')}@example.com`;
    const channelId = await scene.connect(email, { rotation: mode, tokenLifeS: 3600 });
    const context = known ? declaring(scene.stage.context, rotationOf(mode)) : scene.stage.context;
    if (known) await scene.refresh(channelId, context);
    const before = (await scene.read(channelId)).credential;
    const sentBefore = (await scene.refreshes(email)).length;
    await killedAt(point, channelId, known ? mode : null);
    await expect.poll(async () => (await scene.refreshes(email)).every(({ status }) => status !== null)).toBe(true);

    if (!['refresh.settled', 'refresh.sealed', 'refresh.settling'].includes(point)) {
      expect(await scene.refresh(channelId, context)).toBe('busy');
      await scene.advance(LEASE_MS + 1000);
    }
    const isInDoubt = IN_DOUBT.includes(point) && (mode === 'strict' || !known);
    if (isInDoubt) {
      expect(await scene.refresh(channelId, context)).toBe('unknown');
      expect(await scene.isServed(channelId)).toBe(true);
      expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', action: 'none' });
      await scene.advance(before.expiresAt!.getTime() - (await scene.clock.now()).getTime() - 9_000);
      expect(await scene.isServed(channelId)).toBe(true);
    }
    const sentSince = async () => (await scene.refreshes(email)).length - sentBefore;
    if (LOST.includes(point) && mode === 'strict') {
      expect(await scene.refresh(channelId, context)).toBe('refused');
      const { channel } = await scene.read(channelId);
      expect(channel).toMatchObject({ status: 'reauth_required', statusReason: 'refresh_outcome_unknown' });
      expect(await scene.events(channelId, 'channel.reauth_required')).toHaveLength(1);
      expect(await sentSince()).toBe(2);
      return;
    }
    if (point !== 'refresh.settled') expect(await scene.refresh(channelId, context)).toBe('refreshed');
    const { channel, credential } = await scene.read(channelId);
    expect(credential).toMatchObject({ version: before.version + 1, leaseOwner: null });
    expect(channel).toMatchObject({ status: 'connected', credentialVersion: before.version + 1 });
    expect(await sentSince()).toBe(LOST.includes(point) ? 2 : 1);
    expect(await scene.events(channelId, 'channel.reauth_required')).toHaveLength(0);
    expect(await scene.refresh(channelId, context)).toBe('refreshed');
  });
});
