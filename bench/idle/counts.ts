import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type connectDatabase from 'postgres';
import { CREDENTIALS_TOPIC, EVENTS_TOPIC } from '../../domain/notify-topics.ts';
import { actionsOf, addActions, timeOf } from '../../test/support/temporal-actions.ts';
import type { Actions } from '../../test/support/temporal-actions.ts';
import { forEachAtOnce, persistently } from '../channels.ts';
import type { Setting } from '../setting.ts';

export interface Instruments {
  setting: Setting;
  sql: connectDatabase.Sql;
  client: Client;
}

/** What a stretch of time cost. */
export interface Costs {
  hours: number;
  actions: Actions;
  /** Rows written, by table. */
  rows: Record<string, number>;
  /** How often the provider was visited: requests of one mailbox right after each other are one visit. */
  looks: number;
  notifications: number;
}

/** Two requests of one look follow each other faster than this, two looks never, in ms. */
const SAME_LOOK_MS = 2_000;
/** PostgreSQL's statistics come up to a second late. */
const STATISTICS_MS = 2_500;

/** Counts what these channels cost while nothing happens to them for the bench's time. */
export async function observe(instruments: Instruments, ids: string[], provider: string): Promise<Costs> {
  const { setting, sql, client } = instruments;
  let notifications = 0;
  const listening = await Promise.all(
    [EVENTS_TOPIC, CREDENTIALS_TOPIC].map((topic) => sql.listen(topic, () => void notifications++)),
  );
  await sleep(STATISTICS_MS);
  const before = await rowsWritten(sql);
  const since = new Date();
  notifications = 0;
  await sleep(setting.seconds * 1_000);
  const until = new Date();
  await sleep(STATISTICS_MS);
  const after = await rowsWritten(sql);
  await Promise.all(listening.map((one) => one.unlisten()));
  const actions: Actions = {};
  await forEachAtOnce(ids, 8, async (id) => addActions(actions, await actionsSince(client, id, since)));
  return {
    hours: (until.getTime() - since.getTime()) / 3_600_000,
    actions,
    rows: difference(after, before),
    looks: await countLooks(instruments, provider, { since, until }),
    notifications,
  };
}

/** What processes write to say that they live is no channel's cost. */
async function rowsWritten(sql: connectDatabase.Sql): Promise<Record<string, number>> {
  const rows = await sql.unsafe(
    `select relname as name, n_tup_ins + n_tup_upd + n_tup_del as written
     from pg_stat_user_tables where relname not in ('listeners', 'served_access_types')`,
  );
  return Object.fromEntries(rows.map(({ name, written }) => [String(name), Number(written)]));
}

function difference(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  const all = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

async function countLooks(
  { setting: { mooring } }: Instruments,
  provider: string,
  { since, until }: { since: Date; until: Date },
): Promise<number> {
  const kind = provider === 'imap' ? 'login' : 'api';
  const query = `provider=${provider}&kind=${kind}&since=${since.toISOString()}`;
  type Requests = { data: { email: string; at: string }[] };
  const { data } = await mooring.sandbox.call<Requests>('GET', `/control/requests?${query}`);
  const lastAt = new Map<string, number>();
  let looks = 0;
  for (const { email, at } of data) {
    const atMs = Date.parse(at);
    if (atMs > until.getTime()) break;
    if (atMs - (lastAt.get(email) ?? 0) > SAME_LOOK_MS) looks++;
    lastAt.set(email, atMs);
  }
  return looks;
}

/** The actions of a channel's runs since then. */
async function actionsSince(client: Client, channelId: string, since: Date): Promise<Actions> {
  const counted: Actions = {};
  for await (const history of runsOf(client, channelId)) {
    addActions(counted, actionsOf(history, since.getTime()));
    const [first] = history.events ?? [];
    if (!first || timeOf(first) < since.getTime()) break;
  }
  return counted;
}

/** A channel's runs, the newest first. */
export async function* runsOf(client: Client, channelId: string) {
  for (let runId: string | undefined; ;) {
    const handle = client.workflow.getHandle(`channel/${channelId}`, runId);
    const history = await persistently(() => handle.fetchHistory());
    yield history;
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    if (!runId) return;
  }
}
