import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { reserveAlone } from '../../providers/pacer.ts';
import { createHttp } from '../../net/http.ts';
import { createGmailProvider } from '../../providers/google/adapter.ts';
import { createGoogleSecurityEvents } from '../../providers/google/security-events.ts';
import { readAuthorizationAnswer } from '../../providers/oauth.ts';
import type { OAuthAdapter, RawAnswer, TokenSet } from '../../providers/contract.ts';
import { failureOf } from './contract.ts';
import { secret } from '../support/minting.ts';

const CLIENT_SECRET = secret('client-secret');
const REFRESH_TOKEN = secret('refresh-token');

const inForm = (access: string, refresh: string) => `access_token=${access}&refresh_token=${refresh}&expires_in=3599`;

const NEVER = new AbortController().signal;

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  endless?: true;
}
let reply: Reply = {};
let requests: { url: string; body: string; headers: Record<string, unknown> }[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    requests.push({ url: request.url ?? '', body, headers: request.headers });
    response.writeHead(reply.status ?? 200, reply.headers);
    if (!reply.endless) {
      response.end(reply.body);
      return;
    }
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 'a')));
    };
    response.on('drain', pour);
    pour();
  });
});

let oauth: OAuthAdapter;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const provider = createGmailProvider(
    {
      authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenUrl: `http://127.0.0.1:${port}/token?tracking=in-the-url`,
      revocationUrl: 'https://oauth2.googleapis.com/revoke',
      userinfoUrl: 'https://openidconnect.googleapis.com/v1/userinfo',
      gmailApiUrl: 'https://gmail.googleapis.com',
      client: { id: 'client', authenticate: () => Promise.resolve({ client_secret: CLIENT_SECRET }) },
      unitsPerMinute: null,
      imapServer: { kind: 'imap', host: 'imap.invalid', port: 993, security: 'tls' },
      smtpServer: { host: 'smtp.invalid', port: 465, security: 'tls' },
      push: null,
      securityEvents: null,
    },
    reserveAlone(),
  );
  const [adapter] = provider.signIn.oauth;
  if (!adapter) throw new Error('no OAuth');
  oauth = adapter;
});
beforeEach(() => {
  reply = {};
  requests = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function refresh(): Promise<TokenSet> {
  return oauth.processTokenAnswer(await oauth.refreshRequest({ token: new Secret(REFRESH_TOKEN), context: {} }, NEVER));
}

function answered(json: unknown): TokenSet {
  const answer: RawAnswer = { status: 200, headers: {}, body: new Secret(JSON.stringify(json)) };
  return oauth.processTokenAnswer(answer);
}

it('fetches what proves a security event once in seconds where it cannot be had, however many posts claim to bring one', async () => {
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'secevent+jwt', kid: 'k' })).toString('base64url');
  const post = async (times: number) => {
    const config = { clientId: 'client', configurationUrl: `${origin}/risc`, apiUrl: origin, serviceAccountFile: null };
    const events = createGoogleSecurityEvents(config, createHttp());
    requests = [];
    for (let time = 0; time < times; time++) {
      const receipt = await events.receive({ body: Buffer.from(`${header}.e30.AA`), now: new Date() });
      expect(receipt).toEqual({ outcome: 'unverifiable' });
    }
    return requests.map(({ url }) => url);
  };
  reply = { status: 503 };
  expect(await post(3)).toEqual(['/risc']);
  // The keys' address answers with something else.
  reply = { body: JSON.stringify({ issuer: 'https://accounts.google.com/', jwks_uri: `${origin}/keys` }) };
  expect(await post(3)).toEqual(['/risc', '/keys']);
});

describe('a token request', () => {
  it('sends what RFC 6749 asks for in the body, once', async () => {
    reply = { body: JSON.stringify({ access_token: 'a', expires_in: 3599 }) };
    await refresh();
    expect(requests).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: REFRESH_TOKEN,
      client_id: 'client',
      client_secret: CLIENT_SECRET,
    });
    expect(requests[0]?.headers['accept-encoding']).toBeUndefined();
  });

  it('follows no redirect: the credentials would follow it', async () => {
    reply = { status: 307, headers: { location: '/elsewhere' } };
    expect((await failureOf(refresh())).verdict.kind).toBe('transient');
    expect(requests).toHaveLength(1);
  });

  it('does not read an endless answer to its end', async () => {
    reply = { endless: true };
    const { verdict } = await failureOf(refresh());
    expect(verdict.kind).toBe('transient');
  });

  it('does not unpack what it did not ask to be packed', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    reply = { headers: { 'content-encoding': 'gzip' }, body: bomb };
    const raw = await oauth.refreshRequest({ token: new Secret(REFRESH_TOKEN), context: {} }, NEVER);
    expect(raw.body.reveal().length).toBeLessThan(200_000);
    expect(() => oauth.processTokenAnswer(raw)).toThrow('without a token answer');
  });

  it('keeps secrets, paths and bodies out of what it throws', async () => {
    for (const status of [200, 400, 500]) {
      reply = { status, body: '{"error":"weird","error_description":"refresh-token client-secret in-the-body"}' };
      const error = await failureOf(refresh());
      expect(inspect(error, { depth: 9 })).not.toMatch(/refresh-token|client-secret|in-the-body|in-the-url/);
    }
  });

  it.each([
    ['<html><body>Welcome to our WiFi</body></html>'],
    ['{"refresh_token":"r","expires_in":3600}'],
    ['{"access_token":""}'],
    ['{"access_token":null}'],
    ['{"access_token":"  "}'],
    ['{"access_token":"a","token_type":"mac"}'],
    ['{"access_token":"a","token_type":"DPoP"}'],
    ['<html><script>const config = {"access_token":"a"}</script></html>'],
    ['welcome=1&access=granted'],
    ['[]'],
    ['null'],
    [''],
  ])('does not take %s for a token', async (body) => {
    reply = { body };
    const { verdict } = await failureOf(refresh());
    expect(verdict).toMatchObject({ kind: 'transient', providerCode: 'not_a_token_answer' });
  });

  it.each([
    [3599, 3599],
    ['3599', 3599],
    [' 3599.9 ', 3599],
    [3599.9, 3599],
    [undefined, null],
    [null, null],
    ['soon', null],
    ['', null],
    [0, null],
    [-5, null],
    [{}, null],
  ])('reads expires_in %s as %s', (expires_in, expected) => {
    expect(answered({ access_token: 'a', expires_in }).expiresInSeconds).toBe(expected);
  });

  const ACCESS = secret('a.b+c/d=');
  const REFRESH = secret('r+1');
  const WHOLE = `{"access_token":"${ACCESS}","refresh_token":"${REFRESH}","expires_in":3599,"token_type":"Bearer"}`;
  it.each<[string, Reply]>([
    ['a byte order mark', { body: `\ufeff${WHOLE}` }],
    ['UTF-16', { body: Buffer.from(`\ufeff${WHOLE}`, 'utf16le') }],
    ['a form', { body: inForm(encodeURIComponent(ACCESS), encodeURIComponent(REFRESH)) }],
    ['a form that leaves its signs as they are', { body: `${inForm(ACCESS, REFRESH)}\n` }],
    ['status 201', { status: 201, body: WHOLE }],
    ['status 203', { status: 203, body: WHOLE }],
    ['a type that is null', { body: WHOLE.replace('"Bearer"', 'null') }],
    ['a type with a space', { body: WHOLE.replace('"Bearer"', '"Bearer "') }],
    ['a type of its own', { body: WHOLE.replace('"Bearer"', '"BearerToken"') }],
    ['a type that is a number', { body: WHOLE.replace('"Bearer"', '7') }],
    ['an envelope', { body: `{"ok":true,"error":null,"data":${WHOLE}}` }],
    ['a list', { body: `[${WHOLE}]` }],
    ['a guard against scripts', { body: `)]}'\n${WHOLE}` }],
    ['names in other letters', { body: WHOLE.replaceAll('_t', 'T').replace('expires_in', 'expiresIn') }],
    ['tokens with a line end', { body: WHOLE.replace(ACCESS, `${ACCESS}\\n`).replace(REFRESH, ` ${REFRESH}\\n`) }],
    ['the type of a page', { headers: { 'content-type': 'text/html' }, body: WHOLE }],
  ])('reads the token in %s', async (_, answer) => {
    reply = answer;
    const { accessToken, refreshToken, expiresInSeconds, tokenType } = await refresh();
    const read = [accessToken.reveal(), refreshToken?.reveal(), expiresInSeconds, tokenType];
    expect(read).toEqual([ACCESS, REFRESH, 3599, 'Bearer']);
  });

  it.each(['NaN', '-Infinity', ' Infinity'])('reads the token beside a life of %s', async (life) => {
    reply = { body: `{"access_token":"a","expires_in":${life},"refresh_token":"r"}` };
    expect(await refresh()).toMatchObject({ expiresInSeconds: null });
  });

  it.each([
    ['{"error":"invalid_grant","error_description":"Token has been expired or revoked."}', 'reauth_required'],
    ['error=invalid_grant&error_description=Token+has+been+expired+or+revoked.', 'reauth_required'],
    ['\ufeff{"access_token":null,"error":"invalid_client"}', 'misconfigured'],
    ['{"error":"rate_limit_exceeded"}', 'rate_limited'],
    ['{"error":"weird"}', 'transient'],
    ['<html><body>{"error":"invalid_grant"}</body></html>', 'transient'],
  ])('maps %s in a 200 as a refusal', async (body, kind) => {
    reply = { body };
    expect((await failureOf(refresh())).verdict).toMatchObject({ kind });
  });

  it('brings no refresh token and no scopes where the answer has none', () => {
    const tokens = answered({ access_token: 'a', refresh_token: '', scope: '' });
    expect([tokens.refreshToken, tokens.scopes, tokens.tokenType]).toEqual([null, null, 'Bearer']);
    expect(answered({ access_token: 'a', scope: 'openid  email' }).scopes).toEqual(['openid', 'email']);
  });
});

function read(query: string, issuers: OAuthAdapter['issuers'] = []) {
  return readAuthorizationAnswer(new URLSearchParams(query), issuers);
}

const from = (issuer: string) => `code=a&state=s&iss=${encodeURIComponent(issuer)}`;
const perTenant = (issuer: string) => /^https:\/\/login\.example\/[\da-f-]{36}\/v2\.0$/.test(issuer);

describe('an authorization answer', () => {
  it('is a code or an error', () => {
    expect(read('code=4/0abc&state=s')).toEqual({ code: '4/0abc' });
    expect(read('error=access_denied&state=s')).toEqual({ error: 'access_denied', description: '' });
  });

  it.each([
    ['state=s'],
    ['code=&state=s'],
    ['code=a&code=b&state=s'],
    ['code=a&state=s&iss=https%3A%2F%2Fother.example'],
    ['error=%3Cscript%3E%20x'],
  ])('is nothing when it is %s', (query) => {
    expect(read(query, ['https://accounts.google.com'])).toMatchObject({ error: 'invalid_response' });
  });

  it('may come from an issuer with a path, or from one per customer', () => {
    const login = 'https://acme.my.salesforce.example/services/oauth2';
    expect(read(from(login), [login])).toEqual({ code: 'a' });
    expect(read(from(new URL(login).origin), [login])).toEqual({ error: 'invalid_response' });

    const tenant = 'https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0';
    expect(read(from(tenant), perTenant)).toEqual({ code: 'a' });
    expect(read(from('https://login.example/common/v2.0'), perTenant)).toEqual({ error: 'invalid_response' });
  });
});
