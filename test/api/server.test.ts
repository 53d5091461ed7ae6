import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keep } from '../support/evidence.ts';
import { secret } from '../support/minting.ts';
import { checkChannel } from '../../credentials/check.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { readKeyring } from '../../crypto/keyring.ts';
import { readKeysFile } from '../../crypto/keys-file.ts';
import { Vault } from '../../crypto/vault.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { browse } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { linksOf } from './links-of.ts';

const FIRST_KEY = `mk_${secret('api-key')}`;

const SERVER = new URL('../../server.ts', import.meta.url).pathname;
let stage: Stage;
let keysFile: string;

beforeAll(async () => {
  stage = await raiseStage();
  keysFile = stage.serverEnvironment['MOORING_VAULT_KEYS_FILE'] ?? '';
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

function startServer(
  port: number,
  more: Record<string, string> = {},
): {
  child: ChildProcess;
  said: Promise<'ready' | number | null>;
  output: () => string;
} {
  const env = {
    ...stage.serverEnvironment,
    PORT: String(port),
    MOORING_API_KEY: FIRST_KEY,
    ...more,
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

/** What tests ask of an API, of a process of its own. */
function remoteApi(url: string): Api {
  const request: Api['request'] = async (method, path, given) => {
    const { body, headers = {} } = given ?? {};
    const response = await fetch(new URL(path, url), {
      method,
      redirect: 'manual',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : null };
  };
  const call = (method: string, path: string, body?: unknown) =>
    request(method, path, { body, headers: { authorization: `Bearer ${FIRST_KEY}` } });
  return { url, request, call } as unknown as Api;
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
  }, 120_000);

  test('S-21: with no private key it takes sign-ins and serves tokens, and opens no refresh token nor password', async () => {
    const port = await freePort();
    const server = startServer(port);
    expect(await server.said, server.output()).toBe('ready');
    const remote = remoteApi(`http://127.0.0.1:${port}`);
    const links = linksOf(stage, remote);
    const gmail = await links.connect('keyless@example.com');
    expect(await links.connect('keyless@example.com')).toBe(gmail);
    const token = await remote.call('GET', `/v1/channels/${gmail}/access-token`);
    expect(token).toMatchObject({ status: 200, json: { version: 2, token_type: 'Bearer' } });
    const password = secret('password');
    await stage.sandbox.account('imap', 'keyless@imap.example.com', { password });
    const { path } = await links.makeLink({ access_types: ['imap'] });
    const { host, port: imapPort, security } = stage.imap;
    const typed = {
      access_type: 'imap',
      username: 'keyless@imap.example.com',
      password,
      host,
      port: imapPort,
      security,
    };
    const stored = await browse(remote)('POST', `${path}/password`, typed);
    expect(stored.status, stored.text).toBe(200);
    const imap: string = stored.json.channel.id;

    const [servers, workers] = [new Vault(await readKeyring(keysFile)), stage.context.vault];
    for (const owner of [gmail, imap]) {
      const credential = await stage.context.database.inTenant('acme', (tx) => findCredential(tx, owner));
      if (!credential) throw new Error('Nothing was stored');
      const { sealedSecret, secretVersion: version } = credential;
      const binding = { tenant: 'acme', owner, kind: 'refresh_secret', version } as const;
      await expect(servers.open(sealedSecret, binding)).rejects.toMatchObject({ code: 'vault_key_absent' });
      expect((await workers.open(sealedSecret, binding)).reveal()).not.toBe('');
    }
    // What the server sealed is what the provider gave: a worker goes on with it.
    const next = { tenantId: 'acme', accessType: 'gmail', channelId: gmail, version: 2 } as const;
    expect(await refreshCredential(stage.context, next)).toBe('refreshed');
    const checked = await checkChannel(stage.context, { tenantId: 'acme', channelId: imap });
    expect(checked).toMatchObject({ ok: true });
    expect(await remote.call('GET', `/v1/channels/${gmail}/access-token`)).toMatchObject({ json: { version: 3 } });
    server.child.kill('SIGTERM');
    expect(await server.said).toBe('ready');
  }, 60_000);

  test('rule 1: with a private key in its file it does not start, and says what to do', async () => {
    const workers = stage.environment['MOORING_VAULT_KEYS_FILE'] ?? '';
    const server = startServer(await freePort(), { MOORING_VAULT_KEYS_FILE: workers });
    expect(await server.said).toBe(1);
    for (const words of ['private_key_in_server', '"seal-1"', 'MOORING_VAULT_KEYS_FILE', 'crypto/make-keys.ts']) {
      expect(server.output()).toContain(words);
    }
    expect(server.output()).not.toContain((await readKeysFile(workers)).sealing.keys[0]?.d);
  }, 120_000);

  test('a port that is taken is named, with the variable that chooses another', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const server = startServer(port);
    expect(await server.said).toBe(1);
    expect(server.output()).toContain(`port ${port}`);
    expect(server.output()).toContain('PORT');
    taken.close();
  }, 120_000);
});
