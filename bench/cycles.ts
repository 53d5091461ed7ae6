import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import connectDatabase from 'postgres';
import { TENANT, connectGmail, forEachAtOnce, until } from './channels.ts';
import { addCpu, cpuBetween, startProgram, without } from './processes.ts';
import type { CpuTimes, Program } from './processes.ts';
import { perOperation } from './report.ts';
import type { Findings } from './report.ts';
import { cpuNow } from './setting.ts';
import type { Setting } from './setting.ts';

/** Enough to keep two cores busy: each is due 0.65 to 0.7 s after its last refresh. */
const CHANNELS = 80;
const LIFE_S = 1;
/** Each side has this many turns, each of `--seconds` divided by them. */
const TURNS = 2;
/** A turn begins with all at once; counted is when they have drifted apart, in ms. */
const WARM_UP_MS = 2_500;
const EMAIL_PREFIX = 'cycle-';
/** What a bare workflow does without. */
const OURS = ['worker', 'server', 'listener', 'sandbox', 'postgres'];

interface Side {
  cycles: number;
  tookMs: number;
  cpu: CpuTimes;
}

/**
 * Whole refresh cycles (timer, refresh with the provider and everything stored, look, timer) as fast as they go,
 * beside a bare workflow's (timer, empty activity) on the same Temporal.
 */
export async function measureCycles(setting: Setting): Promise<Findings> {
  const { mooring } = setting;
  const sql = connectDatabase(mooring.run.database_url, { max: 1 });
  const bare = await startProgram('bare-worker.ts', { TEMPORAL_ADDRESS: mooring.run.temporal });
  try {
    const ids = await connectChannels(setting);
    const refreshed = async () => {
      const [row] = await sql`select sum(credential_version) as versions from channels where tenant_id = ${TENANT}`;
      return Number(row?.['versions']);
    };
    const ours: Side = { cycles: 0, tookMs: 0, cpu: {} };
    const limit: Side = { cycles: 0, tookMs: 0, cpu: {} };
    for (let turn = 0; turn < TURNS; turn++) {
      await bareTurn(setting, bare, limit);
      await mooringTurn(setting, ids, refreshed, { side: ours, bare });
    }
    const perSecond = { mooring: rateOf(ours), limit: rateOf(limit) };
    const engine = { mooring: engineMs(ours, 'worker'), limit: engineMs(limit, 'bare') };
    return {
      measured: [
        {
          name: 'Refresh cycles through Temporal',
          unit: 'cycles/s',
          ...perSecond,
          limitIs: 'a bare workflow, one timer and one empty activity a cycle',
          ratio: perSecond.mooring / perSecond.limit,
          aim: { atLeast: 0.6, hard: false },
          // Without what the other side's processes use while they wait for their turn.
          cpuMs: {
            mooring: perOperation(without(ours.cpu, ['bare']), ours.cycles),
            limit: perOperation(without(limit.cpu, OURS), limit.cycles),
          },
          notes: [
            `${CHANNELS} of each; ${await eventsPerCycle(setting, ids.slice(0, 10))}`,
            `worker and Temporal together: ${engine.mooring.toFixed(1)} CPU-ms a cycle, the bare workflow's ${engine.limit.toFixed(1)}: ${(engine.limit / engine.mooring).toFixed(2)}`,
          ],
        },
      ],
      demands: [],
    };
  } finally {
    await mooring.sandbox.settings('google', { token_life_s: 3600 });
    await bare.stop();
    await sql.end();
  }
}

async function connectChannels(setting: Setting): Promise<string[]> {
  const { mooring } = setting;
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  const emails = Array.from({ length: CHANNELS }, (_, i) => `${EMAIL_PREFIX}${i}@example.com`);
  const ids: string[] = [];
  await forEachAtOnce(emails, 8, async (email) => ids.push((await connectGmail(mooring, email)).id));
  return ids;
}

async function bareTurn(setting: Setting, bare: Program, side: Side): Promise<void> {
  await bare.ask(CHANNELS);
  const started = await bare.ask<number>('count');
  const under = async () => ((await bare.ask<number>('count')) >= started + CHANNELS ? true : null);
  await until('the bare workflows to be under way', 60_000, under);
  await count(setting, bare, side, () => bare.ask<number>('count'));
  await bare.ask('stop');
}

async function mooringTurn(
  setting: Setting,
  ids: string[],
  refreshed: () => Promise<number>,
  { side, bare }: { side: Side; bare: Program },
): Promise<void> {
  const { mooring } = setting;
  await mooring.sandbox.settings('google', { token_life_s: LIFE_S });
  await forEachAtOnce(ids, 8, (id) => mooring.call('POST', `/v1/channels/${id}/refresh`, {}).catch(() => {}));
  await count(setting, bare, side, refreshed);
  // The next token of each lasts an hour: they fall asleep by themselves.
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  let last = -1;
  await until('the channels to fall asleep', 60_000, async () => {
    const before = last;
    await sleep(1_500);
    last = await refreshed();
    return last === before ? true : null;
  });
}

async function count(setting: Setting, bare: Program, side: Side, read: () => Promise<number>): Promise<void> {
  await sleep(WARM_UP_MS);
  const cpuBefore = cpuNow(setting, { bare: bare.pid });
  const [before, beganAt] = [await read(), performance.now()];
  await sleep((setting.seconds * 1000) / TURNS);
  const cycles = (await read()) - before;
  side.cycles += cycles;
  side.tookMs += performance.now() - beganAt;
  side.cpu = addCpu(side.cpu, cpuBetween(cpuBefore, cpuNow(setting, { bare: bare.pid })));
}

const rateOf = ({ cycles, tookMs }: Side) => (1000 * cycles) / tookMs;

/** CPU-ms a cycle of the worker that did it and of Temporal. */
function engineMs({ cpu, cycles }: Side, worker: 'worker' | 'bare'): number {
  return ((cpu['temporal'] ?? 0) + (cpu[worker] ?? 0)) / cycles;
}

/** What a cycle is in Temporal, from the last whole runs of a few channels. */
async function eventsPerCycle({ mooring }: Setting, ids: string[]): Promise<string> {
  const connection = await Connection.connect({ address: mooring.run.temporal });
  const client = new Client({ connection });
  const seen = { events: 0, timers: 0, activities: 0, refreshes: 0 };
  for (const id of ids) {
    const [run] = (await client.workflow.getHandle(`channel/${id}`).fetchHistory()).events ?? [];
    const before = run?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!before) continue;
    const { events = [] } = await client.workflow.getHandle(`channel/${id}`, before).fetchHistory();
    seen.events += events?.length ?? 0;
    for (const event of events ?? []) {
      if (event.timerStartedEventAttributes) seen.timers++;
      const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
      if (name) seen.activities++;
      if (name === 'refresh') seen.refreshes++;
    }
  }
  await connection.close();
  const each = (n: number) => (n / seen.refreshes).toFixed(1);
  return `a cycle has ${each(seen.timers)} timers, ${each(seen.activities)} activities, ${each(seen.events)} events`;
}
