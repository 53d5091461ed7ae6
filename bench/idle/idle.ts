import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import connectDatabase from 'postgres';
import { actionsOf, addActions, allActions } from '../../test/support/temporal-actions.ts';
import type { Actions } from '../../test/support/temporal-actions.ts';
import { forEachAtOnce, persistently, until } from '../channels.ts';
import { sayMeasured } from '../report.ts';
import type { Findings, Measured } from '../report.ts';
import type { Setting } from '../setting.ts';
import { observe, runsOf } from './counts.ts';
import type { Costs, Instruments } from './counts.ts';
import { MAILBOXES, MODES } from './kinds.ts';
import type { Mailboxes, Mode } from './kinds.ts';

const HOURS_A_MONTH = 730;
/** A token of an hour is refreshed a tenth of its life ahead, and up to a twentieth more by the channel's id. */
const REFRESHES_AN_HOUR = 1 / (0.9 - 0.025);
/** Looks at a quiet mailbox in an hour, where no operator sets the pace. */
const LOOKS_AN_HOUR = 4;
/** Refreshes in a second that this machine does beside everything else. */
const REFRESHES_A_SECOND = 4;
/** These channels live through whole runs first, with tokens of so many seconds. */
const WHOLE_RUNS = { channels: 10, lifeS: 4, runs: 1 };
/** Looks in a second that this machine does beside everything else. */
const LOOKS_A_SECOND = 20;
const AT_ONCE = 16;

const HOUR_S = 3_600;

/**
 * The sandbox's pace, five seconds, is too much for more than a hundred channels. A stretch of an hour or more has the pace of a
 * quiet mailbox, and tokens of an hour.
 */
export const idlePace = (channels: number, seconds: number) => ({
  MOORING_POLL_SECONDS: String(
    seconds < HOUR_S ? Math.max(5, Math.ceil(channels / LOOKS_A_SECOND)) : HOUR_S / LOOKS_AN_HOUR,
  ),
});

/** The costs of channels to which nothing happens: Temporal actions, rows written and NOTIFYs sent. */
export async function measureIdle(setting: Setting): Promise<Findings> {
  const { mooring } = setting;
  const sql = connectDatabase(mooring.run.database_url, { max: 1, onnotice: () => {} });
  const connection = await Connection.connect({ address: mooring.run.temporal });
  const instruments = { setting, sql, client: new Client({ connection }) };
  const found: Findings = { measured: [], demands: [] };
  try {
    for (const mailboxes of MAILBOXES.filter(({ name }) => setting.from.includes(name.toLowerCase()))) {
      found.measured.push(...(await measureMailboxes(instruments, mailboxes)));
    }
  } finally {
    for (const { provider, hasTokens } of MAILBOXES) {
      if (hasTokens) await mooring.sandbox.settings(provider, { token_life_s: 3_600 });
    }
    await connection.close();
    await sql.end();
  }
  return found;
}

async function measureMailboxes(instruments: Instruments, mailboxes: Mailboxes): Promise<Measured[]> {
  const { setting } = instruments;
  const ids = await connectAll(setting, mailboxes);
  const measured: Measured[] = [];
  for (const mode of modesOf(setting)) {
    const perRefresh = await setMode(instruments, { mailboxes, mode, ids });
    await settled(instruments, ids);
    const costs = await observe(instruments, ids, mailboxes.provider);
    const figure = figureOf({ mailboxes, mode, ids, costs, perRefresh, later: await laterActions(instruments, ids) });
    say(sayMeasured(figure));
    measured.push(figure);
  }
  await forEachAtOnce(ids, AT_ONCE, (id) => setting.mooring.call('POST', `/v1/channels/${id}/pause`));
  await settled(instruments, ids);
  return measured;
}

const modesOf = ({ modes }: Setting) => MODES.filter((mode) => modes.includes(mode.import));

async function connectAll(setting: Setting, { provider, hasTokens, connect }: Mailboxes) {
  const { mooring, channels } = setting;
  const [{ import: importMode, keepWarm } = MODES[0]] = modesOf(setting);
  if (hasTokens) await mooring.sandbox.settings(provider, { token_life_s: 86_400 });
  const ids: string[] = [];
  const emails = Array.from({ length: channels }, (_, i) => `idle-${provider}-${i}@example.com`);
  const beganAt = performance.now();
  await forEachAtOnce(emails, AT_ONCE, async (email) => {
    const { id } = await persistently(() => connect(mooring, email, importMode));
    await mooring.call('PATCH', `/v1/channels/${id}`, { keep_warm: keepWarm });
    ids.push(id);
  });
  say(`${ids.length} channels of ${provider} connected in ${Math.round((performance.now() - beganAt) / 1_000)} s`);
  return ids;
}

interface Kind {
  mailboxes: Mailboxes;
  mode: Mode;
  ids: string[];
}

/** Answers how many actions a refresh is in whole runs, where tokens are kept warm. */
async function setMode(instruments: Instruments, { mailboxes, mode, ids }: Kind): Promise<number | null> {
  const { mooring } = instruments.setting;
  const isWarm = mode.keepWarm === 'always' && mailboxes.hasTokens;
  let late = 0;
  const change = async (some: string[], lifeS: number) => {
    if (isWarm) await mooring.sandbox.settings(mailboxes.provider, { token_life_s: lifeS });
    await forEachAtOnce(some, AT_ONCE, async (id) => {
      const patch = { import: mode.import, keep_warm: mode.keepWarm };
      await persistently(() => mooring.call('PATCH', `/v1/channels/${id}`, patch));
      if (isWarm) await persistently(() => mooring.call('POST', `/v1/channels/${id}/refresh`, {})).catch(() => late++);
    });
  };
  if (!isWarm) {
    await change(ids, 0);
    return null;
  }
  const first = ids.slice(0, WHOLE_RUNS.channels);
  await change(first, WHOLE_RUNS.lifeS);
  const perRefresh = await actionsPerRefresh(instruments, first);
  say(`${perRefresh.toFixed(3)} actions a refresh in whole runs of ${first.length} channels`);
  const { seconds } = instruments.setting;
  await change(ids, seconds < HOUR_S ? Math.max(20, ids.length / REFRESHES_A_SECOND) : HOUR_S);
  if (late > 0) say(`${late} channels were not refreshed in time, and keep their token of a day`);
  return perRefresh;
}

/** In whole runs that began after the change of mode: what a run costs counts as well. */
async function actionsPerRefresh({ client }: Instruments, ids: string[]): Promise<number> {
  const beganAt = Date.now();
  const actions: Actions = {};
  await forEachAtOnce(ids, 2, async (id) => {
    const runs = await until('whole runs', 900_000, () => wholeRuns(client, id, beganAt), 10_000);
    for (const run of runs) addActions(actions, run);
  });
  return allActions(actions) / (actions['refresh'] ?? 0);
}

async function wholeRuns(client: Client, channelId: string, sinceMs: number): Promise<Actions[] | null> {
  const whole: Actions[] = [];
  let isCurrent = true;
  for await (const history of runsOf(client, channelId)) {
    const startedMs = Number(history.events?.[0]?.eventTime?.seconds ?? 0) * 1_000;
    if (startedMs < sinceMs) break;
    if (!isCurrent) whole.push(actionsOf(history));
    isCurrent = false;
  }
  return whole.length >= WHOLE_RUNS.runs ? whole : null;
}

/** Until no nudge is left and nothing is due, three times in a row. */
async function settled({ sql, setting }: Instruments, ids: string[]): Promise<void> {
  let quiet = 0;
  await until('quiet', 900_000, async () => {
    await sleep(2_000);
    const [row] = await sql`
      select (select count(*) from nudges) as nudges, count(*) as due from channels
      where id in ${sql(ids)} and (next_due_at < now() or workflow_seq = 0 or poll_requested_at is not null)`;
    // Of channels that are kept warm some are being refreshed at any time.
    const isQuiet = Number(row?.['nudges']) === 0 && Number(row?.['due']) <= setting.channels / 50;
    quiet = isQuiet ? quiet + 1 : 0;
    return quiet >= 3 ? true : null;
  });
  await sleep(15_000); // first looks in the new mode
}

/** Actions a month of what falls due after the stretch: keep-alives and renewals, a timer and an activity each. */
async function laterActions({ sql, setting }: Instruments, ids: string[]): Promise<number> {
  const [row] = await sql`
    select coalesce(sum(case when c.keep_warm = 'when_used' and c.next_due_at > now() + ${`${setting.seconds} s`}::interval
                             then 3600.0 / extract(epoch from c.next_due_at - now()) end), 0) as kept_alive,
           coalesce(sum(3600.0 / extract(epoch from s.renew_at - now())), 0) as renewals
    from channels c left join subscriptions s on s.channel_id = c.id where c.id in ${sql(ids)}`;
  const perHour = (Number(row?.['kept_alive']) + Number(row?.['renewals'])) / ids.length;
  return 2 * perHour * HOURS_A_MONTH;
}

interface Found extends Kind {
  costs: Costs;
  perRefresh: number | null;
  later: number;
}

const REFRESHES_A_MONTH = HOURS_A_MONTH * REFRESHES_AN_HOUR;

function figureOf({ mailboxes, mode, ids, costs, perRefresh, later }: Found): Measured {
  const { hours, actions } = costs;
  const anHour = allActions(actions) / (ids.length * hours);
  const counted = perRefresh === null ? anHour * HOURS_A_MONTH : perRefresh * REFRESHES_A_MONTH;
  const wholeRuns = `${each(perRefresh ?? 0)} actions a refresh in whole runs, ${REFRESHES_A_MONTH.toFixed(0)} refreshes a month`;
  return {
    name: `Idle channel: ${mailboxes.name}, ${mode.name}`,
    unit: 'Temporal actions a month',
    mooring: counted + later,
    limit: mode.aim,
    limitIs: 'the aim',
    ratio: (counted + later) / mode.aim,
    aim: { atMost: 1, hard: false },
    cpuMs: null,
    notes: [
      `${ids.length} channels, ${Math.round(hours * 3_600)} s: ${inWords(actions)}: ${each(anHour)} a channel-hour`,
      ...(perRefresh === null ? [] : [wholeRuns]),
      `${later.toFixed(1)} of a month for what falls due later: keep-alives and renewals`,
      ...rowsInWords(costs, ids.length * hours),
    ],
  };
}

function rowsInWords({ actions, rows, looks, notifications }: Costs, channelHours: number): string[] {
  const refreshes = actions['refresh'] ?? 0;
  const { watches = 0, ...others } = rows;
  const otherRows = Object.values(others).reduce((sum, count) => sum + count, 0);
  const perLook = looks === 0 ? 0 : watches / looks;
  const told =
    refreshes > 0
      ? `${each(notifications / refreshes)} a refresh`
      : `${each(notifications / Math.max(1, looks))} a look`;
  const otherAnHour = refreshes === 0 ? otherRows / channelHours : (otherRows / refreshes) * REFRESHES_AN_HOUR;
  const aMonth = (perLook * LOOKS_AN_HOUR + otherAnHour) * HOURS_A_MONTH;
  return [
    `${looks} looks: ${each(perLook)} rows each; ${notifications} NOTIFYs, ${told}`,
    `other rows: ${inWords(others)}: ${each(otherRows / channelHours)} a channel-hour`,
    `a month: ${aMonth.toFixed(0)} rows, with ${LOOKS_AN_HOUR} looks an hour and tokens of an hour`,
  ];
}

const each = (value: number) => value.toFixed(2);

function inWords(counts: Record<string, number>): string {
  const sorted = Object.entries(counts).sort(([, one], [, other]) => other - one);
  return sorted.map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}

const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
