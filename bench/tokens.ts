import { connectGmail } from './channels.ts';
import { ClosedLoad, median, quantile } from './load.ts';
import { addCpu, cpuBetween } from './processes.ts';
import type { CpuTimes } from './processes.ts';
import { perOperation } from './report.ts';
import type { Findings } from './report.ts';
import { cpuNow, limitRead, mooringRead } from './setting.ts';
import type { Setting } from './setting.ts';

const CONNECTIONS = 16;
/** The two sides take turns of this, in ms, so that other load on the machine hits both alike. */
const TURN_MS = 250;

interface Side {
  load: ClosedLoad;
  perSecond: number[];
  latenciesMs: number[];
  cpu: CpuTimes;
}

/** Reads of a token that is fresh: how near the server comes to a bare one. */
export async function measureTokens(setting: Setting): Promise<Findings> {
  const { mooring, limitServer, seconds } = setting;
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  const channel = await connectGmail(mooring, 'tokens@example.com');
  const ours = sideOf(new ClosedLoad(mooringRead(setting, channel.id), CONNECTIONS));
  const limit = sideOf(new ClosedLoad(limitRead(setting, channel.id), CONNECTIONS));
  for (const { load } of [ours, limit]) await load.run(Math.min(4000, seconds * 400)); // until it is compiled
  for (let turn = 0; turn < (seconds * 1000) / TURN_MS; turn++) {
    const side = turn % 2 === 0 ? ours : limit;
    const before = cpuNow(setting, { limit: limitServer.pid });
    const beganAt = performance.now();
    const latenciesMs = await side.load.run(TURN_MS);
    side.perSecond.push((1000 * latenciesMs.length) / (performance.now() - beganAt));
    side.cpu = addCpu(side.cpu, cpuBetween(before, cpuNow(setting, { limit: limitServer.pid })));
    side.latenciesMs.push(...latenciesMs);
  }
  await Promise.all([ours.load.close(), limit.load.close()]);
  const perSecond = { mooring: median(ours.perSecond), limit: median(limit.perSecond) };
  return {
    measured: [
      {
        name: 'Token reads, fresh',
        unit: 'reads/s',
        ...perSecond,
        limitIs: 'bare Express calling the same SQL function',
        ratio: perSecond.mooring / perSecond.limit,
        aim: { atLeast: 0.8, hard: false },
        cpuMs: { mooring: cpuOf(ours), limit: cpuOf(limit) },
        notes: [`${CONNECTIONS} connections; ${latencyWords(ours)}; the limit: ${latencyWords(limit)}`],
      },
    ],
    demands: [],
  };
}

const sideOf = (load: ClosedLoad): Side => ({ load, perSecond: [], latenciesMs: [], cpu: {} });
const cpuOf = ({ cpu, latenciesMs }: Side) => perOperation(cpu, latenciesMs.length);
const latencyWords = ({ latenciesMs }: Side) =>
  `p50 ${quantile(latenciesMs, 0.5).toFixed(1)} ms, p99 ${quantile(latenciesMs, 0.99).toFixed(1)} ms`;
