import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { SandboxAddresses } from '../../sandbox/sandbox.ts';
import { GoogleApp } from './google-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-kill-'));
vi.setConfig({ testTimeout: 60_000 }); // processes are started, on whatever machine this is
const email = 'ana@example.com';
let child: ChildProcess;

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** The process as `npm start` runs it; resolves once it has written its addresses. */
async function start(port = 0): Promise<{ app: GoogleApp; addresses: SandboxAddresses }> {
  child = spawn(process.execPath, ['sandbox/main.ts', '--dir', dir, '--port', String(port)], { stdio: 'inherit' });
  const file = join(dir, 'sandbox.json');
  const read = () => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SandboxAddresses) : undefined);
  await expect.poll(() => read()?.pid, { timeout: 30_000 }).toBe(child.pid);
  const addresses = read() as SandboxAddresses;
  return { app: new GoogleApp(addresses), addresses };
}

async function kill(): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('what was answered before a kill -9 is true after it: ports, grants, messages, faults, settings, log', async () => {
  const { app, addresses } = await start();
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'strict', token_life_s: 100 });
  const first = await app.connect(email);
  const spent = first.refresh_token;
  const tokens = (await app.refresh(spent)).json;
  const code = (await app.consent(email)).searchParams.get('code');
  const sent = await app.deliver(email, 30, { folder: 'Projects' });
  const { historyId } = (await app.gmail('profile', tokens.access_token)).json;
  const message = `messages/${sent[7]?.provider_id}?format=raw`;
  const before = (await app.gmail(message, tokens.access_token)).text;
  await app.fault('rate_limited', { kind: 'api', times: 3 });
  expect((await app.gmail('profile', tokens.access_token)).status).toBe(429);
  await app.ok('PUT', '/clock', { offset_s: 50 });
  const log = await app.requests('');
  await kill();

  const again = await start();
  expect(again.addresses).toEqual({ ...addresses, pid: child.pid });
  expect(await again.app.requests('')).toEqual(log);
  const two = [await app.gmail('profile', tokens.access_token), await app.gmail('profile', tokens.access_token)];
  expect(two.map(({ status }) => status)).toEqual([429, 429]);
  expect((await app.gmail('profile', tokens.access_token)).json).toMatchObject({ historyId, messagesTotal: 30 });
  expect((await app.gmail(message, tokens.access_token)).text).toBe(before);
  expect((await app.ok('GET', `/accounts/google/${email}/messages`)).messages).toEqual(sent);
  const history = await app.gmail(`history?startHistoryId=${Number(historyId) - 30}`, tokens.access_token);
  expect(history.json.history).toHaveLength(30);
  expect((await app.ok('GET', '/clock')).offset_s).toBe(50);
  expect((await app.exchange(code)).status).toBe(200);
  const next = await app.refresh(tokens.refresh_token);
  expect(next.json).toMatchObject({ expires_in: 100, refresh_token: expect.any(String) });
  expect((await app.refresh(spent)).status).toBe(400);
  expect((await app.refresh(next.json.refresh_token)).status).toBe(400);
});

test('killed in the middle of deliveries and refreshes, again and again: nothing answered is forgotten', async () => {
  const { app } = await start();
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'strict' });
  let { refresh_token: refreshToken } = await app.connect(email);
  const answered = new Set<string>();
  for (let round = 0; round < 3; round++) {
    // Both go on until the process is gone; what they were told by then must hold afterwards.
    const delivering = (async () => {
      for (;;) for (const { provider_id } of await app.deliver(email, 5)) answered.add(provider_id);
    })().catch(() => {});
    const killing = new Promise<void>((resolve) => setTimeout(() => void kill().then(resolve), 300));
    await Promise.all([delivering, killing]);
    await start();
    const { json, status } = await app.refresh(refreshToken);
    expect(status).toBe(200);
    refreshToken = json.refresh_token;
    const held = new Set(
      (await app.ok('GET', `/accounts/google/${email}/messages`)).messages.map(
        ({ provider_id }: { provider_id: string }) => provider_id,
      ),
    );
    expect([...answered].filter((id) => !held.has(id))).toEqual([]);
  }
  expect(answered.size).toBeGreaterThan(30);
});

test('SIGTERM ends it cleanly; a port that is taken is named', async () => {
  const { addresses } = await start();
  const second = spawn(process.execPath, ['sandbox/main.ts', '--dir', dir], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  second.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect((await once(second, 'exit'))[0]).toBe(1);
  expect(said).toContain(`port ${new URL(addresses.control).port} (sandbox control) is taken`);
  expect(existsSync(join(dir, 'sandbox.json'))).toBe(true);
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(existsSync(join(dir, 'sandbox.json'))).toBe(false);
});
