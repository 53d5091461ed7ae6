import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { refreshUntilDone } from '../credentials/refresh-until-done.ts';
import type { Use } from '../../domain/access-type.ts';
import { browse } from '../support/api.ts';
import { channelOf, connectExchange, connectImap, signInAt } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { codeOf, locationOf } from './links-of.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

/* A connection that sends as well: what is asked for, what is granted, and the server that takes the mail. */

const PASSWORD = secret('password');
const BOTH = ['read', 'send'];
const READONLY = 'https://www.googleapis.com/auth/gmail.readonly';

let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let links: RaisedApi['links'];
let sql: RaisedApi['sql'];
let close: RaisedApi['close'];
beforeAll(async () => {
  ({ stage, api, links, sql, close } = await raiseApi());
}, 60_000);
afterAll(() => close?.());

const sendingLink = (accessType: string) => links.makeLink({ access_types: [accessType], uses: BOTH });
const shown = async (id: string) => (await api.call('GET', `/v1/channels/${id}`)).json;
const smtp = (more: object = {}) => ({ host: '127.0.0.1', port: stage.imap.smtp_port, security: 'starttls', ...more });
const smtpLogins = async (provider: string, email: string) =>
  (await stage.sandbox.requests(provider, 'login', email)).filter(({ operation }) => operation?.startsWith('SMTP'));

async function form(email: string, more: object = {}) {
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  return { access_type: 'imap', username: email, password: PASSWORD, ...more };
}

describe('with a password', () => {
  test('the server is found by the address, logged in to and kept; the next sign-in begins there', async () => {
    const link = await sendingLink('imap');
    const { json: session } = await browse(api)('GET', `${link.path}/session`);
    expect(session).toMatchObject({ uses: BOTH, sign_in: [{ password: { smtp: true } }] });
    const { json } = await browse(api)('POST', `${link.path}/password`, await form('found@send.example.com'));
    expect(json.channel).toMatchObject({ uses: BOTH, missing_uses: [], smtp: smtp() });
    expect(await smtpLogins('imap', 'found@send.example.com')).toMatchObject([{ status: 200 }]);
    const again = await links.reauthorizeLink(json.channel.id);
    const { json: pinned } = await browse(api)('GET', `${again.path}/session`);
    expect(pinned).toMatchObject({ uses: BOTH, channel: { smtp: smtp() } });
    const { json: renewed } = await browse(api)('POST', `${again.path}/password`, await form('found@send.example.com'));
    expect(renewed.channel).toMatchObject({ uses: BOTH, smtp: smtp() });
  });

  test('a failure is the sending server’s own, by a stable code, and nothing is stored', async () => {
    const email = 'refused@send.example.com';
    const body = await form(email);
    const link = await sendingLink('imap');
    const silent = createServer((socket) => void socket.end('* OK this is IMAP\r\n')).listen(0, '127.0.0.1');
    const plain = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('220 plain ESMTP\r\n');
      socket.on('data', (data) => socket.write(data.toString().startsWith('EHLO') ? '250 plain\r\n' : '502 no\r\n'));
    }).listen(0, '127.0.0.1');
    await vi.waitUntil(() => silent.listening && plain.listening, 30_000);
    const portOf = (server: typeof plain) => (server.address() as AddressInfo).port;
    const cases: [string, object][] = [
      ['connection_refused', smtp({ port: 1 })],
      ['dns_failed', smtp({ host: 'no-such-host.invalid', port: 587 })],
      ['egress_denied', smtp({ host: '10.0.0.1', port: 587 })],
      ['egress_denied', smtp({ host: '10.0.0.1', port: 25 })],
      ['starttls_missing', smtp({ port: portOf(plain) })],
      ['wrong_security', smtp({ security: 'tls' })],
      ['wrong_protocol', smtp({ port: portOf(silent) })],
    ];
    for (const [code, server] of cases) {
      const { status, json, text } = await browse(api)('POST', `${link.path}/password`, { ...body, smtp: server });
      expect({ status, ...json }, code).toMatchObject({ status: 422, code, service: 'smtp' });
      expect(text).not.toContain(PASSWORD);
    }
    for (const [fault, code] of [
      ['mfa_required', 'authentication_failed'],
      ['sending_switched_off', 'mailbox_unavailable'],
    ] as const) {
      // The login at the mailbox meets no condition that is not its own.
      const { id } = await stage.sandbox.fault('imap', email, fault, { kind: 'login' });
      const { json } = await browse(api)('POST', `${link.path}/password`, { ...body, smtp: smtp() });
      if (fault === 'sending_switched_off') expect(json).toMatchObject({ code, service: 'smtp' });
      else expect(json).toMatchObject({ code });
      await stage.sandbox.mend(id);
    }
    expect(await links.resultOf(link.id)).toMatchObject({ status: 'failed', service: 'smtp' });
    expect(await sql`select id from channels where account_email = ${email}`).toEqual([]);
    for (const server of [plain, silent]) server.close();
  });

  test('a link that only reads takes no server for sending, and its channel has none', async () => {
    const link = await links.makeLink({ access_types: ['imap'] });
    const body = await form('reads@send.example.com');
    const refused = await browse(api)('POST', `${link.path}/password`, { ...body, smtp: smtp() });
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ path: 'smtp' }] } });
    const { json } = await browse(api)('POST', `${link.path}/password`, body);
    expect(json.channel).toMatchObject({ uses: ['read'], smtp: null });
  });

  test('an adoption that names a server for sending sends', async () => {
    const { access_type, username, password } = await form('adopted@send.example.com');
    const { host, port, security } = stage.imap;
    const adopt = (server: object) =>
      api.call('POST', '/v1/channels', {
        tenant: 'acme',
        access_type,
        account: { email: username },
        credential: { username, password, host, port, security, smtp: server },
      });
    expect(await adopt(smtp({ port: 1 }))).toMatchObject({ status: 422, json: { service: 'smtp' } });
    expect(await adopt(smtp())).toMatchObject({ status: 201, json: { uses: BOTH, smtp: smtp() } });
  });
});

/** Goes to the provider's page and comes back. */
async function signIn(
  accessType: string,
  provider: string,
  { path, email }: { path: string; email: string },
  more = {},
) {
  await stage.sandbox.account(provider, email, { password: PASSWORD });
  const browser = browse(api);
  const { json } = await browser('POST', `${path}/authorize`, { access_type: accessType, provider });
  return browser('GET', await stage.sandbox.consent(json.authorization_url, email, more));
}

const channelIn = (returned: Parameters<typeof locationOf>[0]) =>
  locationOf(returned).searchParams.get('channel') ?? '';

describe('with tokens', () => {
  test.each([
    ['gmail', 'google', ['openid', 'email', READONLY], 'gmail.send'],
    ['microsoft', 'microsoft', ['openid', 'profile', 'email', 'offline_access', 'User.Read', 'Mail.Read'], 'Mail.Send'],
  ] as const)(
    '%s: what is not granted is missing and asked for again; what is removed is said',
    async (type, provider, scopes, removed) => {
      const email = `${type}@grants.example.com`;
      const { path } = await sendingLink(type);
      const id = channelIn(await signIn(type, provider, { path, email }, { scopes }));
      expect(await shown(id)).toMatchObject({ status: 'connected', uses: ['read'], missing_uses: ['send'] });
      const again = await links.reauthorizeLink(id);
      expect((await browse(api)('GET', `${again.path}/session`)).json.uses).toEqual(BOTH);
      expect(codeOf(await signIn(type, provider, { path: again.path, email }))).toBeNull();
      expect(await shown(id)).toMatchObject({ uses: BOTH, missing_uses: [], smtp: null, credential_version: 2 });
      await stage.sandbox.fault(provider, email, 'scope_removed', { scope: removed });
      const input = { tenantId: 'acme', channelId: id, accessType: type, version: 2 };
      expect(await refreshUntilDone(stage.context, input)).toBe('refreshed');
      expect(await shown(id)).toMatchObject({
        status: 'reauth_required',
        status_reason: 'insufficient_scope',
        action: 'reauthorize',
        uses: ['read'],
        missing_uses: ['send'],
        credential_version: 3,
      });
      // A fresh token is served all the same (rule 6).
      expect((await api.call('GET', `/v1/channels/${id}/access-token`)).status).toBe(200);
      // The next refresh answers with as little: nothing is healed.
      await refreshUntilDone(stage.context, { ...input, version: 3 });
      const still = { status: 'reauth_required', uses: ['read'], missing_uses: ['send'], credential_version: 4 };
      expect(await shown(id)).toMatchObject(still);
    },
  );

  test.each(['google', 'microsoft'] as const)(
    'IMAP with tokens of %s: the login where mail is sent is proved',
    async (provider) => {
      const email = `${provider}@smtp.example.com`;
      const { path, id: linkId } = await sendingLink('imap');
      const fault = provider === 'google' ? 'account_disabled' : 'sending_switched_off';
      const { id: faultId } = await stage.sandbox.fault(provider, email, fault, { kind: 'login' });
      expect(codeOf(await signIn('imap', provider, { path, email }))).toMatch(/provider_error|account_disabled/);
      if (provider === 'microsoft') expect(await links.resultOf(linkId)).toMatchObject({ service: 'smtp' });
      await stage.sandbox.mend(faultId);
      const id = channelIn(await signIn('imap', provider, { path, email }));
      expect(await shown(id)).toMatchObject({ status: 'connected', uses: BOTH, missing_uses: [], smtp: null });
      expect((await smtpLogins(provider, email)).at(-1)).toMatchObject({ operation: 'SMTP AUTH XOAUTH2', status: 200 });
    },
  );

  test('a channel that only reads gains sending by a link; a sign-in that asks for less takes none of it away', async () => {
    const email = 'gains@grants.example.com';
    const at = (path: string) => signIn('gmail', 'google', { path, email });
    const reading = () => links.makeLink({ access_types: ['gmail'] });
    const id = channelIn(await at((await reading()).path));
    expect(await shown(id)).toMatchObject({ uses: ['read'], missing_uses: [] });
    expect(codeOf(await at((await links.reauthorizeLink(id, { uses: BOTH })).path))).toBeNull();
    expect(await shown(id)).toMatchObject({ uses: BOTH, missing_uses: [] });
    // Google's new grant is for reading alone: what is missing is said, and asked for again.
    await at((await reading()).path);
    expect(await shown(id)).toMatchObject({ uses: ['read'], missing_uses: ['send'] });
    const otto = 'otto@send.example.com';
    await stage.sandbox.account('imap', otto, { password: PASSWORD });
    const server = { host: '127.0.0.1', port: stage.imap.smtp_port, security: 'starttls' as const };
    const sending = { spec: { uses: ['read', 'send'] as Use[] } };
    const byPassword = channelOf(await connectImap(stage, otto, PASSWORD, { ...sending, smtp: server }));
    await connectImap(stage, otto, PASSWORD);
    expect(await shown(byPassword)).toMatchObject({ uses: BOTH, missing_uses: [], smtp: server });
    await stage.sandbox.account('exchange', 'pia@example.com', { password: PASSWORD });
    const exchange = channelOf(await connectExchange(stage, 'pia@example.com', PASSWORD, sending));
    expect(await shown(exchange)).toMatchObject({ uses: BOTH, missing_uses: [], smtp: null });
  });

  test('an adopted grant is good for what it allows', async () => {
    const email = 'adopted@grants.example.com';
    await stage.sandbox.account('google', email, { password: PASSWORD });
    const { refreshToken } = await signInAt(
      stage,
      { accessType: 'gmail', provider: 'google', uses: ['read', 'send'] },
      email,
    );
    const credential = { refresh_token: refreshToken?.reveal() };
    const body = { tenant: 'acme', access_type: 'gmail', account: { email }, credential };
    expect(await api.call('POST', '/v1/channels', body)).toMatchObject({ status: 201, json: { uses: BOTH } });
  });
});
