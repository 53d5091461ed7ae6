import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerdictKind } from '../../domain/verdict.ts';
import type { FetchedMessage, ListedItem, OAuthAdapter, SessionAccess, TokenSet } from '../../providers/contract.ts';
import { Secret } from '../../domain/secret.ts';
import { secret } from '../support/minting.ts';
import { conformance, failureOf } from './contract.ts';
import { aSecondBegins } from './next-second.ts';
import { heads } from './subject.ts';
import type { Account, Subject } from './subject.ts';
import { Stage } from './stage.ts';

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const provider = () => stage.providerOf('salesforce');
const oauth = (): OAuthAdapter => stage.oauthOf('salesforce');
const newEmail = () => `ana.${randomBytes(4).toString('hex')}@acme.example`;

interface SalesforceAccount extends Account {
  tokens: TokenSet;
  access: SessionAccess & { kind: 'token' };
}

async function createAccount(details: Record<string, unknown> = {}): Promise<SalesforceAccount> {
  const email = newEmail();
  await stage.control('PUT', `/accounts/salesforce/${email}`, details);
  const tokens = await stage.signIn('salesforce', email);
  const { accessToken, context } = tokens;
  return {
    email,
    tokens,
    access: { kind: 'token', mailbox: null, context, accessToken },
    secret: accessToken.reveal(),
    ...stage.accountAt('salesforce', email),
  };
}

const subject: Subject = {
  provider,
  createAccount: () => createAccount(),
  idOf: ({ provider_id }) => provider_id,
  vouchesForAddress: false,
  cursorExpiry: 'cursor_expired',
  excludedFolders: ['Drafts'],
  inbox: 'EmailMessage',
  optOuts: {
    headers: 'records are no mail',
    'malformed messages': 'Salesforce keeps fields: what it cannot parse it does not file',
    'large messages': 'a text field ends after 131,072 characters, and attachments are files of their own',
    push: 'the REST API tells of nothing by itself',
  },
};
conformance('Salesforce', subject);

const refresh = async ({ tokens }: SalesforceAccount, context = tokens.context) => {
  const token = tokens.refreshToken;
  if (!token) throw new Error('no refresh token');
  return oauth().processTokenAnswer(await oauth().refreshRequest({ token, context }, NEVER));
};

async function fetched(account: Account, scope: string, items: ListedItem[]): Promise<FetchedMessage[]> {
  const session = await provider().openSession(account.access, NEVER);
  const outcomes: FetchedMessage[] = [];
  for await (const outcome of session.fetchMessages({ scope, name: scope }, items)) outcomes.push(outcome);
  return outcomes;
}

async function textOf(outcome: FetchedMessage | undefined): Promise<string> {
  if (outcome?.outcome !== 'message') throw new Error(outcome?.outcome ?? 'nothing');
  const parts: Uint8Array[] = [];
  for await (const part of outcome.raw) parts.push(part);
  return Buffer.concat(parts).toString();
}

const call = (account: SalesforceAccount, method: string, path: string, body: object) =>
  answerOf<{ id: string }>(account, method, path, body);
const read = <Answer>(account: SalesforceAccount, path: string) => answerOf<Answer>(account, 'GET', path);

async function answerOf<Answer>(account: SalesforceAccount, method: string, path: string, body?: object) {
  const answer = await fetch(`${account.tokens.context['instance_url']}/services/data/v62.0/${path}`, {
    method,
    headers: { authorization: `Bearer ${account.secret}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return (text ? JSON.parse(text) : null) as Answer;
}

/** Salesforce stamps whole seconds: a task is listed when its second is over. */
async function tasksAfter(account: SalesforceAccount, cursor: string) {
  let page = { items: [] as ListedItem[], cursor };
  await expect
    .poll(
      async () => {
        const session = await provider().openSession(account.access, NEVER);
        page = await session.listChanges({ scope: 'Task', name: 'Task' }, cursor, 10);
        return page.items.length;
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBe(1);
  return page;
}

describe('signing in at Salesforce', () => {
  it('keeps instance, login host and login of every answer, and asks how long a session lives', async () => {
    const account = await createAccount();
    const { context, expiresInSeconds } = account.tokens;
    expect(expiresInSeconds).toBeNull();
    expect(context['instance_url']).toMatch(/\/na1$/);
    const session = await provider().openSession(account.access, NEVER);
    const { account: named, mailboxKey } = await session.identify();
    expect(named).toMatchObject({
      email: account.email,
      login: account.email,
      providerId: context['salesforce_login'],
    });
    expect(mailboxKey).toMatch(/^00D\w{15}\/005\w{15}$/);
    const seconds = await oauth().introspect!({ token: account.tokens.accessToken, context }, NEVER);
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(await oauth().introspect!({ token: new Secret(secret('no-session')), context }, NEVER)).toBeNull();
    await stage.control('PUT', `/accounts/salesforce/${account.email}`, { instance: 'na9' });
    const { verdict } = await failureOf(session.verify());
    expect(verdict).toMatchObject({ kind: 'transient', tokenRefused: true });
    const moved = await refresh(account);
    expect(moved.context['instance_url']).toMatch(/\/na9$/);
    const again = await provider().openSession({ ...account.access, ...moved }, NEVER);
    expect(await again.verify()).toContain(account.email);
  });

  it('signs a sandbox organization in where it logs in, and sends the secret to Salesforce alone', async () => {
    expect(oauth().rotation).toEqual({ mode: 'strict' });
    const login = String(stage.sandbox.addresses.salesforce['test_login_url']);
    const email = newEmail();
    await stage.control('PUT', `/accounts/salesforce/${email}`, { instance: 'cs3' });
    const url = oauth().authorizationUrl({
      redirectUri: 'http://127.0.0.1:9/oauth/salesforce/callback',
      state: 'st',
      codeChallenge: 'ch',
      uses: ['read'],
      loginHint: email,
      isShared: false,
      context: { login_url: login },
    });
    expect(url.href.startsWith(`${login}/services/oauth2/authorize?`)).toBe(true);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ scope: 'api refresh_token', login_hint: email });
    const grant = {
      token: new Secret(secret('refresh-token')),
      context: { login_url: 'https://login.salesforce.com.evil.example' },
    };
    expect((await failureOf(oauth().refreshRequest(grant, NEVER))).message).toContain('is no address of Salesforce');
    const context = { instance_url: 'https://evil.example', salesforce_login: '00D1/0051' };
    const access = { ...(await createAccount()).access, context };
    expect((await failureOf(provider().openSession(access, NEVER))).message).toContain('is no address of Salesforce');
  });

  const tokenFaults: [string, VerdictKind, string][] = [
    ['access_revoked', 'reauth_required', 'access_revoked'],
    ['password_changed', 'reauth_required', 'access_revoked'],
    ['token_idle_expired', 'reauth_required', 'access_revoked'],
    ['account_disabled', 'account_gone', 'account_disabled'],
    ['admin_consent_required', 'admin_action', 'admin_consent_required'],
    ['conditional_access', 'admin_action', 'conditional_access'],
    ['app_credentials_invalid', 'misconfigured', 'app_credentials_invalid'],
    ['rate_limited', 'rate_limited', 'rate_limited'],
    ['unavailable', 'transient', 'provider_unavailable'],
    ['rubbish', 'transient', 'provider_unavailable'],
    ['lost_response', 'transient', 'network'],
  ];
  it.each(tokenFaults)('calls a refresh with %s %s', async (fault, kind, reason) => {
    const account = await createAccount();
    await account.fault(fault);
    expect((await failureOf(refresh(account))).verdict).toMatchObject({ kind, reason });
  });

  it('tells a session that has ended from one that is not for the API', async () => {
    const account = await createAccount();
    const verify = async () => (await provider().openSession(account.access, NEVER)).verify();
    await account.fault('scope_removed', { scope: 'api' });
    expect((await failureOf(verify())).verdict).toMatchObject({ kind: 'admin_action', tokenRefused: false });
    await account.fault('session_revoked');
    expect((await failureOf(verify())).verdict).toMatchObject({ kind: 'transient', tokenRefused: true });
  });

  it('revokes a grant, also one that is over', async () => {
    const account = await createAccount();
    const grant = { token: account.tokens.refreshToken!, context: account.tokens.context };
    await oauth().revoke(grant, NEVER);
    expect((await failureOf(refresh(account))).verdict.kind).toBe('reauth_required');
    await oauth().revoke(grant, NEVER);
  });
});

describe('records of Salesforce', () => {
  it('composes a mail of its fields, and lists no task that only logs one', async () => {
    const account = await createAccount();
    const positions = await heads(subject, account);
    const [sent] = await account.deliver(1, { subject: 'Größe & Ähnliches', date: '2026-04-05T06:07:08Z' });
    const [call] = await account.deliver(1, { object: 'Task', subject: 'Call Ana' });
    const task = positions.find(({ scope }) => scope === 'Task')!;
    const { items } = await tasksAfter(account, task.cursor);
    expect(items.map(({ providerId }) => providerId.split('@')[0])).toEqual([call!.provider_id]);
    const mails = await fetched(account, 'EmailMessage', [{ providerId: sent!.provider_id, generation: '' }]);
    const text = await textOf(mails[0]);
    expect(text).toContain('Subject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe_=26_=C3=84hnliches?=');
    expect(text).toContain('Date: Sun, 05 Apr 2026 06:07:08 +0000');
    expect(text).toContain(`To: ${account.email}`);
    expect(await textOf((await fetched(account, 'EmailMessage', [mails[0]!.item]))[0])).toBe(text);
  });

  it('lists each state of a task, a higher revision each, and none that is no more', async () => {
    const account = await createAccount();
    const [task] = (await heads(subject, account)).filter(({ scope }) => scope === 'Task');
    const { id } = await call(account, 'POST', 'sobjects/Task', { Subject: 'Call' });
    const first = await tasksAfter(account, task!.cursor);
    const [one] = await fetched(account, 'Task', first.items);
    await call(account, 'PATCH', `sobjects/Task/${id}`, { Subject: 'Call Ana' });
    const second = await tasksAfter(account, first.cursor);
    const [gone, two] = await fetched(account, 'Task', [...first.items, ...second.items]);
    expect(gone).toMatchObject({ outcome: 'skipped', reason: 'gone' });
    expect([one, two].map((state) => state?.outcome === 'message' && state.record?.providerId)).toEqual([id, id]);
    const revisions = [one, two].map((state) => (state?.outcome === 'message' ? (state.record?.revision ?? 0) : 0));
    expect(revisions[1]).toBeGreaterThan(revisions[0]!);
    expect(revisions[1]).toBeLessThan(2 ** 31);
    expect(two).toMatchObject({ mediaType: 'application/json', envelope: { subject: 'Call Ana' } });
    expect(JSON.parse(await textOf(two))).toMatchObject({ Id: id, Subject: 'Call Ana', Status: null });
  });

  it('lists mails of one second whose ids stand before those of the last page', async () => {
    const account = await createAccount();
    const [mail] = (await heads(subject, account)).filter(({ scope }) => scope === 'EmailMessage');
    await aSecondBegins();
    const delivered = await account.deliver(6);
    const session = await provider().openSession(account.access, NEVER);
    const page = await session.listChanges(mail!, mail!.cursor, 5);
    delivered.push(...(await account.deliver(20)));
    const rest = await session.listChanges(mail!, page.cursor, 100);
    const ids = [...page.items, ...rest.items].map(({ providerId }) => providerId);
    expect(ids.sort()).toEqual(delivered.map(({ provider_id }) => provider_id).sort());
    expect(rest.more).toBe(false);
    const soql = encodeURIComponent('SELECT SystemModstamp FROM EmailMessage');
    const { records } = await read<{ records: { SystemModstamp: string }[] }>(account, `query?q=${soql}`);
    expect(new Set(records.map(({ SystemModstamp }) => SystemModstamp)).size).toBe(1);
  });

  it('asks getUpdated whether there is news, and takes a mail that was read for none', async () => {
    const account = await createAccount();
    await account.deliver(1);
    await aSecondBegins();
    const cursors = new Map((await heads(subject, account)).map(({ scope, cursor }) => [scope, cursor]));
    const session = await provider().openSession(account.access, NEVER);
    const quiet = await session.changedSince!(cursors);
    expect(quiet.changed).toBe(false);
    expect(Math.abs(quiet.at!.getTime() - Date.now())).toBeLessThan(60_000);
    const old = JSON.stringify({ since: new Date(Date.now() - 30 * 86_400_000).toISOString(), seen: [] });
    expect(await session.changedSince!(new Map([['Task', old]]))).toMatchObject({ changed: true });
    const part = { scope: 'EmailMessage', name: 'EmailMessage' };
    expect((await failureOf(session.listChanges(part, old, 10))).verdict.kind).toBe('cursor_expired');
    const [mail] = await account.deliver(1, { date: '2026-03-01T00:00:00Z' });
    expect(await session.changedSince!(cursors)).toMatchObject({ changed: true });
    const later = await heads(subject, account);
    await call(account, 'PATCH', `sobjects/EmailMessage/${mail!.provider_id}`, { Status: '1' });
    const { cursor } = later.find(({ scope }) => scope === 'EmailMessage')!;
    expect((await session.listChanges(part, cursor, 10)).items).toEqual([]);
  });

  it('leaves the last requests of an organization to its other programs', async () => {
    const account = await createAccount();
    await account.fault('requests_nearly_spent');
    const session = await provider().openSession(account.access, NEVER);
    await session.verify();
    const window = { from: new Date(0), to: new Date() };
    const { verdict } = await failureOf(session.listWindow({ scope: 'Task', name: 'Task' }, window, null, 10));
    expect(verdict).toMatchObject({ kind: 'rate_limited', providerCode: 'daily_requests_nearly_spent' });
    expect(verdict.retryAfterMs).toBeGreaterThan(60_000);
    await session.verify();
  });
});
