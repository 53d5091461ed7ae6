import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secret } from '../support/minting.ts';
import { START_TIMEOUT_MS, startMooring } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';

const EMAIL = 'split@example.com';

async function connectImap({ call, sandbox }: Mooring): Promise<string> {
  const password = secret('password');
  await sandbox.account('imap', EMAIL, { password });
  const { url } = await call<{ url: string }>('POST', '/v1/links', { tenant: 'acme', access_types: ['imap'] });
  const { host, port, security } = sandbox.imap ?? {};
  const answer = await fetch(`${url}/password`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ access_type: 'imap', username: EMAIL, password, host, port, security }),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return (JSON.parse(text) as { channel: { id: string } }).channel.id;
}

async function connectGmail({ call, sandbox }: Mooring): Promise<string> {
  const { url } = await call<{ url: string }>('POST', '/v1/links', { tenant: 'acme', access_types: ['gmail'] });
  const authorize = await fetch(`${url}/authorize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ access_type: 'gmail' }),
  });
  const cookie = authorize.headers.getSetCookie().map((line) => line.split(';')[0]);
  const { authorization_url } = (await authorize.json()) as { authorization_url: string };
  const back = await sandbox.consent(authorization_url, EMAIL);
  await fetch(back, { redirect: 'manual', headers: { cookie: cookie.join('; ') } });
  const { data } = await call<{ data: { id: string }[] }>('GET', '/v1/channels?tenant=acme&access_type=gmail');
  return data[0]?.id ?? '';
}

const keysIn = (dir: string, name: string) =>
  JSON.parse(readFileSync(join(dir, name), 'utf8')) as { sealing: { keys: { d?: string }[] }; content: unknown };

test(
  'rule 1: npm start gives the server no private key; it splits an older folder’s single file and serves what is there',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mooring-keys-'));
    try {
      const first = await startMooring({ MOORING_STATE_DIR: dir });
      expect(first.said()).not.toContain('Keys');
      const [imap, gmail] = [await connectImap(first), await connectGmail(first)];
      await first.stop();
      const workers = keysIn(dir, 'vault-keys.json');
      expect(workers.sealing.keys[0]?.d).toBeTypeOf('string');
      expect(keysIn(dir, 'server-keys.json').content).toEqual(workers.content);

      // As the folder of an earlier release is.
      for (const name of ['server-keys.json', 'postgres-logins.json']) rmSync(join(dir, name));
      const second = await startMooring({ MOORING_STATE_DIR: dir });
      try {
        expect(second.said()).toMatch(/Keys +split: .*server-keys\.json/);
        expect(keysIn(dir, 'vault-keys.json')).toEqual(workers);
        expect(keysIn(dir, 'server-keys.json').sealing.keys.map(({ d }) => d)).toEqual([undefined]);
        expect(statSync(join(dir, 'server-keys.json')).mode & 0o777).toBe(0o600);
        const verified = await second.call('POST', `/v1/channels/${imap}/verify`);
        expect(verified).toMatchObject({ status: 'connected', verification: { ok: true } });
        const token = await second.call('GET', `/v1/channels/${gmail}/access-token`);
        expect(token).toMatchObject({ token_type: 'Bearer' });
      } finally {
        await second.stop();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  2 * START_TIMEOUT_MS,
);
