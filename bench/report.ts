import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import type { CpuTimes } from './processes.ts';

/** One figure of ours beside its limit, both from the same run. */
export interface Measured {
  name: string;
  unit: string;
  mooring: number;
  limit: number;
  /** What the limit is, in words. */
  limitIs: string;
  /** How the two compare: a share of the limit where more is better, a multiple of it where less is. */
  ratio: number;
  aim: { atLeast: number; hard: boolean } | { atMost: number; hard: boolean } | null;
  /** CPU-ms for one operation, by process. */
  cpuMs: { mooring: CpuTimes; limit: CpuTimes } | null;
  notes: string[];
}

/** What must hold, without a limit to compare with. */
export interface Demand {
  name: string;
  found: string;
  holds: boolean;
}

export interface Findings {
  measured: Measured[];
  demands: Demand[];
}

export interface Report extends Findings {
  cores: number;
  /** How many programs wanted to run, on the average of the minute before and after: above `cores`, others did too. */
  load: { before: number; after: number };
}

/** `total` divided by the number of operations. */
export function perOperation(total: CpuTimes, operations: number): CpuTimes {
  return Object.fromEntries(Object.entries(total).map(([role, ms]) => [role, ms / operations]));
}

function reaches({ ratio, aim }: Measured): boolean {
  if (aim === null) return true;
  return 'atLeast' in aim ? ratio >= aim.atLeast : ratio <= aim.atMost;
}

/** Whether everything that is a must was reached; what is only aimed at does not count. */
export function passes({ measured, demands }: Findings): boolean {
  const missed = measured.filter((figure) => figure.aim?.hard === true && !reaches(figure));
  return missed.length === 0 && demands.every(({ holds }) => holds);
}

export function sayMeasured(figure: Measured): string {
  const { name, unit, mooring, limit, limitIs, ratio, cpuMs, notes } = figure;
  const lines = [
    `${name}: ${number(ratio)} ${aimWords(figure)}`,
    `  ${number(mooring)} ${unit}; the limit ${number(limit)} ${unit} (${limitIs})`,
  ];
  if (cpuMs) {
    lines.push(`  CPU-ms each: ${cpuWords(cpuMs.mooring)}`, `  of the limit: ${cpuWords(cpuMs.limit)}`);
    const share = byCpu(figure);
    if (share) lines.push(`  by CPU: ${number(share)} of the limit`);
  }
  return [...lines, ...notes.map((note) => `  ${note}`)].join('\n');
}

export const sayDemand = ({ name, found, holds }: Demand) => `${name}: ${found} ${holds ? '(holds)' : '(BROKEN)'}`;

function aimWords(figure: Measured): string {
  const { aim } = figure;
  if (aim === null) return '';
  const wanted = 'atLeast' in aim ? `at least ${aim.atLeast}` : `at most ${aim.atMost}`;
  const verdict = reaches(figure) ? 'reached' : 'MISSED';
  return `(${aim.hard ? 'must be' : 'aimed at'} ${wanted}: ${verdict})`;
}

function cpuWords(times: CpuTimes): string {
  const used = Object.entries(times).filter(([, ms]) => ms >= 0.005);
  return `${used.map(([role, ms]) => `${role} ${number(ms)}`).join(', ')}; together ${number(together(times))}`;
}

/** The same ratio by CPU time, which a busy machine disturbs less; null where it was not measured. */
function byCpu({ cpuMs }: Measured): number | null {
  return cpuMs && together(cpuMs.limit) > 0 ? together(cpuMs.limit) / together(cpuMs.mooring) : null;
}

const together = (times: CpuTimes) => Object.values(times).reduce((total, ms) => total + ms, 0);

function number(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export const loadNow = () => Math.round((loadavg()[0] ?? 0) * 10) / 10;

export function sayMachine({ cores, load }: Pick<Report, 'cores' | 'load'>): string {
  const busy = load.before > cores / 2 ? '; it was busy before the bench began, so trust ratios only' : '';
  return `${cores} cores, load ${load.before} before and ${load.after} after${busy}`;
}

export function writeReport(file: string, report: Report): void {
  const measured = report.measured.map((figure) => ({ ...figure, byCpu: byCpu(figure), reached: reaches(figure) }));
  writeFileSync(file, `${JSON.stringify({ ...report, measured, passed: passes(report) }, null, 2)}\n`);
}

export const coreCount = () => availableParallelism();
