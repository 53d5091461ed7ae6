import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { MicrosoftApp, REDIRECT_URI, SCOPES } from './microsoft-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-entra-'));
const email = 'Ana@contoso.example';
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad';
let sandbox: RunningSandbox;
let app: MicrosoftApp;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new MicrosoftApp(sandbox.addresses);
});
beforeEach(() => app.ok('POST', '/reset'));
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a person picks an account, accepts, and comes back with a code', async () => {
  const url = app.authorizationUrl({ login_hint: email });
  expect((await app.fetch(url)).text).toContain('Pick an account');
  const post = (form: Record<string, string>) => app.fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  const consent = await post({ step: 'account', email });
  expect(consent.text).toContain('Permissions requested');
  expect(consent.text).toContain('Read your mail');
  const answer = await post({ step: 'consent', email, decision: 'allow' });
  const back = new URL(answer.headers.get('location') ?? '');
  expect([answer.status, back.searchParams.get('state'), back.searchParams.has('iss')]).toEqual([
    302,
    'state/1',
    false,
  ]);
  expect((await app.exchange(back.searchParams.get('code'))).status).toBe(200);
  expect((await post({ step: 'account', email })).status).toBe(302); // consented before
});

test('the id token verifies by the keys of its tenant, and says who and where', async () => {
  const tokens = await app.connect(email);
  expect(tokens.expires_in).toBe(60);
  expect(tokens.scope.split(' ').toSorted()).toEqual(['Mail.Read', 'User.Read', 'email', 'openid', 'profile']);
  const { tid } = decodeJwt(tokens.id_token);
  const configuration = (await app.fetch(app.authority(String(tid), 'v2.0/.well-known/openid-configuration'))).json;
  const { payload } = await jwtVerify(tokens.id_token, createRemoteJWKSet(new URL(configuration.jwks_uri)), {
    issuer: configuration.issuer,
    audience: app.microsoft['client_id'] ?? '',
  });
  expect(payload).toMatchObject({ email, preferred_username: email, nonce: 'nonce-1', ver: '2.0' });
  expect(payload['oid']).toMatch(/^[\da-f-]{36}$/);
  const common = (await app.fetch(app.authority('common', 'v2.0/.well-known/openid-configuration'))).json;
  expect(common.issuer).toBe(`${app.microsoft['authority_url']}/{tenantid}/v2.0`);
  const again = decodeJwt((await app.connect(email)).id_token);
  const colleague = decodeJwt((await app.connect('bob@contoso.example')).id_token);
  expect([again['oid'], again['tid']]).toEqual([payload['oid'], payload['tid']]);
  expect([colleague['oid'] === payload['oid'], colleague['tid']]).toEqual([false, payload['tid']]);
  expect(decodeJwt((await app.connect('eve@fabrikam.example')).id_token)['tid']).not.toBe(payload['tid']);
});

async function without(scope: string) {
  const back = await app.consent(email, {}, app.authorizationUrl({ scope: SCOPES.replace(scope, '') }));
  return (await app.exchange(back.searchParams.get('code'))).json;
}

test('without profile no oid, without openid no id token, without offline_access no refresh token', async () => {
  const { oid, preferred_username } = decodeJwt((await without('profile')).id_token);
  expect([oid, preferred_username]).toEqual([undefined, undefined]);
  expect((await without('openid')).id_token).toBeUndefined();
  expect((await without('offline_access')).refresh_token).toBeUndefined();
});

test('errors have a word, a number, its text and what to look it up by', async () => {
  const { json, status } = await app.refresh('1.Agarbled');
  expect([status, json.error, json.error_codes]).toEqual([400, 'invalid_grant', [9002313]]);
  expect(json.error_description).toMatch(
    /^AADSTS9002313: Invalid request\. Request is malformed or invalid\. Trace ID: [\da-f-]{36} Correlation ID: [\da-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
  );
  expect(json).toMatchObject({ trace_id: expect.any(String), correlation_id: expect.any(String) });
  expect(json.error_uri).toBe('https://login.microsoftonline.com/error?code=9002313');
});

const numberOf = async (answer: Promise<{ status: number; json: { error_codes?: number[] } }>) =>
  (await answer).json.error_codes?.[0];

test('a code works once, for ten minutes, at the tenant, with the verifier and the address it was asked for', async () => {
  const code = (await app.consent(email)).searchParams.get('code');
  expect(await numberOf(app.exchange(code, {}, 'organizations'))).toBe(700005);
  expect(await numberOf(app.exchange(code, { code_verifier: 'x'.repeat(43) }))).toBe(501481);
  expect(await numberOf(app.exchange(code, { code_verifier: undefined }))).toBe(50148);
  expect(await numberOf(app.exchange(code, { redirect_uri: `${REDIRECT_URI}2` }))).toBe(500112);
  expect((await app.exchange(code)).status).toBe(200);
  expect(await numberOf(app.exchange(code))).toBe(54005);
  const late = (await app.consent(email)).searchParams.get('code');
  await app.ok('PUT', '/clock', { offset_s: 601 });
  expect(await numberOf(app.exchange(late))).toBe(70008);
});

test('an account signs in at its own tenant, and a personal one is refreshed at /consumers alone', async () => {
  const work = await app.connect(email, { tenant: 'organizations' });
  const tid = String(decodeJwt(work.id_token)['tid']);
  expect((await app.refresh(work.refresh_token, {}, tid)).status).toBe(200);
  expect((await app.refresh(work.refresh_token, {}, 'contoso.example')).status).toBe(200);
  await app.account('eve@fabrikam.example');
  expect(await numberOf(app.refresh(work.refresh_token, {}, 'fabrikam.example'))).toBe(7000012);
  expect(await numberOf(app.refresh(work.refresh_token, {}, randomUUID()))).toBe(90002);
  const ofOther = { authorization_url: app.authorizationUrl({}, 'fabrikam.example'), email };
  expect((await app.call('POST', '/consent', ofOther)).json.error.code).toBe('AADSTS90072');
  const personal = await app.connect('ana@outlook.com');
  expect(decodeJwt(personal.id_token)['tid']).toBe(CONSUMERS);
  expect((await app.refresh(personal.refresh_token, {}, 'common')).json).toMatchObject({
    error: 'invalid_grant',
    error_codes: [70000],
    suberror: 'bad_token',
  });
  expect((await app.refresh(personal.refresh_token, {}, 'consumers')).status).toBe(200);
  expect((await app.refresh(personal.refresh_token, {}, CONSUMERS)).status).toBe(200);
  const atWork = { authorization_url: app.authorizationUrl({}, 'organizations'), email: 'ana@outlook.com' };
  expect((await app.call('POST', '/consent', atWork)).json.error.code).toBe('AADSTS50020');
  await app.account('bob@example.com', { personal: true });
  expect(decodeJwt((await app.connect('bob@example.com')).id_token)['tid']).toBe(CONSUMERS);
});

test('the client proves itself by its secret or its certificate', async () => {
  const { refresh_token } = await app.connect(email);
  const form = { grant_type: 'refresh_token', refresh_token };
  expect(await numberOf(app.token({ ...form, client_secret: 'wrong' }))).toBe(7000215);
  expect(await numberOf(app.token({ ...form, client_secret: undefined }))).toBe(7000218);
  expect(await numberOf(app.token({ ...form, client_id: randomUUID() }))).toBe(700016);
  const pem = readFileSync(app.microsoft['client_certificate_file'] ?? '', 'utf8');
  const thumbprint = createHash('sha1').update(new X509Certificate(pem).raw).digest('base64url');
  const assert = (audience: string, seconds: number) =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'RS256', x5t: thumbprint })
      .setIssuer(app.microsoft['client_id'] ?? '')
      .setSubject(app.microsoft['client_id'] ?? '')
      .setAudience(audience)
      .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
      .sign(createPrivateKey(pem));
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const proven = async (assertion: string) =>
    app.token({ ...form, client_secret: undefined, client_assertion_type: type, client_assertion: assertion });
  const audience = app.authority('common', 'oauth2/v2.0/token');
  expect((await proven(await assert(audience, 300))).status).toBe(200);
  expect((await proven(await assert(audience, -10))).json.error_codes).toEqual([700024]);
  expect((await proven(await assert('https://elsewhere.example', 300))).json.error_codes).toEqual([700023]);
  const forged = await proven(`${(await assert(audience, 300)).slice(0, -8)}AAAAAAAA`);
  expect([forged.status, forged.json.error_codes]).toEqual([401, [700027]]);
});

test('tolerant by default, strict and with grace where it is set', async () => {
  const { refresh_token } = await app.connect(email);
  const next = (await app.refresh(refresh_token)).json.refresh_token;
  expect(next).not.toBe(refresh_token);
  expect([(await app.refresh(refresh_token)).status, (await app.refresh(next)).status]).toEqual([200, 200]);
  await app.ok('PUT', '/providers/microsoft', { refresh_rotation: 'strict' });
  const strict = (await app.refresh(next)).json.refresh_token;
  expect((await app.refresh(next)).status).toBe(400);
  expect((await app.refresh(strict)).status).toBe(400);
  expect((await app.call('PUT', '/providers/microsoft', { push_endpoint: 'http://127.0.0.1:1/x' })).status).toBe(422);
});

test('a refresh may ask for less, not for more; a token is good for one API', async () => {
  const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All';
  const tokens = await app.connect(email, { authorize: { scope: `${SCOPES} ${imap}` } });
  expect(tokens.scope).not.toContain('IMAP');
  expect((await app.refresh(tokens.refresh_token, { scope: 'User.Read' })).json.id_token).toBeUndefined();
  expect((await app.refresh(tokens.refresh_token, { scope: `openid ${imap}` })).json.scope).toContain(imap);
  const more = await app.refresh(tokens.refresh_token, { scope: 'Mail.Send' });
  expect(more.json).toMatchObject({ error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' });
});

test('declined, no prompt, a prompt of two words, an unknown scope: the app is told', async () => {
  const back = await app.consent(email, { decision: 'deny' });
  expect(back.searchParams.get('error')).toBe('access_denied');
  expect(back.searchParams.get('error_description')).toContain('AADSTS65004');
  const told = async (more: Record<string, string>) => {
    const url = new URL((await app.fetch(app.authorizationUrl(more))).headers.get('location') ?? '');
    return [url.searchParams.get('error'), /AADSTS\d+/.exec(url.searchParams.get('error_description') ?? '')?.[0]];
  };
  expect(await told({ prompt: 'none' })).toEqual(['login_required', 'AADSTS50058']);
  expect(await told({ prompt: 'select_account consent' })).toEqual(['invalid_request', 'AADSTS90023']);
  expect(await told({ scope: 'openid Mail.Everything' })).toEqual(['invalid_client', 'AADSTS650053']);
});

test('where an administrator must consent: the page, the way back, the admin, and then the person', async () => {
  await app.fault('admin_consent_required');
  const url = app.authorizationUrl();
  const post = (form: Record<string, string>) => app.fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  expect((await post({ step: 'account', email })).text).toContain('Need admin approval');
  const back = new URL((await post({ step: 'return', email })).headers.get('location') ?? '');
  expect(back.searchParams.get('error_description')).toContain('AADSTS90094');
  expect((await app.call('POST', '/consent', { authorization_url: url, email })).status).toBe(409);
  const needed = await app.consent(email, { decision: 'needs_admin' });
  expect([needed.searchParams.get('error'), needed.searchParams.get('state')]).toEqual(['access_denied', 'state/1']);
  const admin = (body: object) => app.ok('POST', '/admin-consent', body).then((json) => new URL(json.redirect_to));
  const refused = await admin({ url: app.adminConsentUrl('organizations'), decision: 'deny' });
  expect([refused.searchParams.get('admin_consent'), refused.searchParams.get('error')]).toEqual([
    'True',
    'consent_required',
  ]);
  const personal = await app.connect('eve@outlook.com'); // no organization, no administrator
  expect(personal.access_token).toBeTruthy();
  const granted = await admin({ url: app.adminConsentUrl('contoso.example'), decision: 'allow' });
  expect(granted.searchParams.get('admin_consent')).toBe('True');
  expect(granted.searchParams.get('state')).toBe('admin/1');
  const tokens = await app.connect(email);
  expect(decodeJwt(tokens.id_token)['tid']).toBe(granted.searchParams.get('tenant'));
  expect((await app.refresh(tokens.refresh_token)).status).toBe(200);
  expect((await post({ step: 'account', email: 'bob@contoso.example' })).status).toBe(302); // consented for all
  const common = await app.fetch(app.adminConsentUrl('common'));
  expect(common.status).toBe(400);
});

test('the administrator’s page', async () => {
  await app.account(email);
  const url = app.adminConsentUrl('contoso.example');
  expect((await app.fetch(url)).text).toContain(email);
  const post = (form: Record<string, string>) => app.fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  expect((await post({ step: 'account', email })).text).toContain('for everybody in the organization');
  const back = new URL((await post({ step: 'consent', email, decision: 'allow' })).headers.get('location') ?? '');
  expect(back.searchParams.get('scope')).toContain('https://graph.microsoft.com/Mail.Read');
  expect(back.searchParams.has('code')).toBe(false);
});

test('what ends a grant says so by its number; signing in heals', async () => {
  const cases = [
    ['password_changed', 50173, undefined],
    ['session_revoked', 50173, undefined],
    ['token_idle_expired', 700082, 'bad_token'],
    ['access_revoked', 65001, 'consent_required'],
  ] as const;
  for (const [fault, number, suberror] of cases) {
    const { refresh_token } = await app.connect(email);
    await app.fault(fault, { email });
    const { json } = await app.refresh(refresh_token);
    expect([fault, json.error, json.error_codes, json.suberror]).toEqual([fault, 'invalid_grant', [number], suberror]);
  }
  const { refresh_token } = await app.connect(email);
  await app.ok('PUT', '/clock', { offset_s: 91 * 86_400 });
  expect(await numberOf(app.refresh(refresh_token))).toBe(700082);
});

test('policies, accounts and the app’s own secret, each what it is', async () => {
  const tokens = await app.connect(email);
  const cases = [
    ['account_disabled', 400, 50057],
    ['conditional_access', 400, 53003],
    ['mfa_required', 400, 50076],
    ['admin_consent_required', 400, 90094],
    ['app_credentials_invalid', 401, 7000215],
  ] as const;
  for (const [fault, status, number] of cases) {
    const { id } = await app.fault(fault, { email });
    const answer = await app.refresh(tokens.refresh_token);
    expect([fault, answer.status, answer.json.error_codes]).toEqual([fault, status, [number]]);
    await app.ok('DELETE', `/faults/${id}`);
    expect((await app.refresh(tokens.refresh_token)).status).toBe(200);
  }
  await app.fault('mfa_required', { email });
  const stronger = await app.connect(email); // presents a second factor
  expect((await app.refresh(stronger.refresh_token)).status).toBe(200);
  expect((await app.refresh(tokens.refresh_token)).json.claims).toContain('access_token');
  await app.fault('conditional_access', { email, times: 1 });
  const blocked = await app.call('POST', '/consent', { authorization_url: app.authorizationUrl(), email });
  expect([blocked.status, blocked.json.error.code]).toEqual([409, 'AADSTS53003']);
});

test('Entra has no revocation endpoint', async () => {
  for (const path of ['oauth2/v2.0/revoke', 'oauth2/v2.0/logout'])
    expect((await app.fetch(app.authority('common', path), { method: 'POST' })).status).toBe(404);
});
