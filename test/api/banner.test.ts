import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { personal, secret } from '../support/minting.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const APP = 'https://app.example';
const OWNER = `${personal('owner')}@people.example`;
const ADMIN = `${personal('admin')}@people.example`;
const own = `${personal('own')}@example.com`;
const team = `${personal('team')}@example.com`;
const beta = `${personal('beta')}@example.com`;
const ids = { own: '', team: '', beta: '', operators: '' };
let raised: RaisedApi;

beforeAll(async () => {
  raised = await raiseApi();
  const { api, sql } = raised;
  const policy = { display_name: 'Acme Ltd', admins: [{ email: ADMIN }], banner_origins: [APP] };
  await api.call('PUT', '/v1/tenants/acme/policy', policy);
  await api.call('PUT', '/v1/tenants/beta/policy', { banner_origins: ['https://beta.example'] });
  const owner = { email: OWNER, name: 'Ana' };
  ids.own = await connect(own, { spec: { owner } });
  ids.team = await connect(team, { spec: { kind: 'shared', owner } });
  ids.beta = await connect(beta, { tenantId: 'beta', spec: { owner } });
  ids.operators = await connect(`${personal('operators')}@example.com`, { spec: { owner } });
  await sql`update channels set status = 'reauth_required', status_reason = 'access_revoked', action = 'reauthorize' where id <> ${ids.operators}`;
  await sql`update channels set status = 'blocked', status_reason = 'app_credentials_invalid', action = 'fix_app_credentials' where id = ${ids.operators}`;
}, 60_000);
afterAll(() => raised?.close());

async function connect(email: string, connecting: Parameters<typeof connectGmail>[2]): Promise<string> {
  await raised.stage.sandbox.account('google', email, { password: secret('password') });
  return channelOf(await connectGmail(raised.stage, email, connecting));
}

async function tokenFor(body: object): Promise<string> {
  const { status, json } = await raised.api.call('POST', '/v1/banner-tokens', body);
  expect(status).toBe(201);
  return json.token;
}

const read = (token: string, headers: Record<string, string> = {}) =>
  raised.api.request('GET', '/banner/state', { headers: { authorization: `Bearer ${token}`, ...headers } });

const channelsOf = async (token: string) =>
  (await read(token)).json.channels.map(({ id }: { id: string }) => id).toSorted();

describe('whose channels a banner shows', () => {
  test('rule 14: those of the token’s tenant and person, and none of the operator’s', async () => {
    expect(await channelsOf(await tokenFor({ tenant: 'acme', owner_email: OWNER.toUpperCase() }))).toEqual([ids.own]);
    expect(await channelsOf(await tokenFor({ tenant: 'acme', owner_email: ADMIN }))).toEqual([ids.team]);
    expect(await channelsOf(await tokenFor({ tenant: 'acme', owner_email: 'stranger@people.example' }))).toEqual([]);
    expect(await channelsOf(await tokenFor({ tenant: 'acme' }))).toEqual([ids.own, ids.team].toSorted());
    expect(await channelsOf(await tokenFor({ tenant: 'acme', channel: ids.team }))).toEqual([ids.team]);
    expect(await channelsOf(await tokenFor({ tenant: 'acme', owner_email: OWNER, channel: ids.team }))).toEqual([]);
    expect(await channelsOf(await tokenFor({ tenant: 'beta' }))).toEqual([ids.beta]);
    expect(await channelsOf(await tokenFor({ tenant: 'unheard of' }))).toEqual([]);
  });

  test('no token is made for a channel of another tenant, or by a key of one', async () => {
    const other = { tenant: 'acme', channel: ids.beta };
    expect(await raised.api.call('POST', '/v1/banner-tokens', other)).toMatchObject({ status: 404 });
    const caller = await raised.api.caller({ tenantId: 'beta' });
    expect(await caller('POST', '/v1/banner-tokens', { tenant: 'acme' })).toMatchObject({
      status: 403,
      json: { code: 'tenant_not_allowed' },
    });
  });

  test('a wrong, changed or expired token is refused', async () => {
    const token = await tokenFor({ tenant: 'acme', ttl_s: 60 });
    const changed = `${token.slice(0, 30)}${token[30] === 'A' ? 'B' : 'A'}${token.slice(31)}`;
    for (const wrong of ['nothing', 'mbt_', `mbt_${'A'.repeat(80)}`, changed, raised.api.call.key]) {
      expect(await read(wrong), wrong.slice(0, 4)).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
    }
    expect((await raised.api.request('GET', '/banner/state')).status).toBe(401);
    const { clock } = raised.stage.context;
    const later = { now: async () => new Date((await clock.now()).getTime() + 61_000) };
    const api = await startApi({ ...raised.stage.context, clock: later });
    const headers = { authorization: `Bearer ${token}`, origin: APP };
    const expired = await api.request('GET', '/banner/state', { headers });
    await api.close();
    expect(expired).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
    // Its page has to learn that it needs another.
    expect(expired.headers.get('access-control-allow-origin')).toBe(APP);
  });

  test('a token is read 300 times in a minute from one address', async () => {
    const token = await tokenFor({ tenant: 'unheard of' });
    // A second gives five more.
    const answers = await Promise.all(Array.from({ length: 450 }, () => read(token)));
    const allowed = answers.filter(({ status }) => status === 200).length;
    expect(allowed).toBeGreaterThanOrEqual(300);
    expect(allowed).toBeLessThan(450);
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
  });

  test('it says why and who in the reader’s language', async () => {
    const inGerman = { 'accept-language': 'fr;q=0.5, de-AT' };
    const { json } = await read(await tokenFor({ tenant: 'acme', owner_email: OWNER }), inGerman);
    expect(json.channels[0]).toEqual({
      id: ids.own,
      email: own,
      status: 'reauth_required',
      status_reason: 'access_revoked',
      action: 'reauthorize',
      message:
        'Google hat den Zugang beendet: Entweder wurde das Passwort geändert, oder der Zugang wurde entzogen. Melden Sie sich erneut an, damit es weitergeht; keine Nachricht geht verloren.',
      reauthorize_url: expect.stringContaining(`${raised.api.url}/connect/`),
    });
    const { channels } = (await read(await tokenFor({ tenant: 'acme' }))).json;
    const messages = channels.map(({ message }: { message: string }) => message.split('. ').at(-1));
    expect(messages.toSorted()).toEqual(['An admin of Acme Ltd has to sign in again.', 'Ana has to sign in again.']);
  });
});

const preflight = (origin: string) =>
  raised.api.request('OPTIONS', '/banner/state', {
    headers: {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    },
  });

describe('pages of other origins', () => {
  test('S-37: the origins that the token’s tenant lists may read, and no others', async () => {
    const token = await tokenFor({ tenant: 'acme' });
    const allowed = await read(token, { origin: APP });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(APP);
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    expect(allowed.headers.get('vary')).toMatch(/origin/i);
    expect(allowed.headers.get('cache-control')).toBe('no-store');
    for (const origin of ['https://elsewhere.example', 'https://beta.example', `${APP}.evil.example`, 'null']) {
      expect((await read(token, { origin })).headers.get('access-control-allow-origin'), origin).toBeNull();
    }
  });

  test('a preflight lets any tenant’s origin ask, and no others', async () => {
    for (const origin of [APP, 'https://beta.example']) {
      const answer = await preflight(origin);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
      expect(answer.headers.get('access-control-allow-headers')).toContain('Authorization');
    }
    for (const origin of ['https://elsewhere.example', 'null', '%', "' or 1=1"]) {
      const answer = await preflight(origin);
      expect([answer.status, answer.headers.get('access-control-allow-origin')], origin).toEqual([204, null]);
    }
  });

  test('a link’s page lets its own origin read the result, and keeps its opener', async () => {
    const { json } = await raised.api.call('POST', '/v1/links', { tenant: 'acme', origin: APP });
    const path = new URL(json.url).pathname;
    const session = (origin: string) => raised.api.request('GET', `${path}/session`, { headers: { origin } });
    const allowed = await session(APP);
    expect(allowed.json.origin).toBe(APP);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(APP);
    expect((await session('https://beta.example')).headers.get('access-control-allow-origin')).toBeNull();
    expect(allowed.headers.get('cross-origin-opener-policy')).toBe('unsafe-none');
    const elsewhere = await raised.api.request('GET', '/v1/channels');
    expect(elsewhere.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    for (const origin of [`${APP}/path`, 'app.example', 'javascript:alert(1)', `${APP}:443`, '*']) {
      expect((await raised.api.call('POST', '/v1/links', { tenant: 'acme', origin })).status, origin).toBe(400);
    }
  });
});

describe('the links of a banner', () => {
  test('a hundred polls of many pages make one link for each origin; a used one is followed by another', async () => {
    const { sql } = raised;
    const count = async () => (await sql`select count(*)::int as n from links where for_banner`)[0]?.['n'];
    await sql`delete from links where for_banner`;
    const tokens = await Promise.all(
      [{}, { owner_email: OWNER }, { channel: ids.own }].map((more) => tokenFor({ tenant: 'acme', ...more })),
    );
    const urls = new Set<string>();
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(tokens.map((token) => read(token, { origin: APP })));
      for (const { json } of answers) {
        urls.add(json.channels.find(({ id }: { id: string }) => id === ids.own).reauthorize_url);
      }
    }
    expect([urls.size, await count()]).toEqual([1, 2]);
    const [url = ''] = urls;
    const address = url.split('/').at(-1) ?? '';
    expect(address).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(await sql`select * from links where for_banner`)).not.toContain(address);
    const session = await raised.api.request('GET', `/connect/${address}/session`);
    expect(session.json).toMatchObject({ purpose: 'reauthorize', origin: APP, channel: { account: { email: own } } });
    // Outside of a page that is listed the result goes nowhere.
    const [plain] = (await read(tokens[1] ?? '', { origin: 'https://elsewhere.example' })).json.channels;
    expect(plain.reauthorize_url).not.toBe(url);
    const other = await raised.api.request('GET', `${new URL(plain.reauthorize_url).pathname}/session`);
    expect(other.json.origin).toBeNull();
    await sql`update links set used_at = now() where for_banner and channel_id = ${ids.own}`;
    const [next] = (await read(tokens[1] ?? '', { origin: APP })).json.channels;
    expect(next.reauthorize_url).not.toBe(url);
    await sql`update links set expires_at = now() + interval '11 hours' where for_banner`;
    const [last] = (await read(tokens[1] ?? '', { origin: APP })).json.channels;
    expect(last.reauthorize_url).not.toBe(next.reauthorize_url);
  });
});

describe('the script', () => {
  test('is one file for any page, with our address in it and without a dependency', async () => {
    const answer = await raised.api.request('GET', '/mooring.js');
    expect(answer.headers.get('content-type')).toContain('text/javascript');
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.text).toContain('mooring-banner');
    expect(answer.text).toContain(raised.api.url);
    expect(answer.text).not.toContain('__MOORING');
    expect(answer.text).not.toMatch(/\bimport\s*[("'{]|innerHTML|\beval\(|new Function/);
    expect((await readFile('dist/embed/mooring.js')).length).toBeLessThan(16_000);
  });
});

describe('the support bundle', () => {
  test('is a file, also while Temporal does not answer, and of its own tenant alone', async () => {
    const path = `/v1/channels/${ids.own}/support-bundle`;
    const { status, headers, json } = await raised.api.call('GET', path);
    expect([status, json.workflow_runs, json.versions.temporal]).toEqual([200, null, null]);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="mooring-${ids.own}.json"`);
    expect(json.channel.metadata).toBeUndefined();
    expect(json).toMatchObject({
      provider_answers: { reason: 'access_revoked', credential: { kind: 'oauth', version: 1 } },
      policy: { display_name: 'Acme Ltd' },
      notices: [],
      configuration: {
        public_origin: raised.api.url,
        access_types: ['gmail', 'imap', 'microsoft', 'exchange', 'salesforce'],
      },
    });
    const stranger = await raised.api.caller({ tenantId: 'beta' });
    expect((await stranger('GET', path)).status).toBe(404);
  });
});
