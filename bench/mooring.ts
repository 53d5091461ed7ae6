import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../embedded/ports.ts';
import { readRunFile } from '../embedded/run-file.ts';
import type { Run } from '../embedded/run-file.ts';
import { sandboxControl } from '../test/support/sandbox-control.ts';

const CHECKOUT = join(import.meta.dirname, '..');
const START_TIMEOUT_MS = 240_000;

/**
 * A whole Mooring as `npm start` runs it, with its usual durability and logging, in a temporary state folder. Not
 * `test/support/mooring.ts`, which only works inside the test runner.
 *
 * @param certificates folder of a certificate and its authority that the sandbox is to share with another server
 * @param variables of its environment
 */
export async function startMooring(certificates: string | null = null, variables: Record<string, string> = {}) {
  const stateDir = mkdtempSync(join(tmpdir(), 'mooring-bench-'));
  // Two authorities of the same name are one too many: the sandbox takes the certificate it finds.
  if (certificates !== null) cpSync(certificates, join(stateDir, 'sandbox', 'imap-tls'), { recursive: true });
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'start.ts'], {
    cwd: CHECKOUT,
    env: {
      ...process.env,
      MOORING_STATE_DIR: stateDir,
      PORT: String(await freePort()),
      MOORING_SANDBOX: 'on',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close');
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const startedAt = performance.now();
  while (!existsSync(join(stateDir, 'run.json'))) {
    const late = performance.now() - startedAt > START_TIMEOUT_MS;
    if (child.exitCode !== null || late) throw new Error(`npm start did not get ready:\n${output}`);
    await sleep(100);
  }
  const run = readRunFile(stateDir);
  if (!run?.sandbox) throw new Error(`This Mooring has no sandbox:\n${output}`);
  return {
    run,
    stateDir,
    sandbox: { ...run.sandbox, ...sandboxControl(run.sandbox.control) },
    call: apiCaller(run),
    /** Process ids by role, as they are now. */
    pids: () => readRunFile(stateDir)?.pids ?? run.pids,
    logOf: (program: string) => readFileSync(join(stateDir, 'logs', `${program}.log`), 'utf8'),
    async stop() {
      process.off('exit', endWithUs);
      child.kill('SIGTERM');
      await ended;
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
export type Mooring = Awaited<ReturnType<typeof startMooring>>;

/** Calls `/v1` with the first key; throws with the answer when it is a problem. */
function apiCaller({ api, api_key }: Run) {
  return async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(new URL(path, api), {
      method,
      headers: { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Answer;
  };
}
