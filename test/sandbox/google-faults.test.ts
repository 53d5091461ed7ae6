import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { Tokens } from './google-app.ts';
import { GoogleApp, READONLY } from './google-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-faults-'));
const email = 'ana@example.com';
const REVOKED = '{\n  "error": "invalid_grant",\n  "error_description": "Token has been expired or revoked."\n}';
let sandbox: RunningSandbox;
let app: GoogleApp;
let tokens: Tokens & { refresh_token: string };

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new GoogleApp(sandbox.addresses);
});
beforeEach(async () => {
  await app.ok('POST', '/reset');
  tokens = await app.connect(email);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const profile = (accessToken = tokens.access_token) => app.gmail('profile', accessToken);
const refresh = () => app.refresh(tokens.refresh_token);

test('a changed password and a withdrawn access end alike, at once; signing in works afterwards', async () => {
  for (const fault of ['password_changed', 'access_revoked']) {
    tokens = await app.connect(email);
    await app.fault(fault, { email });
    expect((await profile()).status).toBe(401);
    expect(await refresh()).toMatchObject({ status: 400, text: REVOKED });
    tokens = await app.connect(email);
    expect((await refresh()).status).toBe(200);
  }
});

test('session control says so in a subtype; an idle token dies but its access token lives on', async () => {
  await app.fault('session_revoked', { email });
  expect((await profile()).status).toBe(401);
  expect((await refresh()).json).toMatchObject({ error: 'invalid_grant', error_subtype: 'invalid_rapt' });
  tokens = await app.connect(email);
  await app.fault('token_idle_expired', { email });
  expect((await profile()).status).toBe(200);
  expect((await refresh()).text).toBe(REVOKED);
});

test('a removed scope is gone from old and refreshed tokens; naming one that nobody has is an error', async () => {
  await app.fault('scope_removed', { email, scope: 'gmail.readonly' });
  const refused = await profile();
  expect(refused.status).toBe(403);
  expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
  expect((await refresh()).json.scope).not.toContain(READONLY);
  expect(
    (await app.call('POST', '/faults', { provider: 'google', email, fault: 'scope_removed', scope: 'calendar' }))
      .status,
  ).toBe(409);
});

test('an event concerns one account, or all when none is named', async () => {
  const bob = await app.connect('bob@example.com');
  await app.fault('access_revoked', { email });
  expect((await app.refresh(bob.refresh_token)).status).toBe(200);
  await app.fault('access_revoked');
  expect((await app.refresh(bob.refresh_token)).status).toBe(400);
});

test('conditions that only words tell apart', async () => {
  const cases = [
    ['account_disabled', 'token', 400, 'Account has been deleted'],
    ['admin_consent_required', 'token', 400, 'admin_policy_enforced'],
    ['app_credentials_invalid', 'token', 401, 'invalid_client'],
    ['account_disabled', 'api', 401, 'authError'],
    ['admin_consent_required', 'api', 403, 'domainPolicy'],
    ['mailbox_unavailable', 'api', 400, 'Mail service not enabled'],
  ] as const;
  for (const [fault, kind, status, words] of cases) {
    const { id } = await app.fault(fault, { email, kind });
    const answer = await (kind === 'token' ? refresh() : profile());
    expect([fault, answer.status, answer.text.includes(words)]).toEqual([fault, status, true]);
    expect(await app.ok('DELETE', `/faults/${id}`)).toEqual({ ended: true });
    expect((await refresh()).status).toBe(200);
    expect((await profile()).status).toBe(200);
  }
});

test('where Google keeps the person on its page, a script is told so', async () => {
  await app.fault('admin_consent_required', { email, times: 1 });
  const answer = await app.call('POST', '/consent', { authorization_url: app.authorizationUrl(), email });
  expect([answer.status, answer.json.error.code]).toEqual([409, 'admin_policy_enforced']);
  expect((await app.consent(email)).searchParams.has('code')).toBe(true);
});

test('down, rate-limited, rubbish: for `times` requests of one kind and one account', async () => {
  await app.fault('unavailable', { email, kind: 'token', times: 2, http_status: 502 });
  expect((await profile()).status).toBe(200);
  expect([(await refresh()).status, (await refresh()).status, (await refresh()).status]).toEqual([502, 502, 200]);
  await app.fault('unavailable', { kind: 'api', times: 1 });
  expect((await profile()).json.error).toMatchObject({ code: 503, status: 'UNAVAILABLE' });
  await app.fault('rate_limited', { kind: 'api', times: 1, retry_after_s: 90 });
  const limited = await profile();
  const until = Date.parse(/Retry after (\S+)/.exec(limited.json.error.message)?.[1] ?? '');
  expect(limited.status).toBe(429);
  expect(Math.abs(until - Date.now() - 90_000)).toBeLessThan(5000);
  await app.fault('rubbish', { times: 1 });
  const rubbish = await refresh();
  expect(rubbish.status).toBe(200);
  expect(rubbish.headers.get('content-type')).toContain('text/html');
  await app.fault('unavailable', { email: 'bob@example.com' });
  expect((await refresh()).status).toBe(200);
});

test('slow waits before the provider acts: the life of a token begins after it', async () => {
  await app.fault('slow', { kind: 'token', ms: 400, times: 1 });
  const began = Date.now();
  const pending = refresh();
  await app.fault('access_revoked', { email });
  expect((await pending).text).toBe(REVOKED);
  expect(Date.now() - began).toBeGreaterThanOrEqual(395);
});

test('a cut connection before and after the deed, and a lost answer of a strict rotation', async () => {
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'strict' });
  await app.ok('DELETE', '/requests');
  await app.fault('cut_connection', { kind: 'token', after: 'request', times: 1 });
  await expect(refresh()).rejects.toThrow();
  const { refresh_token } = (await refresh()).json; // it had not been used
  await app.fault('lost_response', { kind: 'token', times: 1 });
  await expect(app.refresh(refresh_token)).rejects.toThrow();
  expect((await app.refresh(refresh_token)).text).toBe(REVOKED); // it had
  const logged = await app.requests(`kind=token&email=${email}`);
  expect(logged.map(({ status }) => status)).toEqual([null, 200, null, 400]);
});

test('a request is in the log while it is under way', async () => {
  const { id } = await app.fault('slow', { kind: 'api', ms: 60_000 });
  const gone = new AbortController();
  const pending = fetch(`${app.google['gmail_api_url']}/gmail/v1/users/me/profile`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
    signal: gone.signal,
  }).catch(() => 'gone');
  await expect.poll(() => app.requests('kind=api')).toMatchObject([{ status: null, email }]);
  gone.abort();
  await pending;
  await app.ok('DELETE', `/faults/${id}`);
});

test('faults that Google does not have, and ones that nobody has', async () => {
  const fault = (body: object) => app.call('POST', '/faults', { provider: 'google', ...body });
  for (const name of ['mfa_required', 'conditional_access', 'nonsense']) {
    const answer = await fault({ fault: name });
    expect([answer.status, answer.json.error.code]).toEqual([422, 'fault_not_supported']);
  }
  expect((await fault({ fault: 'slow', provider: 'pigeon' })).status).toBe(404);
  expect((await fault({ fault: 'slow', colour: 'red' })).json.error.message).toContain('colour');
  expect((await fault({ fault: 'access_revoked', email: 'nobody@example.com' })).status).toBe(404);
  expect((await app.call('GET', '/requests?since=yesterday')).status).toBe(400);
});

test('push: told to the endpoint with a token of Google’s, dropped, duplicated, refused', async () => {
  const received: { authorization: string; body: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ authorization: request.headers.authorization ?? '', body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/push/google`;
  await app.ok('PUT', '/providers/google', { push_endpoint: endpoint, push_audience: 'mooring' });
  const watch = () =>
    app.gmail('watch', tokens.access_token, {
      method: 'POST',
      body: JSON.stringify({ topicName: app.google['pubsub_topic'] }),
    });
  await app.fault('subscription_refused', { times: 1 });
  expect((await watch()).text).toContain('User not authorized to perform this action.');
  expect((await watch()).json.expiration).toMatch(/^\d{13}$/);
  await app.fault('push_dropped', { times: 1 });
  await app.deliver(email, 1);
  await expect.poll(() => app.requests('kind=push')).toMatchObject([{ status: null }]);
  await app.fault('push_duplicated', { times: 1 });
  await app.deliver(email, 1);
  await expect.poll(() => received.length).toBe(2);
  expect(received[0]?.body).toBe(received[1]?.body);
  const { message } = JSON.parse(received[0]?.body ?? '');
  const { historyId } = (await profile()).json;
  expect(JSON.parse(Buffer.from(message.data, 'base64').toString())).toEqual({
    emailAddress: email,
    historyId: Number(historyId),
  });
  const keys = createRemoteJWKSet(new URL(app.google['jwks_url'] ?? ''));
  await jwtVerify(received[0]?.authorization.slice(7) ?? '', keys, { audience: 'mooring' });
  receiver.close();
});

test('a watch goes with the grant that it was made by, and nobody is told', async () => {
  const topicName = app.google['pubsub_topic'];
  const watch = { method: 'POST', body: JSON.stringify({ topicName }) };
  await app.ok('PUT', '/providers/google', { push_endpoint: 'http://127.0.0.1:9/push/google' });
  expect((await app.gmail('watch', tokens.access_token, watch)).status).toBe(200);
  await app.fault('access_revoked', { email });
  const again = await app.connect(email);
  await app.deliver(email, 1);
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // longer than a push takes to leave
  expect(await app.requests('kind=push')).toEqual([]);
  expect((await app.gmail('watch', again.access_token, watch)).status).toBe(200);
  await app.deliver(email, 1);
  await expect.poll(() => app.requests('kind=push')).not.toEqual([]);
});

test('pushes go where it was started to push, until another place is set and again after a reset', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-pushing-'));
  const pushing = await startSandbox({ dir: folder, port: 0, pushTo: 'http://127.0.0.1:3000/push' });
  const other = new GoogleApp(pushing.addresses);
  const endpoint = async (settings: object = {}) =>
    (await other.ok('PUT', '/providers/google', settings)).push_endpoint as string | null;
  expect(await endpoint({ token_life_s: 5 })).toBe('http://127.0.0.1:3000/push/google');
  expect(await endpoint({ push_endpoint: null })).toBeNull();
  await other.ok('POST', '/reset');
  expect(await endpoint()).toBe('http://127.0.0.1:3000/push/google');
  await pushing.close();
  rmSync(folder, { recursive: true });
});
