import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { heldConnections } from '../../db/schema/held-connections.ts';
import { watches } from '../../db/schema/watches.ts';
import { startListener } from '../../push/watcher.ts';
import type { Listener } from '../../push/watcher.ts';
import { startListenerProcess } from '../connections/server-process.ts';
import { channelOf, connectExchange } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { databaseAs } from '../support/logins.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from '../workflows/life.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PASSWORD = secret('exchange-password');
/** A slow machine with much else to do. */
const ROOM_MS = 120_000;

/* Polls are an hour apart: what arrives at once came over a stream. */
let engine: Engine;
let listeners: Listener[] = [];
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
}, 180_000);
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.stop()));
  listeners = [];
});
afterAll(() => engine?.close());

function listen(): void {
  const { context } = engine;
  listeners.push(startListener({ ...context, database: databaseAs('listener', context.database) }, 100));
}

/** A connected mailbox whose first poll is done. */
async function connected(email: string) {
  await engine.sandbox.account('exchange', email, { password: PASSWORD });
  const id = channelOf(await connectExchange(engine, email, PASSWORD));
  const life = lifeOf(engine, id);
  await until('the first poll', async () => (await life.isWatched()) && (await life.import()) === null, ROOM_MS);
  const lease = () =>
    life.inTenant(async (tx) => {
      const [row] = await tx.select().from(heldConnections).where(eq(heldConnections.channelId, id));
      return row ?? null;
    });
  const asked = async (operation: string) =>
    (await engine.sandbox.requests('exchange', 'api', email)).filter((request) => request.operation === operation)
      .length;
  const logins = async () => (await engine.sandbox.requests('exchange', 'login', email)).length;
  const fault = (name: string, more = {}) => engine.sandbox.fault('exchange', email, name, more);
  const deliver = (count: number, more = {}) => engine.sandbox.deliver('exchange', email, count, more);
  const has = (count: number) => until('the mail', async () => (await life.stored()) === count, ROOM_MS);
  return { ...life, id, lease, asked, logins, fault, deliver, has };
}
type Channel = Awaited<ReturnType<typeof connected>>;

/** So many streams were opened, and the poll that each causes is done. */
async function streaming(channel: Channel, streams = 1) {
  return until(
    'the stream',
    async () => {
      const lease = await channel.lease();
      const isHeld = lease !== null && lease.leaseUntil > new Date();
      const hasPolled = isHeld && (await channel.asked('GetStreamingEvents')) >= streams && (await channel.isWatched());
      return hasPolled ? lease : null;
    },
    ROOM_MS,
  );
}

const ended = (channel: Channel) =>
  until(
    'the end of the lease',
    async () => {
      const row = await channel.lease();
      return row && row.leaseUntil <= new Date() ? row : null;
    },
    ROOM_MS,
  );

test('mail is stored when the server tells of it, also over a stream or a subscription that was lost', async () => {
  const channel = await connected('told@contoso.example');
  listen();
  await streaming(channel);
  await channel.deliver(1);
  await channel.has(1);
  await channel.deliver(2, { folder: 'Projects' });
  await channel.has(3);
  await channel.fault('server_restarted');
  await streaming(channel, 2);
  await channel.deliver(1);
  await channel.has(4);
  const logins = await channel.logins();
  await channel.fault('session_revoked');
  await streaming(channel, 3);
  await channel.deliver(1);
  await channel.has(5);
  expect(await channel.logins()).toBeGreaterThan(logins);
  expect(await channel.read()).toMatchObject({ status: 'connected', trouble: null });
}, 600_000);

test('a server that holds no further stream is polled, and asked again after a while', async () => {
  const channel = await connected('full@contoso.example');
  await channel.fault('streams_exhausted');
  listen();
  const { retryAt, failures, refusedVersion } = await ended(channel);
  expect({ failures, refusedVersion }).toEqual({ failures: 1, refusedVersion: null });
  expect(retryAt?.getTime()).toBeGreaterThan(Date.now() + 10 * MINUTE_MS);
  await channel.deliver(1);
  const due = { nextLookAt: new Date() };
  await channel.inTenant((tx) => tx.update(watches).set(due).where(eq(watches.channelId, channel.id)));
  await channel.has(1);
  expect(await channel.asked('GetStreamingEvents')).toBe(1);
  expect(await channel.read()).toMatchObject({ status: 'connected', trouble: null });
}, 600_000);

test('a refused password is shown no second time by the listener, and the channel is checked at once', async () => {
  const channel = await connected('refused@contoso.example');
  listen();
  await streaming(channel);
  await channel.fault('password_changed');
  await until('the alert', async () => (await channel.read()).status === 'reauth_required', ROOM_MS);
  await ended(channel);
  const logins = await channel.logins();
  await new Promise((resolve) => setTimeout(resolve, 6_000)); // longer than a listener's turn
  expect(await channel.logins()).toBe(logins);
  // Of ten that lock the account: the listener's, the check's, and the spaced one that confirms it.
  const refused = (await engine.sandbox.requests('exchange', 'login', 'refused@contoso.example')).filter(
    ({ status }) => status === 401,
  );
  expect(refused.length).toBeLessThanOrEqual(4);
}, 600_000);

test('the stream of a listener that is killed is held by another', async () => {
  const channel = await connected('killed@contoso.example');
  const { child, died } = await startListenerProcess({
    ...engine.listenerEnvironment,
    TEMPORAL_ADDRESS: engine.server.address,
    TEMPORAL_NAMESPACE: engine.client.options.namespace,
  });
  const { owner } = await streaming(channel);
  child.kill('SIGKILL');
  expect(await died).toBe('SIGKILL');
  await channel.deliver(1);
  // Its lease is over. A listener whose clock is ahead would ask for a poll at a time to come.
  const over = { leaseUntil: new Date(Date.now() - MINUTE_MS) };
  await channel.inTenant((tx) => tx.update(heldConnections).set(over).where(eq(heldConnections.channelId, channel.id)));
  listen();
  const next = await streaming(channel, 2);
  expect(next.owner).not.toBe(owner);
  await channel.has(1);
}, 600_000);
