import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keep } from '../support/evidence.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const FIRST_KEY = `mk_${secret('api-key')}`;

const SERVER = new URL('../../server.ts', import.meta.url).pathname;
let stage: Stage;
let keysFile: string;

beforeAll(async () => {
  stage = await raiseStage();
  const keys = JSON.parse(await readFile(stage.environment['MOORING_VAULT_KEYS_FILE'] ?? '', 'utf8'));
  for (const key of keys.sealing.keys) delete key.d;
  keysFile = join(stage.dir, 'server-keys.json');
  await writeFile(keysFile, JSON.stringify(keys));
}, 60_000);
afterAll(async () => {
  await stage?.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function startServer(port: number): {
  child: ChildProcess;
  said: Promise<'ready' | number | null>;
  output: () => string;
} {
  const env = {
    ...stage.environment,
    PORT: String(port),
    MOORING_VAULT_KEYS_FILE: keysFile,
    MOORING_API_KEY: FIRST_KEY,
  };
  const child = fork(SERVER, { env, silent: true });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  child.once('close', () => keep('log', output));
  const said = new Promise<'ready' | number | null>((resolve) => {
    child.once('message', (message) => resolve(message as 'ready'));
    child.once('exit', resolve);
  });
  return { child, said, output: () => output };
}

describe('server.ts', () => {
  test('serves with the first key and without the vault’s private key, and ends in order at SIGTERM', async () => {
    const port = await freePort();
    const server = startServer(port);
    expect(await server.said, server.output()).toBe('ready');
    const headers = { authorization: `Bearer ${FIRST_KEY}`, 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/v1/links`, {
      method: 'POST',
      headers,
      body: '{"tenant":"acme"}',
    });
    expect(answer.status).toBe(201);
    const stream = await fetch(`http://127.0.0.1:${port}/v1/stream`, { headers });
    const ended = new Promise((resolve) => server.child.once('exit', (code, signal) => resolve(signal ?? code)));
    server.child.kill('SIGTERM');
    expect(await stream.text()).toContain('retry:');
    expect(await ended, server.output()).toBe(0);
    expect(server.output()).not.toContain(FIRST_KEY);
  }, 30_000);

  test('a port that is taken is named, with the variable that chooses another', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const server = startServer(port);
    expect(await server.said).toBe(1);
    expect(server.output()).toContain(`Port ${port}`);
    expect(server.output()).toContain('PORT');
    taken.close();
  }, 30_000);
});
