import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { sandboxControl } from '../support/sandbox-control.ts';
import type { SandboxControl } from '../support/sandbox-control.ts';

/* Salesforce at the wire: logins, sessions, and what the REST API says of records. */
const dir = mkdtempSync(join(tmpdir(), 'sandbox-salesforce-'));
const REDIRECT_URI = 'http://127.0.0.1:9999/oauth/salesforce/callback';
const verifier = randomBytes(32).toString('base64url');
let sandbox: RunningSandbox;
let control: SandboxControl;
beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  control = sandboxControl(sandbox.addresses.control);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Tokens {
  access_token: string;
  refresh_token: string;
  instance_url: string;
  id: string;
}

const newEmail = () => `ana.${randomBytes(4).toString('hex')}@acme.example`;
const at = (name: string) => String(sandbox.addresses.salesforce[name]);

async function send(url: string, init: RequestInit = {}) {
  const answer = await fetch(url, { redirect: 'manual', ...init });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

function post(path: string, form: Record<string, string>, login = at('login_url')) {
  const client = { client_id: at('client_id'), client_secret: at('client_secret') };
  return send(`${login}/services/oauth2/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ ...client, ...form }),
  });
}

function authorizationUrl(login = at('login_url'), more: Record<string, string> = {}): string {
  const url = new URL(`${login}/services/oauth2/authorize`);
  const parameters = {
    client_id: at('client_id'),
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'api refresh_token',
    state: 'st',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

async function connect(email: string, login = at('login_url')): Promise<Tokens> {
  const code = new URL(await control.consent(authorizationUrl(login), email)).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
  const answer = await post('token', form, login);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json;
}

const refresh = (token: string, login?: string) =>
  post('token', { grant_type: 'refresh_token', refresh_token: token }, login);

interface Call {
  method?: string;
  body?: string;
  headers?: Record<string, string>;
}

const api = (tokens: Pick<Tokens, 'access_token' | 'instance_url'>, path: string, init: Call = {}) =>
  send(`${tokens.instance_url}/services/data/v64.0/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json', ...init.headers },
  });

const query = (tokens: Tokens, soql: string, more: Call = {}) =>
  api(tokens, `query?q=${encodeURIComponent(soql)}`, more);

async function updated(tokens: Tokens, object: string, start = Date.now() - 600_000, end = Date.now() + 60_000) {
  const range = new URLSearchParams({ start: new Date(start).toISOString(), end: new Date(end).toISOString() });
  return api(tokens, `sobjects/${object}/updated?${range}`);
}

test('a login needs PKCE and the secret, and answers with an instance, an identity and no life', async () => {
  const email = newEmail();
  const tokens = await connect(email);
  expect(Object.keys(tokens)).toEqual(
    expect.arrayContaining(['access_token', 'refresh_token', 'signature', 'instance_url', 'id', 'issued_at']),
  );
  expect(tokens).not.toHaveProperty('expires_in');
  expect(tokens.id).toMatch(/\/id\/00D\w{15}\/005\w{15}$/);
  const identity = await send(tokens.id, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  expect(identity.json).toMatchObject({ username: email, organization_id: tokens.id.split('/').at(-2) });
  const code = async () => new URL(await control.consent(authorizationUrl(), email)).searchParams.get('code') ?? '';
  const exchange = { grant_type: 'authorization_code', redirect_uri: REDIRECT_URI };
  const refusals = [
    await post('token', { ...exchange, code: await code() }),
    await post('token', { ...exchange, code: await code(), code_verifier: 'x'.repeat(43) }),
    await post('token', { ...exchange, code: await code(), code_verifier: verifier, client_secret: 'wrong' }),
    await post('token', { ...exchange, code: 'invented', code_verifier: verifier }),
  ];
  expect(refusals.map(({ status, json }) => [status, json.error, json.error_description])).toEqual([
    [400, 'invalid_request', 'missing required code verifier'],
    [400, 'invalid_grant', 'invalid code verifier'],
    [400, 'invalid_client', 'invalid client credentials'],
    [400, 'invalid_grant', 'invalid authorization code'],
  ]);
  const shown = await send(authorizationUrl(undefined, { code_challenge: '' }));
  expect([shown.status, shown.text.includes('missing required code challenge')]).toEqual([400, true]);
});

test('a refresh token is good once: its second use ends the grant with all sessions', async () => {
  const first = await connect(newEmail());
  const second = (await refresh(first.refresh_token)).json as Tokens;
  expect(second.refresh_token).not.toBe(first.refresh_token);
  expect((await api(first, 'limits')).status).toBe(200);
  expect((await refresh(first.refresh_token)).json).toEqual({
    error: 'invalid_grant',
    error_description: 'expired access/refresh token',
  });
  expect((await refresh(second.refresh_token)).status).toBe(400);
  expect((await api(second, 'limits')).json).toEqual([
    { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
  ]);
});

test('a sixth login ends the oldest, and 30 idle days end a grant', async () => {
  const email = newEmail();
  const tokens: Tokens[] = [];
  for (let nth = 0; nth < 6; nth++) tokens.push(await connect(email));
  expect((await refresh(tokens[0]!.refresh_token)).status).toBe(400);
  await control.setClock(31 * 86_400);
  try {
    expect((await refresh(tokens[5]!.refresh_token)).json.error_description).toBe('expired access/refresh token');
  } finally {
    await control.setClock(0);
  }
});

test('introspection tells the end of a session, which moves with use in its second half alone', async () => {
  await control.settings('salesforce', { token_life_s: 100 });
  const tokens = await connect(newEmail());
  const exp = async () =>
    (await post('introspect', { token: tokens.access_token, token_type_hint: 'access_token' })).json.exp;
  const first = await exp();
  expect(Math.abs(first - Date.now() / 1000 - 100)).toBeLessThan(20);
  try {
    await control.setClock(20);
    await api(tokens, 'limits');
    expect(await exp()).toBe(first);
    await control.setClock(70);
    await api(tokens, 'limits');
    expect(await exp()).toBeGreaterThan(first + 40);
    await control.setClock(300);
    expect((await api(tokens, 'limits')).status).toBe(401);
    expect((await post('introspect', { token: tokens.access_token })).json).toEqual({ active: false });
  } finally {
    await control.setClock(0);
    await control.settings('salesforce', { token_life_s: 60 });
  }
});

test('sandbox organizations log in at test, My Domain is the instance, and an organization moves', async () => {
  const email = newEmail();
  await control.account('salesforce', email, { instance: 'cs7', org: 'acme-sandbox' });
  await expect(control.consent(authorizationUrl(), email)).rejects.toThrow('400');
  const tokens = await connect(email, at('test_login_url'));
  expect(tokens.instance_url).toMatch(/\/cs7$/);
  expect((await refresh(tokens.refresh_token)).json.error_description).toBe('authentication failure');
  const again = (await refresh(tokens.refresh_token, tokens.instance_url)).json as Tokens;
  await control.account('salesforce', email, { instance: 'cs8' });
  expect((await api(again, 'limits')).json[0].errorCode).toBe('INVALID_SESSION_ID');
  const moved = (await refresh(again.refresh_token, at('test_login_url'))).json as Tokens;
  expect(moved.instance_url).toMatch(/\/cs8$/);
  expect((await api(moved, 'limits')).status).toBe(200);
});

test('a mail is an EmailMessage that names its Task; people make, change and delete records', async () => {
  const email = newEmail();
  const tokens = await connect(email);
  const [mail] = await control.deliver('salesforce', email, 1, { subject: 'Größe', date: '2026-04-05T06:07:08Z' });
  const [task] = await control.deliver('salesforce', email, 1, { object: 'Task', subject: 'Call' });
  const found = await query(
    tokens,
    `SELECT Id, Subject, MessageDate, MessageIdentifier, ActivityId, TextBody FROM EmailMessage WHERE MessageIdentifier = '${mail!.message_id}'`,
  );
  expect(found.json).toMatchObject({ totalSize: 1, done: true });
  const [record] = found.json.records;
  expect(record).toMatchObject({
    Id: mail!.provider_id,
    Subject: 'Größe',
    MessageDate: '2026-04-05T06:07:08.000+0000',
  });
  expect(record.TextBody.length).toBeGreaterThan(50);
  const tasks = await query(tokens, `SELECT Id, TaskSubtype FROM Task ORDER BY TaskSubtype, Id`);
  expect(tasks.json.records.map(({ Id, TaskSubtype }: Record<string, string>) => [Id, TaskSubtype])).toEqual([
    [record.ActivityId, 'Email'],
    [task!.provider_id, 'Task'],
  ]);
  const made = await api(tokens, 'sobjects/Task', { method: 'POST', body: JSON.stringify({ Subject: 'Write' }) });
  expect([made.status, made.json.success]).toEqual([201, true]);
  const path = `sobjects/Task/${made.json.id}`;
  expect((await api(tokens, path, { method: 'PATCH', body: '{"Subject":"Write to Ana"}' })).status).toBe(204);
  expect((await api(tokens, `${path}?fields=Subject`)).json).toMatchObject({ Subject: 'Write to Ana' });
  expect((await api(tokens, path, { method: 'PATCH', body: '{"Colour":"red"}' })).json[0].errorCode).toBe(
    'INVALID_FIELD',
  );
  expect((await api(tokens, path, { method: 'DELETE' })).status).toBe(204);
  expect((await api(tokens, path)).json[0].errorCode).toBe('ENTITY_IS_DELETED');
  const both = { ids: [made.json.id, task!.provider_id], fields: ['Subject'] };
  const retrieved = await api(tokens, 'composite/sobjects/Task', { method: 'POST', body: JSON.stringify(both) });
  expect(retrieved.json).toMatchObject([null, { Subject: 'Call' }]);
  const all = await api(tokens, `queryAll?q=${encodeURIComponent('SELECT Id FROM Task WHERE IsDeleted = true')}`);
  expect(all.json.records).toMatchObject([{ Id: made.json.id }]);
});

test('what changed is told by getUpdated, to the minute and for 30 days', async () => {
  const email = newEmail();
  const tokens = await connect(email);
  const [one, other] = await control.deliver('salesforce', email, 2);
  const found = await updated(tokens, 'EmailMessage');
  expect(found.json.ids.toSorted()).toEqual([one!.provider_id, other!.provider_id].toSorted());
  expect(found.json.latestDateCovered).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
  await control.call('DELETE', `/control/accounts/salesforce/${email}/messages/${one!.provider_id}`);
  expect((await updated(tokens, 'EmailMessage')).json.ids).toEqual([other!.provider_id]);
  const range = new URLSearchParams({
    start: new Date(Date.now() - 600_000).toISOString(),
    end: new Date(Date.now() + 60_000).toISOString(),
  });
  const deleted = await api(tokens, `sobjects/EmailMessage/deleted?${range}`);
  expect(deleted.json.deletedRecords).toMatchObject([{ id: one!.provider_id }]);
  const now = Date.now();
  for (const [start, end] of [
    [now - 31 * 86_400_000, now],
    [now, now],
    [now, now - 3_600_000],
  ] as const) {
    expect((await updated(tokens, 'Task', start, end)).json[0].errorCode).toBe('INVALID_REPLICATION_DATE');
  }
  await control.fault('salesforce', email, 'cursor_expired');
  expect((await updated(tokens, 'Task')).json[0].errorCode).toBe('INVALID_REPLICATION_DATE');
});

test('SOQL pages, orders and compares, and refuses what it does not understand', async () => {
  const email = newEmail();
  const tokens = await connect(email);
  await control.deliver('salesforce', email, 450);
  const first = await query(tokens, 'SELECT Id FROM EmailMessage ORDER BY Id', {
    headers: { 'sforce-query-options': 'batchSize=200' },
  });
  expect(first.json).toMatchObject({ totalSize: 450, done: false });
  const ids: string[] = first.json.records.map(({ Id }: { Id: string }) => Id);
  for (let next: string | undefined = first.json.nextRecordsUrl; next;) {
    const page = await send(`${tokens.instance_url}${next}`, {
      headers: { authorization: `Bearer ${tokens.access_token}`, 'sforce-query-options': 'batchSize=200' },
    });
    ids.push(...page.json.records.map(({ Id }: { Id: string }) => Id));
    next = page.json.nextRecordsUrl;
  }
  expect(new Set(ids).size).toBe(450);
  const count = async (where: string) =>
    (await query(tokens, `SELECT COUNT() FROM EmailMessage WHERE ${where}`)).json.totalSize;
  const now = new Date(Date.now() + 5_000).toISOString();
  expect(await count(`(CreatedDate <= ${now} AND Status = '0') OR Id = '${ids[0]}'`)).toBe(450);
  expect(await count(`Id IN ('${ids[0]}', '${ids[1]!.slice(0, 15)}') AND Incoming = true`)).toBe(2);
  expect(await count(`CreatedDate > ${now}`)).toBe(0);
  const refusals = [
    'SELECT Id FROM Pigeon',
    'SELECT Colour FROM Task',
    'SELECT Id FROM Task WHERE',
    "SELECT Id FROM Task WHERE Id = '1' AND Id = '2' OR Id = '3'",
    'UPDATE Task',
  ];
  const codes = await Promise.all(refusals.map(async (soql) => (await query(tokens, soql)).json[0].errorCode));
  expect(codes).toEqual(['INVALID_TYPE', 'INVALID_FIELD', 'MALFORMED_QUERY', 'MALFORMED_QUERY', 'MALFORMED_QUERY']);
  expect((await api(tokens, 'query/01g000000000000-200')).json[0].errorCode).toBe('INVALID_QUERY_LOCATOR');
  expect((await api(tokens, 'sobjects/EmailMessage/describe')).json.fields.length).toBeGreaterThan(15);
  expect((await api(tokens, 'limits')).headers.get('sforce-limit-info')).toMatch(/^api-usage=\d+\/100000$/);
});

test('every fault that Salesforce can have, in its words; others are 422', async () => {
  const email = newEmail();
  let tokens = await connect(email);
  const renewed = async () => (tokens = await connect(email));
  const refused = async (fault: string) => {
    await control.fault('salesforce', email, fault, { times: 1, kind: 'token' });
    return (await refresh(tokens.refresh_token)).json?.error_description;
  };
  expect(await refused('account_disabled')).toBe('inactive user');
  expect(await refused('conditional_access')).toBe('ip restricted');
  expect(await refused('admin_consent_required')).toBe("user hasn't approved this consumer");
  expect(await refused('app_credentials_invalid')).toBe('invalid client credentials');
  expect(await refused('unavailable')).toBeUndefined();
  const called = async (fault: string) => {
    await control.fault('salesforce', email, fault, { times: 1, kind: 'api' });
    const { status, json } = await api(tokens, 'limits');
    return [status, json?.[0]?.errorCode];
  };
  expect(await called('rate_limited')).toEqual([403, 'REQUEST_LIMIT_EXCEEDED']);
  expect(await called('api_disabled')).toEqual([403, 'API_DISABLED_FOR_ORG']);
  expect(await called('unavailable')).toEqual([503, undefined]);
  for (const fault of ['password_changed', 'access_revoked', 'token_idle_expired']) {
    await control.fault('salesforce', email, fault);
    expect((await refresh(tokens.refresh_token)).json.error_description).toBe('expired access/refresh token');
    await renewed();
  }
  await control.fault('salesforce', email, 'session_revoked');
  expect((await api(tokens, 'limits')).status).toBe(401);
  tokens = (await refresh(tokens.refresh_token)).json;
  await control.fault('salesforce', email, 'scope_removed', { scope: 'api' });
  expect((await api(tokens, 'limits')).json[0].message).toContain('not valid for use with the REST API');
  const blocked = await control.fault('salesforce', email, 'admin_consent_required');
  expect(new URL(await control.consent(authorizationUrl(), email)).searchParams.get('error')).toBe('OAUTH_APP_BLOCKED');
  await control.mend(blocked.id);
  expect((await post('revoke', { token: tokens.refresh_token })).status).toBe(200);
  expect((await refresh(tokens.refresh_token)).status).toBe(400);
  for (const fault of ['uidvalidity_changed', 'mfa_required', 'push_dropped', 'mailbox_unavailable']) {
    await expect(control.fault('salesforce', email, fault)).rejects.toThrow('422');
  }
  await expect(control.deliver('google', email, 1, { object: 'Task' })).rejects.toThrow('422');
});
