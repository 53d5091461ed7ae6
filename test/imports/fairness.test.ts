import { afterAll, beforeAll, expect, test } from 'vitest';
import { queueImport } from '../../db/imports/imports.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from '../workflows/life.ts';
import { idsOf, importing, messageIds, TENANT } from './importing.ts';

const PASSWORD = secret('password');

/* Real Temporal, one worker process with eight places for imports of an access type. */
let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: 1_000 } });
}, 180_000);
afterAll(() => engine.close());

const imapAccount = async (name: string) => {
  const email = `${name}@example.com`;
  await engine.sandbox.account('imap', email, { password: PASSWORD });
  return { email, channelId: channelOf(await connectImap(engine, email, PASSWORD)) };
};

const startImport = (channelId: string) =>
  lifeOf(engine, channelId).fact((tx, { coveredUntil }, now) =>
    queueImport(tx, {
      tenantId: TENANT,
      channelId,
      cause: 'reauthorized',
      windowFrom: coveredUntil,
      windowTo: null,
      movesCursor: true,
      backfill: true,
      now,
    }),
  );

test('a dozen accounts that hang hold up nobody: polls and imports of others go on', { timeout: 180_000 }, async () => {
  const { stored } = importing(engine.context);
  const stuck = await Promise.all(Array.from({ length: 12 }, (_, i) => imapAccount(`stuck-${i}`)));
  const [polled, imported] = [await imapAccount('polled'), await imapAccount('imported')];
  for (const { email } of stuck) await engine.sandbox.fault('imap', email, 'slow', { kind: 'api', ms: 600_000 });
  const hanging = async () => {
    const asked = await engine.sandbox.requests('imap', 'api');
    return asked.filter(({ email, status }) => email.startsWith('stuck') && status === null).length;
  };
  await until('all of them to hang', async () => (await hanging()) >= 10, 60_000);
  const news = await engine.sandbox.deliver('imap', polled.email, 3);
  const missed = await engine.sandbox.deliver('imap', imported.email, 120);
  await startImport(imported.channelId);
  const storedAt = async (of: { channelId: string }, what: typeof news) =>
    idsOf(await stored(of.channelId)).join() === messageIds(what).join();
  // Long before any of the others is given up.
  await until('the poll', () => storedAt(polled, news), 15_000);
  await until('the import', () => storedAt(imported, missed), 15_000);
  expect(await hanging()).toBeGreaterThanOrEqual(10);
  await engine.sandbox.call('POST', '/control/reset'); // ends their sessions, or the worker would wait for them
});

test(
  'an import of 3,000 delays neither the refresh nor the poll of another channel',
  { timeout: 240_000 },
  async () => {
    const { stored, imports } = importing(engine.context);
    const connect = async (email: string) => ({ email, channelId: channelOf(await connectGmail(engine, email)) });
    const huge = await connect('huge@example.com');
    const other = await connect('other@example.com');
    const missed = await engine.sandbox.deliver('google', huge.email, 3_000);
    await startImport(huge.channelId);
    await until('the first page', async () => (await stored(huge.channelId)).length > 0, 60_000);
    const life = lifeOf(engine, other.channelId);
    const delivered: string[] = [];
    const waits: number[] = [];
    const running = async () => (await imports(huge.channelId)).some(({ state }) => state === 'running');
    while (await running()) {
      const began = performance.now();
      expect(await life.command('refreshNow')).toMatchObject({ done: true });
      waits.push(performance.now() - began);
      const sent = performance.now();
      delivered.push(...messageIds(await engine.sandbox.deliver('google', other.email, 1)));
      await until('its mail', async () => (await stored(other.channelId)).length === delivered.length, 15_000);
      waits.push(performance.now() - sent);
    }
    expect(waits.length).toBeGreaterThan(2);
    expect(Math.max(...waits)).toBeLessThan(10_000);
    expect(idsOf(await stored(huge.channelId))).toEqual(messageIds(missed));
    const counts = { found: 3_000, imported: 3_000, missing: 0, repaired: 0 };
    const [row] = await imports(huge.channelId);
    expect(await importing(engine.context).receipt(row?.id ?? '')).toMatchObject(counts);
  },
);
