import { readSandbox } from '../embedded/sandbox.ts';
import { connectGmail, connectImap, imapLogin, until } from './channels.ts';
import type { Channel } from './channels.ts';
import type { Mooring } from './mooring.ts';
import { cpuBetween, forgetPeak, peakMb, startProgram } from './processes.ts';
import type { Program } from './processes.ts';
import type { RawLoopAnswer, RawLoopOrder } from './raw-loop.ts';
import { perOperation } from './report.ts';
import type { Findings, Measured } from './report.ts';
import { cpuNow } from './setting.ts';
import type { Setting } from './setting.ts';

const MESSAGE_BYTES = 8_000;
const PROTOCOLS = {
  gmail: { provider: 'google', connect: connectGmail },
  imap: { provider: 'imap', connect: connectImap },
} as const;
type Protocol = keyof typeof PROTOCOLS;

interface Receipt {
  id: string;
  state: string;
  found: number;
  imported: number;
  missing: number;
  compared: boolean;
}

/** Importing a mailbox with everything that belongs to it, beside a loop that fetches the same and stores nothing. */
export async function measureImports(setting: Setting): Promise<Findings> {
  const all: Findings = { measured: [], demands: [] };
  await setting.mooring.sandbox.settings('google', { token_life_s: 3600 });
  for (const protocol of ['gmail', 'imap'] as const) {
    const { measured, demands } = await measureProtocol(setting, protocol);
    all.measured.push(...measured);
    all.demands.push(...demands);
  }
  return all;
}

async function measureProtocol(setting: Setting, protocol: Protocol): Promise<Findings> {
  const { mooring, messages } = setting;
  const { provider, connect } = PROTOCOLS[protocol];
  const email = `import-${protocol}@example.com`;
  await mooring.sandbox.account(provider, email);
  await mooring.sandbox.deliver(provider, email, messages, { size: MESSAGE_BYTES });
  const channel = await connect(mooring, email);
  const loop = await startProgram('raw-loop.ts', {});
  try {
    const order = await orderOf(mooring, protocol, email, channel);
    const limit = await rawLoop(setting, loop, order);
    const ours = await importAll(setting, channel, loop);
    const figure: Measured = {
      name: `Import of ${messages} messages over ${protocol}`,
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
    const { state, found, imported, missing, compared } = ours.receipt;
    const words = `${state}, ${imported} of ${found} found, ${missing} missing, compared: ${compared}`;
    const holds = state === 'completed' && imported === messages && missing === 0 && compared;
    return { measured: [figure], demands: [{ name: `Receipt of the import over ${protocol}`, found: words, holds }] };
  } finally {
    await loop.stop();
  }
}

async function orderOf(mooring: Mooring, protocol: Protocol, email: string, { id }: Channel): Promise<RawLoopOrder> {
  if (protocol === 'imap') {
    const { host = '', port = 0, ca_file: caFile = '' } = mooring.sandbox.imap ?? {};
    return { protocol, host, port, caFile, ...imapLogin(email) };
  }
  const path = `/v1/channels/${id}/access-token`;
  const { access_token: accessToken } = await mooring.call<{ access_token: string }>('GET', path);
  const apiUrl = readSandbox(mooring.stateDir)?.google?.gmail_api_url ?? '';
  return { protocol, apiUrl, accessToken };
}

async function rawLoop(setting: Setting, loop: Program, order: RawLoopOrder) {
  const before = cpuNow(setting, { loop: loop.pid });
  const { messages, tookMs } = await loop.ask<RawLoopAnswer>(order);
  if (messages !== setting.messages) throw new Error(`The loop found ${messages} messages, not ${setting.messages}`);
  const cpuMs = perOperation(cpuBetween(before, cpuNow(setting, { loop: loop.pid })), messages);
  return { perSecond: (1000 * messages) / tookMs, cpuMs, peak: peakMb(loop.pid) };
}

async function importAll(setting: Setting, { id }: Channel, loop: Program) {
  const { mooring } = setting;
  const worker = mooring.pids()['worker'] ?? -1;
  forgetPeak(worker);
  const memoryBefore = peakMb(worker);
  const cpuBefore = cpuNow(setting, { loop: loop.pid });
  const beganAt = performance.now();
  const path = `/v1/channels/${id}/imports`;
  const { id: importId } = await mooring.call<Receipt>('POST', path, { from: '2000-01-01T00:00:00Z' });
  const look = async () => {
    const now = await mooring.call<Receipt>('GET', `/v1/imports/${importId}`);
    return now.state === 'running' ? null : now;
  };
  const receipt = await until('the import to end', 30 * 60_000, look, 250);
  const perSecond = (1000 * receipt.imported) / (performance.now() - beganAt);
  const cpu = cpuBetween(cpuBefore, cpuNow(setting, { loop: loop.pid }));
  return { receipt, perSecond, cpuMs: perOperation(cpu, receipt.imported), before: memoryBefore, peak: peakMb(worker) };
}
