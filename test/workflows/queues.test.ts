import { and, eq, inArray, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRowActivities } from '../../activities/channel.ts';
import { turnServing } from '../../background/serving.ts';
import { askFor } from '../../channels/wake.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { nudges } from '../../db/schema/channels.ts';
import { messages } from '../../db/schema/messages.ts';
import type { Context } from '../../runtime/context.ts';
import { createWorkers } from '../../temporal-workers.ts';
import { startWorkerProcess } from '../connections/server-process.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** More than one process has slots for at a token endpoint. */
const HANGING = 46;
const HANGS_FOR_MS = 30_000;

/* A real Temporal server, with the queues of a worker process: what holds the slots of one delays no other. */
let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
}, 180_000);
let api: Api;
beforeAll(async () => {
  api = await startApi(engine.context);
});
afterAll(async () => {
  await api.close();
  await engine.close();
});

const read = (tenantId: string, channelId: string) =>
  engine.context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));

/** A channel whose first poll is done. */
async function asleep(tenantId: string, email: string) {
  const channelId = channelOf(await connectGmail(engine, email, { tenantId }));
  await until('the first poll', async () => {
    const row = await read(tenantId, channelId);
    return row?.nextPollAt === null && row.pollRequestedAt === null;
  });
  return { tenantId, channelId };
}

/** The workers of a process whose environment lacks Gmail's configuration. */
function withoutGmail(): Context {
  const { context } = engine;
  const providers = new Map([...context.providers].filter(([accessType]) => accessType !== 'gmail'));
  return { ...context, providers };
}

/** Runs workers without Gmail alone. */
async function onWorkersWithoutGmail(work: () => Promise<void>): Promise<void> {
  await engine.stopWorkers();
  const workers = await createWorkers(withoutGmail(), engine.server.nativeConnection);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    await work();
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await engine.startWorkers();
  }
}

const incidents = async (state: string) =>
  (await api.call('GET', `/v1/incidents?scope=client&state=${state}`)).json.data;
const unserved = async () =>
  /^mooring_channels_unserved\{access_type="gmail"\} (\d+)$/m.exec((await api.call('GET', '/metrics')).text)?.[1];
/** A turn of a process that has just started, so much later. */
const startLater = (context: Context, ms: number) => {
  const clock = { now: async () => new Date((await engine.context.clock.now()).getTime() + ms) };
  return turnServing({ ...context, clock }, { isFirst: true });
};

it('S-09: a channel whose access type no worker serves can be left, and is erased', async () => {
  const left = await asleep('acme', 'left@example.com');
  const stays = await asleep('acme', 'stays@example.com');
  await turnServing(engine.context, { isFirst: true });
  await turnServing(withoutGmail(), { isFirst: true });
  expect(await incidents('open')).toEqual([]);
  expect(await unserved()).toBeUndefined();

  await onWorkersWithoutGmail(async () => {
    await startLater(withoutGmail(), 6 * MINUTE_MS);
    const [incident, ...more] = await incidents('open');
    expect(more).toEqual([]);
    expect(incident).toMatchObject({ access_type: 'gmail', action: 'fix_app_credentials', channels: 2, tenants: 1 });
    expect(incident.what_to_do).toContain('No worker serves');
    await engine.context.database.acrossTenants((tx) =>
      tx.execute(sql`update served_access_types set served_until = now() - interval '1 s' where access_type = 'gmail'`),
    );
    expect(await unserved()).toBe('2');

    expect((await api.call('DELETE', `/v1/channels/${left.channelId}?erase=true`)).status).toBe(202);
    const ended = await until('the end', async () => {
      const { json } = await api.call('GET', `/v1/channels/${left.channelId}`);
      return json.status === 'disconnected' ? json : null;
    });
    const byHand = expect.stringContaining('Remove the access') as string;
    expect(ended).toMatchObject({ revocation: 'failed', revocation_help: byHand });
    expect(await engine.context.database.inTenant('acme', (tx) => findCredential(tx, left.channelId))).toBeNull();
    await until('the end of its workflow', async () => {
      const { status } = await engine.channel(left.channelId).describe();
      return status.name === 'COMPLETED';
    });
    // The other goes on as soon as there is a worker.
    await askFor(engine.context, stays, 'pollRequestedAt');
    await until('the look', async () => {
      const { raw } = await engine.channel(stays.channelId).describe();
      return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'poll');
    });
  });

  await until('the poll', async () => (await read('acme', stays.channelId))?.pollRequestedAt === null);
  await startLater(engine.context, 7 * MINUTE_MS);
  expect(await incidents('open')).toEqual([]);
  expect(await incidents('closed')).toMatchObject([{ access_type: 'gmail', channels: 1, tenants: 1 }]);
  const told = await engine.context.database.acrossTenants((tx) =>
    tx.execute<{ type: string; tenant_id: string | null }>(
      sql`select type, tenant_id from events where type like 'incident.%' order by seq`,
    ),
  );
  expect([...told]).toEqual([
    { type: 'incident.opened', tenant_id: null },
    { type: 'incident.closed', tenant_id: null },
  ]);
}, 60_000);

it('S-09: a worker that starts says what it serves before it looks, and a `leave` asks once more', async () => {
  const { tenantId, channelId } = await asleep('acme', 'revoked@example.com');
  await engine.stopWorkers();
  try {
    await turnServing(engine.context, { isFirst: true });
    expect((await api.call('DELETE', `/v1/channels/${channelId}`)).status).toBe(202);
    // An old view asks for it; a worker of the access type has come back since.
    const asked = { tenantId, channelId, accessType: 'gmail', seq: 1 } as const;
    expect(await createRowActivities(engine.context).leave(asked)).toMatchObject({ status: 'disconnecting' });
    await engine.context.database.acrossTenants((tx) =>
      tx.execute(sql`update served_access_types set served_until = now() - interval '1 s' where access_type = 'gmail'`),
    );
    const environment = { ...engine.environment, TEMPORAL_ADDRESS: engine.server.address };
    const worker = await startWorkerProcess(environment);
    try {
      const ended = await until(
        'the end',
        async () => {
          const { json } = await api.call('GET', `/v1/channels/${channelId}`);
          return json.status === 'disconnected' ? json : null;
        },
        60_000,
      );
      expect(ended).toMatchObject({ revocation: 'done' });
    } finally {
      await worker.stop();
    }
  } finally {
    await engine.startWorkers();
  }
}, 120_000);

it('tenants take turns in a queue, by a key that is their own', async () => {
  const { channelId } = await asleep('in turn', 'turns@example.com');
  const { events } = await engine.channel(channelId).fetchHistory();
  const keys = events?.flatMap(({ activityTaskScheduledEventAttributes: it }) => it?.priority?.fairnessKey ?? []);
  expect(new Set(keys)).toEqual(new Set(['in%20turn']));
});

it('rule 13: refreshes of one tenant that hang in every slot do not delay another tenant’s message', async () => {
  const names = Array.from({ length: HANGING }, (_, at) => `hanging-${at}@example.com`);
  const quick = await asleep('quick', 'quick@example.com');
  const hanging = [];
  for (const email of names) {
    const channelId = channelOf(await connectGmail(engine, email, { tenantId: 'busy' }));
    hanging.push({ tenantId: 'busy', channelId });
  }
  for (const email of names)
    await engine.sandbox.fault('google', email, 'slow', { kind: 'token', ms: HANGS_FOR_MS, times: 1 });
  for (const channel of hanging) await askFor(engine.context, channel, 'refreshRequestedAt');
  for (const { channelId } of hanging) {
    await until('the hanging refresh', async () => {
      const { raw } = await engine.channel(channelId).describe();
      return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'refresh');
    });
  }
  await engine.sandbox.deliver('google', 'quick@example.com', 1);
  await askFor(engine.context, quick, 'pollRequestedAt');
  const isStored = () =>
    engine.context.database.inTenant(quick.tenantId, async (tx) => {
      const found = await tx
        .select({ id: messages.id })
        .from(messages)
        .where(and(eq(messages.tenantId, quick.tenantId), eq(messages.channelId, quick.channelId)));
      return found.length === 1;
    });
  await until('the message', isStored, HANGS_FOR_MS / 3);
}, 120_000);

const STORM = 100;
/** As many workflow tasks as a worker takes at once. */
const MOST_TASKS = 10;

/** Paused channels, whose workflows have nothing to do but to look. */
async function copiesOf(channelId: string): Promise<string[]> {
  const rows = await engine.context.database.acrossTenants((tx) =>
    tx.execute<{ id: string }>(sql`
      insert into channels select (jsonb_populate_record(c, jsonb_build_object(
        'id', left(c.id, -4) || lpad(n::text, 4, '0'), 'mailbox_key', 'copy' || n, 'next_due_at', null::text,
        'status', 'paused', 'paused_at', c.created_at))).*
      from channels c, generate_series(1, ${STORM}) n where c.id = ${channelId} returning id`),
  );
  return rows.map(({ id }) => id);
}

/** The most workflow tasks that were under way at once, by the histories. */
async function mostTasksAtOnce(channelIds: string[]): Promise<number> {
  const steps: [atMs: number, step: 1 | -1][] = [];
  for (const channelId of channelIds) {
    const events = (await engine.channel(channelId).fetchHistory()).events ?? [];
    for (const { eventTime: endedAt, workflowTaskCompletedEventAttributes: ended } of events) {
      const started = events.find(({ eventId }) => ended && String(eventId) === String(ended.startedEventId));
      if (started) steps.push([timeOf(started.eventTime), 1], [timeOf(endedAt), -1]);
    }
  }
  let [underWay, most] = [0, 0];
  for (const [, step] of steps.toSorted(([a, x], [b, y]) => a - b || x - y)) {
    underWay += step;
    most = Math.max(most, underWay);
  }
  return most;
}

const timeOf = (time: { seconds?: unknown; nanos?: number | null } | null | undefined) =>
  Number(time?.seconds) * 1_000 + (time?.nanos ?? 0) / 1e6;

it('rule 13: a hundred changes at once all reach their workflows, of which a worker takes ten at a time', async () => {
  const ids = await copiesOf((await asleep('acme', 'copied@example.com')).channelId);
  expect(ids.length).toBe(STORM);
  const patched = ids.map((id) => api.call('PATCH', `/v1/channels/${id}`, { metadata: { plan: 'pro' } }));
  for (const { status } of await Promise.all(patched)) expect(status).toBe(200);
  const left = () =>
    engine.context.database.acrossTenants(async (tx) => {
      const rows = await tx.select({ id: nudges.channelId }).from(nudges).where(inArray(nudges.channelId, ids));
      return rows.length;
    });
  await until('every look', async () => (await left()) === 0, 120_000);
  const most = await mostTasksAtOnce(ids);
  expect(most).toBeLessThanOrEqual(MOST_TASKS);
  expect(most).toBeGreaterThan(1);
}, 180_000);
