import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { connectDatabase } from '../db/client.ts';
import type { Database } from '../db/client.ts';
import { databaseClock } from '../db/clock.ts';
import { insertEvent } from '../db/events/events.ts';
import { EVENTS_TOPIC } from '../domain/notify-topics.ts';
import { createLogger } from '../runtime/logger.ts';
import { startSettler } from '../runtime/settler.ts';
import { WakeUp } from '../runtime/wake-up.ts';
import { TENANT, connectGmail, until } from './channels.ts';
import { quantile } from './load.ts';
import type { Findings, Measured } from './report.ts';
import type { Setting } from './setting.ts';

const AIM_MS = 20;
const PAUSE_MS = 20;
const BACKLOG = 50_000;

/**
 * What the settler adds to an event: the time from its commit to the notification of its readers, in a process that runs a
 * settler as every process of Mooring does. And how many rows a second all settlers number of a backlog.
 */
export async function measureFeed({ mooring, seconds }: Setting): Promise<Findings> {
  const { id: channelId } = await connectGmail(mooring, 'feed@example.com');
  const url = mooring.run.database_url;
  const database = connectDatabase({ url, poolSize: 4, program: 'worker' });
  const settler = startSettler({ database, clock: databaseClock(database), logger: createLogger('bench', 'warn') });
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const delaysMs = await measureDelays(database, sql, channelId, seconds);
    return { measured: [delayOf(delaysMs), await measureBacklog(sql, channelId)], demands: [] };
  } finally {
    await settler.stop();
    await Promise.all([database.close(), sql.end()]);
  }
}

async function measureDelays(
  database: Database,
  sql: postgres.Sql,
  channelId: string,
  seconds: number,
): Promise<number[]> {
  const told = new WakeUp();
  const unlisten = await database.listen(EVENTS_TOPIC, () => told.ring());
  const delaysMs: number[] = [];
  const event = { tenantId: TENANT, channelId, type: 'channel.paused', incidentId: null, data: {} } as const;
  for (const endsAt = performance.now() + seconds * 1_000; performance.now() < endsAt; await sleep(PAUSE_MS)) {
    const id = await database.inTenant(TENANT, (tx) => insertEvent(tx, { ...event, at: new Date() }));
    const committedAt = performance.now();
    for (;;) {
      await told.wait(5_000);
      const toldAt = performance.now();
      // A notification may be of an event of another process.
      const [row] = await sql`select number from events where id = ${id}`;
      if (row?.['number'] == null) continue;
      delaysMs.push(toldAt - committedAt);
      break;
    }
  }
  await unlisten();
  return delaysMs;
}

function delayOf(delaysMs: number[]): Measured {
  const [p50, p99] = [quantile(delaysMs, 0.5), quantile(delaysMs, 0.99)];
  return {
    name: 'Feed: delay of the settler',
    unit: 'ms from the commit to the notification, p50',
    mooring: p50,
    limit: AIM_MS,
    limitIs: 'the aim',
    ratio: p50 / AIM_MS,
    aim: { atMost: 1, hard: false },
    cpuMs: null,
    notes: [`${delaysMs.length} events, one after the other; p99 ${p99.toFixed(1)} ms`],
  };
}

/** Beside the plain update of as many rows in one statement. */
async function measureBacklog(sql: postgres.Sql, channelId: string): Promise<Measured> {
  const write = (prefix: string, number: string) =>
    sql.unsafe(`
    insert into events (id, tenant_id, channel_id, type, data, at, number)
      select '${prefix}' || n, '${TENANT}', '${channelId}', 'credential.refreshed', '{}', now(), ${number}
      from generate_series(1, ${BACKLOG}) n`);
  await write('evt_limit', '-n');
  const limitS = await secondsOf(() =>
    sql.unsafe(`update events set number = number - ${BACKLOG} where id like 'evt_limit%'`),
  );
  await sql`delete from events where id like 'evt_limit%'`;
  await write('evt_backlog', 'null');
  const tookS = await secondsOf(() =>
    until('the backlog', 120_000, async () => {
      const [row] = await sql`select exists (select from events where number is null) as left`;
      return row?.['left'] === false || null;
    }),
  );
  return {
    name: 'Feed: rows of a backlog',
    unit: 'rows a second',
    mooring: BACKLOG / tookS,
    limit: BACKLOG / limitS,
    limitIs: 'one statement that gives as many rows another number',
    ratio: limitS / tookS,
    aim: null,
    cpuMs: null,
    notes: [`${BACKLOG} events, ${tookS.toFixed(1)} s`],
  };
}

async function secondsOf(work: () => PromiseLike<unknown>): Promise<number> {
  const beganAt = performance.now();
  await work();
  return (performance.now() - beganAt) / 1_000;
}
