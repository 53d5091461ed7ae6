import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { browse } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { codeOf, locationOf } from './links-of.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const PASSWORD = secret('password');

let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let sql: RaisedApi['sql'];
let links: RaisedApi['links'];
let close: RaisedApi['close'];

beforeAll(async () => {
  ({ stage, api, sql, links, close } = await raiseApi());
}, 60_000);
afterAll(() => close?.());

const exchanges = async () =>
  (await stage.sandbox.requests('google', 'token')).filter((request) => request.grant_type === 'authorization_code')
    .length;

describe('connecting with OAuth', () => {
  test('a link, a consent, and a channel that is visible', async () => {
    const link = await links.makeLink({ access_types: ['gmail'] });
    const browser = browse(api);
    const { json: session } = await browser('GET', `${link.path}/session`);
    expect(session).toMatchObject({ purpose: 'connect', access_types: ['gmail'], done: false, result: null });
    const returned = await links.signIn(browser, link.path, 'ana@example.com');
    expect(returned.status).toBe(303);
    const location = locationOf(returned);
    expect(location.pathname).toBe(link.path);
    const id = location.searchParams.get('channel');
    const channel = await api.call('GET', `/v1/channels/${id}`);
    expect(channel.json).toMatchObject({ id, tenant: 'acme', status: 'connected', credential_version: 1 });
    expect(channel.json.covered_until && channel.json.last_verified_at && channel.json.token_expires_at).toBeTruthy();
    const listed = await api.call('GET', '/v1/channels?tenant=acme');
    expect(listed.json.data).toEqual([channel.json]);
    const token = await api.call('GET', `/v1/channels/${id}/access-token`);
    expect(token.json).toMatchObject({ version: 1, token_type: 'Bearer' });
    expect(await links.resultOf(link.id)).toEqual({ status: 'connected', channel: id });
    expect((await browser('GET', `${link.path}/progress`)).json).toMatchObject({
      import: null,
      channel: { account: { email: 'ana@example.com' }, status: 'connected' },
    });
  });

  test('connecting the same mailbox again reauthorizes that channel', async () => {
    const first = await links.connect('again@example.com');
    expect(await links.connect('again@example.com')).toBe(first);
    expect((await api.call('GET', `/v1/channels/${first}`)).json.credential_version).toBe(2);
  });

  test('a database that fails before the link is read ends no sign-in: the page can be loaded again', async () => {
    const email = 'patient@example.com';
    const link = await links.makeLink({ access_types: ['gmail'] });
    const browser = browse(api);
    await stage.sandbox.account('google', email, { password: PASSWORD });
    const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), email);
    const { returned } = await sql.begin(async (tx) => {
      await tx`lock table links in access exclusive mode`;
      const answer = browser('GET', back);
      await vi.waitFor(async () => {
        const waiting = sql`select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`;
        expect(await waiting).toHaveLength(1);
      }, 30_000);
      return { returned: await answer };
    });
    expect(returned).toMatchObject({ status: 503, json: { code: 'database_unavailable', retryable: true } });
    expect(locationOf(await browser('GET', back)).searchParams.get('status')).toBe('connected');
  });

  test('return_to gets the result, and no other address does', async () => {
    const link = await links.makeLink({ return_to: 'https://product.example/settings?tab=mail' });
    const returned = await links.signIn(browse(api), link.path, 'returning@example.com');
    const location = locationOf(returned);
    expect(location.origin + location.pathname).toBe('https://product.example/settings');
    expect(Object.fromEntries(location.searchParams)).toMatchObject({ tab: 'mail', status: 'connected' });
  });

  test('S-04: return_to is an absolute web address or nothing, and no visitor can choose another', async () => {
    const payloads = [
      '',
      '/x',
      '//evil.example',
      '///evil.example',
      '////evil.example/%2f..',
      String.raw`\\evil.example`,
      String.raw`\\\\evil.example`,
      String.raw`/\\evil.example`,
      String.raw`\/evil.example`,
      String.raw`https:\\evil.example`,
      String.raw`https:/\evil.example`,
      String.raw`https://good.example\@evil.example/`,
      'https:evil.example',
      'https:/evil.example',
      'https://',
      'https:///evil.example',
      'https://user@evil.example/',
      'https://user:secret@evil.example/',
      'https://good.example%40evil.example@evil.example',
      'javascript:alert(1)',
      'JavaScript://good.example/%0aalert(1)',
      'java\tscript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
      'ftp://evil.example/',
      'blob:https://evil.example/x',
      ' https://evil.example',
      'https://evil.example ',
      'https://evil.example/\r\nset-cookie: a=b',
      'https://evil.example/\u0000',
      '\u2028https://evil.example',
      'evil.example',
      '.evil.example',
      '@evil.example',
    ];
    for (const return_to of payloads) {
      expect((await api.call('POST', '/v1/links', { tenant: 'acme', return_to })).status, return_to).toBe(400);
    }
    const link = await links.makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'chosen@example.com', { password: PASSWORD });
    const url = await links.authorizationUrl(browser, link.path);
    const back = await stage.sandbox.consent(url, 'chosen@example.com');
    const returned = await browser('GET', `${back}&return_to=https://evil.example&redirect_uri=https://evil.example`);
    expect(locationOf(returned).origin).toBe(api.url);
    for (const path of [
      `${link.path}?return_to=//evil.example`,
      '/login?token=x&return_to=//evil.example',
      `${api.url}//evil.example`,
      '/%2f/evil.example',
    ]) {
      const { headers } = await browser('GET', path);
      expect(headers.get('location') ?? '/', path).toMatch(/^\/(?![/\\])/);
    }
  });
});

describe('what a callback can end with', () => {
  test('access_denied: the person said no', async () => {
    const link = await links.makeLink();
    const returned = await links.signIn(browse(api), link.path, 'no@example.com', { decision: 'deny' });
    expect(codeOf(returned)).toBe('access_denied');
    expect(await links.resultOf(link.id)).toMatchObject({ status: 'failed', code: 'access_denied' });
  });

  test('scope_missing: a box was not ticked, and nothing is stored', async () => {
    const link = await links.makeLink();
    const returned = await links.signIn(browse(api), link.path, 'boxes@example.com', { scopes: ['openid', 'email'] });
    expect(codeOf(returned)).toBe('scope_missing');
    expect((await api.call('GET', '/v1/channels')).text).not.toContain('boxes@example.com');
  });

  test('no_refresh_token: a grant that would not last', async () => {
    await links.connect('lasting@example.com', 'other');
    const link = await links.makeLink();
    const browser = browse(api);
    const url = new URL(await links.authorizationUrl(browser, link.path));
    url.searchParams.set('prompt', 'select_account');
    const returned = await browser('GET', await stage.sandbox.consent(url.href, 'lasting@example.com'));
    expect(codeOf(returned)).toBe('no_refresh_token');
  });

  test('account_mismatch: both accounts are named, nothing changes, and the link stays usable', async () => {
    const channel = await links.connect('owner@example.com');
    const before = (await api.call('GET', `/v1/channels/${channel}`)).json;
    const link = await links.reauthorizeLink(channel);
    const browser = browse(api);
    expect(codeOf(await links.signIn(browser, link.path, 'stranger@example.com'))).toBe('account_mismatch');
    expect(await links.resultOf(link.id)).toMatchObject({
      expected: { email: 'owner@example.com' },
      received: { email: 'stranger@example.com' },
    });
    expect((await api.call('GET', `/v1/channels/${channel}`)).json).toEqual(before);
    const returned = await links.signIn(browser, link.path, 'owner@example.com');
    expect(locationOf(returned).searchParams.get('status')).toBe('connected');
    expect((await browser('GET', `${link.path}/progress`)).json.import).toMatchObject({ cause: 'reauthorized' });
  });

  test('provider_error: the token endpoint answers rubbish', async () => {
    const link = await links.makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'unlucky@example.com', { password: PASSWORD });
    const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), 'unlucky@example.com');
    const { id } = await stage.sandbox.fault('google', 'unlucky@example.com', 'rubbish', { kind: 'token' });
    expect(codeOf(await browser('GET', back))).toBe('provider_error');
    await stage.sandbox.mend(id);
  });

  test('access_type_not_allowed: the tenant changed its mind meanwhile', async () => {
    const link = await links.makeLink({ tenant: 'choosy' });
    const browser = browse(api);
    const url = await links.authorizationUrl(browser, link.path);
    await api.call('PUT', '/v1/tenants/choosy/policy', { access_types: ['imap'] });
    await stage.sandbox.account('google', 'choosy@example.com', { password: PASSWORD });
    expect(codeOf(await browser('GET', await stage.sandbox.consent(url, 'choosy@example.com')))).toBe(
      'access_type_not_allowed',
    );
    const again = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    expect(again).toMatchObject({ status: 403, json: { code: 'access_type_not_allowed' } });
  });

  test('link_used and link_expired, at the start and at the end', async () => {
    const link = await links.makeLink();
    const [early, late] = [browse(api), browse(api)];
    await stage.sandbox.account('google', 'late@example.com', { password: PASSWORD });
    const url = await links.authorizationUrl(late, link.path);
    await links.signIn(early, link.path, 'early@example.com');
    expect(codeOf(await late('GET', await stage.sandbox.consent(url, 'late@example.com')))).toBe('link_used');
    expect(await links.resultOf(link.id)).toMatchObject({ status: 'connected' });
    const start = await late('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    expect(start).toMatchObject({ status: 410, json: { code: 'link_used' } });
    expect((await late('GET', `${link.path}/session`)).json).toMatchObject({ done: true });

    const old = await links.makeLink();
    const browser = browse(api);
    const oldUrl = await links.authorizationUrl(browser, old.path);
    await sql`update links set expires_at = now() - interval '1 s' where id = ${old.id}`;
    expect(codeOf(await browser('GET', await stage.sandbox.consent(oldUrl, 'late@example.com')))).toBe('link_expired');
    expect(await browser('POST', `${old.path}/authorize`, { access_type: 'gmail' })).toMatchObject({
      status: 410,
      json: { code: 'link_expired' },
    });
  });
});

describe('state (S-02, S-03)', () => {
  test('another browser, another provider, an unknown or expired state: no code is sent', async () => {
    const link = await links.makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'state@example.com', { password: PASSWORD });
    const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), 'state@example.com');
    const before = await exchanges();
    const elsewhere = await browse(api)('GET', back);
    expect(codeOf(elsewhere)).toBe('state_invalid');
    expect(elsewhere.headers.get('location')).not.toContain(link.path);
    expect(codeOf(await browser('GET', back.replace('/google/', '/microsoft/')))).toBe('state_invalid');
    expect(codeOf(await browser('GET', back.replace(/state=[^&]+/, 'state=guessed')))).toBe('state_invalid');
    expect(codeOf(await browser('GET', '/oauth/google/callback'))).toBe('state_invalid');
    await sql`update sign_ins set expires_at = now() - interval '1 s'`;
    expect(codeOf(await browser('GET', back))).toBe('state_invalid');
    expect(await exchanges()).toBe(before);
  });

  test('an answer of another issuer is no answer', async () => {
    const link = await links.makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'mixed@example.com', { password: PASSWORD });
    const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), 'mixed@example.com');
    const before = await exchanges();
    expect(codeOf(await browser('GET', `${back}&iss=https%3A%2F%2Fevil.example`))).toBe('provider_error');
    expect(await exchanges()).toBe(before);
  });

  test('fifty callbacks with one state are one exchange, and the back button shows the result', async () => {
    const link = await links.makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'often@example.com', { password: PASSWORD });
    const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), 'often@example.com');
    const before = await exchanges();
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser('GET', back)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]));
    expect(await exchanges()).toBe(before + 1);
    const later = await browser('GET', back);
    expect(locationOf(later).searchParams.get('status')).toBe('connected');
    const { channel } = await links.resultOf(link.id);
    expect((await api.call('GET', `/v1/channels/${channel}`)).json.credential_version).toBe(1);
  });

  test('PKCE: a foreign verifier does not get a token', async () => {
    const link = await links.makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'pkce@example.com', { password: PASSWORD });
    const url = new URL(await links.authorizationUrl(browser, link.path));
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    url.searchParams.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
    const returned = await browser('GET', await stage.sandbox.consent(url.href, 'pkce@example.com'));
    expect(codeOf(returned)).toBe('provider_error');
  });
});
