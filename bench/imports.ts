import { until } from './channels.ts';
import type { Channel } from './channels.ts';
import { MESSAGE_BYTES, SOURCES } from './import-mailboxes.ts';
import type { Source } from './import-mailboxes.ts';
import { cpuBetween, forgetPeak, peakMb, startProgram } from './processes.ts';
import type { CpuTimes, Program } from './processes.ts';
import type { RawLoopAnswer, RawLoopOrder } from './raw-loop.ts';
import { perOperation } from './report.ts';
import type { Demand, Findings, Measured } from './report.ts';
import { cpuNow } from './setting.ts';
import type { Setting } from './setting.ts';

/** What Google lets one mailbox fetch: 6,000 units a minute, 20 for a message. */
const GMAIL_QUOTA_PER_SECOND = 5;
/** How much more memory a larger import may take before it counts as growing: what one garbage collection more is. */
const FLAT = 1.1;

interface Receipt {
  id: string;
  state: string;
  found: number;
  imported: number;
  missing: number;
  compared: boolean;
}

interface Imported {
  receipt: Receipt;
  perSecond: number;
  cpuMs: CpuTimes;
  /** The worker's memory in MB. */
  before: number;
  peak: number;
}

/** Importing a mailbox with everything that belongs to it, beside a loop that fetches the same and stores nothing. */
export async function measureImports(setting: Setting): Promise<Findings> {
  const all: Findings = { measured: [], demands: [] };
  const peaks: { name: string; count: number; peak: number }[] = [];
  for (const count of setting.sizes) {
    for (const source of SOURCES.filter(({ name }) => setting.from.includes(name))) {
      const found = await measureSource(setting, source, count);
      if (found === null) continue;
      all.measured.push(found.measured);
      all.demands.push(...found.demands);
      peaks.push({ name: source.name, count, peak: found.peak });
    }
  }
  for (const [name, sizes] of Map.groupBy(peaks, (peak) => peak.name)) all.demands.push(...demandFlat(name, sizes));
  return all;
}

async function measureSource(setting: Setting, source: Source, count: number) {
  const mailbox = await source.fill(setting, { count, bytes: MESSAGE_BYTES });
  if (mailbox === null) return null;
  const loop = await startProgram('raw-loop.ts', {});
  try {
    const limit = await rawLoop(setting, loop, mailbox.order, count);
    const ours = await importAll(setting, mailbox.channel, { loop: loop.pid });
    const name = `import of ${count} messages from ${source.name}`;
    return { measured: figureOf(name, ours, limit), demands: demandsOf(name, source, ours, count), peak: ours.peak };
  } finally {
    await loop.stop();
  }
}

function figureOf(name: string, ours: Imported, limit: Awaited<ReturnType<typeof rawLoop>>): Measured {
  return {
    name: `I${name.slice(1)}`,
    unit: 'messages/s',
    mooring: ours.perSecond,
    limit: limit.perSecond,
    limitIs: 'a loop that fetches the same and stores nothing',
    ratio: ours.perSecond / limit.perSecond,
    aim: { atLeast: 0.6, hard: false },
    cpuMs: { mooring: ours.cpuMs, limit: limit.cpuMs },
    notes: [
      `the worker's memory: ${ours.before} MB before, at most ${ours.peak} MB; the loop's at most ${limit.peak} MB`,
    ],
  };
}

function demandsOf(name: string, source: Source, { receipt, perSecond }: Imported, count: number): Demand[] {
  const { state, found, imported, missing, compared } = receipt;
  const words = `${state}, ${imported} of ${found} found, ${missing} missing, compared: ${compared}`;
  const holds = state === 'completed' && imported === count && missing === 0 && compared;
  const receiptHolds = { name: `Receipt of the ${name}`, found: words, holds };
  if (source.name !== 'gmail') return [receiptHolds];
  const pace = { name: `Pace of the ${name}`, found: `${Math.round(perSecond)}/s, where Google's quota allows 5` };
  return [receiptHolds, { ...pace, holds: perSecond >= GMAIL_QUOTA_PER_SECOND }];
}

/** A mailbox ten times as large must not take more memory. */
function demandFlat(name: string, sizes: { count: number; peak: number }[]): Demand[] {
  const [smallest, ...larger] = sizes.toSorted((one, other) => one.count - other.count);
  return larger.map(({ count, peak }) => ({
    name: `The worker's memory, ${name}`,
    found: `${smallest?.peak} MB at ${smallest?.count} messages, ${peak} MB at ${count}`,
    holds: peak <= FLAT * (smallest?.peak ?? 0),
  }));
}

async function rawLoop(setting: Setting, loop: Program, order: RawLoopOrder, count: number) {
  const before = cpuNow(setting, { loop: loop.pid });
  const { messages, tookMs } = await loop.ask<RawLoopAnswer>(order);
  if (messages !== count) throw new Error(`The loop found ${messages} messages, not ${count}`);
  const cpuMs = perOperation(cpuBetween(before, cpuNow(setting, { loop: loop.pid })), messages);
  return { perSecond: (1000 * messages) / tookMs, cpuMs, peak: peakMb(loop.pid) };
}

/** Imports all of a mailbox. `others`: processes whose CPU time is told as well. */
export async function importAll(
  setting: Setting,
  { id }: Channel,
  others: Record<string, number> = {},
): Promise<Imported> {
  const { mooring } = setting;
  const worker = mooring.pids()['worker'] ?? -1;
  forgetPeak(worker);
  const before = peakMb(worker);
  const cpuBefore = cpuNow(setting, others);
  const beganAt = performance.now();
  const path = `/v1/channels/${id}/imports`;
  const { id: importId } = await mooring.call<Receipt>('POST', path, { from: '2000-01-01T00:00:00Z' });
  const look = async () => {
    const now = await mooring.call<Receipt>('GET', `/v1/imports/${importId}`);
    return now.state === 'running' ? null : now;
  };
  // Every look counts the receipt anew.
  const receipt = await until('the import to end', 60 * 60_000, look, 500);
  const perSecond = (1000 * receipt.imported) / (performance.now() - beganAt);
  const cpuMs = perOperation(cpuBetween(cpuBefore, cpuNow(setting, others)), receipt.imported);
  return { receipt, perSecond, cpuMs, before, peak: peakMb(worker) };
}
