import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locationOf } from '../../api/links-of.ts';
import { browse, startApi } from '../../support/api.ts';
import type { Api } from '../../support/api.ts';
import { dovecotInstalled } from '../../support/dovecot.ts';
import { raiseEngine, until } from '../../support/engine.ts';
import type { Engine } from '../../support/engine.ts';
import { personal, secret } from '../../support/minting.ts';
import { raiseStage } from '../../support/stage.ts';
import { CLIENT_ID, startCertifiedServer } from './certified-server.ts';
import type { CertifiedServer } from './certified-server.ts';
import { MAIL_CASES, mailboxOf } from './mail-likenesses.ts';
import type { MailCase } from './mail-likenesses.ts';
import { startTokenMailServers } from './token-mail-servers.ts';
import type { TokenMailServers } from './token-mail-servers.ts';

/*
 * Files whose provider's tokens open mailboxes: each with a certified OAuth server at its paths, a real Dovecot that
 * introspects the tokens, and a submission server that takes them.
 */

const SHIPPED = join(import.meta.dirname, '../../../providers/custom');
const LIFE_S = 1_234;
/** A file that a person writes: a client with a secret, and tokens that are good once. */
const OWN_FILE = `name: acme-mail
label: Acme Mail
servers:
  login: https://login.acme.example
authorization:
  url: \${login}/authorize
scopes:
  read: [mail.read]
  send: [mail.send]
token:
  url: \${login}/token
access_token:
  default_life_seconds: ${LIFE_S}
refresh_token:
  rotation: strict
  unused_life_days: 10
revocation:
  url: \${login}/revoke
  help: Remove the app in the settings of Acme Mail.
identity:
  url: \${login}/me
  id: id
  email: address
imap: {host: imap.acme.example, port: 993}
smtp: {host: smtp.acme.example, port: 465}
`;
const OWN: MailCase = {
  name: 'acme-mail',
  label: 'Acme Mail',
  servers: ['ACME_MAIL_LOGIN_URL'],
  sends: true,
  likeness: {
    routes: { authorization: '/authorize', token: '/token', revocation: '/revoke' },
    clientAuthentication: 'client_secret_post',
    scopes: ['mail.read', 'mail.send'],
    refreshTokens: 'rotating',
    api: { paths: ['/me'], scheme: 'Bearer', answer: (id) => ({ id: `user-${id}`, address: mailboxOf(id) }) },
  },
};
const ALL = [OWN, ...MAIL_CASES];
const TENANT = 'acme';
const BOTH = ['read', 'send'];

describe.skipIf(!dovecotInstalled)('a file with mail servers', () => {
  const servers = new Map<string, CertifiedServer>();
  let mail: TokenMailServers;
  let engine: Engine;
  let api: Api;

  beforeAll(async () => {
    mail = await startTokenMailServers(async (token) => {
      const owners = await Promise.all([...servers.values()].map((server) => server.ownerOf(token)));
      const owner = owners.find((one) => one !== null) ?? null;
      return owner === null ? null : mailboxOf(owner);
    });
    const folder = mkdtempSync(join(tmpdir(), 'mooring-providers-'));
    writeFileSync(join(folder, 'acme-mail.yaml'), OWN_FILE);
    const variables: Record<string, string> = { MOORING_PROVIDERS_DIR: folder, MOORING_CA_FILE: mail.caFile };
    for (const { name, likeness, servers: addresses, sends } of ALL) {
      if (name !== OWN.name) writeFileSync(join(folder, `${name}.yaml`), readFileSync(join(SHIPPED, `${name}.yaml`)));
      const server = await startCertifiedServer(likeness);
      servers.set(name, server);
      const prefix = name.toUpperCase().replaceAll('-', '_');
      variables[`${prefix}_CLIENT_ID`] = CLIENT_ID;
      if (likeness.clientAuthentication !== 'none') variables[`${prefix}_CLIENT_SECRET`] = server.clientSecret;
      variables[`${prefix}_IMAP_SERVER`] = mail.imapServer;
      if (sends) variables[`${prefix}_SMTP_SERVER`] = mail.smtpServer;
      for (const address of addresses) variables[address] = server.issuer;
    }
    engine = await raiseEngine(await raiseStage({ variables }), {
      timeSkipping: false,
      config: { pollIntervalMs: 1_000 },
    });
    api = await startApi(engine.context);
  }, 120_000);
  afterAll(async () => {
    await api?.close();
    await engine?.close();
    await Promise.all([...servers.values()].map((server) => server.close()));
    await mail?.close();
  }, 60_000);

  const serverOf = (name: string) => servers.get(name)!;
  const read = async (id: string) => (await api.call('GET', `/v1/channels/${id}`)).json;
  const tokenOf = async (id: string) => (await api.call('GET', `/v1/channels/${id}/access-token`)).json;

  /** What a person does with a link. */
  async function follow(name: string, path: string, accountId: string) {
    const browser = browse(api);
    const { json: session } = await browser('GET', `${path}/session`);
    const { json } = await browser('POST', `${path}/authorize`, { access_type: 'imap', provider: name });
    const back = new URL(await serverOf(name).signIn(json.authorization_url, accountId));
    const returned = await browser('GET', back.pathname + back.search);
    if (returned.status !== 303 && returned.status !== 302) throw new Error(returned.text);
    return { session, asked: new URL(json.authorization_url), at: locationOf(returned).searchParams };
  }

  async function connect(name: string, accountId: string) {
    await mail.dovecot.setPassword(mailboxOf(accountId), secret('password'));
    const { json } = await api.call('POST', '/v1/links', { tenant: TENANT, access_types: ['imap'], uses: BOTH });
    const followed = await follow(name, new URL(json.url).pathname, accountId);
    const { json: link } = await api.call('GET', `/v1/links/${json.id}`);
    return { ...followed, result: link.result, channel: followed.at.get('channel') ?? '' };
  }

  /** Until the refresh of a channel that no product reads. */
  async function daysToRefresh(name: string, account: string) {
    const { channel } = await connect(name, account);
    await api.call('PATCH', `/v1/channels/${channel}`, { keep_warm: 'when_used' });
    return until('the keep-alive', async () => {
      const { next_refresh_at: at, created_at: from } = await read(channel);
      const days = (Date.parse(at) - Date.parse(from)) / 86_400_000;
      return days > 1 ? Math.round(days) : null;
    });
  }

  /** Waits until what was delivered now is imported, once. */
  async function arrives(channel: string, accountId: string) {
    const [delivered] = await mail.dovecot.deliver(mailboxOf(accountId), 1);
    await until('the delivered mail', async () => {
      const { json } = await api.call('GET', `/v1/messages?channel=${channel}`);
      const ids = json.data.map(({ message_id: id }: { message_id: string }) => id);
      return ids.filter((id: string) => id === delivered?.messageId).length === 1;
    });
  }

  describe.each(ALL)('$name', ({ name, label, sends, likeness }) => {
    const person = `${name}-ana`;

    test('connects a mailbox by a consent, and imports, refreshes and sends with its tokens', async () => {
      const { session, asked, result, channel } = await connect(name, person);
      expect(result).toMatchObject({ status: 'connected', channel });
      expect(session.sign_in[0].oauth).toContainEqual(expect.objectContaining({ provider: name, label }));
      expect(asked.searchParams.has('code_challenge')).toBe(name === 'fastmail' || name === 'acme-mail');
      expect(await read(channel)).toMatchObject({
        status: 'connected',
        access_type: 'imap',
        account: { email: mailboxOf(person) },
        import: 'continuous',
        uses: sends ? BOTH : ['read'],
        missing_uses: sends ? [] : ['send'],
      });
      await arrives(channel, person);

      const before = await tokenOf(channel);
      expect((await api.call('POST', `/v1/channels/${channel}/refresh`)).status).toBe(200);
      const after = await tokenOf(channel);
      expect([before.version, after.version]).toEqual([1, 2]);
      expect(await serverOf(name).isLive(after.access_token)).toBe(true);
      expect((await api.call('POST', `/v1/channels/${channel}/verify`)).json.verification).toMatchObject({ ok: true });
      await arrives(channel, person);

      const subject = personal('subject');
      const raw = `From: ${mailboxOf(person)}\r\nTo: ben@example.com\r\nSubject: ${subject}\r\n\r\nHello.\r\n`;
      const headers = { 'content-type': 'message/rfc822', 'idempotency-key': `${name}-1` };
      const sent = await api.call('POST', `/v1/channels/${channel}/send`, raw, headers);
      expect(sends ? sent.status : [sent.status, sent.json.code]).toEqual(sends ? 202 : [409, 'send_not_granted']);
      const taken = mail.mails.filter(({ raw: one }) => one.includes(subject));
      expect(taken.map(({ user }) => user)).toEqual(sends ? [mailboxOf(person)] : []);
    }, 120_000);

    test('asks the person once the access was withdrawn, and then imports what was missed', async () => {
      const { channel } = await connect(name, `${name}-cleo`);
      await arrives(channel, `${name}-cleo`);
      await serverOf(name).withdraw((await tokenOf(channel)).access_token);
      await api.call('POST', `/v1/channels/${channel}/report-failure`, { http_status: 401 });
      await until('the word that a person is needed', async () => (await read(channel)).status === 'reauth_required');
      const [missed] = await mail.dovecot.deliver(mailboxOf(`${name}-cleo`), 1);
      const { json: link } = await api.call('POST', `/v1/channels/${channel}/reauthorize-links`, {});
      const { at, session } = await follow(name, new URL(link.url).pathname, `${name}-cleo`);
      expect(session.sign_in[0].oauth.map(({ provider }: { provider: string }) => provider)).toEqual([name]);
      expect(at.get('channel')).toBe(channel);
      await until('the missed mail', async () => {
        const { json } = await api.call('GET', `/v1/messages?channel=${channel}`);
        return json.data.some(({ message_id: id }: { message_id: string }) => id === missed?.messageId);
      });
      expect(await read(channel)).toMatchObject({ status: 'connected', action: 'none' });
    }, 120_000);

    test('takes over a grant that the product holds', async () => {
      const owner = `${name}-dora`;
      await mail.dovecot.setPassword(mailboxOf(owner), secret('password'));
      const credential = { refresh_token: await serverOf(name).newToken(owner, 'RefreshToken'), exclusive: true };
      const account = { email: mailboxOf(owner) };
      const adoption = { tenant: TENANT, access_type: 'imap', provider: name, account, credential };
      const { status, json } = await api.call('POST', '/v1/channels', adoption);
      expect([status, json.status]).toEqual([201, 'connected']);
      await arrives(json.id, owner);
    }, 60_000);

    test('revokes at a disconnection where the provider can', async () => {
      const { channel } = await connect(name, `${name}-ed`);
      await api.call('DELETE', `/v1/channels/${channel}`);
      await until('the end', async () => (await read(channel)).status === 'disconnected');
      const canRevoke = likeness.routes.revocation !== undefined;
      expect((await read(channel)).revocation).toBe(canRevoke ? 'done' : 'unsupported');
      expect(serverOf(name).calls.filter((call) => call.startsWith('revocation'))).toEqual(
        canRevoke ? ['revocation 200'] : [],
      );
    }, 60_000);
  });

  test('a file’s rotation and default life count', async () => {
    const credential = { refresh_token: await serverOf('acme-mail').newToken('kim', 'RefreshToken') };
    const account = { email: mailboxOf('kim') };
    const adoption = { tenant: TENANT, access_type: 'imap', provider: 'acme-mail', account, credential };
    const { status, json } = await api.call('POST', '/v1/channels', adoption);
    expect([status, json.errors?.[0].path]).toEqual([400, 'credential.exclusive']);

    const { likeness } = serverOf('acme-mail');
    likeness.adds = () => ({ expires_in: undefined });
    const { channel } = await connect('acme-mail', 'kim');
    delete likeness.adds;
    const { created_at: from, token_expires_at: to } = await read(channel);
    expect(Math.abs((Date.parse(to) - Date.parse(from)) / 1_000 - LIFE_S)).toBeLessThan(60);
  });

  test('a grant that nothing uses is kept alive by the life that its own file names', async () => {
    const [other] = MAIL_CASES;
    expect(await daysToRefresh('acme-mail', 'idle')).toBe(5);
    expect(await daysToRefresh(other!.name, 'idle-too')).toBe(30);
  });

  test('a mailbox that the token does not open connects nothing', async () => {
    // The identity call names another mailbox than the one that the mail server has for the token.
    const { likeness } = serverOf('acme-mail');
    const { api: calls } = likeness;
    const answer = calls!.answer;
    calls!.answer = () => ({ id: 'user-fay', address: mailboxOf('someone-else') });
    const { at } = await connect('acme-mail', 'fay');
    calls!.answer = answer;
    expect([at.get('channel'), at.get('status')]).toEqual([null, 'failed']);
    const { json } = await api.call('GET', '/v1/channels?access_type=imap&limit=200');
    expect(json.data.map(({ account }: { account: { email: string } }) => account.email)).not.toContain(
      mailboxOf('someone-else'),
    );
  });

  test('every file that ships with mail servers has its likeness here', () => {
    const shipped = readdirSync(SHIPPED).filter((name) => name.endsWith('.yaml'));
    const ofMail = shipped.filter((name) => /^imap:/m.test(readFileSync(join(SHIPPED, name), 'utf8')));
    expect(MAIL_CASES.map(({ name }) => `${name}.yaml`).toSorted()).toEqual(ofMail.toSorted());
  });
});
