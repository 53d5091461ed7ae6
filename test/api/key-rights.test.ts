import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInRanges } from '../../api/auth/address-ranges.ts';
import { rightsBeyond } from '../../api/auth/key-rights.ts';
import type { KeyRights } from '../../api/auth/key-rights.ts';
import { SCOPES } from '../../api/http/scopes.ts';
import { browse } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const octet = fc.constantFrom(0, 1, 10, 127, 128, 255);
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const ipv6 = fc.constantFrom('2001:db8::', '2001:db8:0:1::1', '::1', 'fe80::1', '::');
const address = fc.oneof(ipv4, ipv6);
const range = fc.oneof(
  fc.tuple(ipv4, fc.constantFrom(0, 1, 8, 9, 24, 31, 32)).map(([of, bits]) => `${of}/${bits}`),
  fc.tuple(ipv4, fc.constantFrom(96, 104, 128)).map(([of, bits]) => `::ffff:${of}/${bits}`),
  fc.tuple(ipv6, fc.constantFrom(0, 32, 64, 128)).map(([of, bits]) => `${of}/${bits}`),
);
const rights: fc.Arbitrary<KeyRights> = fc.record({
  tenantId: fc.constantFrom(null, 'acme', 'globex'),
  scopes: fc.subarray([...SCOPES], { minLength: 1 }),
  cidrs: fc.option(fc.array(range, { minLength: 1, maxLength: 3 })),
  expiresAt: fc.option(fc.integer({ min: 0, max: 3 }).map((day) => new Date(Date.UTC(2030, 0, 1 + day)))),
  limits: fc.option(fc.record({ readsPerMinute: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) })),
});
const mayGrant = (own: KeyRights, wanted: KeyRights) => rightsBeyond(wanted, own).length === 0;

/** Whether a key with these rights may do one thing, at one time, from one place, for the n-th time in a minute. */
function may(key: KeyRights, deed: { tenantId: string; scope: string; from: string; at: Date; nth: number }): boolean {
  return (
    (key.tenantId === null || key.tenantId === deed.tenantId) &&
    key.scopes.includes(deed.scope) &&
    (key.cidrs === null || isInRanges(deed.from, key.cidrs)) &&
    (key.expiresAt === null || deed.at < key.expiresAt) &&
    deed.nth <= (key.limits?.readsPerMinute ?? Infinity)
  );
}

const deed = fc.record({
  tenantId: fc.constantFrom('acme', 'globex', 'initech'),
  scope: fc.constantFrom(...SCOPES),
  from: address,
  at: fc.integer({ min: -1, max: 5 }).map((day) => new Date(Date.UTC(2030, 0, 1 + day, 12))),
  nth: fc.integer({ min: 1, max: 5 }),
});

describe('what a key may grant', () => {
  test('S-32: is nothing that it may not do itself, through any chain of grants', () => {
    fc.assert(
      fc.property(fc.array(rights, { minLength: 2, maxLength: 5 }), deed, (chain, deed) => {
        const [first] = chain;
        let holder = first as KeyRights;
        for (const wanted of chain) if (mayGrant(holder, wanted)) holder = wanted;
        return !may(holder, deed) || may(first as KeyRights, deed);
      }),
      { numRuns: 5_000 },
    );
  });

  test('is all that it has, also in parts, and the first key grants everything', () => {
    const everything: KeyRights = { tenantId: null, scopes: SCOPES, cidrs: null, expiresAt: null, limits: null };
    fc.assert(
      fc.property(rights, rights, (one, other) => {
        expect(rightsBeyond(one, one)).toEqual([]);
        expect(rightsBeyond(one, everything)).toEqual([]);
        const less = {
          ...one,
          tenantId: one.tenantId ?? other.tenantId,
          scopes: one.scopes.filter((scope) => other.scopes.includes(scope)),
          cidrs: one.cidrs?.slice(0, 1) ?? other.cidrs,
          expiresAt: one.expiresAt ?? other.expiresAt,
          limits: one.limits ?? other.limits,
        };
        expect(rightsBeyond(less, one)).toEqual([]);
      }),
    );
  });
});

describe('over the API', () => {
  let raised: RaisedApi;
  let api: Api;
  let held: Awaited<ReturnType<Api['caller']>>;
  const soon = '2030-01-01T00:00:00.000Z';
  const own = { cidrs: ['127.0.0.0/8', '10.0.0.0/8'], expires_at: soon, limits: { reads_per_minute: 100 } };

  /** A key made over the API by `maker`, and what calls with it. */
  async function made(maker: Api['call'], body: object) {
    const { status, json } = await maker('POST', '/v1/api-keys', { name: 'made', ...body });
    expect(status, JSON.stringify(json)).toBe(201);
    const call = (method: string, path: string, sent?: unknown) =>
      api.request(method, path, { body: sent, headers: { authorization: `Bearer ${json.api_key}` } });
    return Object.assign(call, { key: json.api_key as string, id: json.id as string });
  }

  beforeAll(async () => {
    raised = await raiseApi();
    api = raised.api;
    held = await made(api.call, { scopes: ['admin', 'channels:read'], ...own });
  }, 60_000);
  afterAll(() => raised?.close());

  test.each([
    ['more scopes', { scopes: ['channels:read', 'tokens:read'] }, 'scope_missing'],
    ['no ranges', { cidrs: null }, 'rights_exceeded'],
    ['a wider range', { cidrs: ['0.0.0.0/0'] }, 'rights_exceeded'],
    ['a range beside its own', { cidrs: ['10.0.0.0/8', '192.0.2.0/24'] }, 'rights_exceeded'],
    ['its range as IPv6, wider', { cidrs: ['::ffff:10.0.0.0/96'] }, 'rights_exceeded'],
    ['no expiry', { expires_at: null }, 'rights_exceeded'],
    ['a later expiry', { expires_at: '2030-01-01T00:00:00.001Z' }, 'rights_exceeded'],
    ['no limits', { limits: null }, 'rights_exceeded'],
    ['limits without the one it has', { limits: {} }, 'rights_exceeded'],
    ['a higher limit', { limits: { reads_per_minute: 101 } }, 'rights_exceeded'],
  ])('a key gives a child, itself and others not %s', async (_what, more, code) => {
    const child = await made(held, { scopes: ['admin'], ...own });
    const refused = { status: 403, json: { code } };
    expect(await held('POST', '/v1/api-keys', { name: 'x', scopes: ['admin'], ...own, ...more })).toMatchObject(
      refused,
    );
    for (const id of [held.id, child.id]) {
      expect(await held('PATCH', `/v1/api-keys/${id}`, more)).toMatchObject(refused);
      expect(await child('PATCH', `/v1/api-keys/${id}`, more)).toMatchObject({ status: 403 });
    }
    expect((await api.call('GET', `/v1/api-keys/${held.id}`)).json).toMatchObject({
      ...own,
      scopes: ['admin', 'channels:read'],
    });
  });

  test('a key with more is changed in nothing but its name, and a child without ranges is not even asked for', async () => {
    for (const change of [{ cidrs: ['10.0.0.0/8'] }, { scopes: ['admin'] }, { cidrs: null }, { expires_at: null }]) {
      expect(await held('PATCH', `/v1/api-keys/${api.call.id}`, change)).toMatchObject({
        status: 403,
        json: { code: 'rights_exceeded' },
      });
    }
    const bare = await held('POST', '/v1/api-keys', { name: 'x', scopes: ['admin'] });
    expect(bare).toMatchObject({ status: 403, json: { code: 'rights_exceeded' } });
    expect(bare.json.detail).toContain('cidrs: ranges within 127.0.0.0/8, 10.0.0.0/8');
  });

  test('a key narrows itself, for good, and revokes itself', async () => {
    const key = await made(api.call, { scopes: ['admin', 'channels:read'], ...own });
    const less = { cidrs: ['127.0.0.1/32'], expires_at: '2029-01-01T00:00:00.000Z', scopes: ['admin'] };
    expect(
      (await key('PATCH', `/v1/api-keys/${key.id}`, { ...less, limits: { reads_per_minute: 5 } })).json,
    ).toMatchObject({
      ...less,
      limits: { reads_per_minute: 5 },
    });
    expect(await key('PATCH', `/v1/api-keys/${key.id}`, own)).toMatchObject({ status: 403 });
    expect(await key('POST', '/v1/api-keys', { name: 'x', ...own, scopes: ['admin', 'channels:read'] })).toMatchObject({
      status: 403,
    });
    expect((await key('DELETE', `/v1/api-keys/${key.id}`)).status).toBe(204);
  });

  test('the first key does all of it, also through a session', async () => {
    const key = await made(api.call, { scopes: ['admin'], ...own });
    const all = { scopes: [...SCOPES], cidrs: null, expires_at: null, limits: null };
    expect((await api.call('PATCH', `/v1/api-keys/${key.id}`, all)).json).toMatchObject(all);
    const browser = browse(api);
    await browser('GET', api.loginPath);
    const from = { origin: api.url };
    expect((await browser('POST', '/v1/api-keys', { name: 'x', scopes: [...SCOPES] }, from)).status).toBe(201);
    const session = browse(api);
    await session('POST', '/ui/session', { api_key: held.key });
    expect(await session('POST', '/v1/api-keys', { name: 'x', scopes: ['admin'] }, from)).toMatchObject({
      json: { code: 'rights_exceeded' },
    });
  });

  test('a tenant’s key stays in its tenant; another tenant’s key is not found', async () => {
    const acme = await made(api.call, { scopes: ['admin'], tenant: 'acme' });
    const globex = await made(api.call, { scopes: ['admin'], tenant: 'globex' });
    for (const id of [globex.id, api.call.id]) {
      expect((await acme('PATCH', `/v1/api-keys/${id}`, { cidrs: null })).status).toBe(404);
      expect((await acme('GET', `/v1/api-keys/${id}`)).status).toBe(404);
      expect((await acme('DELETE', `/v1/api-keys/${id}`)).status).toBe(404);
    }
    expect(await acme('PATCH', `/v1/api-keys/${acme.id}`, { tenant: null })).toMatchObject({
      status: 403,
      json: { code: 'rights_exceeded' },
    });
    expect(await acme('PATCH', `/v1/api-keys/${acme.id}`, { tenant: 'initech' })).toMatchObject({
      json: { code: 'tenant_not_allowed' },
    });
    const [found] = await raised.sql`select count(*)::int as count from tenants where id = 'initech'`;
    expect(found).toEqual({ count: 0 });
    expect((await acme('POST', '/v1/api-keys', { name: 'x', scopes: ['admin'] })).json.tenant).toBe('acme');
    expect((await api.call('PATCH', `/v1/api-keys/${held.id}`, { tenant: 'acme' })).json.tenant).toBe('acme');
  });
});
