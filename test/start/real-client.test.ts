import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secret } from '../support/minting.ts';
import { START_TIMEOUT_MS, startMooring } from '../support/mooring.ts';

const REAL = { GOOGLE_CLIENT_ID: 'mine', GOOGLE_CLIENT_SECRET: secret('client-secret') };

test('beside a real client npm start opens no network in the clear', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-real-'));
  const { status, stderr } = spawnSync(process.execPath, ['start.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], MOORING_STATE_DIR: dir, MOORING_BIND: '0.0.0.0', ...REAL },
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('set MOORING_PUBLIC_URL to an https: address');
  rmSync(dir, { recursive: true });
});

test(
  'beside a real client npm start closes loopback to servers that people name, and says what opens it',
  async () => {
    const mooring = await startMooring(REAL);
    try {
      expect(mooring.said()).toMatch(/beside GOOGLE_CLIENT_ID: .*MOORING_EGRESS_ALLOW/);
      const link = await mooring.call<{ url: string }>('POST', '/v1/links', { tenant: 'acme', access_types: ['imap'] });
      const { host, port, security } = mooring.sandbox.imap ?? {};
      const answer = await fetch(`${link.url}/password`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          access_type: 'imap',
          username: 'ana@example.com',
          password: secret('password'),
          host,
          port,
          security,
        }),
      });
      expect(await answer.json()).toMatchObject({ code: 'egress_denied' });
    } finally {
      await mooring.stop();
    }
  },
  START_TIMEOUT_MS,
);
