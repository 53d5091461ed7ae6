import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { GoogleApp, READONLY, REDIRECT_URI } from './google-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-oauth-'));
let sandbox: RunningSandbox;
let app: GoogleApp;
const email = 'Ana@example.com';

/** Google's bytes: https://github.com/porjo/youtubeuploader/issues/163 */
const REVOKED = '{\n  "error": "invalid_grant",\n  "error_description": "Token has been expired or revoked."\n}';

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new GoogleApp(sandbox.addresses);
});
beforeEach(() => app.ok('POST', '/reset'));
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a person chooses an account, leaves a box ticked, and comes back with a code', async () => {
  const url = app.authorizationUrl({ login_hint: email });
  const chooser = await app.fetch(url);
  expect(chooser.text).toContain('Choose an account');
  expect(chooser.text).toContain('Mooring sandbox, playing Google');
  const post = (form: Record<string, string>) => app.fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  const consent = await post({ step: 'account', email });
  expect(consent.text).toContain(READONLY);
  const answer = await post({ step: 'consent', email, decision: 'allow', scope: READONLY });
  expect(answer.status).toBe(302);
  const back = new URL(answer.headers.get('location') ?? '');
  expect(back.href.startsWith(`${REDIRECT_URI}&`)).toBe(true);
  expect(back.searchParams.get('state')).toBe('state/1');
  expect(back.searchParams.has('iss')).toBe(false);
  expect((await app.exchange(back.searchParams.get('code'))).status).toBe(200);
});

/** A change that any page could cause by a form of its own. */
async function statusOf(headers: Record<string, string>): Promise<number> {
  return (await fetch(new URL('/control/reset', sandbox.addresses.control), { method: 'POST', headers })).status;
}

test('a page of another site cannot use the sandbox, nor one in a sandboxed frame; its own forms can', async () => {
  expect(await statusOf({ origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf({ origin: 'null' })).toBe(403);
  expect(await statusOf({ origin: 'null', 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await statusOf({ origin: 'null', 'sec-fetch-site': 'same-origin' })).toBeLessThan(300);
  expect(await statusOf({})).toBeLessThan(300);
});

test('a script consents for a person; the id token verifies and says who it is', async () => {
  const tokens = await app.connect(email);
  expect(tokens.refresh_token).toMatch(/^1\/\//);
  expect(tokens.access_token).toMatch(/^ya29\./);
  expect(tokens.expires_in).toBe(60);
  expect(tokens.scope.split(' ').sort()).toEqual(
    [READONLY, 'https://www.googleapis.com/auth/userinfo.email', 'openid'].sort(),
  );
  const keys = createRemoteJWKSet(new URL(app.google['jwks_url'] ?? ''));
  const { payload } = await jwtVerify(tokens.id_token ?? '', keys, {
    issuer: 'https://accounts.google.com',
    audience: app.google['client_id'] ?? '',
  });
  expect(payload).toMatchObject({ email, email_verified: true, nonce: 'nonce-1' });
  const userinfo = await app.fetch(app.google['userinfo_url'] ?? '', {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  expect(userinfo.json).toMatchObject({ sub: payload.sub, email });
});

test('cancel, a withdrawn box, no offline access, no forced consent', async () => {
  const denied = await app.consent(email, { decision: 'deny' });
  expect(denied.searchParams.get('error')).toBe('access_denied');
  expect(denied.searchParams.get('state')).toBe('state/1');
  const unticked = await app.connect(email, { scopes: ['openid', 'email'] });
  expect(unticked.scope).not.toContain('gmail');
  const profile = await app.gmail('profile', unticked.access_token);
  expect(profile.status).toBe(403);
  expect(profile.text).toContain('insufficientPermissions');
  for (const without of [{ access_type: undefined }, { prompt: undefined }]) {
    const back = await app.consent(email, {}, app.authorizationUrl(without));
    expect((await app.exchange(back.searchParams.get('code'))).json.refresh_token).toBeUndefined();
  }
});

test('what Google refuses on its page: wrong client, no PKCE, no redirect_uri', async () => {
  for (const wrong of [
    { client_id: 'x' },
    { code_challenge: undefined },
    { code_challenge_method: 'plain' },
    { redirect_uri: undefined },
  ]) {
    const url = app.authorizationUrl(wrong);
    const page = await app.fetch(url);
    expect(page.status).toBe(400);
    expect(page.text).toContain('Access blocked');
    expect((await app.call('POST', '/consent', { authorization_url: url, email })).status).toBe(400);
  }
});

test('a code works once, for ten minutes, with its verifier and its redirect_uri', async () => {
  const code = (await app.consent(email)).searchParams.get('code');
  const wrongVerifier = await app.exchange(code, { code_verifier: 'x'.repeat(43) });
  expect(wrongVerifier.json).toEqual({ error: 'invalid_grant', error_description: 'Invalid code verifier.' });
  expect((await app.exchange(code, { code_verifier: undefined })).json.error_description).toBe(
    'Missing code verifier.',
  );
  expect((await app.exchange(code, { redirect_uri: `${REDIRECT_URI}2` })).json.error).toBe('redirect_uri_mismatch');
  expect((await app.exchange(code)).status).toBe(200);
  const again = await app.exchange(code);
  expect(again.text).toBe('{\n  "error": "invalid_grant",\n  "error_description": "Bad Request"\n}');
  expect((await app.exchange('nonsense')).json.error_description).toBe('Malformed auth code.');
  const late = (await app.consent(email)).searchParams.get('code');
  await app.ok('PUT', '/clock', { offset_s: 601 });
  expect((await app.exchange(late)).status).toBe(400);
});

test('the client proves itself by post or basic; a wrong secret is invalid_client and is logged', async () => {
  const { refresh_token } = await app.connect(email);
  const { client_id = '', client_secret = '' } = app.google;
  const basic = await app.fetch(app.google['token_url'] ?? '', {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token }),
  });
  expect(basic.status).toBe(200);
  const wrong = await app.token({ grant_type: 'refresh_token', refresh_token, client_secret: 'GOCSPX-wrong' });
  expect(wrong.status).toBe(401);
  expect(wrong.json).toEqual({ error: 'invalid_client', error_description: 'Unauthorized' });
  expect(
    (await app.token({ grant_type: 'refresh_token', refresh_token, client_id: 'other' })).json.error_description,
  ).toBe('The OAuth client was not found.');
  expect((await app.token({ grant_type: 'password' })).json.error).toBe('unsupported_grant_type');
  const logged = await app.requests(`kind=token&email=${email}`);
  expect(logged.map(({ status, grant_type }) => [grant_type, status])).toEqual([
    ['authorization_code', 200],
    ['refresh_token', 200],
    ['refresh_token', 401],
    ['refresh_token', 401],
  ]);
  expect((await app.refresh(refresh_token)).status).toBe(200);
});

test('no rotation: the same refresh token for ever; access tokens expire', async () => {
  await app.ok('PUT', '/providers/google', { token_life_s: 5 });
  const { refresh_token, access_token } = await app.connect(email);
  for (let i = 0; i < 3; i++) expect((await app.refresh(refresh_token)).json.refresh_token).toBeUndefined();
  expect((await app.gmail('profile', access_token)).status).toBe(200);
  await app.ok('PUT', '/clock', { offset_s: 6 });
  expect((await app.gmail('profile', access_token)).status).toBe(401);
  expect((await app.refresh(refresh_token)).json.expires_in).toBe(5);
});

test('tolerant rotation: a new refresh token each time, every old one goes on', async () => {
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'tolerant' });
  const { refresh_token } = await app.connect(email);
  const next = (await app.refresh(refresh_token)).json.refresh_token;
  expect(next).not.toBe(refresh_token);
  expect((await app.refresh(refresh_token)).status).toBe(200);
  expect((await app.refresh(next)).status).toBe(200);
});

test('rotation with grace: the previous token works for grace_s, then it alone is dead', async () => {
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'grace', grace_s: 10 });
  const { refresh_token } = await app.connect(email);
  const next = (await app.refresh(refresh_token)).json.refresh_token;
  await app.ok('PUT', '/clock', { offset_s: 9 });
  expect((await app.refresh(refresh_token)).status).toBe(200);
  await app.ok('PUT', '/clock', { offset_s: 12 });
  expect((await app.refresh(refresh_token)).text).toBe(REVOKED);
  expect((await app.refresh(next)).status).toBe(200);
});

test('strict rotation: using a spent token destroys the whole grant, not another one', async () => {
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'strict' });
  const other = await app.connect(email);
  const { refresh_token } = await app.connect(email);
  const next = (await app.refresh(refresh_token)).json;
  expect((await app.gmail('profile', next.access_token)).status).toBe(200);
  expect((await app.refresh(refresh_token)).text).toBe(REVOKED);
  expect((await app.refresh(next.refresh_token)).text).toBe(REVOKED);
  expect((await app.gmail('profile', next.access_token)).status).toBe(401);
  expect((await app.refresh(other.refresh_token)).status).toBe(200);
});

test('of many refreshes with one strict token at once exactly one is answered with tokens', async () => {
  await app.ok('PUT', '/providers/google', { refresh_rotation: 'strict' });
  const { refresh_token } = await app.connect(email);
  const answers = await Promise.all(Array.from({ length: 8 }, () => app.refresh(refresh_token)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

test('revoking any token ends everything this person granted the app, once', async () => {
  const first = await app.connect(email);
  const second = await app.connect(email);
  const stranger = await app.connect('bob@example.com');
  const revoke = (token: string) =>
    app.fetch(app.google['revocation_url'] ?? '', { method: 'POST', body: new URLSearchParams({ token }) });
  expect((await revoke(first.refresh_token)).status).toBe(200);
  expect((await app.refresh(second.refresh_token)).text).toBe(REVOKED);
  expect((await app.gmail('profile', second.access_token)).status).toBe(401);
  expect((await app.refresh(stranger.refresh_token)).status).toBe(200);
  const again = await revoke(first.refresh_token);
  expect([again.status, again.json.error]).toEqual([400, 'invalid_token']);
  expect(await app.requests(`kind=revoke&email=${email.toLowerCase()}`)).toMatchObject([
    { status: 200 },
    { status: 400 },
  ]);
});

test('half a day after its end a refresh token is not even known: Bad Request', async () => {
  const { refresh_token } = await app.connect(email);
  await app.fault('access_revoked', { email });
  expect((await app.refresh(refresh_token)).text).toBe(REVOKED);
  await app.ok('PUT', '/clock', { offset_s: 13 * 3600 });
  expect((await app.refresh(refresh_token)).json).toEqual({ error: 'invalid_grant', error_description: 'Bad Request' });
});

test('secrets and tokens on disk are readable by their owner alone', () => {
  const files = ['sandbox.json', ...readdirSync(dir).filter((name) => name.startsWith('google'))];
  expect(files).toEqual(['sandbox.json', 'google-client.json', 'google-service-account.json', 'google.jsonl']);
  for (const file of files) expect(statSync(join(dir, file)).mode & 0o077).toBe(0);
});
