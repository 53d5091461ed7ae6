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

/** A channel whose workflow does not start before it is told to. */
const silently = () => ({
  ...engine,
  context: { ...engine.context, temporal: { ...engine.context.temporal, lookAt: async () => {} } },
});
const start = (channelId: string, accessType: 'imap' | 'gmail', tenantId: string) =>
  engine.context.temporal.lookAt({ id: channelId, tenantId, accessType });
const HUNG = 'hung';
const HANGS_MS = 40_000;

test(
  'what hangs for one tenant, in polls and refreshes, keeps a quarter of the slots',
  { timeout: 240_000 },
  async () => {
    const { sandbox, context } = engine;
    Object.assign(context.config, { pollIntervalMs: 600_000 });
    const other = {
      imap: await imapAccount('other-imap'),
      gmail: channelOf(await connectGmail(engine, 'other-gmail@example.com')),
    };
    const faults: string[] = [];
    const hang = async (provider: string, email: string, kind: string) =>
      void faults.push((await sandbox.fault(provider, email, 'slow', { kind, ms: HANGS_MS })).id);
    const hung: string[] = [];
    // More than the 64 slots for imports and the 40 for calls.
    for (let at = 0; at < 72; at++) {
      const email = `hung-${at}@example.com`;
      await sandbox.account('imap', email, { password: PASSWORD });
      hung.push(channelOf(await connectImap(silently(), email, PASSWORD, { tenantId: HUNG })));
      await hang('imap', email, 'api');
    }
    const stale: string[] = [];
    for (let at = 0; at < 45; at++) {
      const email = `stale-${at}@example.com`;
      stale.push(channelOf(await connectGmail(silently(), email, { tenantId: HUNG })));
      await hang('google', email, 'token');
    }
    await context.database.inTenant(HUNG, (tx) =>
      tx.execute(`update channels set refresh_requested_at = now() + interval '1 minute' where access_type = 'gmail'`),
    );
    await Promise.all([...hung.map((id) => start(id, 'imap', HUNG)), ...stale.map((id) => start(id, 'gmail', HUNG))]);
    const asked = async (provider: string, kind: string, name: string) =>
      (await sandbox.requests(provider, kind)).filter(({ email }) => email.startsWith(name)).length;
    await until(
      'polls and refreshes to hang',
      async () => (await asked('imap', 'api', 'hung')) >= 8 && (await asked('google', 'token', 'stale')) >= 10,
    );

    const { stored } = importing(context);
    const news = await sandbox.deliver('imap', other.imap.email, 3);
    await lifeOf(engine, other.imap.channelId).askForPoll();
    expect(await lifeOf(engine, other.gmail).command('refreshNow')).toMatchObject({ done: true });
    await until('the poll', async () => (await stored(other.imap.channelId)).length === news.length, HANGS_MS);
    const missed = await sandbox.deliver('imap', other.imap.email, 60);
    await startImport(other.imap.channelId);
    await until('the import', async () => (await stored(other.imap.channelId)).length === 63, HANGS_MS);
    expect(missed).toHaveLength(60);
    const hangsStill = (await sandbox.requests('imap', 'api')).filter(
      ({ email, status }) => email.startsWith('hung') && status === null,
    );
    expect(hangsStill.length).toBeGreaterThanOrEqual(8);

    await sandbox.call('POST', '/control/reset'); // ends their sessions, or the worker would wait for them
  },
);
