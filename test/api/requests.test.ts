import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CALLS } from '../../api/calls.ts';
import { PROBLEMS } from '../../api/http/problem.ts';
import { connectDatabase } from '../../db/client.ts';
import { databaseClock } from '../../db/clock.ts';
import { newId } from '../../db/ids.ts';
import { connectTemporal } from '../../runtime/temporal.ts';
import { startApi } from '../support/api.ts';
import { databaseAs } from '../support/logins.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { lineTo } from '../support/cut-line.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const NO_ENGINE = { address: '127.0.0.1:1', namespace: 'default', uiUrl: null, apiKey: null, tls: null };
const WAIT = { timeout: 45_000, interval: 100 };

let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let sql: RaisedApi['sql'];
let close: RaisedApi['close'];
let channel: string;

beforeAll(async () => {
  ({ stage, api, sql, close } = await raiseApi());
  await stage.sandbox.account('google', 'ana@example.com', { password: secret('password') });
  channel = channelOf(await connectGmail(stage, 'ana@example.com'));
}, 60_000);
afterAll(() => close?.());

const post = (key: string, body: unknown, call = api.call) =>
  call('POST', '/v1/links', body, { 'idempotency-key': key });

const adopt = (body: object) => api.call('POST', '/v1/channels', body, { 'idempotency-key': 'guess' });

describe('Idempotency-Key', () => {
  test('the same request gets the first answer again, which is sealed at rest', async () => {
    const first = await post('one', { tenant: 'acme' });
    const second = await post('one', { tenant: 'acme' });
    expect(second).toMatchObject({ status: 201, json: first.json });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    const kept = JSON.stringify(await sql`select * from idempotency_keys`);
    expect(kept).not.toContain(first.json.url);
    expect(kept).not.toContain(first.json.id);
  });

  test('what is stored of a request is a keyed hash without its password: no guess can be tried against it', async () => {
    const password = secret('password');
    const { host, port, security } = stage.imap;
    const bodyOf = (word: string, email = 'guess@example.com') => ({
      tenant: 'acme',
      access_type: 'imap',
      account: { email },
      credential: { username: email, password: word, host, port, security },
    });
    await stage.sandbox.account('imap', 'guess@example.com', { password });
    const first = await adopt(bodyOf(password));
    expect(first.status, first.text).toBe(201);
    const hashes = (await sql`select request_hash from idempotency_keys`).map((row) => String(row['request_hash']));
    for (const hash of hashes) expect(hash).toMatch(/^content-1:[\w-]{43}$/);
    expect(await adopt(bodyOf(secret('password')))).toMatchObject({ status: 201, json: { id: first.json.id } });
    expect(await adopt(bodyOf(password, 'else@example.com'))).toMatchObject({ status: 409 });
    await sql`delete from channels where id = ${first.json.id}`;
  });

  test('a request of the release before is repeated, not executed again', async () => {
    const body = { tenant: 'acme' };
    const { json } = await post('old', body);
    const plain = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const [row] = await sql`update idempotency_keys set request_hash = ${plain}
      where created_at = (select max(created_at) from idempotency_keys) returning hash`;
    expect(row).toBeDefined();
    expect(await post('old', body)).toMatchObject({ status: 201, json: { id: json.id } });
    expect(await post('old', { tenant: 'else' })).toMatchObject({ json: { code: 'idempotency_key_reused' } });
  });

  test('another body under the same key is a mistake; another caller’s key is another key', async () => {
    const { json } = await post('two', { tenant: 'acme' });
    expect(await post('two', { tenant: 'else' })).toMatchObject({
      status: 409,
      json: { code: 'idempotency_key_reused' },
    });
    const other = await api.caller();
    expect((await post('two', { tenant: 'acme' }, other)).json.id).not.toBe(json.id);
  });

  test('of ten at once one does the work, and the others are told to come back', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('three', { tenant: 'acme' })));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(answer).toMatchObject({ status: 409, json: { code: 'idempotency_in_progress', retryable: true } });
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  });

  test('a failure is not kept, and a strange key is refused', async () => {
    expect((await post('four', { tenant: '' })).status).toBe(400);
    expect((await post('four', { tenant: '' })).status).toBe(400);
    expect((await post('four', { tenant: 'acme' })).status).toBe(201);
    expect((await post('a b', { tenant: 'acme' })).status).toBe(400);
  });

  test('a key whose process died is taken over after 20 s', async () => {
    await post('six', { tenant: 'acme' });
    await sql`update idempotency_keys set status = null, created_at = now() - interval '15 s'`;
    expect((await post('six', { tenant: 'acme' })).status).toBe(409);
    await sql`update idempotency_keys set created_at = now() - interval '21 s'`;
    expect((await post('six', { tenant: 'acme' })).status).toBe(201);
  });

  test('a request at work keeps its key, however long it takes', { timeout: 60_000 }, async () => {
    await sql`delete from idempotency_keys`;
    const isAtWork = (within: string) =>
      vi.waitFor(async () => {
        const rows =
          await sql`select from idempotency_keys where status is null and created_at > now() - ${within}::interval`;
        expect(rows).toHaveLength(1);
      }, WAIT);
    const atWork = await sql.begin(async (tx) => {
      await tx`lock table links in exclusive mode`;
      const answer = post('seven', { tenant: 'acme' });
      await isAtWork('1 h');
      await sql`update idempotency_keys set created_at = now() - interval '19 s' where status is null`;
      await isAtWork('15 s');
      expect(await post('seven', { tenant: 'acme' })).toMatchObject({ json: { code: 'idempotency_in_progress' } });
      return { answer };
    });
    expect(await atWork.answer).toMatchObject({ status: 201 });
  });
});

describe('channels', () => {
  test('PATCH changes what is named and nothing else', async () => {
    const before = (await api.call('GET', `/v1/channels/${channel}`)).json;
    const change = { owner: { email: 'boss@example.com' }, keep_warm: 'when_used', metadata: { crm: { id: 7 } } };
    const { json } = await api.call('PATCH', `/v1/channels/${channel}`, change);
    expect(json).toEqual({ ...before, ...change, owner: { email: 'boss@example.com', name: null } });
    expect((await api.call('PATCH', `/v1/channels/${channel}`, { owner: null })).json.owner).toBeNull();
    expect((await api.call('PATCH', `/v1/channels/${channel}`, { status: 'connected' })).status).toBe(400);
  });

  test('a change is told to the workflow once, however many there are', async () => {
    const { told } = stage.context.temporal as unknown as { told: string[] };
    await sql`delete from nudges`;
    told.length = 0;
    for (let count = 0; count < 5; count++) await api.call('PATCH', `/v1/channels/${channel}`, { kind: 'shared' });
    expect(told).toEqual([channel]);
  });

  test('a reauthorize link keeps to its channel’s access type', async () => {
    const path = `/v1/channels/${channel}/reauthorize-links`;
    expect((await api.call('POST', path)).json).toMatchObject({ purpose: 'reauthorize' });
    const moving = await api.call('POST', path, { purpose: 'change_access', access_types: ['imap'] });
    expect(moving).toMatchObject({ status: 201, json: { purpose: 'change_access' } });
    const other = await api.call('POST', path, { access_types: ['imap'] });
    expect(other).toMatchObject({ status: 403, json: { code: 'access_type_not_allowed' } });
  });
});

describe('tenants', () => {
  test('a policy is its defaults until one is set, and what is left out goes back to them', async () => {
    const path = '/v1/tenants/acme/policy';
    const defaults = {
      display_name: null,
      access_types: null,
      notify: { individual: 'owner', shared: 'admins' },
      admins: [],
      reminders_days: [1, 3, 7],
      reminder_repeat_days: 7,
      admins_join_after_days: 3,
      quiet_hours: null,
      quiet_first: false,
      digest: true,
      locale: 'en',
      retention_days: 30,
      banner_origins: [],
    };
    expect((await api.call('GET', path)).json).toEqual(defaults);
    const set = { access_types: ['gmail'], admins: [{ email: 'admin@example.com' }], notify: { shared: 'both' } };
    const { json } = await api.call('PUT', path, set);
    expect(json).toEqual({
      ...defaults,
      access_types: ['gmail'],
      notify: { individual: 'owner', shared: 'both' },
      admins: [{ email: 'admin@example.com', name: null }],
    });
    expect((await api.call('GET', path)).json).toEqual(json);
    expect((await api.call('PUT', path, {})).json).toEqual(defaults);
    expect((await api.call('PUT', path, { notify: { everybody: 'both' } })).status).toBe(400);
  });

  test('a policy takes fractions of days, zones and languages, and refuses with words what is none', async () => {
    const path = '/v1/tenants/acme/policy';
    const set = {
      display_name: 'Acme Ltd',
      reminders_days: [0.0005, 1],
      quiet_hours: { from: '22:00', to: '07:00', time_zone: 'Asia/Kathmandu' },
      admins: [{ email: 'eva@example.com', locale: 'de-AT', time_zone: 'Europe/Vienna' }],
      locale: 'ja',
      banner_origins: ['https://app.example.com'],
    };
    const eva = { email: 'eva@example.com', name: null, locale: 'de', time_zone: 'Europe/Vienna' };
    await api.call('PUT', path, set);
    expect((await api.call('GET', path)).json).toMatchObject({ ...set, admins: [eva] });
    const elsewhere = { ...set, admins: [{ email: 'eva@example.com', locale: 'it' }] };
    expect((await api.call('PUT', path, elsewhere)).json.admins).toEqual([{ email: 'eva@example.com', name: null }]);

    const refused = async (body: object) => {
      const { status, json } = await api.call('PUT', path, body);
      return [status, json.errors[0].path, json.errors[0].message];
    };
    const night = { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' };
    const hours = (more: object) => ({ quiet_hours: { ...night, ...more } });
    const words = expect.stringMatching(/expected|must be/);
    expect(await refused(hours({ time_zone: 'Europe/Atlantis' }))).toEqual([400, 'quiet_hours.time_zone', words]);
    expect(await refused(hours({ time_zone: '+02:00' }))).toEqual([400, 'quiet_hours.time_zone', words]);
    expect(await refused(hours({ to: '22:00' }))).toEqual([400, 'quiet_hours', words]);
    expect(await refused(hours({ to: '24:00' }))).toEqual([400, 'quiet_hours.to', words]);
    expect(await refused({ reminders_days: [0] })).toEqual([400, 'reminders_days.0', words]);
    expect(await refused({ reminder_repeat_days: 0.01 })).toEqual([400, 'reminder_repeat_days', words]);
    expect(await refused({ locale: 'tlh' })).toEqual([400, 'locale', words]);
    expect(await refused({ display_name: 'Acme\nBcc: all' })).toEqual([400, 'display_name', words]);
    expect(await refused({ banner_origins: ['https://a.example/page'] })).toEqual([400, 'banner_origins.0', words]);
    await api.call('PUT', path, {});
  });

  test('one that does not exist cannot be erased', async () => {
    expect((await api.call('DELETE', '/v1/tenants/nobody')).status).toBe(404);
  });
});

describe('what describes the API', () => {
  test.each(['createLink', 'createApiKey', 'createWebhookEndpoint', 'acknowledgeMessages'])(
    'the example of %s works as it stands',
    async (operationId) => {
      const call = CALLS.all.find((one) => one.operationId === operationId);
      if (!call) throw new Error(`No call has the id ${operationId}`);
      const { status, text } = await api.call(call.method.toUpperCase(), call.path, call.example);
      expect(Object.keys(call.answers), text).toContain(String(status));
    },
  );

  test('the OpenAPI document has every call, with its answers, and no secret can be read', async () => {
    const { json } = await api.request('GET', '/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    for (const { path, method, answers } of [...CALLS.health, ...CALLS.all]) {
      const operation = json.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method];
      expect(operation, `${method} ${path}`).toBeDefined();
      for (const status of Object.keys(answers)) expect(operation.responses).toHaveProperty(status);
    }
    const operationIds = Object.values<Record<string, { operationId: string }>>(json.paths)
      .flatMap((path) => Object.values(path))
      .map(({ operationId }) => operationId);
    expect(new Set(operationIds).size).toBe(operationIds.length);
    const components = Object.entries<{ properties?: object }>(json.components.schemas);
    for (const [, schema] of components.filter(([name]) => !name.endsWith('Request'))) {
      expect(Object.keys(schema.properties ?? {})).not.toContain('refresh_token');
      // A form may have a `password` part that describes it; a value would be text.
      expect((schema.properties as Record<string, { type?: string }> | undefined)?.['password']?.type).not.toBe(
        'string',
      );
    }
  });

  test('the reference page is made of our own files, without inline scripts', async () => {
    const { text, headers } = await api.request('GET', '/reference');
    expect(headers.get('content-type')).toContain('text/html');
    expect(text).not.toMatch(/<script>|https?:\/\//);
    for (const [, address = ''] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await api.request('GET', address)).status, address).toBe(200);
    }
  });

  test('every code says what it means, and only 5xx, 409, 422 and 429 are worth repeating', () => {
    for (const [code, { status, title, display, retryable }] of Object.entries(PROBLEMS)) {
      expect(title && display, code).toBeTruthy();
      if (retryable) expect([409, 422, 429, 500, 503], code).toContain(status);
    }
  });

  test('metrics name routes, never addresses', async () => {
    await api.call('GET', `/v1/channels/${channel}`);
    await api.request('GET', '/connect/secret-part/session');
    const { text, status } = await api.call('GET', '/metrics');
    expect(status).toBe(200);
    expect(text).toContain('route="/v1/channels/:id"');
    expect(text).toContain('mooring_channels{status="connected"} 1');
    expect(text).toMatch(/mooring_covered_until_age_seconds\{access_type="gmail",quantile="0.99"\} [\d.]+/);
    expect(text).toContain('mooring_channels_import_stalled 0');
    expect(text).toContain('mooring_channels_degraded_for_a_day 0');
    expect(text).not.toContain('secret-part');
    expect((await api.request('GET', '/metrics')).status).toBe(401);
    const ofTenant = await api.caller({ tenantId: 'acme', scopes: ['metrics:read'] });
    expect(await ofTenant('GET', '/metrics')).toMatchObject({ status: 403, json: { code: 'tenant_not_allowed' } });
  });
});

describe('when the database is away', () => {
  test('any number of questions whether a process is ready are one question to its servers', async () => {
    let asked = 0;
    const database = databaseAs('server', stage.context.database);
    const outsideTenants: typeof database.outsideTenants = (work) => {
      asked++;
      return database.outsideTenants(work);
    };
    const temporal = connectTemporal(NO_ENGINE);
    const busy = await startApi({ ...stage.context, database: { ...database, outsideTenants }, temporal });
    const answers = await Promise.all(Array.from({ length: 200 }, () => busy.request('GET', '/readyz')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(100);
    await busy.close();
  });

  test('calls are told to come back, the process lives, and goes on when it is there again', async () => {
    const line = await lineTo(new URL(stage.serverEnvironment['DATABASE_URL'] ?? ''));
    const database = connectDatabase({ url: line.url, poolSize: 4, program: 'server' });
    const temporal = connectTemporal(NO_ENGINE);
    const cut = await startApi({ ...stage.context, database, clock: databaseClock(database), temporal });
    const path = `/v1/channels/${channel}`;
    expect((await cut.call('GET', path)).status).toBe(200);
    line.cut();
    const away = await cut.call('GET', path);
    expect(away).toMatchObject({ status: 503, json: { code: 'database_unavailable', retryable: true } });
    expect(away.headers.get('retry-after')).toBe('2');
    expect((await cut.request('GET', '/healthz')).status).toBe(200);
    const ready = await cut.request('GET', '/readyz');
    expect(ready).toMatchObject({ status: 503, json: { code: 'not_ready' } });
    expect(ready.json.detail).toBe('the database does not answer; the workflow engine does not answer');
    line.mend();
    const deadline = Date.now() + 20_000;
    while ((await cut.call('GET', path)).status !== 200 && Date.now() < deadline) await sleep(200);
    expect((await cut.call('GET', path)).status).toBe(200);
    await cut.close();
    await database.close();
    line.close();
  }, 60_000);
});

test('an incident that holds no notices has none to release', async () => {
  const id = newId('inc');
  await sql`insert into incidents (id, tenant_id, provider, opened_at) values (${id}, 'acme', 'imap', now())`;
  expect(await api.call('POST', `/v1/incidents/${id}/release`)).toMatchObject({
    status: 409,
    json: { code: 'nothing_held' },
  });
});
