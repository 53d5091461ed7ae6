import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { IMMUTABLE, MicrosoftApp, SCOPES } from './microsoft-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-graph-'));
const email = 'ana@contoso.example';
let sandbox: RunningSandbox;
let app: MicrosoftApp;
let token: string;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new MicrosoftApp(sandbox.addresses);
});
beforeEach(async () => {
  await app.ok('POST', '/reset');
  token = (await app.connect(email)).access_token;
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await app.graph(path, token, { headers });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json;
};
const code = async (path: string, accessToken = token) => {
  const { status, json } = await app.graph(path, accessToken);
  return [status, json?.error?.code];
};
const list = (path: string) => app.pages(path, token, IMMUTABLE);
const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

test('who it is: me, by id and by address; of others only with a scope about all', async () => {
  const me = await get('me');
  expect(me).toMatchObject({ mail: email, userPrincipalName: email });
  expect((await get(`users/${me.id}`)).id).toBe(me.id);
  await app.account('bob@contoso.example');
  expect(await code('users/bob@contoso.example')).toEqual([403, 'Authorization_RequestDenied']);
});

test('folders in pages of ten, nested ones below their parent, hidden ones when asked for, by well-known name', async () => {
  await app.deliver(email, 2, { folder: 'Projects/2026' });
  for (const name of ['A', 'B', 'C']) await app.deliver(email, 1, { folder: name });
  const first = await get('me/mailFolders');
  expect(first.value).toHaveLength(10);
  const { items, pages } = await list('me/mailFolders');
  expect(pages).toBe(2);
  const names = items.map((folder) => folder['displayName']);
  expect(names).toEqual(expect.arrayContaining(['Inbox', 'Sent Items', 'Junk Email', 'Projects', 'A']));
  expect(names).not.toContain('Sync Issues');
  const all = await list('me/mailFolders?includeHiddenFolders=true&$top=100');
  expect(all.items.map((folder) => folder['displayName'])).toContain('Sync Issues');
  const projects = items.find((folder) => folder['displayName'] === 'Projects');
  expect(projects).toMatchObject({ childFolderCount: 1, totalItemCount: 0 });
  const children = await get(`me/mailFolders/${projects?.id}/childFolders`);
  expect(children.value).toMatchObject([{ displayName: '2026', totalItemCount: 2, parentFolderId: projects?.id }]);
  const inbox = await get(`me/mailFolders('inbox')`);
  expect(inbox.id).toBe((await get('me/mailFolders/Inbox')).id);
  expect(inbox.parentFolderId).toBe((await get('me/mailFolders/msgfolderroot')).id);
  expect(await code('me/mailFolders/nonsense')).toEqual([400, 'ErrorInvalidIdMalformed']);
  expect(await code('me/mailFolders/AAMkAGnothing=')).toEqual([404, 'ErrorItemNotFound']);
});

test('the delta of folders tells nested ones, and later what is new', async () => {
  await app.deliver(email, 1, { folder: 'Projects/2026' });
  const all = await list('me/mailFolders/delta');
  expect(all.items.map((folder) => folder['displayName'])).toEqual(expect.arrayContaining(['Inbox', '2026']));
  expect((await list(all.deltaLink)).items).toEqual([]);
  await app.deliver(email, 1, { folder: 'Later' });
  expect((await list(all.deltaLink)).items.map((folder) => folder['displayName'])).toEqual(['Later']);
});

const inboxDelta = 'me/mailFolders/inbox/messages/delta';

test('a delta has no "now": a walk through the folder, page by page, then what came and what went', async () => {
  const sent = await app.deliver(email, 25);
  const prefer = { prefer: 'IdType="ImmutableId", odata.maxpagesize=10' };
  const walk = await app.pages(`${inboxDelta}?$select=id&$deltatoken=latest`, token, prefer);
  expect([ids(walk.items), walk.pages]).toEqual([sent.map(({ provider_id }) => provider_id), 3]);
  expect(Object.keys(walk.items[0] ?? {}).toSorted()).toEqual(['@odata.etag', '@odata.type', 'id']);
  const later = await app.deliver(email, 2);
  await app.ok('DELETE', `/accounts/microsoft/${email}/messages/${sent[3]?.provider_id}`);
  const round = await app.pages(walk.deltaLink, token, prefer);
  expect(round.items.slice(0, 2).map(({ id }) => id)).toEqual(later.map(({ provider_id }) => provider_id));
  expect(round.items[2]).toMatchObject({ id: sent[3]?.provider_id, '@removed': { reason: 'deleted' } });
  expect((await app.pages(round.deltaLink, token, prefer)).items).toEqual([]);
});

test('a full page leads to another one, which may be empty', async () => {
  await app.deliver(email, 20);
  const { pages, items } = await app.pages(inboxDelta, token, { prefer: 'odata.maxpagesize=10' });
  expect([pages, items.length]).toEqual([3, 20]);
});

test('what is asked for at first stays fixed in the link: select, filter, changeType; ids are as each request wants', async () => {
  const [sent] = await app.deliver(email, 1);
  const first = await app.pages(`${inboxDelta}?$select=subject&changeType=created`, token);
  await app.ok('DELETE', `/accounts/microsoft/${email}/messages/${sent?.provider_id}`);
  const [next] = await app.deliver(email, 1, { subject: 'Next' });
  const mutable = (await app.pages(first.deltaLink, token)).items;
  expect(mutable).toMatchObject([{ subject: 'Next' }]);
  expect(mutable[0]).not.toHaveProperty('receivedDateTime');
  expect(mutable[0]?.id).not.toBe(next?.provider_id);
  expect(ids((await list(first.deltaLink)).items)).toEqual([next?.provider_id]);
  expect(await code(`${inboxDelta}?$filter=subject eq 'x'`)).toEqual([400, 'ErrorInvalidUrlQueryFilter']);
  const future = new Date(Date.now() + 3600_000).toISOString();
  const filtered = await list(`${inboxDelta}?$filter=receivedDateTime ge ${future}`);
  await app.deliver(email, 1);
  const [late] = await app.deliver(email, 1, { date: new Date(Date.now() + 7200_000).toISOString() });
  expect([filtered.items, ids((await list(filtered.deltaLink)).items)]).toEqual([[], [late?.provider_id]]);
});

test('a delta with a filter tells 5,000 messages and no more', async () => {
  await app.deliver(email, 5_200);
  const prefer = { prefer: 'odata.maxpagesize=1000' };
  const { items } = await app.pages(`${inboxDelta}?$select=id&$filter=receivedDateTime ge 2020-01-01`, token, prefer);
  expect(items).toHaveLength(5_000);
});

test('a move keeps the immutable id and changes the other; there and back between two rounds is lost for good', async () => {
  const [moved, returned] = await app.deliver(email, 2);
  const archiveDelta = 'me/mailFolders/archive/messages/delta';
  const inbox = await list(inboxDelta);
  const archive = await list(archiveDelta);
  const mutable = await app.pages(inboxDelta, token);
  expect(await app.move(email, moved?.provider_id, 'Archive')).toMatchObject({
    provider_id: moved?.provider_id,
    folder: 'Archive',
  });
  await app.move(email, returned?.provider_id, 'Archive');
  await app.move(email, returned?.provider_id, 'INBOX');
  const left = await list(inbox.deltaLink);
  const removed = { reason: 'changed' };
  expect(left.items).toMatchObject([
    { id: moved?.provider_id, '@removed': removed },
    { id: returned?.provider_id, '@removed': removed },
  ]);
  expect((await list(left.deltaLink)).items).toEqual([]);
  const came = (await list(archive.deltaLink)).items;
  expect(came.filter(({ id }) => id === moved?.provider_id)).toHaveLength(2); // moved in: told twice
  const now = await list('me/mailFolders/inbox/messages');
  expect(ids(now.items)).toEqual([returned?.provider_id]);
  const seen = (await app.pages(mutable.deltaLink, token)).items;
  expect(seen.filter((item) => item['@removed'] === undefined)).toHaveLength(2); // the one that came back, told twice
  const old = mutable.items[0]?.id ?? '';
  expect(await code(`me/messages/${old}`)).toEqual([404, 'ErrorItemNotFound']);
  expect((await get(`me/messages/${moved?.provider_id}`, IMMUTABLE)).id).toBe(moved?.provider_id);
});

test('sync state that is gone: 410 for a deltaLink, 410 with a fresh start for a nextLink', async () => {
  await app.deliver(email, 25);
  const { deltaLink } = await list(inboxDelta);
  const first = await get(inboxDelta, IMMUTABLE);
  await app.fault('cursor_expired', { email });
  expect(await code(deltaLink)).toEqual([410, 'SyncStateNotFound']);
  const expired = await app.graph(first['@odata.nextLink'], token);
  expect([expired.status, expired.json.error.code]).toEqual([410, 'resyncRequired']);
  expect((await app.pages(expired.headers.get('location') ?? '', token)).items).toHaveLength(25);
  expect(await code(`${inboxDelta}?$deltatoken=nonsense`)).toEqual([400, 'BadRequest']);
});

test('many walks through one mailbox age each other’s links', async () => {
  const { deltaLink } = await list(inboxDelta);
  for (let walk = 0; walk < 241; walk++) await get('me/mailFolders/drafts/messages/delta');
  expect(await code(deltaLink)).toEqual([410, 'SyncStateNotFound']);
});

const at = async (date: string, folder = 'INBOX') => (await app.deliver(email, 1, { date, folder }))[0]?.provider_id;
const march = (where: string, more = '') =>
  `me/${where}?$filter=receivedDateTime ge 2026-03-01T12:00:00Z and receivedDateTime lt 2026-03-03T00:00:00Z&$select=id,receivedDateTime${more}`;

test('a window is listed by date of arrival, in pages', async () => {
  const first = await at('2026-03-01T12:00:00Z');
  const second = await at('2026-03-02T12:00:00Z');
  const archived = await at('2026-03-02T13:00:00Z', 'Archive');
  const inbox = 'mailFolders/inbox/messages';
  expect(ids((await list(march(inbox, '&$orderby=receivedDateTime asc&$top=1'))).items)).toEqual([first, second]);
  expect(ids((await list(march(inbox, '&$orderby=receivedDateTime desc'))).items)).toEqual([second, first]);
  expect(ids((await list(march('messages', '&$orderby=receivedDateTime asc'))).items)).toEqual([
    first,
    second,
    archived,
  ]);
  expect((await list(march(inbox))).items[0]).toMatchObject({ receivedDateTime: expect.stringMatching(/:00Z$/) });
  const { '@odata.nextLink': next } = await get(march(inbox, '&$top=1'));
  expect(next).toContain('$filter=receivedDateTime%20ge%20');
  const wrongOrder = 'me/messages?$filter=isDraft eq false&$orderby=receivedDateTime';
  expect(await code(wrongOrder)).toEqual([400, 'InefficientFilter']);
  expect(await code('me/messages?$filter=nonsense')).toEqual([400, 'ErrorInvalidUrlQueryFilter']);
});

test('a message as MIME, made anew for each reader; the same mail all the same', async () => {
  const [sent] = await app.deliver(email, 1, { subject: 'Größe & Ähnliches', size: 200_000 });
  const read = async () => {
    const answer = await fetch(`${app.microsoft['graph_api_url']}/me/messages/${sent?.provider_id}/$value`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return Buffer.from(await answer.arrayBuffer());
  };
  const [one, other] = [await read(), await read()];
  expect([one.equals(other), Math.abs(one.length - 200_000) < 10]).toEqual([false, true]);
  const parsed = await PostalMime.parse(one);
  expect(parsed).toMatchObject({ subject: 'Größe & Ähnliches', messageId: sent?.message_id, to: [{ address: email }] });
  const shown = await get(`me/messages/${sent?.provider_id}`);
  expect(shown).toMatchObject({ internetMessageId: sent?.message_id, subject: 'Größe & Ähnliches', isDraft: false });
  expect(await code(`me/messages/${sent?.provider_id}x`)).toEqual([404, 'ErrorItemNotFound']);
  expect((await app.graph(`me/messages/${sent?.provider_id}/%24value`, token)).status).toBe(200);
  const [bad] = await app.deliver(email, 1, { malformed: true });
  expect((await app.graph(`me/messages/${bad?.provider_id}/$value`, token)).text).toContain(bad?.message_id);
});

const scopes = (scope: string) => ({
  authorize: { scope: SCOPES.replace('https://graph.microsoft.com/Mail.Read', scope) },
});

test('what the scopes allow: headers without bodies, another’s mailbox only for its delegates', async () => {
  const [sent] = await app.deliver(email, 1);
  const basic = (await app.connect(email, scopes('Mail.ReadBasic'))).access_token;
  expect((await app.graph(`me/messages/${sent?.provider_id}`, basic)).status).toBe(200);
  expect(await code(`me/messages/${sent?.provider_id}/$value`, basic)).toEqual([403, 'ErrorAccessDenied']);
  const bob = 'bob@contoso.example';
  const delegate = (await app.connect(bob, scopes('Mail.Read.Shared'))).access_token;
  const shared = `users/${email}/mailFolders/inbox/messages`;
  expect(await code(shared, delegate)).toEqual([403, 'ErrorAccessDenied']);
  await app.account(email, { delegates: [bob] });
  const page = (await app.graph(shared, delegate, { headers: IMMUTABLE })).json;
  expect(ids(page.value)).toEqual([sent?.provider_id]);
  expect((await app.graph('me/mailFolders/inbox', delegate)).json.totalItemCount).toBe(0);
  expect(await code(shared, (await app.connect(bob)).access_token)).toEqual([403, 'ErrorAccessDenied']);
  expect(await code('users/absent@contoso.example/messages', delegate)).toEqual([404, 'ErrorInvalidUser']);
  const { deltaLink } = await app.pages(`users/${email}/${inboxDelta.slice(3)}`, delegate, IMMUTABLE);
  expect(deltaLink).toContain(`/users/${email}/`);
});

test('more than four at a time at one mailbox are too many, and a batch is four', async () => {
  const [sent] = await app.deliver(email, 1);
  const read = () => app.graph(`me/messages/${sent?.provider_id}`, token);
  const four = await Promise.all(Array.from({ length: 4 }, read));
  expect(four.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const many = await Promise.all(Array.from({ length: 40 }, read));
  const refused = many.find(({ status }) => status === 429);
  expect(refused?.json.error).toEqual({
    code: 'ApplicationThrottled',
    message: 'Application is over its MailboxConcurrency limit.',
  });
  expect((await read()).status).toBe(200);
});

const step = (id: number, url: string) => ({ id: String(id), method: 'GET', url, headers: IMMUTABLE });

test('a batch answers each call on its own, in JSON or base64', async () => {
  const sent = await app.deliver(email, 3);
  const batch = (requests: unknown[]) => app.graph('$batch', token, { method: 'POST', json: { requests } });
  await app.fault('rate_limited', { email, times: 1, retry_after_s: 7 });
  const { json } = await batch([
    ...sent.map(({ provider_id }, index) => step(index, `/me/messages/${provider_id}/$value`)),
    step(3, '/me/messages/AAkALgnothing'),
    step(4, '/me/mailFolders/inbox?$select=displayName'),
  ]);
  const statuses = json.responses.map((response: { status: number }) => response.status);
  expect(statuses).toEqual([429, 200, 200, 404, 200]);
  expect(json.responses[0].headers['retry-after']).toBe('7');
  const mime = Buffer.from(json.responses[1].body, 'base64').toString();
  expect(mime).toContain(sent[1]?.message_id);
  expect(json.responses[4].body).toMatchObject({ displayName: 'Inbox' });
  expect((await batch(Array.from({ length: 21 }, (_, index) => step(index, '/me')))).status).toBe(400);
});

test('10,000 messages are walked in pages, each once', async () => {
  await app.deliver(email, 10_000);
  const prefer = { prefer: 'IdType="ImmutableId", odata.maxpagesize=500' };
  const walk = await app.pages(`${inboxDelta}?$select=id`, token, prefer);
  expect([new Set(ids(walk.items)).size, walk.pages]).toEqual([10_000, 21]);
  const window = await list('me/messages?$select=id&$top=1000&$filter=receivedDateTime ge 2020-01-01T00:00:00Z');
  expect(new Set(ids(window.items)).size).toBe(10_000);
});
