import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../runtime/config.ts';
import type { Context } from '../../runtime/context.ts';
import { createProviders } from '../../providers/registry.ts';
import { declaring, rotationOf } from './declaring.ts';
import type { Mode } from './declaring.ts';
import { refreshUntilDone } from './refresh-until-done.ts';
import { startRefresher } from './refresher-process.ts';
import { setScene, TENANT } from './scene.ts';
import { startTokenProxy } from './token-proxy.ts';
import type { TokenProxy } from './token-proxy.ts';

/*
 * Processes killed with many refreshes in flight, each refresh one trial. The suite does a hundred of each kind;
 * `TRIALS=1000 npx vitest run test/credentials/trials.test.ts` is the long form.
 */

const AT_ONCE = 50;
const ROUNDS = Math.ceil(Number(process.env['TRIALS'] ?? 100) / AT_ONCE);
const LEASE_MS = 15_000;

const scene = setScene();
let proxy: TokenProxy;
let environment: Record<string, string>;
const ids: string[] = [];
beforeAll(async () => {
  proxy = await startTokenProxy(scene.stage.environment['GOOGLE_TOKEN_URL'] ?? '');
  environment = { ...scene.stage.environment, GOOGLE_TOKEN_URL: proxy.url };
  for (let i = 0; i < AT_ONCE; i++) ids.push(await scene.connect(`trial-${i}@example.com`));
});
afterEach(() => proxy.drop());
afterAll(() => proxy?.close());

/** The adapter that knows how its provider rotates, which now does so; every channel has been refreshed under it. */
async function rotating(mode: Mode): Promise<{ context: Context; version: number }> {
  await scene.rotate(mode);
  const { providers } = readConfig(environment);
  const stage = { ...scene.stage.context, providers: createProviders(providers) };
  const context = declaring(stage, rotationOf(mode));
  const { version } = (await scene.read(ids[0] ?? '')).credential;
  expect(await refreshAll(version, context)).toEqual(['refreshed']);
  return { context, version: version + 1 };
}

const inputsOf = (version: number) =>
  ids.map((channelId) => ({ tenantId: TENANT, accessType: 'gmail' as const, channelId, version }));

/** Refreshes them all; the different outcomes. */
async function refreshAll(version: number, context: Context): Promise<string[]> {
  const outcomes = await Promise.all(inputsOf(version).map((input) => refreshUntilDone(context, input)));
  return [...new Set(outcomes)];
}

/** A process that is killed with all of them in flight, once `isThere`. */
async function killInFlight(
  { mode, version, keepAnswersSealed }: { mode: Mode; version: number; keepAnswersSealed: boolean },
  isThere: () => Promise<boolean> | boolean,
): Promise<void> {
  const { child, outcome } = startRefresher({
    environment,
    aheadMs: scene.aheadMs,
    do: 'refresh_all',
    inputs: inputsOf(version),
    rotation: rotationOf(mode),
    keepAnswersSealed,
  });
  await expect.poll(isThere, { timeout: 60_000, interval: 20 }).toBe(true);
  child.kill('SIGKILL');
  expect(await outcome).toBeNull();
}

const count = async (condition: string) => {
  const list = ids.map((id) => `'${id}'`).join(',');
  const [row] = await scene.stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute<{ count: number }>(`select count(*)::int as count from ${condition} and channel_id in (${list})`),
  );
  return row?.count ?? 0;
};

async function expectNobodyAsked(version: number): Promise<void> {
  expect(await count(`credentials where version = ${version}`)).toBe(ids.length);
  expect(await count(`events where type = 'channel.reauth_required'`)).toBe(0);
  for (const id of ids) expect((await scene.read(id)).channel.status).toBe('connected');
}

test.for([
  { id: 'R-02', mode: 'tolerant' as const, restartedAfterMs: LEASE_MS + 1_000, rounds: ROUNDS },
  { id: 'R-03', mode: 'grace' as const, restartedAfterMs: 20_000, rounds: 1 },
])(
  '$id: killed with $mode answers on their way, all are asked again and nobody is sent to sign in',
  { timeout: 30_000 + ROUNDS * 30_000 },
  async ({ mode, restartedAfterMs, rounds }) => {
    const { context, version: first } = await rotating(mode);
    const before = proxy.answered();
    for (let version = first; version < first + rounds; version++) {
      proxy.hold();
      await killInFlight({ mode, version, keepAnswersSealed: false }, () => proxy.held() === ids.length);
      proxy.drop();
      await scene.advance(restartedAfterMs);
      expect(await refreshAll(version, context)).toEqual(['refreshed']);
    }
    expect(proxy.answered() - before).toBe(2 * rounds * ids.length);
    await expectNobodyAsked(first + rounds);
  },
);

test(
  'R-05: killed with answers sealed and not read, none is lost and none is asked for again',
  { timeout: 30_000 + ROUNDS * 30_000 },
  async () => {
    const { context, version: first } = await rotating('strict');
    const before = proxy.answered();
    const sealed = `refresh_attempts where sealed_answer is not null and outcome is null`;
    for (let version = first; version < first + ROUNDS; version++) {
      const isThere = async () => (await count(sealed)) === ids.length;
      await killInFlight({ mode: 'strict', version, keepAnswersSealed: true }, isThere);
      expect(await refreshAll(version, context)).toEqual(['refreshed']);
    }
    expect(proxy.answered() - before).toBe(ROUNDS * ids.length);
    // A second use of a spent token would have destroyed its grant, and one that was lost could not be used.
    expect(await refreshAll(first + ROUNDS, context)).toEqual(['refreshed']);
    await expectNobodyAsked(first + ROUNDS + 1);
  },
);
