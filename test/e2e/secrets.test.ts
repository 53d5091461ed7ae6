import { beforeAll, expect, test, vi } from 'vitest';
import { keepAnswer } from '../support/kept-answers.ts';
import { knownSecrets, personal, secret } from '../support/minting.ts';
import { START_TIMEOUT_MS, startMooring } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import type { SupportBundle } from '../../api/support/bundle-schema.ts';
import { listenForWebhooks } from '../webhooks/stage.ts';

const EMAIL = `${personal('account')}@example.com`;
const PASSWORDS = [secret('password'), secret('password'), secret('wrong-password')] as const;

/** The product's own data, which may be anything. */
const METADATA = personal('metadata');

let mooring: Mooring;
let hook: Awaited<ReturnType<typeof listenForWebhooks>>;
const bundles: SupportBundle[] = [];

beforeAll(async () => {
  mooring = await startMooring();
  hook = await listenForWebhooks();
  try {
    await tellTheStory();
  } finally {
    await hook.close();
    await mooring.stop();
  }
}, START_TIMEOUT_MS + 120_000);

interface Channel {
  id: string;
  status: string;
  credential_version: number;
  account: { email: string };
}

/** Connect, refresh, break, refuse, reauthorize, disconnect: for a token that rotates, and for a password. */
async function tellTheStory(): Promise<void> {
  const { call, sandbox } = mooring;
  await call('POST', '/v1/webhook-endpoints', { url: hook.url });
  await sandbox.settings('google', { token_life_s: 8, refresh_rotation: 'tolerant' });
  const gmail = await connectGmail(EMAIL);
  await readToken(gmail);
  await reach(gmail, ({ credential_version }) => credential_version >= 3);
  await readToken(gmail);
  await sandbox.fault('google', EMAIL, 'password_changed');
  await call('POST', `/v1/channels/${gmail}/report-failure`, { http_status: 401, body: 'Bearer refused' });
  await reach(gmail, ({ status }) => status === 'reauth_required');
  await call('PATCH', `/v1/channels/${gmail}`, { metadata: { note: METADATA } });
  bundles.push(await call('GET', `/v1/channels/${gmail}/support-bundle`));
  const { token } = await call<{ token: string }>('POST', '/v1/banner-tokens', { tenant: 'canary' });
  await ask(`${mooring.run.api}/banner/state`, undefined, { authorization: `Bearer ${token}` });
  await connectGmail(EMAIL);
  const imap = await connectImap();
  await sandbox.deliver('imap', EMAIL, 3);
  await breakImap(imap);
  bundles.push(await call('GET', `/v1/channels/${imap}/support-bundle`));
  await call('DELETE', `/v1/channels/${gmail}`);
  await reach(gmail, ({ status }) => status === 'disconnected');
}

async function reach(id: string, wanted: (channel: Channel) => boolean): Promise<void> {
  await vi.waitFor(
    async () => {
      const channel = await mooring.call<Channel>('GET', `/v1/channels/${id}`);
      expect(wanted(channel), JSON.stringify(channel)).toBe(true);
    },
    { timeout: 60_000, interval: 200 },
  );
}

const readToken = (id: string) => mooring.call('GET', `/v1/channels/${id}/access-token`);

async function newLink(accessType: string): Promise<string> {
  const body = { tenant: 'canary', access_types: [accessType] };
  return (await mooring.call<{ url: string }>('POST', '/v1/links', body)).url;
}

async function channelOf(accessType: string): Promise<string> {
  const list = await mooring.call<{ data: Channel[] }>('GET', `/v1/channels?tenant=canary&access_type=${accessType}`);
  const channel = list.data.find(({ account }) => account.email === EMAIL);
  if (!channel) throw new Error(`no ${accessType} channel in ${JSON.stringify(list)}`);
  return channel.id;
}

async function connectGmail(email: string): Promise<string> {
  const url = await newLink('gmail');
  const authorize = await ask(`${url}/authorize`, { access_type: 'gmail' });
  const cookie = authorize.headers.getSetCookie().map((line) => line.split(';')[0]);
  const { authorization_url } = JSON.parse(authorize.text) as { authorization_url: string };
  const back = await mooring.sandbox.consent(authorization_url, email);
  await ask(back, undefined, { cookie: cookie.join('; ') });
  await ask(`${url}/session`);
  return channelOf('gmail');
}

async function signInByPassword(url: string, password: string) {
  if (!mooring.sandbox.imap) throw new Error('the sandbox has no IMAP server');
  const { host, port, security } = mooring.sandbox.imap;
  return ask(`${url}/password`, { access_type: 'imap', username: EMAIL, password, host, port, security });
}

async function connectImap(): Promise<string> {
  await mooring.sandbox.account('imap', EMAIL, { password: PASSWORDS[0] });
  const url = await newLink('imap');
  expect((await signInByPassword(url, PASSWORDS[2])).status).toBeGreaterThanOrEqual(400);
  expect((await signInByPassword(url, PASSWORDS[0])).status).toBe(200);
  return channelOf('imap');
}

async function breakImap(id: string): Promise<void> {
  await mooring.sandbox.fault('imap', EMAIL, 'password_changed');
  await mooring.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
  await reach(id, ({ status }) => status === 'reauth_required');
  await mooring.sandbox.account('imap', EMAIL, { password: PASSWORDS[1] });
  const { url } = await mooring.call<{ url: string }>('POST', `/v1/channels/${id}/reauthorize-links`, {});
  expect((await signInByPassword(url, PASSWORDS[1])).status).toBe(200);
  await reach(id, ({ status }) => status === 'connected');
}

async function ask(url: string, body?: object, headers: Record<string, string> = {}) {
  const method = body ? 'POST' : 'GET';
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    ...(body ? { body: JSON.stringify(body) } : {}),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const text = await answer.text();
  keepAnswer({ method, url, status: answer.status, headers: answer.headers, body: text });
  return { status: answer.status, headers: answer.headers, text };
}

const KINDS = `
  access-token api-key banner-token client-secret code cookie database-password link login-token password refresh-token
  superuser-password vault-key webhook-secret wrong-password`;

test('rule 1: a story in which secrets of every kind are used, for the last test to look for', () => {
  const used = knownSecrets().filter(({ file }) => file === 'test-e2e-secrets');
  expect([...new Set(used.map(({ kind }) => kind))].sort()).toEqual(KINDS.trim().split(/\s+/));
  expect(hook.received.length).toBeGreaterThan(3);
});

test('rule 1: a support bundle tells the whole story and no secret of it', () => {
  const [gmail, imap] = bundles;
  expect(gmail?.timeline.map(({ type }) => type)).toContain('channel.reauth_required');
  expect(gmail?.provider_answers.refreshes.map(({ outcome }) => outcome)).toContain('refused');
  expect(gmail?.workflow_runs).toContainEqual(expect.objectContaining({ status: 'RUNNING', type: 'channelWorkflow' }));
  expect(imap?.imports.length).toBeGreaterThan(0);
  expect(gmail?.versions.temporal).toMatch(/^\d/);
  const text = JSON.stringify(bundles);
  const secrets = knownSecrets().filter(({ file }) => file === 'test-e2e-secrets');
  expect(secrets.filter(({ value }) => text.includes(value))).toEqual([]);
  expect(text).not.toContain(METADATA);
  expect(text).not.toMatch(/eyJ[\w-]{20,}\.|ya29\.|postgres:\/\//);
});
