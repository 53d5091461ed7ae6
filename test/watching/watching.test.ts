import postgres from 'postgres';
import { eq, sql as raw } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catchUnwatched } from '../../background/watch-net.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { findWatch } from '../../db/channels/watches.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { CREDENTIALS_TOPIC, EVENTS_TOPIC } from '../../domain/notify-topics.ts';
import type { Context } from '../../runtime/context.ts';
import { lookForNews } from '../../watching/look.ts';
import { lookAtDue, Watcher } from '../../watching/watcher.ts';
import { channelOf, connectExchange, connectGmail, connectImap } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { databaseAs } from '../support/logins.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from '../workflows/life.ts';
import type { Life } from '../workflows/life.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/* Real providers, workers and rows; the test alone says when a listener looks, by a clock that runs ahead. */
let engine: Engine;
/** The superuser's, who sees every write and every NOTIFY. */
let witness: postgres.Sql;
const notified: string[] = [];

beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), {
    timeSkipping: false,
    watching: false,
    config: { pollIntervalMs: null },
  });
  await engine.sandbox.settings('google', { token_life_s: 86_400 });
  witness = postgres(engine.databaseUrl, { max: 2, onnotice: () => {} });
  await witness.unsafe(NOTE_WRITES);
  for (const topic of [EVENTS_TOPIC, CREDENTIALS_TOPIC]) {
    await witness.listen(topic, (payload) => notified.push(`${topic} ${payload}`));
  }
}, 180_000);
afterAll(async () => {
  await witness?.end();
  await engine?.close();
});

const NOTE_WRITES = `
  create table written (name text);
  create function note_write() returns trigger language plpgsql security definer as
    $$ begin insert into public.written values (tg_table_name); return null; end $$;
  do $$ declare name text; begin
    for name in select relname from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'written' loop
      execute format('create trigger note_write after insert or update or delete on %I
                      for each row execute function note_write()', name);
    end loop;
  end $$`;

/** Rows written since the last time, by table; a process says in one of its own that it lives. */
async function written(): Promise<string[]> {
  const rows = await witness<{ name: string }[]>`delete from written returning name`;
  return rows.map(({ name }) => name).filter((name) => name !== 'listeners');
}

/** A listener's context, so much later. */
function later(ms: number, context: Context = engine.context): Context {
  const clock = { now: async () => new Date((await engine.context.clock.now()).getTime() + ms) };
  return { ...context, clock, database: databaseAs('listener', context.database) };
}

async function watchedGmail(email: string, connecting: Parameters<typeof connectGmail>[2] = {}): Promise<Life> {
  return asleep(channelOf(await connectGmail(engine, email, connecting)));
}

async function asleep(channelId: string): Promise<Life> {
  const life = lifeOf(engine, channelId);
  await until('the first poll', async () => (await life.isWatched()) && (await watchOf(life))?.nextLookAt);
  await until('sleep', async () => {
    const { events } = await life.workflow.fetchHistory();
    const last = events?.at(-1);
    return Boolean(last?.timerStartedEventAttributes ?? last?.workflowTaskCompletedEventAttributes);
  });
  return life;
}

const idOf = async (life: Life) => (await life.read()).id;
const watchOf = async (life: Life) => {
  const id = await idOf(life);
  return life.inTenant((tx) => findWatch(tx, id));
};
const eventsOf = async (life: Life) => (await life.workflow.fetchHistory()).events?.length ?? 0;
/** Its look was due so long ago. */
const makeDue = async (life: Life, agoMs = 0) =>
  witness`update watches set next_look_at = ${new Date(Date.now() - agoMs)} where channel_id = ${await idOf(life)}`;
/** The watches of other tests rest. */
const restOthers = (life: Life) =>
  idOf(life).then((id) => witness`update watches set next_look_at = null where channel_id <> ${id}`);

test('a quiet channel costs one row a look: no event in its history, no NOTIFY; the pace slows down to 15 minutes', async () => {
  const life = await watchedGmail('quiet@example.com');
  // The provider tells its time in whole seconds.
  await witness`update channels set covered_until = covered_until - interval '1 minute' where id = ${await idOf(life)}`;
  await witness`update watches set covered_until = null where channel_id = ${await idOf(life)}`;
  const { coveredUntil, lastVerifiedAt, workflowSeq } = await life.read();
  const before = await eventsOf(life);
  const intervals: number[] = [];
  await witness`update subscriptions set expires_at = null`;
  await written();
  notified.length = 0;
  const looks = [1, 3, 7, 15, 31, 46, 61];
  for (const minutes of looks) {
    await lookAtDue(later(minutes * MINUTE_MS + 1_000));
    intervals.push((await watchOf(life))?.intervalMs ?? 0);
  }
  expect(intervals.map((ms) => ms / MINUTE_MS)).toEqual([2, 4, 8, 15, 15, 15, 15]);
  // A listener's first look leases the channel, which is a row too; a listener that stays writes one alone.
  expect(await written()).toEqual(Array.from({ length: 2 * looks.length }, () => 'watches'));
  expect(notified).toEqual([]);
  expect(await eventsOf(life)).toBe(before);
  const after = await life.read();
  expect(after).toMatchObject({ workflowSeq, status: 'connected' });
  expect(after.coveredUntil?.getTime()).toBeGreaterThan(coveredUntil?.getTime() ?? 0);
  expect(after.lastVerifiedAt?.getTime()).toBeGreaterThan(lastVerifiedAt?.getTime() ?? 0);
});

test('one listener that stays writes one row a look, and its leases are taken over when it dies', async () => {
  const life = await watchedGmail('leased@example.com');
  await restOthers(life);
  const channelId = await idOf(life);
  let offsetMs = 2 * MINUTE_MS;
  const moving = { ...later(0), clock: { now: () => later(offsetMs).clock.now() } };
  const [first, second] = [new Watcher(moving), new Watcher(moving)];
  const due = () =>
    life.inTenant((tx) =>
      tx.execute(raw`update watches set next_look_at = ${new Date(0).toISOString()}
    where channel_id = ${channelId}`),
    );
  expect(await first.turn()).toBe(1);
  await first.settled();
  await due();
  await written();
  expect(await second.turn()).toBe(0);
  expect(await first.turn()).toBe(1);
  await first.settled();
  expect(await written()).toEqual(['watches']);
  // Nor does a look that comes half a minute late.
  const plannedAt = (await watchOf(life))?.nextLookAt?.getTime() ?? 0;
  offsetMs = plannedAt - Date.now() + MINUTE_MS / 2;
  expect(await first.turn()).toBe(1);
  await first.settled();
  expect(await written()).toEqual(['watches']);
  // One that has been due for longer is any listener's, also while the first one lives.
  const { nextLookAt, leaseUntil } = (await watchOf(life)) ?? {};
  expect((leaseUntil?.getTime() ?? Infinity) - (nextLookAt?.getTime() ?? 0)).toBeLessThanOrEqual(80_000);
  // The first one dies without a word.
  await due();
  offsetMs += 16_000;
  expect(await second.turn()).toBe(1);
  await second.settled();
  expect((await watchOf(life))?.nextLookAt?.getTime()).toBeGreaterThan(Date.now());
  await second.stop();
});

test('a look leaves a channel alone that is in trouble, and goes on where its trouble has ended meanwhile', async () => {
  const life = await watchedGmail('rests@example.com');
  await restOthers(life);
  const channelId = await idOf(life);
  const owner = 'lsn_of_this_test';
  /** One look of a listener; `meanwhile` happens once it has read the row. */
  const look = async (meanwhile: () => Promise<unknown>) => {
    await witness`update channels set trouble = 'access' where id = ${channelId}`;
    await witness`update watches set owner = ${owner}, next_look_at = now(), lease_until = now() + interval '1 minute'
                  where channel_id = ${channelId}`;
    const context = later(0);
    const inTenant: typeof context.database.inTenant = async (tenantId, work) => {
      const result = await context.database.inTenant(tenantId, work);
      await meanwhile();
      return result;
    };
    const database = { ...context.database, inTenant };
    await lookForNews({ ...context, database }, { tenantId: 'acme', channelId, owner }, new AbortController().signal);
    return watchOf(life);
  };
  const heal = () => witness`update channels set trouble = null where id = ${channelId}`;
  expect(await look(heal)).toMatchObject({ nextLookAt: expect.any(Date) as Date, leaseUntil: null });
  expect(await look(async () => {})).toMatchObject({ nextLookAt: null, leaseUntil: null });
  await heal();
});

test('news wakes the workflow, which stores it; then the pace is the fastest again', async () => {
  const life = await watchedGmail('news@example.com');
  await restOthers(life);
  for (const minutes of [2, 5, 12]) await lookAtDue(later(minutes * MINUTE_MS));
  expect((await watchOf(life))?.intervalMs).toBeGreaterThan(4 * MINUTE_MS);
  await engine.sandbox.deliver('google', 'news@example.com', 2);
  await makeDue(life);
  await lookAtDue(later(0));
  await until('the mail', async () => (await life.stored()) === 2);
  await until('the end of the poll', async () => (await watchOf(life))?.nextLookAt);
  expect((await watchOf(life))?.intervalMs).toBe(MINUTE_MS);
});

test('the daily comparison is part of a look, and wakes the workflow only for what is missing', async () => {
  const email = 'compared@example.com';
  const life = await watchedGmail(email);
  await restOthers(life);
  const id = await idOf(life);
  await witness`update channels set created_at = created_at - interval '2 days', owned_from = null where id = ${id}`;
  const date = new Date(Date.now() - 24 * HOUR_MS).toISOString();
  const look = async () => {
    await until('the plan', async () => (await watchOf(life))?.nextLookAt);
    await witness`update watches set audit_at = now() where channel_id = ${id}`;
    await makeDue(life);
    await lookAtDue(later(0));
  };
  await engine.sandbox.deliver('google', email, 2, { date });
  await look();
  await until('the mail', async () => (await life.stored()) === 2);
  await asleep(id);
  const before = await eventsOf(life);
  await look();
  expect((await watchOf(life))?.auditAt?.getTime()).toBeGreaterThan(Date.now() + 20 * HOUR_MS);
  expect([await eventsOf(life), (await life.read()).nextAuditAt]).toEqual([before, null]);
  await engine.sandbox.deliver('google', email, 1, { date, unannounced: true });
  await look();
  await until('the repair', async () => (await life.stored()) === 3);
  await until('the end of the audit', async () => (await life.read()).nextAuditAt === null);
});

test('two listeners never look at one channel at once, and a hanging server delays no other tenant', async () => {
  const password = secret('password');
  const hanging: Life[] = [];
  for (const n of [1, 2, 3]) {
    const email = `hangs${n}@example.com`;
    await engine.sandbox.account('imap', email, { password });
    hanging.push(await asleep(channelOf(await connectImap(engine, email, password))));
  }
  const other = await asleep(channelOf(await connectGmail(engine, 'prompt@example.com', { tenantId: 'acme' })));
  await witness`update watches set next_look_at = null where channel_id not in (
    select id from channels where account_email like 'hangs%' or account_email = 'prompt@example.com')`;
  await witness`update watches set next_look_at = now() - interval '1 hour' where host <> 'gmail' and next_look_at is not null`;
  const slow = await engine.sandbox.fault('imap', null, 'slow', { ms: 60_000 });
  const limits = { all: 3, perTenant: 3, perHost: 2 };
  const ahead = later(2 * MINUTE_MS);
  const [first, second] = [new Watcher(ahead, limits), new Watcher(ahead, limits)];
  const before = (await watchOf(other))?.watchedAt?.getTime() ?? 0;
  const [one, two] = await Promise.all([first.turn(), second.turn()]);
  await until('the look at the other', async () => ((await watchOf(other))?.watchedAt?.getTime() ?? 0) > before);
  // Three that hang and one that does not: each has one listener. Where both chose the same ones, the next turn has the rest.
  const begun = one + two + (await first.turn()) + (await second.turn());
  expect(begun).toBe(4);
  expect((await first.turn()) + (await second.turn())).toBe(0);
  await Promise.all([first.stop(), second.stop()]);
  await engine.sandbox.mend(slow.id);
});

const incidents = () =>
  witness<{ closed: boolean }[]>`select closed_at is not null as closed from incidents
    where scope = 'service' and provider = 'gmail' order by opened_at`;

test('without a listener mail still comes, by the reconcile, and the operator has an incident until there is one', async () => {
  const life = await watchedGmail('unserved@example.com');
  await restOthers(life);
  await engine.sandbox.deliver('google', 'unserved@example.com', 1);
  // The listeners of other tests have died or said that they live in a time to come.
  await witness`delete from listeners`;
  const { context } = engine;
  expect(await catchUnwatched(context)).toBe(0);
  await makeDue(life, 2.5 * MINUTE_MS);
  expect(await catchUnwatched(context)).toBe(1);
  await until('the mail', async () => (await life.stored()) === 1);
  expect(await incidents()).toEqual([{ closed: false }]);
  expect(
    await witness`
    select e.data->>'scope' as scope from events e join incidents i on i.id = e.incident_id
    where i.scope = 'service' and e.type = 'incident.opened'`,
  ).toEqual([{ scope: 'client' }]);
  await catchUnwatched(context);
  const listener = new Watcher(later(0));
  await listener.turn();
  await catchUnwatched(context);
  expect(await incidents()).toEqual([{ closed: true }]);
  await listener.stop();
});

test('a look without a token waits for the next refresh, and asks for one after an hour, unless the product reads itself', async () => {
  const continuous = await watchedGmail('unread@example.com', { spec: { import: 'continuous' } });
  const gap = await watchedGmail('own-sync@example.com', { spec: { import: 'gap' } });
  for (const life of [continuous, gap]) {
    const id = await idOf(life);
    await life.inTenant(async (tx) => {
      await updateChannel(tx, id, { keepWarm: 'when_used' });
      await tx.update(credentials).set({ expiresAt: new Date() }).where(eq(credentials.channelId, id));
    });
  }
  await lookAtDue(later(2 * MINUTE_MS));
  for (const [life, hours] of [
    [continuous, 1],
    [gap, 24],
  ] as const) {
    const { waitsSince, nextLookAt } = (await watchOf(life))!;
    expect(nextLookAt!.getTime() - waitsSince!.getTime()).toBe(hours * HOUR_MS);
    expect(await life.read()).toMatchObject({ credentialVersion: 1, refreshRequestedAt: null });
  }
  // By the clock of the workflow: a refresh that is requested for later waits for its time.
  await makeDue(continuous);
  await lookAtDue(later(0));
  await until('the refresh', async () => (await continuous.read()).credentialVersion === 2);
  await until('the look that follows', async () => {
    await lookAtDue(later(0));
    return (await watchOf(continuous))?.waitsSince === null;
  });
  expect(await gap.read()).toMatchObject({ credentialVersion: 1, refreshRequestedAt: null });
});

test('in gap mode a look is enough where the provider tells no cursor as of now', async () => {
  const email = 'own-sync@contoso.example';
  const password = secret('exchange-password');
  await engine.sandbox.account('exchange', email, { password });
  const life = await asleep(channelOf(await connectExchange(engine, email, password, { spec: { import: 'gap' } })));
  await restOthers(life);
  const before = await eventsOf(life);
  for (const minutes of [1, 3]) {
    await makeDue(life);
    await lookAtDue(later(minutes * MINUTE_MS));
    expect((await watchOf(life))?.watchedAt?.getTime()).toBeGreaterThan(Date.now() + (minutes - 1) * MINUTE_MS);
  }
  expect(await life.read()).toMatchObject({ nextPollAt: null, pollRequestedAt: null });
  expect(await eventsOf(life)).toBe(before);
});

test('a comparison that no look makes in time is the workflow’s, after its next poll', async () => {
  const life = await watchedGmail('uncompared@example.com');
  const channelId = await idOf(life);
  await witness`update watches set audit_at = now() - interval '2 hours' where channel_id = ${channelId}`;
  await life.askForPoll();
  await until('the comparison', async () => ((await watchOf(life))?.auditAt?.getTime() ?? 0) > Date.now());
  expect(await life.told('channel.degraded')).toBe(0);
});
