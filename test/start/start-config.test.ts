import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { choosePorts, claimPort, freePort } from '../../embedded/ports.ts';
import { programEnvironment } from '../../embedded/programs.ts';
import { startConfigFrom } from '../../embedded/start-config.ts';
import { readProviderFiles } from '../../providers/custom/files.ts';
import { secret } from '../support/minting.ts';

describe('startConfigFrom', () => {
  it('needs nothing to be set', () => {
    expect(startConfigFrom({})).toMatchObject({
      port: 3000,
      bind: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:3000',
      stateDir: join(process.cwd(), '.mooring'),
      sandbox: true,
      temporalNamespace: 'default',
    });
  });

  it('knows the variable of each file’s client, by which accounts are real', () => {
    const variables = readProviderFiles().definitions.flatMap((file) => Object.keys(file.variables));
    const clients = variables.filter((variable) => variable.endsWith('_CLIENT_ID'));
    expect(clients.length).toBeGreaterThan(6);
    const environment = Object.fromEntries(clients.map((variable) => [variable, 'client']));
    expect(startConfigFrom(environment).realClients.toSorted()).toEqual(clients.toSorted());
  });

  it('leaves the sandbox off beside real servers, unless it is asked for', () => {
    expect(startConfigFrom({ DATABASE_URL: 'postgres://db/mooring' }).sandbox).toBe(false);
    expect(startConfigFrom({ TEMPORAL_ADDRESS: 'temporal:7233' }).sandbox).toBe(false);
    expect(startConfigFrom({ TEMPORAL_ADDRESS: 'temporal:7233', MOORING_SANDBOX: 'on' }).sandbox).toBe(true);
    expect(startConfigFrom({ MOORING_SANDBOX: 'off' }).sandbox).toBe(false);
  });

  it.each([
    [{ MOORING_BIND: '0.0.0.0' }, false],
    [{ MOORING_PUBLIC_URL: 'http://mooring.example' }, false],
    [{ MOORING_BIND: '0.0.0.0', MOORING_PUBLIC_URL: 'https://mooring.example' }, true],
    [{ MOORING_PUBLIC_URL: 'http://localhost:3000' }, true],
    [{}, true],
  ])('beside a real client takes %j: %s', (address: Record<string, string>, isTaken) => {
    const start = () => startConfigFrom({ ...address, MICROSOFT_CLIENT_ID: 'mine' });
    if (isTaken) expect(start).not.toThrow();
    else expect(start).toThrow(/MICROSOFT_CLIENT_ID.*MOORING_PUBLIC_URL to an https: address/);
    expect(() => startConfigFrom(address)).not.toThrow();
  });

  it.each([
    [{ PORT: '70000' }, 'PORT'],
    [{ MOORING_SANDBOX_PORT: 'x' }, 'MOORING_SANDBOX_PORT'],
    [{ MOORING_SANDBOX: 'yes' }, 'MOORING_SANDBOX'],
    [{ DATABASE_OWNER_URL: 'postgres://owner@db/mooring' }, 'DATABASE_OWNER_URL needs DATABASE_URL'],
  ])('names what is wrong in %j', (environment: Record<string, string>, variable) => {
    expect(() => startConfigFrom(environment)).toThrow(variable);
  });
});

const google = {
  GOOGLE_CLIENT_ID: 'sandbox-id',
  GOOGLE_CLIENT_SECRET: secret('client-secret'),
  GMAIL_API_URL: 'http://127.0.0.1:1/gmail',
  GOOGLE_PUBSUB_AUDIENCE: 'http://127.0.0.1:3000/push/google',
};
const imap = { host: '127.0.0.1', port: 4143, security: 'starttls', ca_file: '/sandbox/ca.pem', smtp_port: 4145 };
const found = {
  databaseUrl: 'postgres://db/mooring',
  databaseUrls: {
    server: 'postgres://server@db/mooring',
    worker: 'postgres://worker@db/mooring',
    listener: 'postgres://listener@db/mooring',
  },
  temporalAddress: '127.0.0.1:7233',
  temporalUiUrl: null,
  apiKey: `mk_${secret('api-key')}`,
  uiLoginToken: secret('login-token'),
  sandbox: {
    pid: 1,
    control: 'http://127.0.0.1:1',
    page: 'http://127.0.0.1:1/',
    environment: { google, imap: {} },
    authorities: [imap.ca_file],
    run: { imap },
  },
};

function mailOf(program: 'server' | 'worker', given: Record<string, string>): (string | undefined)[] {
  const environment = programEnvironment(program, startConfigFrom(given), found);
  return [environment['MOORING_OUTBOX'], environment['SMTP_URL'] ?? ''];
}

describe('programEnvironment', () => {
  it('puts the sandbox in the place of Google', () => {
    const environment = programEnvironment('server', startConfigFrom({}), found);
    expect(environment).toMatchObject({ MOORING_SANDBOX: 'on', MOORING_CA_FILE: imap.ca_file, ...google });
    expect(environment['MOORING_EGRESS_ALLOW']).toContain('127.0.0.0/8');
  });

  it('ends the sandbox’s concessions beside a client of the person’s own', () => {
    const given = { GOOGLE_CLIENT_ID: 'mine', GOOGLE_CLIENT_SECRET: secret('client-secret') };
    const environment = programEnvironment('server', startConfigFrom(given), found);
    expect(environment).toMatchObject({
      MOORING_SANDBOX: 'on',
      MOORING_SANDBOX_ALONE: 'off',
      MOORING_EGRESS_ALLOW: '',
    });
    const allowed = startConfigFrom({ ...given, MOORING_EGRESS_ALLOW: '127.0.0.0/8' });
    expect(programEnvironment('server', allowed, found)['MOORING_EGRESS_ALLOW']).toBe('127.0.0.0/8');
    expect(programEnvironment('server', startConfigFrom({}), found)['MOORING_SANDBOX_ALONE']).toBe('on');
  });

  it('leaves a Google client of the person’s own alone', () => {
    const given = { GOOGLE_CLIENT_ID: 'mine', GOOGLE_CLIENT_SECRET: secret('client-secret') };
    const environment = programEnvironment('server', startConfigFrom(given), found);
    expect(environment).toMatchObject(given);
    expect(environment).not.toHaveProperty('GMAIL_API_URL');
  });

  it('gives each program its own login and keys, and none the owner of the tables', () => {
    const owner = 'postgres://owner@db/mooring';
    const config = startConfigFrom({ DATABASE_URL: 'postgres://db/mooring', DATABASE_OWNER_URL: owner });
    for (const program of ['server', 'worker', 'listener'] as const) {
      const environment = programEnvironment(program, config, found);
      expect(environment['DATABASE_URL']).toBe(found.databaseUrls[program]);
      expect(JSON.stringify(environment)).not.toContain(owner);
      const keys = program === 'server' ? 'server-keys.json' : 'vault-keys.json';
      expect(environment['MOORING_VAULT_KEYS_FILE']).toMatch(new RegExp(`${keys}$`));
    }
  });

  it('allows nothing further and names no sandbox where there is none', () => {
    const environment = programEnvironment('server', startConfigFrom({}), { ...found, sandbox: null });
    expect(environment['MOORING_SANDBOX']).toBe('off');
    expect(environment).not.toHaveProperty('MOORING_EGRESS_ALLOW');
  });

  it('keeps mail where everything is embedded and no mail server is named; its password is the worker’s alone', () => {
    const smtp = { SMTP_URL: 'smtp://smtp.example.com' };
    expect(mailOf('server', {})).toEqual(['on', '']);
    expect(mailOf('server', smtp)).toEqual(['off', '']);
    expect(mailOf('worker', smtp)).toEqual(['off', smtp.SMTP_URL]);
    expect(mailOf('worker', { DATABASE_URL: 'postgres://u:p@h/d' })).toEqual(['off', '']);
  });
});

describe('ports', () => {
  it('are those of the last start, but for one that a stranger has taken', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mooring-ports-'));
    const first = await choosePorts(dir, null);
    expect(new Set(Object.values(first)).size).toBe(5);
    expect(await choosePorts(dir, null)).toEqual(first);

    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(first.temporal, '127.0.0.1', resolve));
    const second = await choosePorts(dir, 4100);
    stranger.close();
    expect(second).toEqual({ ...first, temporal: second.temporal, sandbox: 4100 });
    expect(second.temporal).not.toBe(first.temporal);
    rmSync(dir, { recursive: true });
  });

  it('that were given and are taken are an error with port and variable', async () => {
    const port = await freePort();
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    await expect(claimPort('PORT', port)).rejects.toThrow(`Port ${port} is taken by another program. Set PORT to`);
    stranger.close();
  });
});
