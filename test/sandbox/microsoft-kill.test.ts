import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { SandboxAddresses } from '../../sandbox/sandbox.ts';
import { IMMUTABLE, MicrosoftApp } from './microsoft-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-microsoft-kill-'));
vi.setConfig({ testTimeout: 60_000 }); // a busy machine starts processes slowly
const email = 'ana@contoso.example';
let child: ChildProcess;

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** The process as `npm start` runs it; resolves once it has written its addresses. */
async function start(): Promise<MicrosoftApp> {
  child = spawn(process.execPath, ['sandbox/main.ts', '--dir', dir], { stdio: 'inherit' });
  const file = join(dir, 'sandbox.json');
  const read = () => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SandboxAddresses) : undefined);
  await expect.poll(() => read()?.pid, { timeout: 30_000 }).toBe(child.pid);
  return new MicrosoftApp(read() as SandboxAddresses);
}

async function kill(): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('what Microsoft answered before a kill -9 is true after it: grants, consents, folders, moves, links, log', async () => {
  const app = await start();
  await app.ok('PUT', '/providers/microsoft', { refresh_rotation: 'strict', token_life_s: 600 });
  await app.account(email, { delegates: ['bob@contoso.example'] });
  const { redirect_to } = await app.ok('POST', '/admin-consent', { url: app.adminConsentUrl('contoso.example') });
  const first = await app.connect(email);
  const tokens = (await app.refresh(first.refresh_token)).json;
  const sent = await app.deliver(email, 30, { folder: 'Projects/2026' });
  await app.move(email, sent[0]?.provider_id, 'INBOX');
  await app.ok('DELETE', `/accounts/microsoft/${email}/messages/${sent[1]?.provider_id}`);
  const folder = (await app.pages('me/mailFolders/delta', tokens.access_token)).items.find(
    ({ displayName }) => displayName === '2026',
  );
  const delta = `me/mailFolders/${folder?.id}/messages/delta`;
  const walk = await app.pages(delta, tokens.access_token, IMMUTABLE);
  const { 'request-id': _, ...subject } = (await app.graph(`me/messages/${sent[2]?.provider_id}`, tokens.access_token))
    .json;
  const log = await app.requests('');
  await kill();

  const again = await start();
  expect(again.microsoft).toEqual(app.microsoft);
  expect(await again.requests('')).toEqual(log);
  expect((await again.pages(delta, tokens.access_token, IMMUTABLE)).items).toEqual(walk.items);
  expect((await again.pages(walk.deltaLink, tokens.access_token, IMMUTABLE)).items).toEqual([]);
  expect((await again.graph(`me/messages/${sent[2]?.provider_id}`, tokens.access_token)).json).toEqual(subject);
  const inbox = await again.graph('me/mailFolders/inbox/messages', tokens.access_token, { headers: IMMUTABLE });
  expect(inbox.json.value).toMatchObject([{ id: sent[0]?.provider_id }]);
  await again.fault('admin_consent_required');
  expect(redirect_to).toContain('admin_consent=True');
  expect((await again.connect('eve@contoso.example')).access_token).toBeTruthy(); // an administrator has consented
  expect((await again.refresh(tokens.refresh_token)).status).toBe(200);
  expect((await again.refresh(first.refresh_token)).status).toBe(400);
});
