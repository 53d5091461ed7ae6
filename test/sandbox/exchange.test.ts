import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { secret } from '../support/minting.ts';

/* curl reads the sandbox: its NTLM is not ours, and it sends its requests as they are written here. */
const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'sandbox-exchange-'));
const email = 'ana@contoso.example';
const password = secret('exchange-password');
const wrong = secret('wrong-password');
let sandbox: RunningSandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
});
beforeEach(async () => {
  await control('POST', '/reset');
  await control('PUT', `/accounts/exchange/${email}`, { password, name: 'Ana' });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

async function control<Answer>(method: string, path: string, body: unknown = {}): Promise<Answer> {
  const init = method === 'GET' ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(`${sandbox.addresses.control}/control${path}`, { method, ...init });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

interface Held {
  message_id: string;
  provider_id: string;
  folder: string;
}
const deliver = async (count: number, more: object = {}, to = email) =>
  (await control<{ messages: Held[] }>('POST', `/accounts/exchange/${to}/messages`, { count, ...more })).messages;
const fault = (name: string, more: object = {}) =>
  control<{ id: string }>('POST', '/faults', { provider: 'exchange', fault: name, ...more });

interface Login {
  user?: string;
  password?: string;
  scheme?: 'ntlm' | 'basic';
}

/** `times` requests on one connection; the last answer, and the headers of all. */
async function send(body: string, login: Login = {}, { url = 'url', times = 1 } = {}) {
  const { exchange } = sandbox.addresses;
  const user = `${login.user ?? email}:${login.password ?? password}`;
  const common = ['--cacert', String(exchange['ca_file']), '-i', '-H', 'content-type: text/xml; charset=utf-8'];
  const one = [...common, `--${login.scheme ?? 'ntlm'}`, '-u', user, '-d', body, String(exchange[url])];
  const args = Array.from({ length: times }, (_, index) => (index === 0 ? one : ['--next', ...one])).flat();
  const { stdout } = await run('curl', ['-sS', ...args], { maxBuffer: 64 * 1024 * 1024 });
  const statuses = [...stdout.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  return { status: statuses.at(-1), statuses, text: stdout };
}

const envelope = (body: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const INBOX = '<t:DistinguishedFolderId Id="inbox"/>';
const GET_FOLDER = envelope(
  `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>${INBOX}</m:FolderIds></m:GetFolder>`,
);
const sync = (state = '', most = 512, folder = INBOX) =>
  envelope(
    `<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:SyncFolderId>${folder}</m:SyncFolderId>${state && `<m:SyncState>${state}</m:SyncState>`}<m:MaxChangesReturned>${most}</m:MaxChangesReturned></m:SyncFolderItems>`,
  );
const getItems = (ids: readonly string[]) =>
  envelope(
    `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape><m:ItemIds>${ids.map((id) => `<t:ItemId Id="${id}"/>`).join('')}</m:ItemIds></m:GetItem>`,
  );
const findItems = (restriction = '', offset = 0) =>
  envelope(
    `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="2" Offset="${offset}" BasePoint="Beginning"/>${restriction}<m:ParentFolderIds>${INBOX}</m:ParentFolderIds></m:FindItem>`,
  );

const hierarchy = (state: string) =>
  envelope(
    `<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>${state && `<m:SyncState>${state}</m:SyncState>`}</m:SyncFolderHierarchy>`,
  );

/** What a request that meets a fault is answered. */
const said = async (name: string, more: object = {}) => {
  await fault(name, { email, times: 1, kind: 'api', ...more });
  return await send(GET_FOLDER, { scheme: 'basic' });
};
const autodiscover = (text: string, login: Login = {}) => send(text, login, { url: 'autodiscover_url' });

const all = (name: string, text: string) => [...text.matchAll(new RegExp(`<${name}>([^<]*)`, 'g'))].map(([, it]) => it);
const ids = (text: string) => [...text.matchAll(/<t:ItemId Id="([^"]+)"/g)].map(([, id = '']) => id);
const codes = (text: string) => all('m:ResponseCode', text);
const stateIn = (text: string) => all('m:SyncState', text)[0] ?? '';
const logged = async (kind: string) =>
  (
    await control<{ data: { status: number; email: string; operation: string }[] }>(
      'GET',
      `/requests?provider=exchange&kind=${kind}`,
    )
  ).data;

test('NTLM signs in a connection: by address or DOMAIN\\user, once for all requests on it', async () => {
  const { statuses, text } = await send(GET_FOLDER, { user: 'CONTOSO\\ana' }, { times: 3 });
  expect(text).toMatch(/WWW-Authenticate: NTLM TlRMTVNTUAAC/);
  expect(statuses).toEqual([401, 200, 200, 200]);
  expect((await send(GET_FOLDER)).status).toBe(200);
  expect(await logged('login')).toMatchObject([
    { status: 200, email, operation: 'NTLM' },
    { status: 200, email },
  ]);
});

test('a wrong password, a lock-out and Extended Protection are refused with the same bytes', async () => {
  const refusals = [await send(GET_FOLDER, { password: wrong }), await send(GET_FOLDER, { user: 'CONTOSO\\bob' })];
  const { id } = await fault('extended_protection_required');
  refusals.push(await send(GET_FOLDER));
  // Channel bindings are NTLM's: a password over TLS needs none.
  expect((await send(GET_FOLDER, { scheme: 'basic' })).status).toBe(200);
  await control('DELETE', `/faults/${id}`);
  await fault('locked_out', { email });
  refusals.push(await send(GET_FOLDER));
  const bodies = refusals.map(({ text }) => text.slice(text.lastIndexOf('\r\n\r\n')));
  expect([refusals.map(({ status }) => status), new Set(bodies).size]).toEqual([[401, 401, 401, 401], 1]);
  expect(refusals[0]?.text).toMatch(/WWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=/);
});

test('ten wrong passwords lock the account, for the right one as well, until the lock ends', async () => {
  const { text } = await send(GET_FOLDER, { scheme: 'basic', password: wrong }, { times: 10 });
  expect(text.match(/401 Unauthorized\r/g)).toHaveLength(10);
  expect((await send(GET_FOLDER)).status).toBe(401);
  await control('PUT', '/clock', { offset_s: 601 });
  expect((await send(GET_FOLDER)).status).toBe(200);
});

test('a changed password ends open connections, and a new one is set by hand', async () => {
  await fault('password_changed', { email });
  expect((await send(GET_FOLDER)).status).toBe(401);
  await control('PUT', `/accounts/exchange/${email}`, { password: wrong });
  expect((await send(GET_FOLDER, { password: wrong })).status).toBe(200);
});

test('sync of items: pages up to 512, then what came and went; the state outlives a restart, and nothing else fits it', async () => {
  const [first, ...rest] = await deliver(600);
  const page = await send(sync());
  expect([ids(page.text).length, all('m:IncludesLastItemInRange', page.text)]).toEqual([512, ['false']]);
  const last = await send(sync(stateIn(page.text)));
  expect([ids(last.text).length, all('m:IncludesLastItemInRange', last.text)]).toEqual([88, ['true']]);
  const told = [...ids(page.text), ...ids(last.text)];
  expect(new Set(told)).toEqual(new Set([first, ...rest].map((held) => held?.provider_id)));
  await sandbox.close();
  sandbox = await startSandbox({ dir, port: 0 });
  const [moved, news] = [rest[0]?.provider_id ?? '', (await deliver(1))[0]?.provider_id ?? ''];
  const path = `/accounts/exchange/${email}/messages`;
  await control('DELETE', `${path}/${encodeURIComponent(first?.provider_id ?? '')}`);
  await control('PATCH', `${path}/${encodeURIComponent(moved)}`, { folder: 'Projects' });
  const { text } = await send(sync(stateIn(last.text)));
  expect(text.match(/<t:(Create|Delete)>/g)).toEqual(['<t:Create>', '<t:Delete>', '<t:Delete>']);
  expect(ids(text)).toEqual([news, first?.provider_id, moved]);
  const state = stateIn(text);
  const refused = [sync(state, 512, '<t:DistinguishedFolderId Id="drafts"/>'), sync(state.slice(0, 200))];
  for (const body of refused) expect(codes((await send(body)).text)).toEqual(['ErrorInvalidSyncStateData']);
  expect((await send(sync(state, 513))).status).toBe(500);
  await fault('cursor_expired', { email });
  expect(codes((await send(sync(state))).text)).toEqual(['ErrorInvalidSyncStateData']);
});

test('sync of folders: the ones that every mailbox has, then the ones that were made', async () => {
  const { text } = await send(hierarchy(''));
  expect(all('t:DisplayName', text)).toEqual(expect.arrayContaining(['Inbox', 'Sent Items', 'Junk Email', 'Calendar']));
  await deliver(1, { folder: 'Projects/2026' });
  const after = await send(hierarchy(stateIn(text)));
  expect(all('t:DisplayName', after.text)).toEqual(['Projects', '2026']);
  expect(codes((await send(sync(stateIn(text)))).text)).toEqual(['ErrorInvalidSyncStateData']);
});

test('a search by date, the newest first, in pages', async () => {
  const [old, one, other] = [
    ...(await deliver(1, { date: '2026-01-01T00:00:00Z' })),
    ...(await deliver(1, { date: '2026-02-01T00:00:00Z' })),
    ...(await deliver(1, { date: '2026-03-01T00:00:00Z' })),
  ].map(({ provider_id }) => provider_id);
  const first = await send(findItems());
  expect([ids(first.text), /IncludesLastItemInRange="false"/.test(first.text)]).toEqual([[other, one], true]);
  expect(ids((await send(findItems('', 2))).text)).toEqual([old]);
  const since = `<m:Restriction><t:IsGreaterThanOrEqualTo><t:FieldURI FieldURI="item:DateTimeReceived"/><t:FieldURIOrConstant><t:Constant Value="2026-03-01T00:00:00Z"/></t:FieldURIOrConstant></t:IsGreaterThanOrEqualTo></m:Restriction>`;
  expect(ids((await send(findItems(since))).text)).toEqual([other]);
});

test('a batch of items: MIME made anew, one verdict for each, and a batch that is stopped', async () => {
  const sent = await deliver(4);
  const wanted = [...sent.map(({ provider_id }) => provider_id), 'AAMkAGnone', 'strange'];
  await fault('conversion_failed', { email, message: wanted[1] });
  const { text } = await send(getItems(wanted));
  expect(codes(text)).toEqual([
    'NoError',
    'ErrorMimeContentConversionFailed',
    'NoError',
    'NoError',
    'ErrorItemNotFound',
    'ErrorInvalidIdMalformed',
  ]);
  const mime = [...text.matchAll(/<t:MimeContent[^>]*>([^<]+)/g)].map(([, it = '']) => Buffer.from(it, 'base64'));
  expect(mime[0]?.toString()).toContain(`Message-ID: ${sent[0]?.message_id}`);
  await fault('batch_stopped', { email, times: 1 });
  expect(codes((await send(getItems(wanted.slice(2, 4)))).text)).toEqual(['NoError', 'ErrorBatchProcessingStopped']);
});

test('a delegate reads the mailbox, others do not', async () => {
  const bob = { user: 'bob@contoso.example', password };
  await control('PUT', '/accounts/exchange/bob@contoso.example', { password });
  const shared = GET_FOLDER.replace(
    INBOX,
    `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>${email}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`,
  );
  expect(codes((await send(shared, bob)).text)).toEqual(['ErrorAccessDenied']);
  await control('PUT', `/accounts/exchange/${email}`, { delegates: ['bob@contoso.example'] });
  expect(codes((await send(shared, bob)).text)).toEqual(['NoError']);
  expect(codes((await send(shared.replace(email, 'eve@contoso.example'), bob)).text)).toEqual([
    'ErrorNonExistentMailbox',
  ]);
});

test('a message that is sent arrives at To and BccRecipients, without its Bcc, and is kept', async () => {
  const [bob, eve] = ['bob@contoso.example', 'eve@contoso.example'];
  for (const other of [bob, eve]) await control('PUT', `/accounts/exchange/${other}`, { password });
  const mime = `From: ${email}\r\nTo: Ana <${email}>\r\nBcc: ${bob}\r\nSubject: Sent\r\nMessage-ID: <s@x>\r\n\r\nhi\r\n`;
  const body = envelope(
    `<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:Message><t:MimeContent>${Buffer.from(mime).toString('base64')}</t:MimeContent><t:BccRecipients><t:Mailbox><t:EmailAddress>${eve}</t:EmailAddress></t:Mailbox></t:BccRecipients></t:Message></m:Items></m:CreateItem>`,
  );
  expect(codes((await send(body)).text)).toEqual(['NoError']);
  const { messages } = await control<{ messages: Held[] }>('GET', `/accounts/exchange/${email}/messages`);
  expect(messages.map(({ folder, message_id }) => [folder, message_id])).toEqual([
    ['INBOX', '<s@x>'],
    ['Sent Items', '<s@x>'],
  ]);
  const arrivals = [bob, eve].map((other) =>
    control<{ messages: Held[] }>('GET', `/accounts/exchange/${other}/messages`),
  );
  expect((await Promise.all(arrivals)).map((got) => got.messages.length)).toEqual([0, 1]);
  const [arrived] = messages;
  const { text } = await send(getItems([arrived?.provider_id ?? '']));
  const [, content = ''] = /<t:MimeContent[^>]*>([^<]+)/.exec(text) ?? [];
  expect(Buffer.from(content, 'base64').toString()).toBe(mime.replace(/Bcc.*\r\n/, ''));
});

test('busy in both forms, no mailbox, down: each as Exchange says it', async () => {
  const busy = await said('rate_limited', { retry_after_s: 7 });
  expect([busy.status, /BackOffMilliseconds">7000</.test(busy.text)]).toEqual([500, true]);
  expect(busy.text).toContain('a:ErrorServerBusy');
  const inside = await said('server_busy_inside', { retry_after_s: 7 });
  expect([inside.status, codes(inside.text)]).toEqual([200, ['ErrorInternalServerError']]);
  expect(inside.text).toContain('InnerErrorResponseCode">ErrorServerBusy<');
  expect((await said('mailbox_unavailable')).text).toContain('a:ErrorNonExistentMailbox');
  expect((await said('unavailable')).status).toBe(503);
  await expect(said('cut_connection')).rejects.toThrow('Empty reply');
});

test('Autodiscover names the address to those who sign in', async () => {
  const body = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${email}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`;
  expect(all('EwsUrl', (await autodiscover(body)).text)).toEqual([sandbox.addresses.exchange['url']]);
  expect((await autodiscover(body.replace(email, 'eve@contoso.example'))).text).toContain('<ErrorCode>500<');
  expect((await autodiscover(body, { password: wrong, scheme: 'basic' })).status).toBe(401);
});
