import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Context } from '../../runtime/context.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { heldConnections } from '../../db/schema/held-connections.ts';
import { startListener } from '../../push/watcher.ts';
import type { Listener } from '../../push/watcher.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { databaseAs } from '../support/logins.ts';
import { lifeOf } from '../workflows/life.ts';

const HOUR_MS = 3_600_000;
const PASSWORD = secret('password');
/** A slow machine with much else to do. */
const ROOM_MS = 120_000;

/* Polls are an hour apart: what arrives at once came over a held connection. */
let engine: Engine;
let listeners: Listener[] = [];
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
}, 180_000);
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.stop()));
  listeners = [];
});
afterAll(() => engine.close());

function listen(most = 100, context: Context = engine.context): Listener {
  const listener = startListener({ ...context, database: databaseAs('listener', context.database) }, most);
  listeners.push(listener);
  return listener;
}

/** A connected mailbox whose first poll is done. */
async function connected(email: string) {
  await engine.sandbox.account('imap', email, { password: PASSWORD });
  const id = channelOf(await connectImap(engine, email, PASSWORD));
  const life = lifeOf(engine, id);
  await until('the first poll', life.isWatched);
  const lease = () =>
    life.inTenant(async (tx) => {
      const [row] = await tx.select().from(heldConnections).where(eq(heldConnections.channelId, id));
      return row ?? null;
    });
  const logins = async () => (await engine.sandbox.requests('imap', 'login', email)).length;
  return { ...life, id, lease, logins };
}

/** Held, and its first poll, which finds earlier mail, is done. */
async function held(channel: Awaited<ReturnType<typeof connected>>) {
  return until('the connection', async () => {
    const lease = await channel.lease();
    const { pollRequestedAt } = await channel.read();
    return lease && lease.leaseUntil > new Date() && (await channel.logins()) >= 4 && !pollRequestedAt ? lease : null;
  });
}

test('mail is stored when the server tells of it, long before the next poll', async () => {
  const channel = await connected('told@example.com');
  const database = databaseAs('listener', engine.context.database);
  const outage = { isOn: false, refused: 0 };
  const inTenant: typeof database.inTenant = (tenantId, work) => {
    if (!outage.isOn) return database.inTenant(tenantId, work);
    outage.refused++;
    return Promise.reject(new Error('the database is away'));
  };
  listen(100, { ...engine.context, database: { ...database, inTenant } });
  await held(channel);
  for (const count of [1, 3]) {
    const before = await channel.stored();
    await engine.sandbox.deliver('imap', 'told@example.com', count);
    await until('the mail', async () => (await channel.stored()) === before + count);
  }
  await until('the end of the poll', channel.isWatched);

  // The release of its lease fails. A later turn releases it, and the channel is held again.
  outage.isOn = true;
  await engine.sandbox.fault('imap', 'told@example.com', 'session_revoked');
  await until('the failed release', () => outage.refused > 0, ROOM_MS);
  outage.isOn = false;
  await until(
    'the new connection',
    async () => {
      const lease = await channel.lease();
      return lease !== null && lease.failures === 1 && lease.leaseUntil > new Date();
    },
    ROOM_MS,
  );
}, 300_000);

test('a listener holds no more connections than it may', async () => {
  const [channel] = await Promise.all([1, 2, 3].map((i) => connected(`most${i}@example.com`)));
  listen(2);
  const count = async () => {
    const leases = await channel?.inTenant((tx) => tx.select().from(heldConnections));
    return leases?.filter(({ leaseUntil }) => leaseUntil > new Date()).length ?? 0;
  };
  await until('two leases', async () => (await count()) >= 2);
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(await count()).toBe(2);
});

test('a channel is held by one listener; another takes it over after that one died, and at once when it stopped', async () => {
  const channel = await connected('shared@example.com');
  const first = listen();
  const { owner } = await held(channel);
  listen();
  await first.stop();
  const second = await until('the second listener', async () => {
    const lease = await channel.lease();
    return lease && lease.owner !== owner ? lease : null;
  });
  // As a third one sees it a minute after the second has died without a word.
  const later = { now: async () => new Date((await engine.context.clock.now()).getTime() + 60_000) };
  listen(100, { ...engine.context, clock: later });
  await until('the third listener', async () => {
    const lease = await channel.lease();
    return lease && lease.owner !== second.owner && lease.owner !== owner;
  });
});

test('a refused password is shown no second time, and the channel is checked at once', async () => {
  const channel = await connected('refused@example.com');
  listen();
  await held(channel);
  await engine.sandbox.fault('imap', 'refused@example.com', 'password_changed');
  await until('the alert', async () => (await channel.read()).status === 'reauth_required', 40_000);
  const { refusedVersion } = await until('the lease', async () => {
    const lease = await channel.lease();
    return lease && lease.leaseUntil <= new Date() ? lease : null;
  });
  expect([null, 1]).toContain(refusedVersion);
  const logins = await channel.logins();
  await new Promise((resolve) => setTimeout(resolve, 6_000)); // longer than a listener's turn
  expect(await channel.logins()).toBe(logins);

  const changed = secret('password');
  await engine.sandbox.account('imap', 'refused@example.com', { password: changed });
  await connectImap(engine, 'refused@example.com', changed);
  await until('the new connection', async () => ((await channel.lease())?.leaseUntil ?? new Date(0)) > new Date());
});

test('a channel in trouble is let go: its polls may need the connection', async () => {
  const channel = await connected('trouble@example.com');
  listen();
  await held(channel);
  await channel.inTenant((tx) => updateChannel(tx, channel.id, { trouble: 'access' }));
  const lease = await until('the end of the lease', async () => {
    const row = await channel.lease();
    return row && row.leaseUntil <= new Date() ? row : null;
  });
  expect(lease).toMatchObject({ failures: 1, refusedVersion: null });
  expect(lease.retryAt?.getTime()).toBeGreaterThan(Date.now());
});
