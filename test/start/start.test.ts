import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connect from 'postgres';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../embedded/ports.ts';
import { processTable } from '../../embedded/process-table.ts';
import type { Run } from '../../embedded/run-file.ts';
import { keepFolder } from '../support/evidence.ts';
import { learnSecretsIn } from '../support/kept-secrets.ts';

const checkout = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'mooring-start-'));
const runFile = join(dir, 'run.json');
const run = () => JSON.parse(readFileSync(runFile, 'utf8')) as Run;
const alive = (pid: number | undefined) => processTable().some((entry) => entry.pid === pid);
/** Every process of a Mooring, PostgreSQL's backends included, by its state folder or its cluster's name. */
const ofThisFolder = () => processTable().filter(({ argv }) => argv.some((argument) => argument.startsWith(dir)));

interface Started {
  child: ChildProcess;
  output: () => string;
  exit: Promise<number | string>;
}

function start(environment: Record<string, string>): Started {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'start.ts'], {
    cwd: checkout,
    env: { ...inherited, MOORING_STATE_DIR: dir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, output: () => output, exit };
}

/** Waits until `start` has written its own run.json. */
async function ready({ child, output }: Started): Promise<Run> {
  await vi.waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`start ended with ${child.exitCode}: ${output()}`);
      expect(existsSync(runFile) && run().pids['start'], output()).toBe(child.pid);
    },
    { timeout: 120_000, interval: 50 },
  );
  return run();
}

/** What a process was started with; null where the system does not tell. */
function environmentOf(pid: number | undefined): string | null {
  const file = `/proc/${pid}/environ`;
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

const answers = async (url: string) => (await fetch(url)).status;

describe('npm start', { timeout: 180_000 }, () => {
  let port = '';
  let mooring: Started;
  beforeAll(async () => {
    port = String(await freePort());
    mooring = start({ PORT: port });
    await ready(mooring);
  }, 180_000);
  afterAll(async () => {
    if (mooring.child.exitCode === null) mooring.child.kill('SIGTERM');
    await mooring.exit;
    learnSecretsIn(dir, ['postgres', 'temporal', 'logs']);
    keepFolder('log', join(dir, 'logs'), ['sandbox.log']);
    rmSync(dir, { recursive: true });
  });

  it('tells in run.json where everything is, to its owner alone', async () => {
    const { api, api_key, temporal_ui, sandbox, pids, ui_login } = run();
    const all = ['listener', 'postgres', 'sandbox', 'server', 'start', 'temporal', 'worker'];
    expect(Object.keys(pids).toSorted()).toEqual(all);
    expect(Object.values(pids).every(alive)).toBe(true);
    expect(statSync(runFile).mode & 0o777).toBe(0o600);
    expect(await answers(`${api}/readyz`)).toBe(200);
    const channels = await fetch(`${api}/v1/channels`, { headers: { authorization: `Bearer ${api_key}` } });
    expect(channels.status).toBe(200);
    expect(await answers(temporal_ui ?? '')).toBe(200);
    expect(await answers(sandbox?.page ?? '')).toBe(200);
    expect(ui_login).toMatch(`${api}/login?token=`);
    expect(mooring.output()).toContain(ui_login);
    expect(mooring.output()).not.toContain(api_key);
  });

  it('rule 14: gives every program a login of its own, and none the administrator’s', async () => {
    const { database_url, pids } = run();
    const sql = connect(database_url, { max: 1, onnotice: () => {} });
    const sessions = await sql`select distinct usename as login, application_name as name from pg_stat_activity
      where application_name like 'mooring-%' order by 1`;
    const [tools] = await sql`select rolsuper from pg_roles where rolname = current_user`;
    await sql.end();
    const programs = ['listener', 'server', 'worker'];
    expect(sessions.map((row) => ({ ...row }))).toEqual(
      programs.map((program) => ({ login: `mooring_${program}`, name: `mooring-${program}` })),
    );
    expect(tools?.['rolsuper']).toBe(true);
    const file = join(dir, 'postgres-logins.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const passwords = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    for (const program of programs) {
      const environment = environmentOf(pids[program]);
      if (environment === null) continue;
      const { [program]: own = '', ...others } = passwords;
      expect(environment).toContain(own);
      for (const other of [...Object.values(others), new URL(database_url).password]) {
        expect(environment).not.toContain(other);
      }
    }
  });

  it('refuses a state folder that another one lives in', async () => {
    const second = start({ PORT: String(await freePort()) });
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain(`Another Mooring (process ${mooring.child.pid}) is running in ${dir}`);
    expect(await answers(`${run().api}/readyz`)).toBe(200);
  });

  it('names the port and its variable when the port is taken', async () => {
    const other = mkdtempSync(join(tmpdir(), 'mooring-other-'));
    const second = start({ PORT: port, MOORING_STATE_DIR: other });
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain(`Port ${port} is taken by another program. Set PORT to a free port`);
    rmSync(other, { recursive: true });
  });

  it.each(['sandbox', 'temporal', 'postgres', 'worker', 'server', 'listener'])(
    'brings %s back where it was',
    async (name) => {
      const before = run();
      process.kill(before.pids[name] ?? 0, 'SIGKILL');
      await vi.waitFor(() => expect(run().pids[name]).not.toBe(before.pids[name]), { timeout: 60_000, interval: 100 });
      expect(run()).toEqual({ ...before, pids: { ...before.pids, [name]: run().pids[name] } });
      expect(alive(run().pids[name])).toBe(true);
      expect(mooring.output()).toContain(`back, process ${run().pids[name]}`);
      await vi.waitFor(async () => expect(await answers(`${before.api}/readyz`)).toBe(200), {
        timeout: 30_000,
        interval: 200,
      });
    },
  );

  it('replaces what a killed start left running', async () => {
    const before = run();
    mooring.child.kill('SIGKILL');
    await mooring.exit;
    expect(alive(before.pids['postgres'])).toBe(true);
    mooring = start({ PORT: port });
    const after = await ready(mooring);
    expect(Object.values(before.pids).filter(alive)).toEqual([]);
    expect(after).toEqual({ ...before, ui_login: after.ui_login, pids: after.pids });
  });

  it('is there again within 15 s after everything was killed, with everything it had', async () => {
    const before = run();
    const sql = connect(before.database_url, { max: 1, onnotice: () => {} });
    await sql`create table if not exists public.kept_by_start_test as select 42 as answer`;
    await sql.end();
    for (const pid of Object.values(before.pids)) process.kill(pid, 'SIGKILL');
    await mooring.exit;
    const began = Date.now();
    mooring = start({ PORT: port });
    const after = await ready(mooring);
    expect(Date.now() - began).toBeLessThan(15_000);
    expect(after.api_key).toBe(before.api_key);
    const again = connect(after.database_url, { max: 1 });
    expect(await again`select answer from public.kept_by_start_test`).toEqual([{ answer: 42 }]);
    await again`drop table public.kept_by_start_test`;
    await again.end();
  });

  it('stops everything at SIGTERM, in order, also when the signal comes twice at once', async () => {
    const { pids } = run();
    mooring.child.kill('SIGTERM');
    mooring.child.kill('SIGTERM');
    expect(await mooring.exit).toBe(0);
    expect(mooring.output().trimEnd()).toMatch(/Stopped +everything {2}[\d.]+ s$/);
    expect(existsSync(runFile)).toBe(false);
    expect(Object.values(pids).filter(alive)).toEqual([]);
    expect(ofThisFolder()).toEqual([]);
  });

  it('leaves nothing running when it is stopped while it starts', async () => {
    mooring = start({ PORT: port });
    await vi.waitFor(() => expect(mooring.output()).toContain('PostgreSQL'), { timeout: 60_000, interval: 20 });
    mooring.child.kill('SIGINT');
    expect(await mooring.exit).toBe(0);
    expect(ofThisFolder()).toEqual([]);
    expect(existsSync(runFile)).toBe(false);
  });
});
