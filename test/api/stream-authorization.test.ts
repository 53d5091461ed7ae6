import { afterAll, beforeAll, expect, test } from 'vitest';
import { browse } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

let raised: RaisedApi;
let api: Api;

beforeAll(async () => {
  raised = await raiseApi();
  api = raised.api;
}, 60_000);
afterAll(() => raised?.close());

interface OpenStream {
  endedAt: number | null;
}

/** Opens a stream and reads it to its end. */
async function openStream(headers: Record<string, string>, path = '/v1/stream'): Promise<OpenStream> {
  const response = await fetch(new URL(path, api.url), { headers });
  expect(response.status).toBe(200);
  const stream: OpenStream = { endedAt: null };
  const ended = () => (stream.endedAt = Date.now());
  void response.text().then(ended, ended);
  return stream;
}

const bearer = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });

/** A session’s cookie, as `openStream` sends it. */
async function sessionCookie(signIn: (browser: ReturnType<typeof browse>) => Promise<{ headers: Headers }>) {
  const browser = browse(api);
  const [cookie = ''] = (await signIn(browser)).headers.getSetCookie();
  return { browser, headers: { cookie: cookie.split(';')[0] ?? '' } };
}

test('S-32: a stream ends within ten seconds of what it was authorised by', async () => {
  const scopes = ['channels:read', 'messages:read'];
  // Revoked, expired, without the scope, of another tenant, from elsewhere, deleted, revoked under a session.
  const all = await Promise.all(Array.from({ length: 7 }, () => api.caller({ scopes })));
  const kept = await api.caller({ scopes });
  const byKey = await sessionCookie((browser) => browser('POST', '/ui/session', { api_key: all[6]?.key }));
  const byLogin = await sessionCookie((browser) => browser('GET', api.loginPath));
  const signedOut = await sessionCookie((browser) => browser('GET', api.loginPath));
  const streams = await Promise.all([
    ...all.slice(0, 6).map((key) => openStream(bearer(key))),
    ...all.slice(3, 4).map((key) => openStream(bearer(key), '/v1/stream?tenant=acme')),
    openStream(byKey.headers),
    openStream(signedOut.headers),
  ]);
  const going = await Promise.all([
    openStream(bearer(kept)),
    openStream(bearer(kept), '/v1/stream?tenant=acme'),
    openStream(byLogin.headers),
  ]);

  const id = (nth: number) => all[nth]?.id ?? '';
  const patch = async (nth: number, body: object) =>
    expect((await api.call('PATCH', `/v1/api-keys/${id(nth)}`, body)).status).toBe(200);
  const changedAt = Date.now();
  expect((await api.call('DELETE', `/v1/api-keys/${id(0)}`)).status).toBe(204);
  await patch(1, { expires_at: new Date(Date.now() + 1_000).toISOString() });
  await patch(2, { scopes: ['messages:read'] });
  await patch(3, { tenant: 'globex' });
  await patch(4, { cidrs: ['192.0.2.0/24'] });
  await raised.sql`delete from api_keys where id = ${id(5)}`;
  expect((await api.call('DELETE', `/v1/api-keys/${id(6)}`)).status).toBe(204);
  expect((await signedOut.browser('DELETE', '/ui/session', undefined, { origin: api.url })).status).toBe(204);

  await expect.poll(() => streams.filter(({ endedAt }) => endedAt === null), { timeout: 20_000 }).toEqual([]);
  for (const { endedAt } of streams) expect((endedAt ?? Infinity) - changedAt).toBeLessThan(12_000);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, changedAt + 12_000 - Date.now())));
  expect(going.map(({ endedAt }) => endedAt)).toEqual([null, null, null]);
}, 60_000);
