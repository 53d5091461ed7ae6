import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { freePort } from '../../embedded/ports.ts';
import { processTable } from '../../embedded/process-table.ts';
import type { Run } from '../../embedded/run-file.ts';
import { keep, keepFolder } from './evidence.ts';
import { keepAnswer } from './kept-answers.ts';
import { keepRows, keepWrites } from './kept-database.ts';
import { keepHistoriesAt } from './kept-histories.ts';
import { learnSecretsIn } from './kept-secrets.ts';
import { sandboxControl } from './sandbox-control.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
/** A start takes 10 to 20 s, several times that where other tests run beside it. */
export const START_TIMEOUT_MS = 240_000;

/**
 * A whole Mooring by `npm start`, in a state folder and on ports of its own. `stop` ends it as a platform does, by a
 * SIGTERM to npm, throws when something of it is left, and removes the folder, but for one that the test named.
 */
export async function startMooring(environment: Record<string, string> = {}) {
  const given = environment['MOORING_STATE_DIR'];
  const dir = given ?? mkdtempSync(join(tmpdir(), 'mooring-e2e-'));
  const removeFolder = () => given ?? rmSync(dir, { recursive: true, force: true });
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn('npm', ['start'], {
    cwd: CHECKOUT,
    env: { ...inherited, MOORING_STATE_DIR: dir, PORT: String(await freePort()), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);

  const runFile = join(dir, 'run.json');
  try {
    await vi.waitUntil(() => child.exitCode !== null || existsSync(runFile), {
      timeout: START_TIMEOUT_MS,
      interval: 100,
    });
  } finally {
    if (!existsSync(runFile)) {
      child.kill('SIGTERM');
      await ended;
      removeFolder();
    }
  }
  if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${output}`);
  const run = JSON.parse(readFileSync(runFile, 'utf8')) as Run;
  if (!run.sandbox) throw new Error('this Mooring has no sandbox');

  return {
    run,
    dir,
    sandbox: { ...run.sandbox, ...sandboxControl(run.sandbox.control) },
    call: apiCaller(run),
    /** What `npm start` has printed so far: who ended, who came back. */
    said: () => output,
    /** The processes' output so far, for searches for a secret or a cause. */
    logs: () =>
      readdirSync(join(dir, 'logs'))
        .map((name) => readFileSync(join(dir, 'logs', name), 'utf8'))
        .join('\n'),
    async stop() {
      await keepRows(run.database_url ?? '');
      await keepHistoriesAt(run.temporal);
      learnSecretsIn(dir, ['postgres', 'temporal', 'logs']);
      child.kill('SIGTERM');
      const code = await ended;
      process.off('exit', endWithUs);
      const left = processTable().filter(({ argv }) => argv.some((argument) => argument.includes(dir)));
      keepFolder('log', join(dir, 'logs'), ['sandbox.log']); // it plays the provider, who knows them
      keepFolder('temporal', join(dir, 'temporal'));
      keepWrites(join(dir, 'postgres'));
      keep('log', output.replace(run.ui_login, '…')); // for who may read that terminal
      removeFolder();
      if (code !== 0 || left.length > 0) {
        throw new Error(`npm start ended with ${code} and left ${JSON.stringify(left)}:\n${output}`);
      }
    },
  };
}
export type Mooring = Awaited<ReturnType<typeof startMooring>>;

/** Calls of `/v1` with the first key; throws with the answer when it is a problem. */
function apiCaller({ api, api_key }: Run) {
  return async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(new URL(path, api), {
      method,
      headers: { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    keepAnswer({ method, url: path, status: answer.status, headers: answer.headers, body: text });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Answer;
  };
}
