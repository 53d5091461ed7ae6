import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { REFRESH_TIMING } from '../../activities/refresh-request.ts';
import type { KillPoint } from '../../domain/kill-points.ts';
import { startRefresher } from './refresher-process.ts';
import { setScene, TENANT } from './scene.ts';

const scene = setScene();
/** As in production, fifteen times as fast: a process stopped for three seconds is one that was for 45. */
const TIMING = { ...REFRESH_TIMING, leaseMs: 1_000, renewEveryMs: 300, maxPauseMs: 500 };
const STOPPED_MS = 3_000;

async function refresherOf(channelId: string, stopAt?: KillPoint) {
  const { version } = (await scene.read(channelId)).credential;
  return startRefresher({
    environment: scene.stage.environment,
    aheadMs: scene.aheadMs,
    do: 'refresh',
    input: { tenantId: TENANT, accessType: 'gmail', channelId, version },
    timing: TIMING,
    ...(stopAt ? { stopAt } : {}),
  });
}

/** A channel of a strict provider that is known to be one. */
async function strictChannel(email: string): Promise<string> {
  const channelId = await scene.connect(email, { rotation: 'strict', tokenLifeS: 600 });
  await scene.refresh(channelId);
  return channelId;
}

/** Waits until the lease of whoever is stopped has run out. */
async function leaseIsOver(channelId: string): Promise<void> {
  const isOver = async () => {
    const { leaseUntil, leaseOwner } = (await scene.read(channelId)).credential;
    return leaseOwner !== null && leaseUntil !== null && leaseUntil < (await scene.clock.now());
  };
  await expect.poll(isOver, { timeout: 20_000 }).toBe(true);
}

test('stopped with the intent written: the successor sends, the stopped one does not', async () => {
  const email = 'planned@example.com';
  const channelId = await strictChannel(email);
  const { child, outcome } = await refresherOf(channelId, 'refresh.planned');
  await leaseIsOver(channelId);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  child.kill('SIGCONT');
  expect(await outcome).toBe('busy');
  expect(await scene.refreshes(email)).toHaveLength(2);
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
});

test('stopped between the mark and the socket, past the probe: the token is not spent a second time', async () => {
  const email = 'marked@example.com';
  const channelId = await strictChannel(email);
  const { child, outcome } = await refresherOf(channelId, 'refresh.marked');
  await leaseIsOver(channelId);
  expect(await scene.refresh(channelId)).toBe('unknown');
  await scene.advance(595_000);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  child.kill('SIGCONT');
  expect(await outcome).toBe('busy');
  expect(await scene.refreshes(email)).toHaveLength(2);
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect((await scene.read(channelId)).channel).toMatchObject({ status: 'connected', credentialVersion: 4 });
});

test('stopped between the mark and the socket, and alone: it withdraws, and the token is known to be unspent', async () => {
  const email = 'withdrawn@example.com';
  const channelId = await strictChannel(email);
  const { child, outcome } = await refresherOf(channelId, 'refresh.marked');
  await leaseIsOver(channelId);
  expect(await scene.refresh(channelId)).toBe('unknown');
  child.kill('SIGCONT');
  expect(await outcome).toBe('busy');
  expect(await scene.probeTime(channelId)).toBeNull();
  expect(await scene.refresh(channelId)).toBe('refreshed');
  expect(await scene.refreshes(email)).toHaveLength(2);
});

test.for(['stopped', 'continued'] as const)(
  'rule 4: an answer that waited for a stopped process counts (%s)',
  async (how) => {
    const email = `answer-${how}@example.com`;
    const channelId = await strictChannel(email);
    await scene.stage.sandbox.fault('google', email, 'slow', { kind: 'token', ms: 1_000, times: 1 });
    const { child, outcome } = await refresherOf(channelId);
    await expect.poll(async () => (await scene.refreshes(email)).length, { timeout: 20_000 }).toBe(2);
    child.kill('SIGSTOP');
    await sleep(STOPPED_MS);
    // A successor looks while it is stopped, or nobody does: the one request is all there is in either case.
    if (how === 'stopped') expect(await scene.refresh(channelId)).toBe('unknown');
    child.kill('SIGCONT');
    expect(await outcome).toBe('refreshed');
    expect(await scene.refreshes(email)).toHaveLength(2);
    const { channel, credential } = await scene.read(channelId);
    expect(channel).toMatchObject({ status: 'connected', credentialVersion: 3 });
    expect(credential).toMatchObject({ version: 3, secretVersion: 3 });
    expect(await scene.probeTime(channelId)).toBeNull();
  },
);
