import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KillPoint } from '../../domain/kill-points.ts';
import { startRefresher } from './refresher-process.ts';
import type { RefresherProcess } from './refresher-process.ts';
import { setScene, TENANT } from './scene.ts';

/*
 * Refreshers of a strict provider that are stopped (SIGSTOP) for half a minute, twice the lease, and then go on. They
 * are stopped side by side, so that half a minute is all it takes.
 */

const STOPPED_MS = 30_000;
const TIMEOUT_MS = 150_000;
/** So long takes an answer during which its process is stopped, in ms. */
const ANSWER_MS = 3_000;

const scene = setScene();
const channels = new Map<string, string>();
const SCENES = ['planned', 'marked', 'withdrawn', 'answer-stopped', 'answer-continued'] as const;
type SceneName = (typeof SCENES)[number];
const emailOf = (name: SceneName) => `${name}@example.com`;

beforeAll(async () => {
  for (const name of SCENES) {
    const channelId = await scene.connect(emailOf(name), { rotation: 'strict', tokenLifeS: 3600 });
    await scene.refresh(channelId);
    channels.set(name, channelId);
  }
});

// One that a failed test leaves stopped would keep everything waiting.
const started: ChildProcess[] = [];
afterAll(() => started.forEach((child) => child.kill('SIGKILL')));

const idOf = (name: SceneName) => channels.get(name) ?? '';
const sentFor = async (name: SceneName) => (await scene.refreshes(emailOf(name))).length;

async function startFor(name: SceneName, stopAt?: KillPoint): Promise<RefresherProcess> {
  const channelId = idOf(name);
  const { version } = (await scene.read(channelId)).credential;
  const refresher = startRefresher({
    environment: scene.stage.environment,
    aheadMs: scene.aheadMs,
    do: 'refresh',
    input: { tenantId: TENANT, accessType: 'gmail', channelId, version },
    ...(stopAt ? { stopAt } : {}),
  });
  started.push(refresher.child);
  return refresher;
}

interface Stopped {
  /** Lets it go on once it has been stopped for half a minute; what came of it. */
  goOn(): Promise<unknown>;
}

async function stopped({ child, outcome }: RefresherProcess): Promise<Stopped> {
  const isStopped = () =>
    execFileSync('ps', ['-o', 'stat=', '-p', `${child.pid}`])
      .toString()
      .startsWith('T');
  await vi.waitUntil(isStopped, { timeout: 60_000, interval: 100 });
  const stoppedAtMs = performance.now();
  return {
    async goOn() {
      await sleep(Math.max(0, stoppedAtMs + STOPPED_MS - performance.now()));
      child.kill('SIGCONT');
      return outcome;
    },
  };
}

/** The outcome of a successor, once the lease of the stopped process has expired. */
async function takeOver(name: SceneName): Promise<string> {
  let outcome = 'busy';
  const isFree = async () => (outcome = await scene.refresh(idOf(name))) !== 'busy';
  await vi.waitUntil(isFree, { timeout: 60_000, interval: 500 });
  return outcome;
}

const version = async (name: SceneName) => (await scene.read(idOf(name))).credential.version;

async function expectHealthy(name: SceneName): Promise<void> {
  expect(await scene.refresh(idOf(name))).toBe('refreshed');
  expect((await scene.read(idOf(name))).channel).toMatchObject({ status: 'connected' });
  expect(await scene.events(idOf(name), 'channel.reauth_required')).toHaveLength(0);
}

describe.concurrent('a refresher that is stopped for half a minute', () => {
  test('with the intent written: the successor sends, it does not', { timeout: TIMEOUT_MS }, async () => {
    const refresher = await stopped(await startFor('planned', 'refresh.planned'));
    expect(await takeOver('planned')).toBe('refreshed');
    expect(await refresher.goOn()).toBe('busy');
    expect([await sentFor('planned'), await version('planned')]).toEqual([2, 3]);
    await expectHealthy('planned');
  });

  test('between the mark and the socket, past the probe: no second use', { timeout: TIMEOUT_MS }, async () => {
    const refresher = await stopped(await startFor('marked', 'refresh.marked'));
    expect(await takeOver('marked')).toBe('unknown');
    // Whether the token was spent is unknown; a token reported as refused cannot wait for its end.
    await scene.reportRefused(idOf('marked'));
    expect(await scene.refresh(idOf('marked'))).toBe('refreshed');
    expect(await refresher.goOn()).toBe('busy');
    expect([await sentFor('marked'), await version('marked')]).toEqual([2, 3]);
    await expectHealthy('marked');
  });

  test(
    'between the mark and the socket, alone: it withdraws, and nothing is spent',
    { timeout: TIMEOUT_MS },
    async () => {
      const refresher = await stopped(await startFor('withdrawn', 'refresh.marked'));
      expect(await takeOver('withdrawn')).toBe('unknown');
      expect(await refresher.goOn()).toBe('busy');
      expect(await scene.probeTime(idOf('withdrawn'))).toBeNull();
      expect(await sentFor('withdrawn')).toBe(1);
      await expectHealthy('withdrawn');
    },
  );

  // With a successor during the stop or without one: there is one request in either case.
  test.for(['answer-stopped', 'answer-continued'] as const)(
    'rule 4: the answer that waited for it counts (%s)',
    { timeout: TIMEOUT_MS },
    async (name) => {
      await scene.stage.sandbox.fault('google', emailOf(name), 'slow', { kind: 'token', ms: ANSWER_MS, times: 1 });
      const refresher = await startFor(name);
      await vi.waitUntil(async () => (await sentFor(name)) === 2, { timeout: 60_000, interval: 100 });
      refresher.child.kill('SIGSTOP');
      const isStopped = await stopped(refresher);
      if (name === 'answer-stopped') expect(await takeOver(name)).toBe('unknown');
      expect(await isStopped.goOn()).toBe('refreshed');
      expect(await sentFor(name)).toBe(2);
      expect((await scene.read(idOf(name))).credential).toMatchObject({ version: 3, secretVersion: 3 });
      expect(await scene.probeTime(idOf(name))).toBeNull();
      await expectHealthy(name);
    },
  );
});
