import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wakeForgotten } from '../../background/reconcile.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { setScene, TENANT } from '../credentials/scene.ts';

/*
 * Channels whose workflows take no signal: with them, the sweep has more to do than it can ever finish. There are no
 * workflows here; a signal to a healthy one is its look at the row.
 */

const STUCK = 450;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

const scene = setScene();
let healthy: string;
let admin: postgres.Sql;
beforeAll(async () => {
  await scene.withoutReminders();
  healthy = await scene.connect('healthy@example.com');
  admin = postgres(scene.stage.databaseUrl, { max: 1, onnotice: () => {} });
  const longAgo = new Date((await scene.clock.now()).getTime() - 60 * MINUTE_MS).toISOString();
  await admin`
    insert into channels select (jsonb_populate_record(c, jsonb_build_object(
      'id', 'chn_stuck' || n, 'mailbox_key', 'stuck' || n, 'next_due_at', null::text))).*
    from channels c, generate_series(1, ${STUCK}) n where c.id = ${healthy}`;
  await admin`
    insert into nudges (channel_id, tenant_id, created_at, signalled_at)
    select id, tenant_id, ${longAgo}, ${longAgo} from channels where id like 'chn_stuck%'`;
});
afterAll(() => admin.end());

/** A look of the reconcile; `isAway`: Temporal cannot be reached. */
async function reconcile({ isAway = false } = {}): Promise<string[]> {
  const signalled: string[] = [];
  let atOnce = 0;
  const lookAt = async ({ id }: { id: string }) => {
    atOnce++;
    expect(atOnce).toBeLessThanOrEqual(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
    atOnce--;
    if (isAway) throw new Error('Temporal is away');
    signalled.push(id);
    if (id === healthy) await look();
  };
  await wakeForgotten({ ...scene.stage.context, temporal: { ...scene.stage.context.temporal, lookAt } });
  return signalled;
}

const look = () => lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId: healthy, seq: 0 });

/** The healthy channel's workflow was terminated: its due time passes. */
const terminate = async () => {
  const longDue = new Date((await scene.clock.now()).getTime() - 5 * MINUTE_MS).toISOString();
  await admin`update channels set next_due_at = ${longDue} where id = ${healthy}`;
};

const stuckRows = () => admin<{ signals: number }[]>`select signals from nudges where channel_id like 'chn_stuck%'`;

test('rule 13: 450 nudges that nothing takes keep no healthy channel from its signal, not even by a minute', async () => {
  await terminate();
  const first = await reconcile();
  expect(first).toContain(healthy);
  expect(first.length).toBe(STUCK + 1);
  await terminate();
  expect(await reconcile()).toEqual([healthy]);
});

test('the gaps of a row that no signal helps grow to a quarter of an hour, and others keep their own', async () => {
  const before = (await stuckRows()).reduce((sum, { signals }) => sum + signals, 0);
  for (let at = 0; at < 240; at++) {
    await scene.advance(15 * SECOND_MS);
    if (at === 200) await terminate();
    const signalled = await reconcile();
    if (at === 200) expect(signalled).toContain(healthy);
  }
  const signals = (await stuckRows()).reduce((sum, row) => sum + row.signals, 0) - before;
  // In an hour: after 15 s, 30 s, 1, 2, 4, 8, 15, 15 … min.
  expect(signals / STUCK).toBeGreaterThanOrEqual(7);
  expect(signals / STUCK).toBeLessThanOrEqual(10);
});

test('the gaps of a workflow that stands grow too, and begin anew after its next look', async () => {
  const isStill = async (ms: number) => {
    await scene.advance(ms);
    const signalled: string[] = [];
    const temporal = {
      ...scene.stage.context.temporal,
      lookAt: async ({ id }: { id: string }) => void signalled.push(id),
    };
    await wakeForgotten({ ...scene.stage.context, temporal });
    return !signalled.includes(healthy);
  };
  await terminate();
  expect(await isStill(0)).toBe(false);
  expect(await isStill(80 * SECOND_MS)).toBe(true);
  expect(await isStill(15 * SECOND_MS)).toBe(false);
  expect(await isStill(95 * SECOND_MS)).toBe(true);
  expect(await isStill(95 * SECOND_MS)).toBe(false);
  await look();
  const [row] = await admin`select overdue_signals from channels where id = ${healthy}`;
  expect(row).toEqual({ overdue_signals: 0 });
});

test('an outage of Temporal lets no gap grow', async () => {
  await scene.advance(20 * MINUTE_MS);
  await terminate();
  expect(await reconcile({ isAway: true })).toEqual([]);
  await scene.advance(16 * SECOND_MS);
  expect(await reconcile({ isAway: true })).toEqual([]);
  await scene.advance(90 * SECOND_MS);
  const afterwards = await reconcile();
  expect(afterwards).toContain(healthy);
  expect(afterwards.length).toBe(STUCK + 1);
});

test('two processes signal different channels', async () => {
  await scene.advance(20 * MINUTE_MS);
  const both = (await Promise.all([reconcile(), reconcile()])).flat();
  expect(both.length).toBe(new Set(both).size);
  expect(both.length).toBeGreaterThanOrEqual(STUCK);
});

test('each of the two looks is a walk along an index', async () => {
  const plans = await admin.begin(async (tx) => {
    await tx`set local enable_seqscan = off`;
    await tx`set local enable_bitmapscan = off`;
    const now = new Date().toISOString();
    return [
      await tx`explain select channel_id from nudges where next_signal_at <= ${now} order by next_signal_at limit 200`,
      await tx`explain select id from channels where next_due_at < ${now} order by next_due_at limit 200`,
    ].map((rows) => rows.map((row) => String(row['QUERY PLAN'])).join(' '));
  });
  expect(plans[0]).toContain('nudges_next_signal');
  expect(plans[1]).toContain('channels_due');
  expect(plans.join(' ')).not.toContain('Sort');
});
