import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { MicrosoftTokens } from './microsoft-app.ts';
import { MicrosoftApp } from './microsoft-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-microsoft-faults-'));
const email = 'ana@contoso.example';
const CAPABLE = { claims: JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } }) };
let sandbox: RunningSandbox;
let app: MicrosoftApp;
let tokens: MicrosoftTokens;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new MicrosoftApp(sandbox.addresses);
});
beforeEach(async () => {
  await app.ok('POST', '/reset');
  tokens = await app.connect(email);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const inbox = (accessToken = tokens.access_token) => app.graph('me/mailFolders/inbox', accessToken);
const refresh = () => app.refresh(tokens.refresh_token);

/** The claims that a challenge asks for, as the next token request carries them. */
function claimsOf(headers: Headers): { access_token: { nbf?: { value: string }; xms_cc?: unknown } } {
  const encoded = /error="insufficient_claims".*claims="([^"]+)"/.exec(headers.get('www-authenticate') ?? '')?.[1];
  return JSON.parse(Buffer.from(encoded ?? '', 'base64').toString());
}

const message = async (accessToken: string) => {
  const { status, json, headers } = await inbox(accessToken);
  return [status, json.error.code, headers.has('www-authenticate'), json.error.message];
};

test('an expired, invented or absent token, and one for another API, are 401', async () => {
  const expired = [401, 'InvalidAuthenticationToken', true, 'Lifetime validation failed, the token is expired.'];
  expect(await message('EwBinvented')).toEqual(expired);
  const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All';
  const other = await app.connect(email, { authorize: { scope: `openid ${imap}` } });
  expect((await message(other.access_token))[3]).toContain('Invalid audience');
  await app.ok('PUT', '/clock', { offset_s: 61 });
  expect(await message(tokens.access_token)).toEqual(expired);
});

test('a revoked token of a capable client asks for claims; signing in again heals', async () => {
  tokens = await app.connect(email, { token: CAPABLE });
  for (const fault of ['session_revoked', 'password_changed', 'access_revoked']) {
    await app.fault(fault, { email });
    const challenged = await inbox();
    expect([challenged.status, challenged.json.error.code]).toEqual([401, 'InvalidAuthenticationToken']);
    const claims = JSON.stringify(claimsOf(challenged.headers));
    expect((await app.refresh(tokens.refresh_token, { claims })).json.error).toBe('invalid_grant');
    tokens = await app.connect(email, { token: CAPABLE });
    expect((await inbox()).status).toBe(200);
  }
});

test('a changed policy is met by a refresh with the claims, and by no refresh without them', async () => {
  const plain = tokens.access_token;
  tokens = await app.connect(email, { token: CAPABLE });
  await app.fault('claims_challenged', { email });
  expect((await inbox(plain)).status).toBe(200); // it never said that it understands
  const challenged = await inbox();
  expect(challenged.json.error.message).toContain('TokenCreatedWithOutdatedPolicies');
  const without = await app.refresh(tokens.refresh_token, CAPABLE);
  expect((await inbox(without.json.access_token)).status).toBe(401);
  const asked = claimsOf(challenged.headers);
  const claims = JSON.stringify({ access_token: { ...asked.access_token, xms_cc: { values: ['cp1'] } } });
  const healed = await app.refresh(tokens.refresh_token, { claims });
  expect((await inbox(healed.json.access_token)).status).toBe(200);
});

test('without cp1 a revoked token is refused; an idle grant leaves its access token alive', async () => {
  await app.fault('token_idle_expired', { email });
  expect((await inbox()).status).toBe(200);
  expect((await refresh()).json.error_codes).toEqual([700082]);
  tokens = await app.connect(email);
  await app.fault('password_changed', { email });
  const refused = await inbox();
  expect([refused.status, refused.headers.get('www-authenticate')?.includes('claims')]).toEqual([401, false]);
});

test('a removed scope is gone from old and refreshed tokens', async () => {
  await app.fault('scope_removed', { email, scope: 'Mail.Read' });
  const refused = await inbox();
  expect([refused.status, refused.json.error.code]).toEqual([403, 'ErrorAccessDenied']);
  expect((await refresh()).json.scope).not.toContain('Mail.Read');
  expect((await app.refresh(tokens.refresh_token, { scope: 'Mail.Read' })).json.error_codes).toEqual([65001]);
  expect(
    (await app.call('POST', '/faults', { provider: 'microsoft', email, fault: 'scope_removed', scope: 'x' })).status,
  ).toBe(409);
});

test('conditions of a mailbox: gone, its account disabled, a shared one gone alone', async () => {
  const { id } = await app.fault('mailbox_unavailable', { email });
  const gone = await inbox();
  expect([gone.status, gone.json.error.code]).toEqual([404, 'MailboxNotEnabledForRESTAPI']);
  expect((await app.graph('me', tokens.access_token)).status).toBe(200);
  await app.ok('DELETE', `/faults/${id}`);
  await app.fault('account_disabled', { email, kind: 'api', times: 1 });
  expect([(await inbox()).status, (await inbox()).status]).toEqual([401, 200]);
  const team = 'team@contoso.example';
  await app.account(team, { delegates: [email] });
  const { access_token } = await app.connect(email, { authorize: { scope: 'openid profile Mail.Read.Shared' } });
  await app.fault('mailbox_unavailable', { email: team });
  expect((await app.graph(`users/${team}/mailFolders/inbox`, access_token)).status).toBe(404);
  expect((await inbox()).status).toBe(200);
});

test('down, rate-limited, rubbish, cut: in each side’s own words', async () => {
  await app.fault('unavailable', { email, kind: 'token', times: 1 });
  const down = await refresh();
  expect([down.status, down.json.error_codes]).toEqual([503, [90033]]);
  await app.fault('unavailable', { kind: 'api', times: 1, http_status: 504 });
  expect((await inbox()).json.error).toMatchObject({ code: 'UnknownError', message: '' });
  for (const kind of ['api', 'token']) {
    await app.fault('rate_limited', { kind, times: 1, retry_after_s: 90 });
    const limited = await (kind === 'api' ? inbox() : refresh());
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '90']);
  }
  await app.fault('rubbish', { times: 1 });
  expect((await refresh()).headers.get('content-type')).toContain('text/html');
  await app.ok('PUT', '/providers/microsoft', { refresh_rotation: 'strict' });
  await app.fault('cut_connection', { kind: 'token', after: 'request', times: 1 });
  await expect(refresh()).rejects.toThrow();
  const { refresh_token } = (await refresh()).json; // it had not been used
  await app.fault('lost_response', { kind: 'token', times: 1 });
  await expect(app.refresh(refresh_token)).rejects.toThrow();
  expect((await app.refresh(refresh_token)).status).toBe(400); // it had
});

test('a listing that ends before its end, and a page that comes twice', async () => {
  await app.deliver(email, 30);
  const delta = 'me/mailFolders/inbox/messages/delta';
  const prefer = { prefer: 'odata.maxpagesize=20' };
  await app.fault('listing_cut_short', { email, times: 1 });
  expect((await app.pages(delta, tokens.access_token, prefer)).items).toHaveLength(2);
  await app.fault('page_repeated', { email, times: 1 });
  expect((await app.pages(delta, tokens.access_token, prefer)).items).toHaveLength(50);
});

test('an event concerns one account, or all when none is named; what Microsoft does not have is 422', async () => {
  const bob = await app.connect('bob@contoso.example');
  await app.fault('access_revoked', { email });
  expect((await app.refresh(bob.refresh_token)).status).toBe(200);
  await app.fault('access_revoked');
  expect((await app.refresh(bob.refresh_token)).status).toBe(400);
  const answer = await app.call('POST', '/faults', { provider: 'microsoft', fault: 'nonsense' });
  expect([answer.status, answer.json.error.code]).toEqual([422, 'fault_not_supported']);
  const details = async (provider: string, body: object) =>
    (await app.call('PUT', `/accounts/${provider}/x@example.com`, body)).status;
  expect([await details('google', { personal: true }), await details('imap', { delegates: [email] })]).toEqual([
    422, 422,
  ]);
  const google = sandbox.addresses.google as Record<string, string>;
  const authorization_url = `${google['authorization_url']}?client_id=x`;
  expect((await app.call('POST', '/consent', { authorization_url, email, decision: 'needs_admin' })).status).toBe(422);
  expect((await app.call('POST', '/admin-consent', { url: authorization_url })).status).toBe(422);
  const [sent] = await app.deliver(email, 1);
  expect((await app.call('PATCH', `/accounts/google/x@example.com/messages/1`, { folder: 'A' })).status).toBe(422);
  expect((await app.move(email, sent?.provider_id, 'A/B')).folder).toBe('A/B');
});
