import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { PartRefused } from '../../domain/verdict.ts';
import type { FetchedMessage, SessionAccess, WindowPage } from '../../providers/contract.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { createExchangeProvider } from '../../providers/exchange/adapter.ts';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { secret } from '../support/minting.ts';
import { conformance, failureOf } from './contract.ts';
import { Stage } from './stage.ts';
import type { Delivered } from './stage.ts';
import { heads } from './subject.ts';
import type { Account, Subject } from './subject.ts';

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const provider = () => stage.providerOf('exchange');

const someName = () => `ana.${randomBytes(4).toString('hex')}`;

async function createAccount(email = `${someName()}@contoso.example`): Promise<Account> {
  const password = secret('exchange-password');
  const path = `/accounts/exchange/${email}`;
  await stage.control('PUT', path, { password });
  return {
    email,
    access: stage.exchangeAccess(email, password),
    secret: password,
    ...stage.accountAt('exchange', email),
  };
}

const subject: Subject = {
  provider,
  createAccount: () => createAccount(),
  idOf: ({ provider_id }) => provider_id,
  vouchesForAddress: false,
  cursorExpiry: 'cursor_expired',
  excludedFolders: ['Trash', 'Junk', 'Drafts'],
  optOuts: { push: 'Exchange tells of news over a connection that is held (streaming notifications)' },
};
conformance('Exchange', subject);

interface Login {
  status: number;
  operation: string;
}
const logins = async ({ email }: Account) =>
  (await stage.control<{ data: Login[] }>('GET', `/requests?provider=exchange&kind=login&email=${email}`)).data;

async function identify(access: SessionAccess) {
  const session = await provider().openSession(access, NEVER);
  try {
    return await session.identify();
  } finally {
    await session.close();
  }
}

/** Everything after the first cursors, fetched. */
async function fetchAll(account: Account, deliver: () => Promise<unknown>): Promise<FetchedMessage[]> {
  const [inbox] = await heads(subject, account);
  if (!inbox) throw new Error('no scope');
  await deliver();
  const session = await provider().openSession(account.access, NEVER);
  const { items } = await session.listChanges(inbox, inbox.cursor, 100);
  const outcomes: FetchedMessage[] = [];
  for await (const outcome of session.fetchMessages(inbox, items)) outcomes.push(outcome);
  await session.close();
  return outcomes;
}

const refusedLogin = (headers: Record<string, string>) =>
  provider().classify({
    operation: 'login',
    httpStatus: 401,
    headers: { connection: 'close', ...headers },
    body: '',
  });

describe('Exchange', () => {
  it('signs in once for a session, by NTLM with channel bindings, with any letters in the password', async () => {
    const account = await createAccount();
    const password = `東京 für ${secret('exchange-password')}`;
    await stage.control('PUT', `/accounts/exchange/${account.email}`, { password });
    await account.fault('extended_protection_required');
    const username = `CONTOSO\\${account.email.split('@')[0]}`;
    const identity = await identify(stage.exchangeAccess('link@example.com', password, username));
    expect(identity.account).toMatchObject({ email: account.email, login: username });
    expect(await logins(account)).toMatchObject([{ status: 200, operation: 'NTLM' }]);
  });

  it('names a proxy that ends TLS as a cause where NTLM with channel bindings is refused', async () => {
    const account = await createAccount();
    const address = new URL(String(stage.sandbox.addresses.exchange['url']));
    const port = Number(address.port);
    const dir = mkdtempSync(join(tmpdir(), 'mooring-proxy-'));
    const { key, certificate, caFile } = await loadServerCertificate(dir);
    const proxy = createServer({ key, cert: certificate }, (socket) => {
      const behind = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
      for (const end of [socket, behind]) end.on('error', () => {});
      socket.pipe(behind).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    address.port = String((proxy.address() as AddressInfo).port);
    const exchange = createExchangeProvider({
      egress: createEgressGuard({ allow: ['127.0.0.1'] }),
      certificateAuthorities: readFileSync(caFile, 'utf8'),
    });
    const server = { kind: 'ews', url: address.href } as const;
    const open = (more: object) =>
      exchange.openSession({ ...account.access, server: { ...server, ...more } } as SessionAccess, NEVER);
    const session = await open({});
    const refused = await failureOf(session.verify());
    await session.close();
    const basic = await open({ authentication: 'basic' });
    expect(await basic.verify()).toContain(account.email);
    await basic.close();
    proxy.close();
    rmSync(dir, { recursive: true, force: true });
    expect(refused.verdict).toMatchObject({ kind: 'reauth_required', vague: true });
    expect(refused.message).toContain('a proxy ends TLS before Exchange');
    expect(refused.alternative).toBe('basic');
    expect(await logins(account)).toMatchObject([{ status: 401 }, { status: 200, operation: 'Basic' }]);
  });

  it('signs in a user whose name has a letter without a capital', async () => {
    const account = await createAccount(`strauß.${randomBytes(4).toString('hex')}@contoso.example`);
    const username = `CONTOSO\\${account.email.split('@')[0]}`;
    expect(await identify(stage.exchangeAccess('link@example.com', account.secret, username))).toBeTruthy();
  });

  it('calls a refused password vague, after one try', async () => {
    const account = await createAccount();
    const access = { ...account.access, password: new Secret(secret('wrong-password')) } as SessionAccess;
    const { verdict } = await failureOf(identify(access));
    expect(verdict).toMatchObject({ kind: 'reauth_required', reason: 'password_changed', vague: true });
    expect(await logins(account)).toMatchObject([{ status: 401 }]);
  });

  it.each([
    ['server_busy_inside', { retry_after_s: 7 }, { kind: 'rate_limited', retryAfterMs: 7_000 }],
    ['mailbox_unavailable', {}, { kind: 'account_gone', reason: 'mailbox_unavailable' }],
    ['unavailable', {}, { kind: 'transient' }],
  ])('understands %s', async (fault, more, expected) => {
    const account = await createAccount();
    await account.fault(fault, { kind: 'api', ...more });
    expect((await failureOf(identify(account.access))).verdict).toMatchObject(expected);
  });

  it('reads the mailbox of its principal as a delegate, and its own where it is none', async () => {
    const [owner, delegate] = [await createAccount(), await createAccount()];
    const access = { ...delegate.access, mailbox: owner.email } as SessionAccess;
    expect((await identify(access)).account.email).toBe(delegate.email);
    await stage.control('PUT', `/accounts/exchange/${owner.email}`, { delegates: [delegate.email] });
    const identity = await identify(access);
    expect(identity.account).toMatchObject({ email: owner.email, login: delegate.email });
    expect(identity.mailboxKey).toBe(owner.email);
  });

  it('tells mailboxes apart by their inboxes where the directory finds a namesake, and takes none for another', async () => {
    const name = someName();
    const namesake = await createAccount(`${name}@contoso.example`);
    const own = await createAccount(`${name}@fabrikam.example`);
    const shared = [await createAccount(), await createAccount()];
    const share = (delegates: string[]) =>
      Promise.all(shared.map(({ email }) => stage.control('PUT', `/accounts/exchange/${email}`, { delegates })));
    const login = `FABRIKAM\\${name}`;
    const as = async (mailbox: string | null) =>
      await identify({ ...stage.exchangeAccess(mailbox ?? 'link@example.com', own.secret, login), mailbox });
    await share([own.email]);
    expect(await as(null)).toMatchObject({ mailboxKey: login.toLowerCase(), context: {} });
    expect(await as(own.email)).toMatchObject({ mailboxKey: own.email, context: {} });
    for (const { email } of shared) {
      expect(await as(email)).toMatchObject({ mailboxKey: email, context: { shared_mailbox: email } });
    }
    await share([]);
    const refused = await as(shared[0]?.email ?? null);
    expect(refused).toMatchObject({ account: { email: login }, mailboxKey: login.toLowerCase(), context: {} });
    const byName = await identify(stage.exchangeAccess('link@example.com', namesake.secret, `CONTOSO\\${name}`));
    expect(byName.mailboxKey).toBe((await identify(namesake.access)).mailboxKey);
  });

  it('loses nothing of the second in which a page of a window ends', async () => {
    const account = await createAccount();
    const [inbox] = await heads(subject, account);
    const dates = ['09.999', '10.000', '10.001', '10.300', '10.700', '10.999', '11.000', '11.000', '11.500', '12.000'];
    const sent: Delivered[] = [];
    for (const date of dates) sent.push(...(await account.deliver(1, { date: `2026-03-10T12:00:${date}Z` })));
    const session = await provider().openSession(account.access, NEVER);
    const window = { from: new Date('2026-03-10T12:00:09Z'), to: new Date('2026-03-10T12:00:12Z') };
    for (const limit of [1, 2, 3]) {
      const ids: string[] = [];
      for (let position: string | null = null, first = true; first || position !== null; first = false) {
        const page: WindowPage = await session.listWindow(inbox!, window, position, limit);
        ids.push(...page.items.map(({ providerId }) => providerId));
        position = page.position;
      }
      expect(ids).toHaveLength(sent.length);
      expect(ids.toSorted()).toEqual(sent.map(subject.idOf).toSorted());
    }
    await session.close();
  });

  it('takes a missing right for that of one folder or one item, and lists no folders without knowing Trash', async () => {
    const account = await createAccount();
    await account.deliver(1, { folder: 'Projects' });
    const [inbox, ...others] = await heads(subject, account);
    const projects = others.find(({ name }) => name === 'Projects');
    const sent = await account.deliver(3);
    await account.fault('access_denied', { message: sent[1]?.provider_id });
    await account.fault('access_denied', { message: 'Projects' });
    const session = await provider().openSession(account.access, NEVER);
    expect(await failureOf(session.listChanges(projects!, projects!.cursor, 10))).toBeInstanceOf(PartRefused);
    const { items } = await session.listChanges(inbox!, inbox!.cursor, 10);
    const outcomes: string[] = [];
    for await (const { outcome } of session.fetchMessages(inbox!, items)) outcomes.push(outcome);
    expect(outcomes.toSorted()).toEqual(['failed', 'message', 'message']);
    await account.fault('access_denied', { message: 'deleteditems' });
    expect((await failureOf(session.parts())).verdict.providerCode).toBe('ErrorAccessDenied');
    await account.fault('access_denied', { message: 'inbox' });
    expect(await failureOf(session.listChanges(inbox!, inbox!.cursor, 10))).not.toBeInstanceOf(PartRefused);
    await session.close();
  });

  it('waits with a login that a server turned away under load, and not with a refused one', () => {
    expect(refusedLogin({})).toMatchObject({ kind: 'transient', retryAfterMs: 600_000 });
    expect(refusedLogin({ 'www-authenticate': 'NTLM' })).toMatchObject({ kind: 'reauth_required', vague: true });
  });

  it('goes on after an item that cannot be converted, and where a batch was stopped', async () => {
    const account = await createAccount();
    const outcomes = await fetchAll(account, async () => {
      const sent = await account.deliver(25);
      await account.fault('conversion_failed', { message: sent[3]?.provider_id });
      await account.fault('batch_stopped', { times: 4 });
    });
    const count = (kind: string) => outcomes.filter(({ outcome }) => outcome === kind).length;
    expect([outcomes.length, count('message'), count('failed')]).toEqual([25, 24, 1]);
    expect(new Set(outcomes.map(({ item }) => item.providerId)).size).toBe(25);
  });

  it('hands a message in whole or not at all, and keeps the copy where the login may', async () => {
    const [owner, delegate] = [await createAccount(), await createAccount()];
    await stage.control('PUT', `/accounts/exchange/${owner.email}`, { delegates: [delegate.email] });
    const access: SessionAccess = {
      ...delegate.access,
      mailbox: owner.email,
      context: { shared_mailbox: owner.email },
    };
    const { sending } = provider();
    const denied = (count: number) => delegate.fault('access_denied', { message: 'sentitems', times: count });
    const messageId = `<${randomBytes(8).toString('hex')}@contoso.example>`;
    const header = `From: ${owner.email}\r\nTo: ben@example.com\r\nMessage-ID: ${messageId}\r\n\r\n`;
    const size = 5_000_000;
    let marks = 0;
    let made = 0;
    async function* raw() {
      for (made = 0; made < size; made += 999_999) yield Buffer.alloc(Math.min(999_999, size - made), header);
    }
    const message = { messageId, from: owner.email, recipients: ['ben@example.com'], bcc: [], size, raw };
    const send = (mark: () => void = () => {}) =>
      sending!.send(access, message, { signal: NEVER, beforeTransmission: async () => mark() });
    const failed = await failureOf(
      send(() => {
        throw new Error('another process has marked it');
      }),
    );
    expect([failed.verdict.kind, made]).toEqual(['transient', 0]);
    for (const [fault, more] of [
      ['cut_connection', { after: 'request' }],
      ['rubbish', {}],
      ['unavailable', { http_status: 502 }],
    ] as const) {
      await delegate.fault(fault, { kind: 'api', times: 1, message: 'CreateItem', ...more });
      expect(await send(() => marks++), fault).toEqual({ outcome: 'unknown' });
    }
    expect(await sending?.wasSent?.(access, messageId, NEVER)).toBe(false);
    await denied(1);
    expect(await send(() => marks++)).toMatchObject({ outcome: 'accepted' });
    expect([marks, await sending?.wasSent?.(access, messageId, NEVER)]).toEqual([4, false]);
    await denied(1);
    expect(await sending?.wasSent?.(access, messageId, NEVER)).toBe(true);
  });

  it('signs in anew where its connection was closed, and misses nothing', async () => {
    const account = await createAccount();
    const session = await provider().openSession(account.access, NEVER);
    await session.verify();
    await account.fault('session_revoked');
    await session.verify();
    await session.close();
    expect(await logins(account)).toMatchObject([{ status: 200 }, { status: 200 }]);
  });

  it('finds the server by Autodiscover, and takes no address without TLS or of Exchange Online', async () => {
    const account = await createAccount();
    const way = provider().signIn.password;
    const login = { email: account.email, username: account.email, password: new Secret(account.secret) };
    const url = stage.sandbox.addresses.exchange['url'];
    expect(await way?.discover(login, {}, NEVER)).toEqual({ kind: 'ews', url });
    expect(await way?.discover(login, { url: 'mail.contoso.example' }, NEVER)).toEqual({
      kind: 'ews',
      url: 'https://mail.contoso.example/EWS/Exchange.asmx',
    });
    expect(await way?.discover(login, { url: 'http://mail.contoso.example/' }, NEVER)).toBeNull();
    const online = { url: 'https://outlook.office365.com/EWS/Exchange.asmx' };
    expect(await failureOf(way?.discover(login, online, NEVER) ?? Promise.resolve())).toMatchObject({
      message: expect.stringContaining('connect this mailbox as Microsoft 365') as string,
    });
  });
});
