import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { GoogleApp } from './google-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-gmail-'));
const email = 'ana@example.com';
let sandbox: RunningSandbox;
let app: GoogleApp;
let token: string;

const NOT_FOUND =
  '{\n  "error": {\n    "code": 404,\n    "message": "Requested entity was not found.",\n    "errors": [\n      {\n        "message": "Requested entity was not found.",\n        "domain": "global",\n        "reason": "notFound"\n      }\n    ],\n    "status": "NOT_FOUND"\n  }\n}';

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new GoogleApp(sandbox.addresses);
});
beforeEach(async () => {
  await app.ok('POST', '/reset');
  token = (await app.connect(email)).access_token;
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const get = async (path: string) => {
  const answer = await app.gmail(path, token);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json;
};

/** All pages of a listing, by its item name. */
async function pages(path: string, items: string): Promise<{ id: string }[]> {
  const found: { id: string }[] = [];
  for (let pageToken = ''; ;) {
    const page = await get(`${path}${path.includes('?') ? '&' : '?'}${pageToken && `pageToken=${pageToken}`}`);
    found.push(...(page[items] ?? []));
    if (!page.nextPageToken) return found;
    pageToken = page.nextPageToken;
  }
}

const seconds = (iso: string) => Date.parse(iso) / 1000;
const search = async (q: string) =>
  (await pages(`messages?q=${encodeURIComponent(q)}`, 'messages')).map(({ id }) => id);

test('history tells what came since a history id, over pages, and what was deleted', async () => {
  const { historyId: start } = await get('profile');
  expect((await get(`history?startHistoryId=${start}`)).history).toBeUndefined();
  const sent = await app.deliver(email, 7);
  const records = await pages(`history?startHistoryId=${start}&historyTypes=messageAdded&maxResults=3`, 'history');
  const added = records.flatMap(
    (record) => (record as unknown as { messagesAdded: { message: { id: string } }[] }).messagesAdded,
  );
  expect(added.map(({ message }) => message.id)).toEqual(sent.map(({ provider_id }) => provider_id));
  const { historyId: now } = await get('profile');
  await app.ok('DELETE', `/accounts/google/${email}/messages/${sent[0]?.provider_id}`);
  const deleted = await get(`history?startHistoryId=${now}`);
  expect(deleted.history).toMatchObject([{ messagesDeleted: [{ message: { id: sent[0]?.provider_id } }] }]);
  expect((await app.gmail(`messages/${sent[0]?.provider_id}`, token)).text).toBe(NOT_FOUND);
  expect((await app.ok('GET', `/accounts/google/${email}/messages`)).messages).toHaveLength(6);
});

test('an expired cursor is a 404, the one after it is good', async () => {
  await app.deliver(email, 2);
  const { historyId: before } = await get('profile');
  await app.fault('cursor_expired', { email });
  expect(await app.gmail(`history?startHistoryId=${before}`, token)).toMatchObject({ status: 404, text: NOT_FOUND });
  const { historyId: after } = await get('profile');
  await app.deliver(email, 1);
  expect((await get(`history?startHistoryId=${after}`)).history).toHaveLength(1);
});

test('messages are listed newest first, without spam and trash, over pages that arrivals do not shift', async () => {
  const inbox = await app.deliver(email, 5);
  await app.deliver(email, 1, { folder: 'Spam' });
  await app.deliver(email, 1, { folder: 'trash' });
  const old = await app.deliver(email, 1, { date: '2026-01-05T10:00:00Z', folder: 'Projects' });
  const expected = [...inbox.toReversed(), ...old].map(({ provider_id }) => provider_id);
  expect((await pages('messages?maxResults=2', 'messages')).map(({ id }) => id)).toEqual(expected);
  expect(await pages('messages?includeSpamTrash=true', 'messages')).toHaveLength(8);
  const first = await get('messages?maxResults=4');
  await app.deliver(email, 3);
  const second = await get(`messages?maxResults=4&pageToken=${first.nextPageToken}`);
  expect([...first.messages, ...second.messages].map(({ id }) => id)).toEqual(expected);
  expect((await get('messages?q=in:projects')).messages).toHaveLength(1);
  expect((await get('messages?q=in:spam')).messages).toHaveLength(1);
  expect((await get('messages?q=in:nowhere')).messages).toBeUndefined();
});

test('q narrows by time, in seconds or days, and by folder', async () => {
  const at = async (date: string, more = {}) => (await app.deliver(email, 1, { date, ...more }))[0]?.provider_id;
  const a = await at('2026-03-01T12:00:00Z');
  const b = await at('2026-03-02T12:00:00Z');
  const draft = await at('2026-03-02T13:00:00Z', { folder: 'DRAFT' });
  expect(await search(`after:${seconds('2026-03-01T12:00:00Z')} before:${seconds('2026-03-02T12:00:00Z')}`)).toEqual([
    a,
  ]);
  expect(await search('after:2026/03/02 -in:drafts')).toEqual([b]);
  expect(await search('before:2026/03/02')).toEqual([a]);
  expect(await search('in:drafts')).toEqual([draft]);
  expect((await app.gmail('messages?q=larger:5M', token)).status).toBe(400);
});

test('a message comes whole, as MIME that a parser understands, with the date it was given', async () => {
  const [sent] = await app.deliver(email, 1, {
    subject: 'Größe & Ähnliches',
    date: '2026-02-03T04:05:06Z',
    size: 200_000,
  });
  const message = await get(`messages/${sent?.provider_id}?format=raw`);
  expect(message.internalDate).toBe(String(Date.parse('2026-02-03T04:05:06Z')));
  expect(message.labelIds).toEqual(['INBOX', 'UNREAD']);
  const bytes = Buffer.from(message.raw, 'base64url');
  expect(bytes.length).toBe(message.sizeEstimate);
  expect(Math.abs(bytes.length - 200_000)).toBeLessThan(10);
  const parsed = await PostalMime.parse(bytes);
  expect(parsed).toMatchObject({ subject: 'Größe & Ähnliches', messageId: sent?.message_id, to: [{ address: email }] });
  expect(Date.parse(parsed.date ?? '')).toBe(Date.parse('2026-02-03T04:05:06Z'));
  expect(parsed.text).toContain('Hello');
  const full = await get(`messages/${sent?.provider_id}?format=full`);
  expect(full.payload.parts.map(({ mimeType }: { mimeType: string }) => mimeType)).toEqual(['text/plain', 'text/html']);
  const metadata = await get(`messages/${sent?.provider_id}?format=metadata&metadataHeaders=Message-ID`);
  expect(metadata.payload.headers).toEqual([{ name: 'Message-ID', value: sent?.message_id }]);
});

test('a malformed message is delivered all the same, and is no well-formed one', async () => {
  const [sent] = await app.deliver(email, 1, { malformed: true });
  const { raw } = await get(`messages/${sent?.provider_id}?format=raw`);
  const bytes = Buffer.from(raw, 'base64url');
  expect(bytes.includes(sent?.message_id ?? '?')).toBe(true);
  expect(bytes.includes('\r\n\r\n')).toBe(false);
});

const part = (id: string, index: number) =>
  `--b1\r\nContent-Type: application/http\r\nContent-ID: <item${index}>\r\n\r\nGET /gmail/v1/users/me/messages/${id}?format=minimal HTTP/1.1\r\n\r\n\r\n`;

test('a batch answers each call on its own', async () => {
  const sent = await app.deliver(email, 3);
  const batch = (ids: readonly string[]) =>
    app.fetch(`${app.google['gmail_api_url']}/batch/gmail/v1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/mixed; boundary=b1' },
      body: `${ids.map(part).join('')}--b1--\r\n`,
    });
  await app.fault('rate_limited', { email, times: 1, retry_after_s: 7 });
  const answer = await batch([...sent.map(({ provider_id }) => provider_id), 'ffff']);
  const boundary = /boundary=(.+)/.exec(answer.headers.get('content-type') ?? '')?.[1];
  const parts = answer.text.split(`--${boundary}`).slice(1, -1);
  expect(parts.map((text) => /HTTP\/1\.1 (\d+)/.exec(text)?.[1])).toEqual(['429', '200', '200', '404']);
  expect(parts.map((text) => /Content-ID: (\S+)/.exec(text)?.[1])).toEqual(
    [0, 1, 2, 3].map((index) => `<response-item${index}>`),
  );
  expect(parts[0]).toMatch(/Retry after \d{4}-\d\d-\d\dT/);
  expect((await batch(Array.from({ length: 101 }, () => 'ffff'))).status).toBe(400);
});

test('someone else’s mailbox, an unknown call, a bad number: Google’s errors', async () => {
  const other = await app.fetch(`${app.google['gmail_api_url']}/gmail/v1/users/bob@example.com/profile`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([other.status, other.json.error.message]).toEqual([403, 'Delegation denied for bob@example.com']);
  expect((await app.gmail('threads', token)).status).toBe(404);
  expect((await app.gmail('messages?maxResults=none', token)).status).toBe(400);
  expect((await app.gmail('history?startHistoryId=', token)).status).toBe(400);
  expect((await app.gmail('history?startHistoryId=1', token)).status).toBe(404);
  const anonymous = await app.gmail('profile', 'ya29.wrong');
  expect(anonymous.json.error).toMatchObject({
    code: 401,
    status: 'UNAUTHENTICATED',
    errors: [{ reason: 'authError' }],
  });
  expect((await get('labels')).labels.map(({ id }: { id: string }) => id)).toContain('INBOX');
});

interface Page {
  history: { messagesAdded: { message: { id: string } }[] }[];
  messages: { id: string }[];
  nextPageToken?: string;
}

const added = ({ history }: Page) => history.flatMap(({ messagesAdded }) => messagesAdded.map((it) => it.message.id));
const listed = ({ messages }: Page) => messages.map(({ id }) => id);

test('20,000 messages are listed in pages, each once', async () => {
  const { historyId } = await get('profile');
  await app.deliver(email, 20_000);
  const pagesOf = async (path: string, idsOf: (page: Page) => string[]) => {
    const ids = new Set<string>();
    let pages = 0;
    for (let pageToken: string | undefined = ''; pageToken !== undefined; pages++) {
      const page = (await get(`${path}&maxResults=500${pageToken && `&pageToken=${pageToken}`}`)) as Page;
      for (const id of idsOf(page)) ids.add(id);
      pageToken = page.nextPageToken;
    }
    return { ids: ids.size, pages };
  };
  expect(await pagesOf(`history?startHistoryId=${historyId}`, added)).toEqual({ ids: 20_000, pages: 40 });
  expect(await pagesOf('messages?q=after:1700000000', listed)).toEqual({ ids: 20_000, pages: 40 });
});
