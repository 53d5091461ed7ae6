import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import postgres from 'postgres';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browse, startApi } from '../support/api.ts';
import type { Api, ApiAnswer } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

let stage: Stage;
let api: Api;
let sql: postgres.Sql;

beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  sql = postgres(stage.databaseUrl, { max: 1 });
});
afterAll(async () => {
  await sql?.end();
  await api?.close();
  await stage?.close();
});

async function makeLink(more: Record<string, unknown> = {}) {
  const { status, json } = await api.call('POST', '/v1/links', { tenant: 'acme', ...more });
  expect(status).toBe(201);
  return { id: json.id as string, path: new URL(json.url).pathname };
}

async function reauthorizeLink(channel: string) {
  const { json } = await api.call('POST', `/v1/channels/${channel}/reauthorize-links`, {});
  return { id: json.id as string, path: new URL(json.url).pathname };
}

type Browser = ReturnType<typeof browse>;

async function authorizationUrl(browser: Browser, path: string): Promise<string> {
  const { status, json, text } = await browser('POST', `${path}/authorize`, { access_type: 'gmail' });
  if (status !== 200) throw new Error(text);
  return json.authorization_url;
}

/** Goes to Google as `email` and comes back. */
async function signIn(browser: Browser, path: string, email: string, consent: object = {}): Promise<ApiAnswer> {
  await stage.sandbox.account('google', email, { password: 'correct horse' });
  const back = await stage.sandbox.consent(await authorizationUrl(browser, path), email, consent);
  return browser('GET', back);
}

async function connect(email: string, tenant = 'acme'): Promise<string> {
  const link = await makeLink({ tenant, access_types: ['gmail'] });
  const returned = await signIn(browse(api), link.path, email);
  return new URL(returned.headers.get('location') ?? '').searchParams.get('channel') ?? '';
}

const codeOf = (answer: ApiAnswer) => new URL(answer.headers.get('location') ?? '').searchParams.get('code');
const resultOf = async (id: string) => (await api.call('GET', `/v1/links/${id}`)).json.result;
const exchanges = async () =>
  (await stage.sandbox.requests('google', 'token')).filter((request) => request.grant_type === 'authorization_code')
    .length;

describe('connecting with OAuth', () => {
  test('a link, a consent, and a channel that is visible', async () => {
    const link = await makeLink({ access_types: ['gmail'] });
    const browser = browse(api);
    const { json: session } = await browser('GET', `${link.path}/session`);
    expect(session).toMatchObject({ purpose: 'connect', access_types: ['gmail'], done: false, result: null });
    const returned = await signIn(browser, link.path, 'ana@example.com');
    expect(returned.status).toBe(303);
    const location = new URL(returned.headers.get('location') ?? '');
    expect(location.pathname).toBe(link.path);
    const id = location.searchParams.get('channel');
    const channel = await api.call('GET', `/v1/channels/${id}`);
    expect(channel.json).toMatchObject({ id, tenant: 'acme', status: 'connected', credential_version: 1 });
    expect(channel.json.covered_until && channel.json.last_verified_at && channel.json.token_expires_at).toBeTruthy();
    const listed = await api.call('GET', '/v1/channels?tenant=acme');
    expect(listed.json.data).toEqual([channel.json]);
    const token = await api.call('GET', `/v1/channels/${id}/access-token`);
    expect(token.json).toMatchObject({ version: 1, token_type: 'Bearer' });
    expect(await resultOf(link.id)).toEqual({ status: 'connected', channel: id });
    expect((await browser('GET', `${link.path}/progress`)).json).toMatchObject({
      import: null,
      channel: { account: { email: 'ana@example.com' }, status: 'connected' },
    });
  });

  test('connecting the same mailbox again reauthorizes that channel', async () => {
    const first = await connect('again@example.com');
    expect(await connect('again@example.com')).toBe(first);
    expect((await api.call('GET', `/v1/channels/${first}`)).json.credential_version).toBe(2);
  });

  test('return_to gets the result, and no other address does', async () => {
    const link = await makeLink({ return_to: 'https://product.example/settings?tab=mail' });
    const returned = await signIn(browse(api), link.path, 'returning@example.com');
    const location = new URL(returned.headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe('https://product.example/settings');
    expect(Object.fromEntries(location.searchParams)).toMatchObject({ tab: 'mail', status: 'connected' });
    const payloads = [
      '//evil.example',
      String.raw`\\evil.example`,
      'javascript:alert(1)',
      'https://a@evil.example/',
      '/x',
      'data:x',
      'https:evil',
      ' https://evil.example',
    ];
    for (const return_to of payloads) {
      expect((await api.call('POST', '/v1/links', { tenant: 'acme', return_to })).status, return_to).toBe(400);
    }
  });
});

describe('what a callback can end with', () => {
  test('access_denied: the person said no', async () => {
    const link = await makeLink();
    const returned = await signIn(browse(api), link.path, 'no@example.com', { decision: 'deny' });
    expect(codeOf(returned)).toBe('access_denied');
    expect(await resultOf(link.id)).toMatchObject({ status: 'failed', code: 'access_denied' });
  });

  test('scope_missing: a box was not ticked, and nothing is stored', async () => {
    const link = await makeLink();
    const returned = await signIn(browse(api), link.path, 'boxes@example.com', { scopes: ['openid', 'email'] });
    expect(codeOf(returned)).toBe('scope_missing');
    expect((await api.call('GET', '/v1/channels')).text).not.toContain('boxes@example.com');
  });

  test('no_refresh_token: a grant that would not last', async () => {
    await connect('lasting@example.com', 'other');
    const link = await makeLink();
    const browser = browse(api);
    const url = new URL(await authorizationUrl(browser, link.path));
    url.searchParams.set('prompt', 'select_account');
    const returned = await browser('GET', await stage.sandbox.consent(url.href, 'lasting@example.com'));
    expect(codeOf(returned)).toBe('no_refresh_token');
  });

  test('account_mismatch: both accounts are named, nothing changes, and the link stays usable', async () => {
    const channel = await connect('owner@example.com');
    const before = (await api.call('GET', `/v1/channels/${channel}`)).json;
    const link = await reauthorizeLink(channel);
    const browser = browse(api);
    expect(codeOf(await signIn(browser, link.path, 'stranger@example.com'))).toBe('account_mismatch');
    expect(await resultOf(link.id)).toMatchObject({
      expected: { email: 'owner@example.com' },
      received: { email: 'stranger@example.com' },
    });
    expect((await api.call('GET', `/v1/channels/${channel}`)).json).toEqual(before);
    const returned = await signIn(browser, link.path, 'owner@example.com');
    expect(new URL(returned.headers.get('location') ?? '').searchParams.get('status')).toBe('connected');
    expect((await browser('GET', `${link.path}/progress`)).json.import).toMatchObject({ cause: 'reauthorized' });
  });

  test('provider_error: the token endpoint answers rubbish', async () => {
    const link = await makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'unlucky@example.com', { password: 'correct horse' });
    const back = await stage.sandbox.consent(await authorizationUrl(browser, link.path), 'unlucky@example.com');
    const { id } = await stage.sandbox.fault('google', 'unlucky@example.com', 'rubbish', { kind: 'token' });
    expect(codeOf(await browser('GET', back))).toBe('provider_error');
    await stage.sandbox.mend(id);
  });

  test('access_type_not_allowed: the tenant changed its mind meanwhile', async () => {
    const link = await makeLink({ tenant: 'choosy' });
    const browser = browse(api);
    const url = await authorizationUrl(browser, link.path);
    await api.call('PUT', '/v1/tenants/choosy/policy', { access_types: ['imap'] });
    await stage.sandbox.account('google', 'choosy@example.com', { password: 'correct horse' });
    expect(codeOf(await browser('GET', await stage.sandbox.consent(url, 'choosy@example.com')))).toBe(
      'access_type_not_allowed',
    );
    const again = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    expect(again).toMatchObject({ status: 403, json: { code: 'access_type_not_allowed' } });
  });

  test('link_used and link_expired, at the start and at the end', async () => {
    const link = await makeLink();
    const [early, late] = [browse(api), browse(api)];
    await stage.sandbox.account('google', 'late@example.com', { password: 'correct horse' });
    const url = await authorizationUrl(late, link.path);
    await signIn(early, link.path, 'early@example.com');
    expect(codeOf(await late('GET', await stage.sandbox.consent(url, 'late@example.com')))).toBe('link_used');
    expect(await resultOf(link.id)).toMatchObject({ status: 'connected' });
    const start = await late('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    expect(start).toMatchObject({ status: 410, json: { code: 'link_used' } });
    expect((await late('GET', `${link.path}/session`)).json).toMatchObject({ done: true });

    const old = await makeLink();
    const browser = browse(api);
    const oldUrl = await authorizationUrl(browser, old.path);
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
    const link = await makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'state@example.com', { password: 'correct horse' });
    const back = await stage.sandbox.consent(await authorizationUrl(browser, link.path), 'state@example.com');
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
    const link = await makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'mixed@example.com', { password: 'correct horse' });
    const back = await stage.sandbox.consent(await authorizationUrl(browser, link.path), 'mixed@example.com');
    const before = await exchanges();
    expect(codeOf(await browser('GET', `${back}&iss=https%3A%2F%2Fevil.example`))).toBe('provider_error');
    expect(await exchanges()).toBe(before);
  });

  test('fifty callbacks with one state are one exchange, and the back button shows the result', async () => {
    const link = await makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'often@example.com', { password: 'correct horse' });
    const back = await stage.sandbox.consent(await authorizationUrl(browser, link.path), 'often@example.com');
    const before = await exchanges();
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser('GET', back)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]));
    expect(await exchanges()).toBe(before + 1);
    const later = await browser('GET', back);
    expect(new URL(later.headers.get('location') ?? '').searchParams.get('status')).toBe('connected');
    const { channel } = await resultOf(link.id);
    expect((await api.call('GET', `/v1/channels/${channel}`)).json.credential_version).toBe(1);
  });

  test('PKCE: a foreign verifier does not get a token', async () => {
    const link = await makeLink();
    const browser = browse(api);
    await stage.sandbox.account('google', 'pkce@example.com', { password: 'correct horse' });
    const url = new URL(await authorizationUrl(browser, link.path));
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    url.searchParams.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
    const returned = await browser('GET', await stage.sandbox.consent(url.href, 'pkce@example.com'));
    expect(codeOf(returned)).toBe('provider_error');
  });
});

describe('connecting with a password', () => {
  const form = (more: Record<string, unknown> = {}) => {
    const { host, port, security } = stage.imap;
    return {
      access_type: 'imap',
      username: 'ben@example.com',
      password: 'correct horse',
      host,
      port,
      security,
      ...more,
    };
  };

  test('a real login, a channel, and no token to read', async () => {
    await stage.sandbox.account('imap', 'ben@example.com', { password: 'correct horse' });
    const link = await makeLink({ access_types: ['imap'] });
    const answer = await browse(api)('POST', `${link.path}/password`, form());
    expect(answer).toMatchObject({ status: 200, json: { channel: { status: 'connected', access_type: 'imap' } } });
    const token = await api.call('GET', `/v1/channels/${answer.json.channel.id}/access-token`);
    expect(token).toMatchObject({ status: 409, json: { code: 'no_token_for_access_type', action: 'none' } });
    const again = await browse(api)('POST', `${link.path}/password`, form());
    expect(again).toMatchObject({ status: 410, json: { code: 'link_used' } });
  });

  test('account_mismatch: the problem and the link say the same', async () => {
    await stage.sandbox.account('imap', 'mia@example.com', { password: 'correct horse' });
    await stage.sandbox.account('imap', 'tom@example.com', { password: 'other horse' });
    const link = await makeLink();
    const { json } = await browse(api)('POST', `${link.path}/password`, form({ username: 'mia@example.com' }));
    const again = await reauthorizeLink(json.channel.id);
    const refused = await browse(api)(
      'POST',
      `${again.path}/password`,
      form({ username: 'tom@example.com', password: 'other horse' }),
    );
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch' } });
    const { code, detail, expected, received } = refused.json;
    expect(await resultOf(again.id)).toEqual({ status: 'failed', code, detail, expected, received });
    expect([expected.email, received.email]).toEqual(['mia@example.com', 'tom@example.com']);
  });

  test('says what failed, and stores nothing', async () => {
    const [plain, untrusted] = [await plainImapServer(), await untrustedImapServer()];
    const cases: [string, Record<string, unknown>][] = [
      ['authentication_failed', { password: 'wrong' }],
      ['connection_refused', { port: await closedPort() }],
      ['dns_failed', { host: 'no-such-host.invalid', port: 993, security: 'tls' }],
      ['egress_denied', { host: '10.0.0.1', port: 993, security: 'tls' }],
      ['starttls_missing', { port: plain.port }],
      ['tls_untrusted', { port: untrusted.port, security: 'tls' }],
      ['server_not_found', { username: 'x@localhost', host: undefined, port: undefined, security: undefined }],
    ];
    const link = await makeLink();
    for (const [code, more] of cases) {
      const answer = await browse(api)('POST', `${link.path}/password`, form(more));
      expect(answer.json, code).toMatchObject({ code, status: answer.status });
      expect(answer.status, code).toBe(422);
      expect(await resultOf(link.id), code).toMatchObject({ status: 'failed', code });
      expect(answer.text).not.toContain('correct horse');
    }
    plain.close();
    untrusted.close();
  });

  test('rate_limited: a machine that guesses is stopped', async () => {
    const link = await makeLink();
    const guess = () =>
      browse(api)('POST', `${link.path}/password`, form({ host: '10.0.0.1', port: 993, security: 'tls' }));
    for (let attempt = 0; attempt < 20; attempt++) expect((await guess()).status).toBe(422);
    const stopped = await guess();
    expect(stopped).toMatchObject({ status: 429, json: { code: 'rate_limited', retryable: true } });
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('each access type has its own way in', async () => {
    const link = await makeLink();
    const oauth = await browse(api)('POST', `${link.path}/authorize`, { access_type: 'imap' });
    expect(oauth).toMatchObject({ status: 409, json: { code: 'no_oauth_for_access_type' } });
    const password = await browse(api)('POST', `${link.path}/password`, form({ access_type: 'gmail' }));
    expect(password).toMatchObject({ status: 409, json: { code: 'no_password_for_access_type' } });
    const unknown = await browse(api)('POST', `${link.path}/authorize`, { access_type: 'salesforce' });
    expect(unknown).toMatchObject({ status: 403, json: { code: 'access_type_not_allowed' } });
  });
});

describe('adopting', () => {
  test('a refresh token becomes a channel, for the named account only', async () => {
    const channel = await connect('moved@example.com', 'source');
    const refresh_token = await refreshTokenOf(channel);
    const body = { tenant: 'adopting', access_type: 'gmail', credential: { refresh_token } };
    const wrong = await api.call('POST', '/v1/channels', { ...body, account: { email: 'else@example.com' } });
    expect(wrong).toMatchObject({ status: 409, json: { code: 'account_mismatch' } });
    expect((await api.call('GET', '/v1/channels?tenant=adopting')).json.data).toEqual([]);
    const adopted = await api.call('POST', '/v1/channels', { ...body, account: { email: 'Moved@example.com' } });
    expect(adopted).toMatchObject({ status: 201, json: { tenant: 'adopting', status: 'connected' } });
    expect(adopted.text).not.toContain(refresh_token);
    const refused = await api.call('POST', '/v1/channels', {
      ...body,
      account: { email: 'x@example.com' },
      credential: { refresh_token: 'not-a-token' },
    });
    expect(refused).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
  });

  test('a password is proved by a login', async () => {
    await stage.sandbox.account('imap', 'adopted@example.com', { password: 'correct horse' });
    const { host, port, security } = stage.imap;
    const credential = { username: 'adopted@example.com', password: 'correct horse', host, port, security };
    const body = { tenant: 'adopting', access_type: 'imap', account: { email: 'adopted@example.com' }, credential };
    expect(await api.call('POST', '/v1/channels', body)).toMatchObject({ status: 201, json: { access_type: 'imap' } });
    const wrong = { ...body, credential: { ...credential, password: 'wrong' } };
    expect(await api.call('POST', '/v1/channels', wrong)).toMatchObject({ json: { code: 'authentication_failed' } });
    const kind = { ...body, credential: { refresh_token: 'x' } };
    expect(await api.call('POST', '/v1/channels', kind)).toMatchObject({ json: { code: 'validation_failed' } });
  });

  async function refreshTokenOf(channelId: string): Promise<string> {
    const [row] =
      await sql`select tenant_id, sealed_secret, secret_version from credentials where channel_id = ${channelId}`;
    const binding = {
      tenant: row?.['tenant_id'],
      owner: channelId,
      kind: 'refresh_secret',
      version: row?.['secret_version'],
    } as const;
    return (await stage.context.vault.open(row?.['sealed_secret'], binding)).reveal();
  }
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that speaks IMAP without any encryption. */
async function plainImapServer() {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('* OK [CAPABILITY IMAP4rev1] ready\r\n');
    socket.on('data', (data) => {
      const [tag = '*'] = data.toString().split(' ');
      socket.write(`* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** A server whose certificate no authority we know has signed. */
async function untrustedImapServer() {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }]);
  const server = createTlsServer({ key, cert }, (socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
