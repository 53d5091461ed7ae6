// `npm run bench`: what Mooring does beside the limit of doing it at all, in one run. bench/README.md says how to read
// the ratios.
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Dovecot, dovecotInstalled } from '../test/support/dovecot.ts';
import { measureImports } from './imports.ts';
import { measureLargeImports } from './large-imports.ts';
import { startMooring } from './mooring.ts';
import type { Mooring } from './mooring.ts';
import { startProgram } from './processes.ts';
import { coreCount, loadNow, passes, sayDemand, sayMachine, sayMeasured, writeReport } from './report.ts';
import type { Findings, Report } from './report.ts';
import type { Setting } from './setting.ts';
import { measureCycles } from './cycles.ts';
import { measureDetection } from './detection.ts';
import { measureExpiry } from './expiry.ts';
import { measureFeed } from './feed.ts';
import { idlePace, measureIdle } from './idle/idle.ts';
import { measureRace } from './race.ts';
import { measureTokens } from './tokens.ts';

const PARTS: Record<string, (setting: Setting) => Promise<Findings>> = {
  tokens: measureTokens,
  expiry: measureExpiry,
  race: measureRace,
  cycles: measureCycles,
  detection: measureDetection,
  feed: measureFeed,
  idle: measureIdle,
  import: measureImports,
  'import-large': measureLargeImports,
};

const { values: given } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    messages: { type: 'string', default: '2000' },
    from: { type: 'string', default: 'gmail,microsoft,imap,dovecot' },
    channels: { type: 'string', default: '1000' },
    modes: { type: 'string', default: 'off,gap,continuous' },
    json: { type: 'string' },
  },
});
/** An hour of connecting is not part of a run without a choice. */
const names = given.only?.split(',') ?? Object.keys(PARTS).filter((name) => name !== 'idle');
const unknown = names.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}; expected ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
const onlyIdle = names.every((name) => name === 'idle');
const load = { before: loadNow(), after: 0 };
console.log('Starting a Mooring of its own');
const dovecot = names.includes('import') && dovecotInstalled ? await Dovecot.start() : null;
const mooring = await startMooring(
  dovecot && dirname(dovecot.caFile),
  onlyIdle ? idlePace(Number(given.channels), Number(given.seconds)) : {},
);
const stop = () => Promise.all([mooring.stop(), dovecot?.stop()]);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(1)));
}
try {
  const found = await runParts(mooring);
  load.after = loadNow();
  const report: Report = { cores: coreCount(), load, ...found };
  console.log(`\n${sayMachine(report)}`);
  if (given.json) writeReport(given.json, report);
  process.exitCode = passes(report) ? 0 : 1;
} finally {
  await stop();
}

async function runParts(mooring: Mooring): Promise<Findings> {
  const limitServer = await startProgram('limit-server.ts', { DATABASE_URL: mooring.run.database_url });
  const sizes = given.messages.split(',').map(Number);
  const [from, modes] = [given.from.split(','), given.modes.split(',')];
  const [seconds, channels] = [Number(given.seconds), Number(given.channels)];
  const setting: Setting = { mooring, dovecot, limitServer, seconds, channels, sizes, from, modes };
  const all: Findings = { measured: [], demands: [] };
  try {
    for (const name of names) {
      const found = await PARTS[name]?.(setting);
      for (const figure of found?.measured ?? []) console.log(`\n${sayMeasured(figure)}`);
      for (const demand of found?.demands ?? []) console.log(`\n${sayDemand(demand)}`);
      all.measured.push(...(found?.measured ?? []));
      all.demands.push(...(found?.demands ?? []));
    }
  } finally {
    await limitServer.stop();
  }
  return all;
}
