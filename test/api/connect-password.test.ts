import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProviders } from '../../providers/registry.ts';
import { browse, startApi } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { linksOf } from './links-of.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const PASSWORD = secret('password');
const OTHER_PASSWORD = secret('password');

let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let sql: RaisedApi['sql'];
let links: RaisedApi['links'];
let close: RaisedApi['close'];

beforeAll(async () => {
  ({ stage, api, sql, links, close } = await raiseApi());
}, 60_000);
afterAll(() => close?.());

const form = (more: Record<string, unknown> = {}) => {
  const { host, port, security } = stage.imap;
  return {
    access_type: 'imap',
    username: 'ben@example.com',
    password: PASSWORD,
    host,
    port,
    security,
    ...more,
  };
};

describe('connecting with a password', () => {
  test('a real login, a channel, and no token to read', async () => {
    await stage.sandbox.account('imap', 'ben@example.com', { password: PASSWORD });
    const link = await links.makeLink({ access_types: ['imap'] });
    const answer = await browse(api)('POST', `${link.path}/password`, form());
    expect(answer).toMatchObject({ status: 200, json: { channel: { status: 'connected', access_type: 'imap' } } });
    const token = await api.call('GET', `/v1/channels/${answer.json.channel.id}/access-token`);
    expect(token).toMatchObject({ status: 409, json: { code: 'no_token_for_access_type', action: 'none' } });
    const again = await browse(api)('POST', `${link.path}/password`, form());
    expect(again).toMatchObject({ status: 410, json: { code: 'link_used' } });
  });

  test('a link says whose folders are imported, and its channel keeps it', async () => {
    const namespaces = ['personal', 'other', 'shared'];
    await stage.sandbox.account('imap', 'ida@example.com', { password: PASSWORD });
    const refused = await api.call('POST', '/v1/links', { tenant: 'acme', namespaces: ['other'] });
    expect(refused).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    const link = await links.makeLink({ access_types: ['imap'], namespaces });
    const { json } = await browse(api)('POST', `${link.path}/password`, form({ username: 'ida@example.com' }));
    expect(json.channel).toMatchObject({ namespaces, set_aside: [] });
    const [row] = await sql`select namespaces from channels where id = ${json.channel.id}`;
    expect(row).toEqual({ namespaces });
  });

  test('account_mismatch: the problem and the link say the same', async () => {
    await stage.sandbox.account('imap', 'mia@example.com', { password: PASSWORD });
    await stage.sandbox.account('imap', 'tom@example.com', { password: OTHER_PASSWORD });
    const link = await links.makeLink();
    const { json } = await browse(api)('POST', `${link.path}/password`, form({ username: 'mia@example.com' }));
    const again = await links.reauthorizeLink(json.channel.id);
    const refused = await browse(api)(
      'POST',
      `${again.path}/password`,
      form({ username: 'tom@example.com', password: OTHER_PASSWORD }),
    );
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch' } });
    const { code, detail, expected, received } = refused.json;
    expect(await links.resultOf(again.id)).toEqual({ status: 'failed', code, detail, expected, received });
    expect([expected.email, received.email]).toEqual(['mia@example.com', 'tom@example.com']);
  });

  test('a reauthorize link knows the server again, and not the password', async () => {
    await stage.sandbox.account('imap', 'eli@example.com', { password: PASSWORD });
    const link = await links.makeLink({ access_types: ['imap'] });
    const { json } = await browse(api)('POST', `${link.path}/password`, form({ username: 'eli@example.com' }));
    const again = await links.reauthorizeLink(json.channel.id);
    const session = await browse(api)('GET', `${again.path}/session`);
    const { host, port, security } = stage.imap;
    expect(session.json.channel).toMatchObject({ access_type: 'imap', server: { host, port, security } });
    expect(session.text).not.toContain(PASSWORD);
    // Used or expired, it tells no server to its next reader.
    await sql`update links set expires_at = now() - interval '1 minute' where id = ${again.id}`;
    for (const { path } of [link, again]) {
      const { text } = await browse(api)('GET', `${path}/session`);
      expect(text).not.toContain(`"port":${port}`);
    }
  });

  test('says what failed, and stores nothing', async () => {
    const [plain, untrusted] = [await plainImapServer(), await untrustedImapServer()];
    const cases: [string, Record<string, unknown>][] = [
      ['authentication_failed', { password: secret('wrong-password') }],
      ['connection_refused', { port: await closedPort() }],
      ['dns_failed', { host: 'no-such-host.invalid', port: 993, security: 'tls' }],
      ['egress_denied', { host: '10.0.0.1', port: 993, security: 'tls' }],
      ['starttls_missing', { port: plain.port }],
      ['tls_untrusted', { port: untrusted.port, security: 'tls' }],
      ['server_not_found', { username: 'x@localhost', host: undefined, port: undefined, security: undefined }],
    ];
    const link = await links.makeLink();
    for (const [code, more] of cases) {
      const answer = await browse(api)('POST', `${link.path}/password`, form(more));
      expect(answer.json, code).toMatchObject({ code, status: answer.status });
      expect(answer.status, code).toBe(422);
      expect(await links.resultOf(link.id), code).toMatchObject({ status: 'failed', code });
      expect(answer.text).not.toContain(PASSWORD);
    }
    plain.close();
    untrusted.close();
  });

  test('rate_limited: a machine that guesses is stopped', async () => {
    const link = await links.makeLink();
    const guess = () =>
      browse(api)('POST', `${link.path}/password`, form({ host: '10.0.0.1', port: 993, security: 'tls' }));
    const guesses = await Promise.all(Array.from({ length: 20 }, guess));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([422]));
    const stopped = await guess();
    expect(stopped).toMatchObject({ status: 429, json: { code: 'rate_limited', retryable: true } });
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('S-51: a link is good for fifty attempts, across restarts', async () => {
    const link = await links.makeLink();
    await sql`update links set password_attempts = 49 where id = ${link.id}`;
    const attempt = () => browse(api)('POST', `${link.path}/password`, form({ password: secret('wrong-password') }));
    expect((await attempt()).json.code).toBe('authentication_failed');
    expect(await attempt()).toMatchObject({ status: 429, json: { code: 'rate_limited' } });
  });

  test('S-51: what may not be connected to is refused alike, open, closed, silent or no mail server, and never touched', async () => {
    const { providers } = stage.context.config;
    const strict = await startApi({
      ...stage.context,
      providers: createProviders({ ...providers, egress: { allow: [] } }),
    });
    const [mail, silent, web] = [
      await plainImapServer(),
      await listen(() => {}),
      await listen((socket) => socket.end('HTTP')),
    ];
    const servers = [
      ...[mail.port, silent.port, web.port, await closedPort(), 143, 993].map((port) => ({ host: '127.0.0.1', port })),
      ...[mail.port, 993].map((port) => ({ host: 'localhost', port })),
      ...['10.255.255.1', '169.254.169.254', '[::1]', '2130706433', '0177.0.0.1'].map((host) => ({ host, port: 993 })),
      { host: 'imap.gmail.com', port: 22 },
    ];
    const linksOfStrict = linksOf(stage, strict);
    const answers = await Promise.all(
      servers.map(async (server) => {
        const { path } = await linksOfStrict.makeLink();
        const began = performance.now();
        const answer = await browse(strict)('POST', `${path}/password`, form({ ...server, security: 'tls' }));
        return { ...answer, tookMs: performance.now() - began };
      }),
    );
    const shown = answers.map(({ json }) => ({ ...json, request_id: null }));
    for (const [i, body] of shown.entries()) expect(body, JSON.stringify(servers[i])).toEqual(shown[0]);
    expect(shown[0]).toMatchObject({ status: 422, code: 'egress_denied' });
    for (const { tookMs } of answers) expect(tookMs).toBeGreaterThan(990);
    expect([mail.connections(), silent.connections(), web.connections()]).toEqual([0, 0, 0]);
    for (const { close } of [mail, silent, web]) close();
    await strict.close();
  }, 30_000);

  test('each access type has its own way in', async () => {
    const link = await links.makeLink();
    const oauth = await browse(api)('POST', `${link.path}/authorize`, { access_type: 'imap' });
    expect(oauth).toMatchObject({ status: 409, json: { code: 'no_oauth_for_access_type' } });
    const password = await browse(api)('POST', `${link.path}/password`, form({ access_type: 'gmail' }));
    expect(password).toMatchObject({ status: 409, json: { code: 'no_password_for_access_type' } });
    const mail = await links.makeLink({ access_types: ['imap'] });
    const unknown = await browse(api)('POST', `${mail.path}/authorize`, { access_type: 'salesforce' });
    expect(unknown).toMatchObject({ status: 403, json: { code: 'access_type_not_allowed' } });
  });

  test('another provider’s sign-in, and a server by its address', async () => {
    const link = await links.makeLink();
    const authorize = (provider: string) =>
      browse(api)('POST', `${link.path}/authorize`, { access_type: 'gmail', provider });
    expect((await authorize('google')).status).toBe(200);
    expect(await authorize('microsoft')).toMatchObject({ status: 409, json: { code: 'no_oauth_for_access_type' } });
    const byAddress = await browse(api)('POST', `${link.path}/password`, form({ url: 'https://mail.example.com/' }));
    expect(byAddress).toMatchObject({ status: 422, json: { code: 'not_supported_yet' } });
  });
});

describe('adopting', () => {
  test('a refresh token becomes a channel, for the named account only', async () => {
    const channel = await links.connect('moved@example.com', 'source');
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
      credential: { refresh_token: secret('refresh-token') },
    });
    expect(refused).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
  });

  test('a password is proved by a login', async () => {
    await stage.sandbox.account('imap', 'adopted@example.com', { password: PASSWORD });
    const { host, port, security } = stage.imap;
    const credential = { username: 'adopted@example.com', password: PASSWORD, host, port, security };
    const body = { tenant: 'adopting', access_type: 'imap', account: { email: 'adopted@example.com' }, credential };
    expect(await api.call('POST', '/v1/channels', body)).toMatchObject({ status: 201, json: { access_type: 'imap' } });
    const wrong = { ...body, credential: { ...credential, password: secret('wrong-password') } };
    expect(await api.call('POST', '/v1/channels', wrong)).toMatchObject({ json: { code: 'authentication_failed' } });
    const kind = { ...body, credential: { refresh_token: secret('refresh-token') } };
    expect(await api.call('POST', '/v1/channels', kind)).toMatchObject({ json: { code: 'no_oauth_for_access_type' } });
  });
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that speaks IMAP without any encryption. */
const plainImapServer = () =>
  listen((socket) => {
    socket.write('* OK [CAPABILITY IMAP4rev1] ready\r\n');
    socket.on('data', (data) => {
      const [tag = '*'] = data.toString().split(' ');
      socket.write(`* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`);
    });
  });

async function listen(treat: (socket: Socket) => void) {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    treat(socket);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: () => server.close(),
  };
}

/** A server whose certificate no authority we know has signed. */
async function untrustedImapServer() {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }]);
  const server = createTlsServer({ key, cert }, (socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

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
