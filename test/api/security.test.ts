import { request as httpRequest } from 'node:http';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Call } from '../../api/http/call.ts';
import { CALLS } from '../../api/calls.ts';
import { SCOPES } from '../../api/http/scopes.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { PUBLIC_CALLS } from './public-calls.ts';

let stage: Stage;
let api: Api;
let sql: postgres.Sql;
const ids = {
  channels: '',
  links: '',
  imports: '',
  tenants: 'acme',
  'webhook-endpoints': '',
  'api-keys': '',
  messages: `msg_${'0'.repeat(26)}`,
  outbox: `mal_${'0'.repeat(26)}`,
  deliveries: `whd_${'0'.repeat(26)}`,
  incidents: `inc_${'0'.repeat(26)}`,
};

const EVERY_CALL = [...CALLS.health, ...CALLS.push, ...CALLS.mail, ...CALLS.all];
const KEYED = EVERY_CALL.filter((call) => call.access !== 'public');
const named = (call: Call) => `${call.method.toUpperCase()} ${call.path}`;

/** The call's address, with ids of things that exist and are tenant acme's. */
function pathOf(call: Call): string {
  const noun = call.path.split('/')[2] ?? '';
  return call.path
    .replace(':id', () => ids[noun as keyof typeof ids] || 'none')
    .replace(':link', 'nolink')
    .replace(':provider', 'google');
}
/** Answers that a stranger gets too: its own tenant and key, the installation's branding, its own numbers. */
const isOfOneRow = ({ path }: Call) =>
  ['/v1/tenants', '/v1/api-keys', '/v1/branding', '/v1/service-levels'].includes(path);
const bodyOf = (call: Call) =>
  call.method === 'get' || call.method === 'delete' ? undefined : (BODIES[named(call)] ?? {});
const BODIES: Record<string, unknown> = {
  'POST /v1/channels/:id/report-failure': { http_status: 401 },
  'POST /v1/webhook-endpoints/:id/replay': { since: '2026-05-03T08:00:00Z' },
  'POST /v1/links': { tenant: 'acme' },
  'POST /v1/webhook-endpoints': { url: 'http://127.0.0.1:1/hook', tenant: 'acme' },
  'POST /v1/api-keys': { name: 'x', scopes: ['admin'], tenant: 'acme' },
};

beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  sql = postgres(stage.databaseUrl, { max: 2 });
  await stage.sandbox.account('google', 'ana@example.com', { password: secret('password') });
  ids.channels = channelOf(
    await connectGmail(stage, 'ana@example.com', { spec: { importFrom: '2020-01-01T00:00:00Z' } }),
  );
  ids.links = (await api.call('POST', '/v1/links', { tenant: 'acme' })).json.id;
  ids['webhook-endpoints'] = (
    await api.call('POST', '/v1/webhook-endpoints', BODIES['POST /v1/webhook-endpoints'])
  ).json.id;
  ids['api-keys'] = (await api.call('POST', '/v1/api-keys', BODIES['POST /v1/api-keys'])).json.id;
  ids.imports = (await sql`select id from imports`)[0]?.['id'];
  await sql`insert into messages (id, tenant_id, channel_id, provider_id, folder, recipients, received_at, size, backfilled,
    content_id, fingerprint, stored_at) values (${ids.messages}, 'acme', ${ids.channels}, 'p', 'INBOX', '[]', now(), 1, false, 'c', 'f', now())`;
  await sql`insert into webhook_deliveries (id, event_id, endpoint_id, tenant_id, state, created_at)
    select ${ids.deliveries}, id, ${ids['webhook-endpoints']}, 'acme', 'failed', now() from events limit 1`;
  await sql`insert into incidents (id, tenant_id, channel_id, provider, opened_at)
    values (${ids.incidents}, 'acme', ${ids.channels}, 'gmail', now())`;
}, 60_000);
afterAll(async () => {
  await sql?.end();
  await api?.close();
  await stage?.close();
});

describe('who may come in', () => {
  test('every call without a key is refused, but the ones that are public on purpose', async () => {
    const open = EVERY_CALL.filter((call) => call.access === 'public').map(named);
    expect(open.sort()).toEqual([...PUBLIC_CALLS].sort());
    for (const call of KEYED) {
      const answer = await api.request(call.method.toUpperCase(), pathOf(call), { body: bodyOf(call) });
      expect(answer, named(call)).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  test('every call needs one of its scopes, and no other scope replaces it', async () => {
    for (const call of KEYED) {
      const others = SCOPES.filter((scope) => !(call.access as readonly string[]).includes(scope));
      const caller = await api.caller({ scopes: others });
      const answer = await caller(call.method.toUpperCase(), pathOf(call), bodyOf(call));
      expect(answer, named(call)).toMatchObject({ status: 403, json: { code: 'scope_missing' } });
    }
  }, 30_000);

  test('rule 14: a key of another tenant finds nothing of this one, on any call', async () => {
    const stranger = await api.caller({ tenantId: await tenant('stranger') });
    for (const call of KEYED.filter(({ path }) => path.includes(':id'))) {
      expect(pathOf(call), named(call)).not.toContain('none');
      const answer = await stranger(call.method.toUpperCase(), pathOf(call), bodyOf(call));
      const expected = call.path.startsWith('/v1/tenants/') ? 403 : 404;
      expect(answer.status, `${named(call)} ${answer.text}`).toBe(expected);
    }
    const lists = KEYED.filter(
      ({ path, method }) =>
        method === 'get' && /^\/v1\/[a-z-]+$/.test(path) && !['/v1/stream', '/v1/branding'].includes(path),
    );
    for (const call of lists) {
      const { json, text } = await stranger('GET', call.path);
      expect(text, named(call)).not.toContain('acme');
      if (!isOfOneRow(call)) expect(json.data, named(call)).toEqual([]);
    }
    for (const path of ['/v1/channels', '/v1/messages', '/v1/incidents', '/v1/stream']) {
      expect(await stranger('GET', `${path}?tenant=acme`)).toMatchObject({ json: { code: 'tenant_not_allowed' } });
    }
    expect((await stranger('POST', '/v1/messages/ack', { ids: [ids.messages] })).json).toEqual({ acknowledged: 0 });
    for (const [path, body] of [
      ['/v1/links', { tenant: 'acme' }],
      ['/v1/api-keys', { name: 'x', scopes: ['admin'], tenant: 'acme' }],
    ] as const) {
      expect(await stranger('POST', path, body)).toMatchObject({ status: 403, json: { code: 'tenant_not_allowed' } });
    }
  });

  test('an expired, revoked, foreign or misplaced key is refused', async () => {
    const expired = await api.caller({ expiresAt: new Date(Date.now() - 1000) });
    expect(await expired('GET', '/v1/channels')).toMatchObject({ status: 401, json: { code: 'key_expired' } });
    const elsewhere = await api.caller({ cidrs: ['192.0.2.0/24'] });
    expect(await elsewhere('GET', '/v1/channels')).toMatchObject({
      status: 403,
      json: { code: 'address_not_allowed' },
    });
    const near = await api.caller({ cidrs: ['192.0.2.0/24', '127.0.0.0/8'] });
    expect((await near('GET', '/v1/channels')).status).toBe(200);
    const made = (await api.call('POST', '/v1/api-keys', { name: 'short', scopes: ['channels:read'] })).json;
    const use = () => api.request('GET', '/v1/channels', { headers: { authorization: `Bearer ${made.api_key}` } });
    expect((await use()).status).toBe(200);
    expect((await api.call('DELETE', `/v1/api-keys/${made.id}`)).status).toBe(204);
    const deadline = Date.now() + 5_000;
    while ((await use()).status !== 401 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await use()).status).toBe(401);
    for (const authorization of ['Bearer', 'Bearer nonsense', 'Basic YTpi', `Bearer ${api.call.key} x`]) {
      expect((await api.request('GET', '/v1/channels', { headers: { authorization } })).status, authorization).toBe(
        401,
      );
    }
  });

  test('a key gives away only what it has, and is shown once', async () => {
    const admin = await api.caller({ scopes: ['admin', 'channels:read'] });
    expect(await admin('POST', '/v1/api-keys', { name: 'x', scopes: ['tokens:read'] })).toMatchObject({ status: 403 });
    const { json } = await admin('POST', '/v1/api-keys', { name: 'x', scopes: ['channels:read'] });
    expect(json.api_key).toMatch(/^mk_[\w-]{43}$/);
    expect((await admin('GET', `/v1/api-keys/${json.id}`)).text).not.toContain(json.api_key);
    expect(JSON.stringify(await sql`select * from api_keys`)).not.toContain(json.api_key);
    const renamed = await admin('PATCH', `/v1/api-keys/${json.id}`, { name: 'y', cidrs: ['10.0.0.0/8'] });
    expect(renamed.json).toMatchObject({ name: 'y', cidrs: ['10.0.0.0/8'] });
  });
});

describe('the web UI’s session', () => {
  test('a key opens one with its own rights, and it ends with the key', async () => {
    const made = (await api.call('POST', '/v1/api-keys', { name: 'ui', scopes: ['channels:read', 'channels:write'] }))
      .json;
    const browser = browse(api);
    const opened = await browser('POST', '/ui/session', { api_key: made.api_key });
    expect(opened.headers.get('set-cookie')).toMatch(/^mooring_session=[\w-]{43}; .*HttpOnly; SameSite=Strict$/);
    expect((await browser('GET', '/ui/session')).json).toMatchObject({
      access_types: ['gmail', 'imap', 'microsoft', 'exchange', 'salesforce'],
    });
    expect((await browser('GET', '/v1/channels')).status).toBe(200);
    expect((await browser('GET', `/v1/channels/${ids.channels}/access-token`)).status).toBe(403);
    await api.call('DELETE', `/v1/api-keys/${made.id}`);
    expect((await browser('GET', '/v1/channels')).status).toBe(401);
  });

  test('the login link opens one, a guess does not, and signing out ends it', async () => {
    const browser = browse(api);
    expect((await browser('GET', '/login?token=guess')).headers.get('location')).toBe('/?login=invalid');
    expect((await browser('GET', '/v1/channels')).status).toBe(401);
    expect((await browser('GET', api.loginPath)).headers.get('location')).toBe('/');
    expect((await browser('GET', '/v1/channels')).status).toBe(200);
    const origin = { origin: api.url };
    expect((await browser('DELETE', '/ui/session', undefined, origin)).status).toBe(204);
    expect((await browser('GET', '/v1/channels')).status).toBe(401);
  });

  test('S-37: an unsafe request with a cookie has to come from our own page', async () => {
    const browser = browse(api);
    await browser('GET', api.loginPath);
    const link = (headers: Record<string, string>) => browser('POST', '/v1/links', { tenant: 'acme' }, headers);
    for (const origin of ['https://evil.example', 'null', `${api.url}.evil.example`]) {
      expect(await link({ origin }), origin).toMatchObject({ status: 403, json: { code: 'origin_not_allowed' } });
    }
    expect((await link({})).status).toBe(403);
    expect((await link({ origin: api.url })).status).toBe(201);
    expect(
      (await browser('POST', '/v1/links', 'tenant=acme', { origin: api.url, 'content-type': 'text/plain' })).status,
    ).toBe(415);
  });
});

describe('at the door', () => {
  test('only our own host names are answered, on every path', async () => {
    for (const path of ['/v1/channels', '/', '/ui/session', '/connect/x/session']) {
      expect(await rawGet(path, 'evil.example')).toBe(421);
    }
    const { port } = new URL(api.url);
    expect(await rawGet('/v1/channels', `localhost:${port}`)).toBe(401);
    expect(await rawGet('/healthz', '10.1.2.3:8080')).toBe(200);
  });

  test('S-34, S-38: headers', async () => {
    const channels = await api.call('GET', '/v1/channels');
    expect(channels.headers.get('cache-control')).toBe('no-store');
    expect(channels.headers.get('x-powered-by')).toBeNull();
    expect(channels.headers.get('x-content-type-options')).toBe('nosniff');
    expect(channels.headers.get('referrer-policy')).toBe('same-origin');
    const policy = channels.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "connect-src 'self'"]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect((await api.call('GET', '/v1/nothing')).json).toMatchObject({
      code: 'not_found',
      request_id: expect.stringMatching(/^req_/),
    });
  });

  test('bodies: too large, not JSON, not an object, with NUL, with unknown fields', async () => {
    const send = (body: unknown, headers = {}) => api.call('POST', '/v1/links', body, headers);
    expect(await send({ tenant: 'a'.repeat(200_000) })).toMatchObject({ status: 413, json: { code: 'too_large' } });
    expect(await send('{"tenant":')).toMatchObject({ status: 400, json: { code: 'malformed_json' } });
    expect(await send('{"tenant":"a\\u0000b"}')).toMatchObject({ status: 400, json: { code: 'malformed_json' } });
    expect(await send('{"tenant":"a\\ud800b"}')).toMatchObject({ status: 400, json: { code: 'malformed_json' } });
    expect(await send('[]')).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    const unknown = await send({ tenant: 'acme', tenat: 1, owner: { email: 'a@b.example', phone: 2 } });
    expect(unknown).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    expect(unknown.json.errors.map((error: { path: string }) => error.path).sort()).toEqual(['owner.phone', 'tenat']);
    const key = secret('api-key');
    const { status, text } = await api.request('POST', '/ui/session', { body: { api_key: [key] } });
    expect([status, text.includes(key)]).toEqual([400, false]);
  });

  test('queries: limits, cursors, repeated and unknown parameters', async () => {
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=x',
      'limit=1&limit=2',
      'after=%00',
      'nonsense=1',
      'status=fine',
      'tenant=',
    ]) {
      expect((await api.call('GET', `/v1/channels?${query}`)).status, query).toBe(400);
    }
    for (const path of ['/v1/channels', '/v1/messages', `/v1/channels/${ids.channels}/timeline`, '/v1/incidents']) {
      expect(await api.call('GET', `${path}?after=nonsense`), path).toMatchObject({
        status: 400,
        json: { code: 'invalid_cursor' },
      });
    }
    expect((await api.call('GET', '/v1/channels/chn_x')).status).toBe(404);
    expect((await api.call('GET', `/v1/channels/${encodeURIComponent("chn_' or 1=1 --")}`)).status).toBe(404);
  });

  test('a connect link’s address is in no log line', async () => {
    const lines: string[] = [];
    const { logger } = stage.context;
    const spy = (first: unknown) => void lines.push(JSON.stringify(first));
    const watched = await startApi({
      ...stage.context,
      logger: Object.assign(Object.create(logger), { info: spy, warn: spy, error: spy }),
    });
    await watched.request('GET', '/connect/secret-part/session?token=secret-part');
    await watched.request('GET', '/login?token=secret-part-of-a-token');
    await watched.request('GET', '/nowhere/secret-part');
    await watched.close();
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.join('\n')).not.toContain('secret-part');
  });
});

describe('rule 14 in the database', () => {
  test('every table with a tenant has row-level security, forced, with a policy that reads and writes', async () => {
    const tables = await sql`
      select c.relname as name, c.relrowsecurity as on, c.relforcerowsecurity as forced,
        (select count(*)::int from pg_policies p where p.tablename = c.relname and 'mooring_app' = any(p.roles)
          and p.cmd = 'ALL' and p.qual is not null and p.with_check is not null) as policies
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
      where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`;
    expect(tables.length).toBeGreaterThan(15);
    for (const table of tables) expect(table, table['name']).toMatchObject({ on: true, forced: true, policies: 1 });
  });

  test('the app’s role owns nothing, passes no policy by, and sees nothing without a tenant', async () => {
    const [role] = await sql`select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = 'mooring_app'`;
    expect(role).toEqual({ rolsuper: false, rolbypassrls: false, rolcreaterole: false });
    expect(
      await sql`select 1 from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname like 'mooring\\_%'`,
    ).toEqual([]);
    const tables = await sql<{ name: string }[]>`select table_name as name from information_schema.columns
      where table_schema = 'public' and column_name = 'tenant_id'`;
    await sql.begin(async (tx) => {
      await tx`set local role mooring_app`;
      for (const { name } of [...tables, { name: 'tenants' }]) {
        expect(await tx`select count(*)::int as n from ${tx(name)}`, name).toEqual([{ n: 0 }]);
      }
      await tx`select set_config('mooring.tenant', 'acme', true)`;
      expect(await tx`select count(*)::int as n from channels`).toEqual([{ n: 1 }]);
    });
    const intruding = sql.begin(async (tx) => {
      await tx`set local role mooring_app`;
      await tx`select set_config('mooring.tenant', 'acme', true)`;
      await tx`insert into nudges (channel_id, tenant_id, created_at) values (${ids.channels}, 'stranger', now())`;
    });
    await expect(intruding).rejects.toThrow('row-level security');
  });

  test('the audit can be added to by the token read alone, and changed by nobody', async () => {
    for (const statement of [
      'delete from token_reads',
      'update token_reads set at = now()',
      "insert into token_reads (tenant_id, channel_id, api_key_id, version, at) values ('acme','x','y',1,now())",
    ]) {
      const tried = sql.begin(async (tx) => {
        await tx`set local role mooring_app`;
        await tx`select set_config('mooring.tenant', 'acme', true)`;
        await tx.unsafe(statement);
      });
      await expect(tried, statement).rejects.toThrow('permission denied');
    }
  });
});

async function tenant(id: string): Promise<string> {
  await sql`insert into tenants (id, created_at) values (${id}, now()) on conflict do nothing`;
  return id;
}

/** fetch does not let a caller choose the host. */
function rawGet(path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api.url);
    const request = httpRequest({ hostname, port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}
