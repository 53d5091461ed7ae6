import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeServerKeys } from '../../crypto/keys-file.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { changedKeys, newerKeys } from './new-keys.ts';
import { setScene } from '../credentials/scene.ts';

const scene = setScene();

interface Ended {
  said: 'ready' | 'ended';
  code: number | null;
  output: string;
}

/** Starts a process and waits until it is ready or has given up; ready ones are ended. */
async function start(
  file: 'server.ts' | 'worker.ts' | 'listener.ts' | 'vault-keys.ts',
  environment: Record<string, string>,
  execArgv: string[] = [],
): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: join(tmpdir(), 'mooring-compile-cache'),
    ...environmentFor(file),
    PORT: '1', // nobody may listen here: who gets that far has not refused
    ...environment,
  };
  const child = fork(join(import.meta.dirname, '../..', file), { env, silent: true, execArgv });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ready = once(child, 'message').then(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  const said = (await Promise.race([ready, Promise.resolve(null)])) ? 'ready' : 'ended';
  return { said, code, output };
}

function environmentFor(file: string): Record<string, string> {
  const { environment, serverEnvironment, listenerEnvironment } = scene.stage;
  if (file === 'server.ts') return serverEnvironment;
  return file === 'listener.ts' ? listenerEnvironment : environment;
}

const keysFile = () => scene.stage.environment['MOORING_VAULT_KEYS_FILE'] ?? '';

async function secretsOf(path: string): Promise<string[]> {
  const { sealing, content } = JSON.parse(await readFile(path, 'utf8'));
  return [...sealing.keys, ...content.keys].flatMap(({ d, k }: { d?: string; k?: string }) => d ?? k ?? []);
}

test('S-22: no process starts that lacks a key which rows rest on; it says which, how many, and where', async () => {
  for (const name of ['one', 'two']) channelOf(await connectGmail(scene.stage, `${name}@start.example.com`));
  const others = await newerKeys(keysFile(), 2, { alone: true });
  const publicHalf = await changedKeys(keysFile(), 'public', ({ sealing }) => {
    for (const key of sealing.keys) delete key.d;
  });
  const serverKeys = `${others}.server`;
  await writeServerKeys({ workers: others, server: serverKeys });
  const started = await Promise.all([
    start('server.ts', { MOORING_VAULT_KEYS_FILE: serverKeys }),
    start('worker.ts', { MOORING_VAULT_KEYS_FILE: others }),
    start('worker.ts', { MOORING_VAULT_KEYS_FILE: publicHalf }),
    start('listener.ts', { MOORING_VAULT_KEYS_FILE: publicHalf }),
  ]);
  const expected = [
    ['"content-1" for 2 records (credentials.access_token_jwe)'],
    ['"content-1" for 2 records', 'private key "seal-1" for 2 records (credentials.sealed_secret)'],
    ['private key "seal-1" for 2 records'],
    ['private key "seal-1" for 2 records'],
  ];
  for (const [i, { said, code, output }] of started.entries()) {
    expect([said, code], output).toEqual(['ended', 1]);
    for (const words of [...expected[i]!, 'MOORING_VAULT_KEYS_FILE']) expect(output).toContain(words);
    for (const key of [...(await secretsOf(others)), ...(await secretsOf(keysFile()))]) {
      expect(output).not.toContain(key);
    }
  }
  expect(started[0]?.output).not.toContain('seal-1');
}, 60_000);

test('S-22: nothing is re-wrapped by the server’s file, nor under a key that the server does not have', async () => {
  const newer = await newerKeys(keysFile(), 3);
  const serverKeys = scene.stage.serverEnvironment['MOORING_VAULT_KEYS_FILE'] ?? '';
  const [byServer, ahead] = await Promise.all([
    start('vault-keys.ts', { MOORING_VAULT_KEYS_FILE: serverKeys }),
    start('vault-keys.ts', { MOORING_VAULT_KEYS_FILE: newer }),
  ]);
  expect([byServer.code, ahead.code]).toEqual([1, 1]);
  expect(byServer.output).toContain('private_key_absent');
  for (const words of ['server_keys_behind', serverKeys, '"seal-3" and "content-3"', 'crypto/make-keys.ts']) {
    expect(ahead.output).toContain(words);
  }
  expect(await start('vault-keys.ts', {})).toMatchObject({ code: 0 });
}, 60_000);

test('S-23: a process with a bad configuration ends, and names the variable without its value', async () => {
  const canary = secret('value');
  const broken = join(scene.stage.dir, 'broken-keys.json');
  await writeFile(broken, `{"sealing": "${canary}"`);
  const short = await changedKeys(keysFile(), 'short', ({ content }) => {
    content.keys = content.keys.map((key) => ({ ...key, k: Buffer.from(canary.slice(7, 16)).toString('base64url') }));
  });
  const bad: [variable: string, value: string][] = [
    ['DATABASE_URL', ''],
    ['DATABASE_URL', `postgres://user:${canary}@[nowhere/db`],
    ['PORT', canary],
    ['MOORING_SANDBOX', canary],
    ['MOORING_API_KEY', canary.slice(7, 14)],
    ['MOORING_EGRESS_ALLOW', '10.0.0.0/99'],
    ['MOORING_VAULT_KEYS_FILE', join(scene.stage.dir, 'no-such-file')],
    ['MOORING_VAULT_KEYS_FILE', broken],
    ['MOORING_VAULT_KEYS_FILE', short],
    ['MOORING_CA_FILE', '/no-such-file'],
    ['TEMPORAL_TLS_KEY_FILE', '/no-such-file'],
    ['GOOGLE_TOKEN_URL', canary],
  ];
  const AT_ONCE = 4;
  for (let first = 0; first < bad.length; first += AT_ONCE) {
    const some = bad.slice(first, first + AT_ONCE);
    const ended = await Promise.all(some.map(([variable, value]) => start('server.ts', { [variable]: value })));
    for (const [i, { said, code, output }] of ended.entries()) {
      const [variable = '', value = ''] = some[i] ?? [];
      expect([said, code], `${variable}=${value}\n${output}`).toEqual(['ended', 1]);
      expect(output, variable).toContain(variable);
      expect(output, variable).not.toContain(canary.slice(7, 16));
      if (variable === 'MOORING_API_KEY') expect(output).not.toContain(value);
    }
  }
}, 120_000);

test('S-23: no provider is spoken to in the clear beyond this machine', async () => {
  const asked = { MOORING_SANDBOX: 'off', GOOGLE_TOKEN_URL: 'http://token.example.com/token' };
  const { said, code, output } = await start('server.ts', asked);
  expect([said, code], output).toEqual(['ended', 1]);
  expect(output).toContain('GOOGLE_TOKEN_URL: expected an https: address');
  expect(output).not.toContain('token.example.com');
});

test('S-27: a process with real mailboxes does not start under a debugger, which could read every key', async () => {
  const real = [{ MOORING_SANDBOX: 'off' }, { MOORING_SANDBOX: 'on', MOORING_SANDBOX_ALONE: 'off' }];
  const inspected = real.map((environment) => start('server.ts', environment, ['--inspect=127.0.0.1:0']));
  for (const { said, code, output } of await Promise.all(inspected)) {
    expect([said, code], output).toEqual(['ended', 1]);
    expect(output).toContain('--inspect');
  }
}, 30_000);
