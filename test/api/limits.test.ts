import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Places } from '../../api/limits/places.ts';
import { RateLimit } from '../../api/limits/rate-limit.ts';
import { pruneExpired } from '../../db/across-tenants/retention.ts';
import { createLogger } from '../../runtime/logger.ts';
import { startApi } from '../support/api.ts';
import type { Api, ApiAnswer } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

let raised: RaisedApi;
/** Two servers behind a proxy, at one database. */
let api: Api;
let second: Api;
const lines: string[] = [];

beforeAll(async () => {
  raised = await raiseApi();
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  const behindProxy = { trustedProxies: ['127.0.0.1'] };
  api = await startApi({ ...raised.stage.context, logger }, behindProxy);
  second = await startApi(raised.stage.context, behindProxy);
}, 60_000);
afterAll(async () => {
  await api?.close();
  await second?.close();
  await raised?.close();
});

/** What a client at an address sends. */
const from =
  (address: string) =>
  (method: string, path: string, given: { body?: unknown; headers?: Record<string, string> } = {}) =>
    api.request(method, path, { ...given, headers: { 'x-forwarded-for': address, ...given.headers } });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function times(count: number, send: (nth: number) => Promise<ApiAnswer>): Promise<ApiAnswer[]> {
  const answers: ApiAnswer[] = [];
  for (let at = 0; at < count; at += 50) {
    answers.push(...(await Promise.all(Array.from({ length: Math.min(50, count - at) }, (_, i) => send(at + i)))));
  }
  return answers;
}

const countOf = (answers: ApiAnswer[], status: number) => answers.filter((answer) => answer.status === status).length;

function expectLimited(answers: ApiAnswer[]): void {
  const limited = answers.filter(({ status }) => status === 429);
  expect(limited.length).toBeGreaterThan(0);
  for (const answer of limited) {
    expect(answer.json).toMatchObject({ code: 'rate_limited', retryable: true });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
}

describe('what needs no key is limited by address', () => {
  test('S-38: wrong keys; a good key of the same address and everything elsewhere go on', async () => {
    const good = await api.caller();
    const call = from('192.0.2.1');
    const flood = times(400, (nth) => call('GET', '/v1/channels', { headers: bearer(`mk_wrong${nth}`) }));
    const reads = times(100, () => call('GET', '/v1/channels', { headers: bearer(good.key) }));
    const answers = await flood;
    expect(countOf(answers, 401)).toBeGreaterThanOrEqual(100);
    expect(countOf(answers, 401)).toBeLessThan(150);
    expect(countOf(answers, 401) + countOf(answers, 429)).toBe(400);
    expectLimited(answers);
    expect(countOf(await reads, 200)).toBe(100);
    const fresh = await api.caller();
    expect((await call('GET', '/v1/channels', { headers: bearer(fresh.key) })).status).toBe(200);
    expect((await from('192.0.2.2')('GET', '/v1/channels', { headers: bearer('mk_wrong') })).status).toBe(401);
  });

  test('an IPv6 client is its network', async () => {
    const answers = await times(150, (nth) =>
      from(`2001:db8::${nth.toString(16)}`)('GET', '/v1/channels', { headers: bearer('mk_wrong') }),
    );
    expectLimited(answers);
    expect((await from('2001:db8:0:1::1')('GET', '/v1/channels', { headers: bearer('mk_wrong') })).status).toBe(401);
  });

  /** Each has an address of its own. */
  let strangers = 0;
  test.each([
    ['keys in the sign-in form', 'POST', '/ui/session', { api_key: secret('wrong-key') }, 401],
    ['links that do not exist', 'GET', '/connect/nolink/session', undefined, 404],
    ['links to sign in with', 'POST', '/connect/nolink/authorize', { access_type: 'gmail' }, 404],
    ['callbacks of no sign-in', 'GET', '/oauth/google/callback?state=none&code=x', undefined, 303],
    ['guesses at the login link', 'GET', '/login?token=guess', undefined, 303],
    ['pushes that are not the provider’s', 'POST', '/push/google', { forged: true }, 404],
  ])('%s', async (_what, method, path, body, first) => {
    const call = from(`198.51.100.${++strangers}`);
    const answers = await times(150, () => call(method, path, { body }));
    expect(answers[0]?.status).toBe(first);
    expectLimited(answers);
    const { path: real } = await raised.links.makeLink();
    expect((await call('GET', `${real}/session`)).status).toBe(200);
    expect((await call('GET', '/healthz')).status).toBe(200);
    expect((await call('GET', api.loginPath)).headers.get('location')).toBe('/');
  });

  test('probes are free', async () => {
    expect(countOf(await times(300, () => from('192.0.2.9')('GET', '/healthz')), 200)).toBe(300);
  });
});

describe('a link', () => {
  test('begins twenty sign-ins in ten minutes, at all servers, and keeps no more rows', async () => {
    const { path } = await raised.links.makeLink();
    const begin = (server: Api) => server.request('POST', `${path}/authorize`, { body: { access_type: 'gmail' } });
    const answers = await times(1_000, (nth) => begin(nth % 2 === 0 ? api : second));
    expect(countOf(answers, 200)).toBe(20);
    expectLimited(answers);
    const rows = () => raised.sql`select count(*)::int as count from sign_ins join links on links.id = link_id
      where links.hash = encode(sha256(${path.split('/').at(-1) ?? ''}::bytea), 'hex')`;
    expect(await rows()).toMatchObject([{ count: 20 }]);
    const other = await raised.links.makeLink();
    expect((await api.request('POST', `${other.path}/authorize`, { body: { access_type: 'gmail' } })).status).toBe(200);

    // Eleven minutes later the first of them no longer count, and go.
    await raised.sql`update sign_ins set created_at = created_at - interval '11 minutes', expires_at = now() - interval '2 days'`;
    const third = await startApi(raised.stage.context);
    expect((await begin(third)).status).toBe(200);
    await third.close();
    expect((await rows())[0]?.['count']).toBeLessThanOrEqual(20);
    const now = await api.context.clock.now();
    await pruneExpired(raised.stage.context.database, { now, limit: 500 });
    expect(await rows()).toMatchObject([{ count: 1 }]);
  });

  test('that has had all its passwords says when it ends', async () => {
    const { path } = await raised.links.makeLink({ access_types: ['imap'] });
    await raised.sql`update links set password_attempts = 50`;
    const body = { access_type: 'imap', username: 'ana@example.com', password: secret('password'), host: '127.0.0.1' };
    const answer = await api.request('POST', `${path}/password`, { body });
    expect(answer).toMatchObject({ status: 429, json: { code: 'rate_limited' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(3_600);
  });
});

test('what a mail server limits is tried again in a minute', async () => {
  const { stage, links } = raised;
  const email = 'busy@example.com';
  await stage.sandbox.account('imap', email, { password: secret('password') });
  const { id } = await stage.sandbox.fault('imap', email, 'rate_limited', { kind: 'login' });
  const { path } = await links.makeLink({ access_types: ['imap'] });
  const { host, port, security } = stage.imap;
  const body = { access_type: 'imap', username: email, password: secret('password'), host, port, security };
  const answer = await api.request('POST', `${path}/password`, { body });
  expect(answer).toMatchObject({ status: 429, json: { code: 'rate_limited', retryable: true } });
  expect(answer.headers.get('retry-after')).toBe('60');
  await stage.sandbox.mend(id);
});

describe('a key', () => {
  test('with a limit reads as often as that, at all servers; others and other calls are free', async () => {
    const made = await api.call('POST', '/v1/api-keys', {
      name: 'slow',
      scopes: ['messages:read', 'tokens:read', 'channels:read'],
      limits: { reads_per_minute: 10 },
    });
    expect(made.json.limits).toEqual({ reads_per_minute: 10 });
    const headers = bearer(made.json.api_key);
    const paths = ['/v1/messages', `/v1/channels/chn_${'0'.repeat(26)}/access-token`];
    const answers = await times(60, (nth) =>
      (nth % 3 === 0 ? api : second).request('GET', paths[nth % 2] ?? '', { headers }),
    );
    expect(answers.filter(({ status }) => status !== 429)).toHaveLength(10);
    expectLimited(answers);
    for (const { headers } of answers.filter(({ status }) => status === 429))
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(12);
    expect((await api.request('GET', '/v1/channels', { headers })).status).toBe(200);
    expect(countOf(await times(200, () => api.call('GET', '/v1/messages')), 200)).toBe(200);
  });

  test('holds a hundred streams at a server', async () => {
    const key = await api.caller({ scopes: ['channels:read'] });
    const hangUp = new AbortController();
    const open = (signal = hangUp.signal) =>
      fetch(new URL('/v1/stream', api.url), { headers: bearer(key.key), signal });
    const first = new AbortController();
    const earliest = await open(first.signal); // held: a stream that nothing holds may be collected, and so closed
    const opened = await Promise.all(Array.from({ length: 100 }, () => open()));
    const refused = opened.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    expect(earliest.status).toBe(200);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    first.abort();
    await expect.poll(async () => (await open()).status).toBe(200);
    expect((await (await api.caller())('GET', '/v1/channels')).status).toBe(200);
    hangUp.abort();
  });
});

test('refused requests are logged once a minute, with their number', async () => {
  const reader = await api.caller({ scopes: ['channels:read'] });
  lines.length = 0;
  const headers = { ...bearer(reader.key), 'last-event-id': 'bad' };
  const answers = await times(500, () => from('203.0.113.7')('GET', '/v1/stream', { headers }));
  expect(countOf(answers, 400)).toBe(500);
  await expect.poll(() => lines.filter((line) => line.includes('/v1/stream')).length).toBe(1);
  api.context.limits.refusals.tell();
  const [told] = lines.map((line) => JSON.parse(line)).filter(({ address }) => address === '203.0.113.7');
  expect(told).toMatchObject({ kind: '400 GET /v1/stream', count: 499 });
});

describe('the counters', () => {
  test('a rate allows a burst, then its pace', async () => {
    const limit = new RateLimit({ uses: 3, perMs: 3_000 });
    expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 0]);
    expect(limit.take('a')).toBeGreaterThan(0);
    expect(limit.take('a')).toBeLessThanOrEqual(1_000);
    expect(limit.take('b')).toBe(0);
    await expect.poll(() => limit.take('a')).toBe(0);
    for (let other = 0; other < 10_000; other += 1) limit.take(`address ${other}`);
    expect(limit.take('a')).toBe(0);
  });

  test('a place is given back once', () => {
    const places = new Places(1);
    const giveBack = places.take('a');
    expect([places.take('a'), typeof places.take('b')]).toEqual([null, 'function']);
    giveBack?.();
    giveBack?.();
    expect(places.take('a')).not.toBeNull();
    expect(places.take('a')).toBeNull();
  });
});
