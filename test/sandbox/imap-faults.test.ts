import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Condition } from '../../sandbox/conditions.ts';
import { imapFlow, password, RawClient, signedIn, startImapServer, type TestImapServer } from './imap-server.ts';

let server: TestImapServer;
let accounts = 0;

beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server.stop());

function newAccount(): string {
  const email = `fault${++accounts}@mail.example`;
  server.provider.putAccount(email, { password });
  return email;
}

function condition(email: string, fault: string, more: Partial<Condition> = {}): Condition {
  return server.deps.conditions.add({ provider: 'imap', email, fault, ...more });
}

async function logIn(email: string): Promise<string> {
  const client = await RawClient.open(server.port);
  await client.startTls(server.ca);
  const answer = await client.command(`LOGIN ${email} "${password}"`).catch((error: Error) => error.message);
  client.close();
  return answer;
}

const statuses = (email: string, kind: string): (number | null)[] =>
  server.deps.requests.list({ provider: 'imap', email, kind }).map(({ status }) => status);

describe('a login', () => {
  it.each([
    ['account_disabled', /^x2 NO \[CONTACTADMIN\] /, 403],
    ['mailbox_unavailable', /^x2 NO Lookup failed /, 403],
    ['mfa_required', /^x2 NO \[ALERT\] Application-specific password required/, 401],
    ['rate_limited', /^x2 NO \[ALERT\] Too many simultaneous connections/, 429],
    ['unavailable', /^x2 NO \[UNAVAILABLE\] /, 503],
  ])('meets %s once, and then works', async (fault, answer, status) => {
    const email = newAccount();
    condition(email, fault, { kind: 'login', times: 1 });
    expect(await logIn(email)).toMatch(answer);
    expect(await logIn(email)).toMatch(/^x2 OK/);
    expect(statuses(email, 'login')).toEqual([status, 200]);
  });

  it('can be slow, rubbish, or cut before and after it was looked at', async () => {
    const email = newAccount();
    condition(email, 'slow', { ms: 300, times: 1 });
    const start = performance.now();
    expect(await logIn(email)).toMatch(/^x2 OK/);
    expect(performance.now() - start).toBeGreaterThan(290);
    condition(email, 'rubbish', { times: 1 });
    expect(await logIn(email)).toContain('502 Bad Gateway');
    condition(email, 'cut_connection', { after: 'request', times: 1 });
    expect(await logIn(email)).toContain('closed after ""');
    condition(email, 'cut_connection', { after: 'processing', times: 1 });
    expect(await logIn(email)).toContain('closed after ""');
    expect(statuses(email, 'login')).toEqual([200, null, null, null]);
  });

  it('is in the log before it is answered', async () => {
    const email = newAccount();
    condition(email, 'slow', { ms: 200, times: 1 });
    const login = logIn(email);
    await sleep(100);
    expect(statuses(email, 'login')).toEqual([null]);
    await login;
    expect(statuses(email, 'login')).toEqual([200]);
  });
});

describe('a command', () => {
  it.each([
    ['rate_limited', {}, 'NO [LIMIT] SELECT Rate limit hit.', 429],
    ['rate_limited', { retry_after_s: 7 }, 'BAD Request is throttled. Suggested Backoff Time: 7000 milliseconds', 429],
    ['unavailable', {}, 'NO [UNAVAILABLE] SELECT Server error, please try again later', 503],
    ['mailbox_unavailable', {}, 'BAD User is authenticated but not connected.', 403],
  ])('meets %s %j', async (fault, more, answer, status) => {
    const email = newAccount();
    const client = await RawClient.signedIn(server, email);
    condition(email, fault, { times: 1, ...more });
    expect(await client.command('SELECT INBOX')).toContain(answer);
    expect(await client.command('SELECT INBOX')).toContain('OK [READ-WRITE]');
    expect(statuses(email, 'api')).toEqual([status, 200]);
    client.close();
  });

  it('is what fails, not the login, while the mailbox is unavailable', async () => {
    const email = newAccount();
    const unavailable = condition(email, 'mailbox_unavailable');
    const client = await RawClient.signedIn(server, email);
    expect(await client.command('LIST "" "*"')).toContain('BAD User is authenticated but not connected.');
    server.deps.conditions.remove(unavailable.id);
    expect(await client.command('LIST "" "*"')).toContain('OK List completed.');
    client.close();
  });

  it('of a disabled account ends its session', async () => {
    const email = newAccount();
    const client = await RawClient.signedIn(server, email);
    const disabled = condition(email, 'account_disabled');
    client.send('a SELECT INBOX\r\n');
    expect(await client.rest()).toMatch(/^\* BYE \[CONTACTADMIN\]/);
    expect(await logIn(email)).toContain('NO [CONTACTADMIN]');
    server.deps.conditions.remove(disabled.id);
    expect(await logIn(email)).toContain('OK');
  });

  it('is carried out and never answered when the connection is cut after processing', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 1 });
    const client = await RawClient.signedIn(server, email);
    await client.command('SELECT INBOX');
    condition(email, 'cut_connection', { after: 'processing', times: 1 });
    client.send('a STORE 1 +FLAGS (\\Seen)\r\n');
    expect(await client.rest()).toBe('');
    const again = await RawClient.signedIn(server, email);
    await again.command('SELECT INBOX');
    expect(await again.command('FETCH 1 FLAGS')).toContain('(FLAGS (\\Seen))');
    expect(statuses(email, 'api')).toEqual([200, null, 200, 200]);
    again.close();
  });

  it('leaves conditions of other accounts and kinds alone', async () => {
    const email = newAccount();
    condition('somebody.else@mail.example', 'unavailable');
    condition(email, 'unavailable', { kind: 'login' });
    const elsewhere = newAccount();
    const client = await signedIn(server, elsewhere);
    await client.mailboxOpen('INBOX');
    await client.logout();
    server.deps.conditions.clear();
  });
});

describe('what IDLE says', () => {
  it('can be lost; the next command tells', async () => {
    const email = newAccount();
    const client = await RawClient.signedIn(server, email);
    await client.command('SELECT INBOX');
    client.send('a IDLE\r\n');
    await client.until(/^\+ idling\r\n/);
    condition(email, 'push_dropped', { times: 1 });
    server.provider.deliver(email, { count: 1 });
    server.provider.deliver(email, { count: 1 });
    expect(await client.until(/EXISTS\r\n/)).toBe('* 2 EXISTS\r\n');
    client.send('DONE\r\n');
    await client.until(/^a OK.*\r\n/m);
    client.close();
  });
});

describe('events', () => {
  it('sign out everywhere, and signing in again works', async () => {
    const email = newAccount();
    const client = await RawClient.signedIn(server, email);
    expect(server.provider.account(email)?.live).toBe(1);
    server.provider.event('session_revoked', { email });
    expect(await client.rest()).toMatch(/^\* BYE Session expired/);
    expect(await logIn(email)).toMatch(/^x2 OK/);
  });

  it('hit the whole provider when no account is named', async () => {
    const [one, other] = [newAccount(), newAccount()];
    server.provider.event('password_changed', {});
    for (const email of [one, other]) {
      await expect(imapFlow(server, email).connect()).rejects.toMatchObject({ authenticationFailed: true });
    }
  });

  it('are refused where a mail server has no such thing', () => {
    for (const fault of ['cursor_expired', 'scope_removed', 'token_idle_expired', 'lost_response', 'push_duplicated']) {
      expect(server.provider.supports(fault)).toBeUndefined();
    }
    expect(() => server.provider.configure({ token_life_s: 60 })).toThrow(/token_life_s/);
    expect(() => server.provider.deliver('nobody@mail.example', { count: 1 })).toThrow(/nobody@mail.example/);
  });
});
