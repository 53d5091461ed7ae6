import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../embedded/ports.ts';
import { connectGmail, forEachAtOnce, until } from './channels.ts';
import type { Channel } from './channels.ts';
import type { Target } from './load.ts';
import type { Mooring } from './mooring.ts';
import { cpuBetween, startProgram } from './processes.ts';
import type { Program } from './processes.ts';
import { perOperation } from './report.ts';
import type { Findings } from './report.ts';
import type { RaceAnswers } from './race-readers.ts';
import { cpuNow, limitRead, mooringRead } from './setting.ts';
import type { Setting } from './setting.ts';

const PROCESSES = 6;
const READERS = 1_200;
const TOKEN_ENDPOINT_MS = 13_000;
const EMAIL = 'race@example.com';

/**
 * 1,200 readers in six processes ask two servers at once for one expired token, whose endpoint takes 13 s: one token
 * request, and an answer for every reader (rule 3).
 */
export async function measureRace(setting: Setting): Promise<Findings> {
  const { mooring, limitServer } = setting;
  const channel = await expiredChannel(mooring);
  const fresh = await connectGmail(mooring, 'race-limit@example.com');
  const second = await startSecondServer(mooring);
  const readers = await Promise.all(Array.from({ length: PROCESSES }, () => startProgram('race-readers.ts', {})));
  try {
    const others = { second: second.pid, limit: limitServer.pid };
    const idle = cpuNow(setting, others);
    const limit = await race(readers, [limitRead(setting, fresh.id)]);
    const limitCpu = perOperation(cpuBetween(idle, cpuNow(setting, others)), READERS);
    const { id: slow } = await mooring.sandbox.fault('google', EMAIL, 'slow', { kind: 'token', ms: TOKEN_ENDPOINT_MS });
    const before = cpuNow(setting, others);
    const ours = await race(readers, [
      mooringRead(setting, channel.id),
      mooringRead(setting, channel.id, second.origin),
    ]);
    const cpu = perOperation(cpuBetween(before, cpuNow(setting, others)), READERS);
    await mooring.sandbox.mend(slow);
    const requests = (await mooring.sandbox.requests('google', 'token', EMAIL)).filter(
      ({ grant_type, at }) => grant_type === 'refresh_token' && Date.parse(at) > ours.startedAt,
    );
    const served = ours.statuses.filter((status) => status === 200).length;
    const newest = ours.versions.filter((version) => version === channel.credential_version + 1).length;
    const slowestMs = Math.max(...ours.latenciesMs);
    const limitMs = TOKEN_ENDPOINT_MS + Math.max(...limit.latenciesMs);
    return {
      measured: [
        {
          name: 'The race, until the last of 1,200 readers has the new token',
          unit: 'ms',
          mooring: slowestMs,
          limit: limitMs,
          limitIs: `the ${TOKEN_ENDPOINT_MS} ms of the endpoint, and as many reads of a fresh token at bare Express`,
          ratio: slowestMs / limitMs,
          aim: null,
          cpuMs: { mooring: cpu, limit: limitCpu },
          notes: [`the first reader had it after ${Math.min(...ours.latenciesMs).toFixed(0)} ms`],
        },
      ],
      demands: [
        {
          name: `Token requests for ${READERS} readers in ${PROCESSES} processes at 2 servers`,
          found: String(requests.length),
          holds: requests.length === 1,
        },
        {
          name: 'Readers of the race served',
          found: `${served}, the new version ${newest}`,
          holds: newest === READERS,
        },
      ],
    };
  } finally {
    await Promise.all(readers.map((reader) => reader.stop()));
    await second.stop();
  }
}

/** A `when_used` channel with an expired token. */
async function expiredChannel(mooring: Mooring): Promise<Channel> {
  await mooring.sandbox.settings('google', { token_life_s: 60 });
  const { id } = await connectGmail(mooring, EMAIL);
  await mooring.call('PATCH', `/v1/channels/${id}`, { keep_warm: 'when_used' });
  await mooring.sandbox.settings('google', { token_life_s: 2 });
  await mooring.call('POST', `/v1/channels/${id}/refresh`, {});
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  return until('the token to expire', 20_000, async () => {
    const channel = await mooring.call<Channel>('GET', `/v1/channels/${id}`);
    return Date.parse(channel.token_expires_at ?? '') < Date.now() - 500 ? channel : null;
  });
}

async function race(readers: Program[], targets: Target[]) {
  const share = READERS / PROCESSES / targets.length;
  await forEachAtOnce(readers, 1, (reader) => reader.ask({ targets, readers: share }));
  await sleep(300);
  const startedAt = Date.now();
  const answers = await Promise.all(readers.map((reader) => reader.ask<RaceAnswers>('go')));
  return {
    startedAt,
    statuses: answers.flatMap(({ statuses }) => statuses),
    versions: answers.flatMap(({ versions }) => versions),
    latenciesMs: answers.flatMap(({ latenciesMs }) => latenciesMs),
  };
}

/** Servers are stateless and any number: another beside the one that `start` looks after. */
async function startSecondServer({ run, stateDir }: Mooring) {
  const port = await freePort();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'server.ts'], {
    cwd: join(import.meta.dirname, '..'),
    env: {
      ...process.env,
      PORT: String(port),
      DATABASE_URL: run.database_url,
      TEMPORAL_ADDRESS: run.temporal,
      MOORING_VAULT_KEYS_FILE: join(stateDir, 'server-keys.json'),
      MOORING_SANDBOX: 'off',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (child.exitCode !== null) throw new Error(`The second server ended with ${child.exitCode}`);
  return {
    pid: child.pid ?? -1,
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      process.off('exit', endWithUs);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
