import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import connectDatabase from 'postgres';
import { connectGmail, connectImap, forEachAtOnce, until } from './channels.ts';
import type { Channel } from './channels.ts';
import type { Findings } from './report.ts';
import type { Setting } from './setting.ts';

const HOURS_A_MONTH = 730;
/** A token of an hour is refreshed a tenth of its life ahead, and up to a twentieth more by the channel's id. */
const REFRESHES_A_MONTH = HOURS_A_MONTH / (0.9 - 0.025);
/** In the bench a token lives this long, so that each channel is refreshed within the stretch. */
const LIFE_S = 20;
/** Looks at a quiet mailbox in an hour, where no operator sets the pace. */
const LOOKS_AN_HOUR = 4;
/** Histories that are read of each kind. */
const SAMPLE = 20;

interface Kind {
  name: string;
  connect: (setting: Setting, email: string) => Promise<Channel>;
  patch: Record<string, string>;
  /** Temporal actions a month that are aimed at. */
  aim: number;
}

const gmail =
  (mode: string) =>
  ({ mooring }: Setting, email: string) =>
    connectGmail(mooring, email, mode);

const KINDS: Kind[] = [
  { name: 'Gmail, continuous, always warm', connect: gmail('continuous'), patch: {}, aim: 1_475 },
  { name: 'Gmail, gap, when used', connect: gmail('gap'), patch: { keep_warm: 'when_used' }, aim: 62 },
  { name: 'Gmail, off, when used', connect: gmail('off'), patch: { keep_warm: 'when_used' }, aim: 62 },
  {
    name: 'IMAP, continuous',
    connect: ({ mooring }, email) => connectImap(mooring, email, 'continuous'),
    patch: {},
    aim: 1_475,
  },
];

/** The costs of channels to which nothing happens: Temporal actions, and rows written. */
export async function measureIdle(setting: Setting): Promise<Findings> {
  const { mooring } = setting;
  const sql = connectDatabase(mooring.run.database_url, { max: 1 });
  const connection = await Connection.connect({ address: mooring.run.temporal });
  const client = new Client({ connection });
  const found: Findings = { measured: [], demands: [] };
  try {
    for (const [index, kind] of KINDS.entries()) {
      const ids = await connectKind(setting, kind, `idle-${index}`);
      found.measured.push(await measureKind({ setting, sql, client }, kind, ids));
      await forEachAtOnce(ids, 8, (id) => mooring.call('DELETE', `/v1/channels/${id}`));
    }
  } finally {
    await mooring.sandbox.settings('google', { token_life_s: 3600 });
    await connection.close();
    await sql.end();
  }
  return found;
}

async function connectKind(setting: Setting, { connect, patch }: Kind, prefix: string): Promise<string[]> {
  const { mooring, channels } = setting;
  const life = Object.keys(patch).length > 0 ? 86_400 : LIFE_S;
  await mooring.sandbox.settings('google', { token_life_s: life });
  const ids: string[] = [];
  const emails = Array.from({ length: channels }, (_, i) => `${prefix}-${i}@example.com`);
  await forEachAtOnce(emails, 8, async (email) => {
    const { id } = await connect(setting, email);
    ids.push(id);
    if (Object.keys(patch).length > 0) await mooring.call('PATCH', `/v1/channels/${id}`, patch);
  });
  await sleep(10_000); // first polls and renewals
  return ids;
}

interface Instruments {
  setting: Setting;
  sql: connectDatabase.Sql;
  client: Client;
}

async function measureKind({ setting, sql, client }: Instruments, kind: Kind, ids: string[]) {
  const rows = async () => Number((await sql.unsafe(WRITTEN))[0]?.['rows'] ?? 0);
  const looks = async () => Number((await sql.unsafe(LOOKS))[0]?.['rows'] ?? 0);
  await settled(sql);
  const since = new Date();
  const [rowsBefore, looksBefore, beganAt] = [await rows(), await looks(), performance.now()];
  await sleep(setting.seconds * 1000);
  const hours = (performance.now() - beganAt) / 3_600_000;
  await settled(sql);
  const [rowsWritten, looksMade] = [(await rows()) - rowsBefore, (await looks()) - looksBefore];
  const sample = ids.slice(0, SAMPLE);
  const counted = { actions: 0, refreshes: 0 };
  for (const id of sample) {
    const one = await countActions(client, id, since);
    counted.actions += one.actions;
    counted.refreshes += one.refreshes;
  }
  const month =
    counted.refreshes > 0
      ? (counted.actions / counted.refreshes) * REFRESHES_A_MONTH
      : (counted.actions / sample.length / hours) * HOURS_A_MONTH;
  const others = (rowsWritten - looksMade) / ids.length / hours;
  return {
    name: `Idle channel: ${kind.name}`,
    unit: 'Temporal actions a month',
    mooring: month,
    limit: kind.aim,
    limitIs: 'the aim',
    ratio: month / kind.aim,
    aim: { atMost: 1, hard: false },
    cpuMs: null,
    notes: [
      `${ids.length} channels, ${setting.seconds} s: ${counted.actions} actions and ${counted.refreshes} refreshes of ${sample.length} of them`,
      `rows a channel and hour: ${LOOKS_AN_HOUR} for looks at a quiet pace, ${(counted.refreshes > 0 ? (others * LIFE_S) / 3_600 : others).toFixed(1)} others${counted.refreshes > 0 ? ' with tokens of an hour' : ''}`,
    ],
  };
}

/** Statistics of PostgreSQL come up to a second late. */
const settled = (sql: connectDatabase.Sql) =>
  until('the statistics', 10_000, async () => {
    await sleep(2_500);
    return (await sql`select 1 as one`).length;
  });

const WRITTEN = `select sum(n_tup_ins + n_tup_upd + n_tup_del) as rows from pg_stat_user_tables where relname <> 'listeners'`;
const LOOKS = `select sum(n_tup_ins + n_tup_upd) as rows from pg_stat_user_tables where relname = 'watches'`;

/** What Temporal bills of a channel's runs since then: one action each, by the SDK's kinds of events. */
async function countActions(client: Client, channelId: string, since: Date) {
  const counted = { actions: 0, refreshes: 0 };
  for (let runId: string | undefined; ;) {
    const { events } = await client.workflow.getHandle(`channel/${channelId}`, runId).fetchHistory();
    for (const event of events ?? []) {
      const atMs = Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
      if (atMs < since.getTime()) continue;
      const isBilled =
        event.workflowExecutionStartedEventAttributes ??
        event.timerStartedEventAttributes ??
        event.activityTaskScheduledEventAttributes ??
        event.workflowExecutionSignaledEventAttributes ??
        event.workflowExecutionUpdateAcceptedEventAttributes ??
        event.upsertWorkflowSearchAttributesEventAttributes ??
        event.startChildWorkflowExecutionInitiatedEventAttributes;
      if (isBilled) counted.actions++;
      if (event.activityTaskScheduledEventAttributes?.activityType?.name === 'refresh') counted.refreshes++;
    }
    const first = events?.[0];
    const beganMs = Number(first?.eventTime?.seconds ?? 0) * 1000;
    runId = first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    if (!runId || beganMs < since.getTime()) return counted;
  }
}
