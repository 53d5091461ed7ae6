import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { secret } from '../support/minting.ts';
import { GoogleApp } from './google-app.ts';
import { MicrosoftApp } from './microsoft-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-copying-'));
const email = 'ana@contoso.example';
let sandbox: RunningSandbox;
let google: GoogleApp;
let microsoft: MicrosoftApp;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  google = new GoogleApp(sandbox.addresses);
  microsoft = new MicrosoftApp(sandbox.addresses);
  await microsoft.account(email);
  await google.ok('PUT', `/accounts/google/${email}`, {});
  for (const provider of ['imap', 'exchange']) {
    await google.ok('PUT', `/accounts/${provider}/${email}`, { password: secret('sandbox-password') });
  }
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const copy = (to: string, body: object) => google.ok('POST', `/accounts/${to}/${email}/messages`, body);
const ids = (messages: { message_id: string }[]) => messages.map(({ message_id }) => message_id);

const lines = (text: string) => text.replaceAll('\r\n', '\n').trimEnd();

/** Each message of the Microsoft mailbox, as a reader sees it. */
async function read(): Promise<{ subject: string; text: string; date: string; received: string; raw: string }[]> {
  const { access_token } = await microsoft.connect(email);
  const { items } = await microsoft.pages('me/messages?$top=100', access_token);
  const read = [];
  // One after the other: Graph refuses a fifth request at once for a mailbox.
  for (const { id, receivedDateTime } of items) {
    const raw = (await microsoft.graph(`me/messages/${id}/$value`, access_token)).text;
    const { subject = '', text = '', date = '' } = await PostalMime.parse(raw);
    read.push({ subject, text: lines(text), date, received: String(receivedDateTime), raw });
  }
  return read;
}

test('a mailbox moves to another provider: the same messages and dates, in other bytes when asked for', async () => {
  const sent = [
    ...(await google.deliver(email, 3, { subject: 'Größe & Ähnliches', date: '2026-02-03T04:05:06Z' })),
    ...(await google.deliver(email, 1, { folder: 'Sent' })),
    ...(await google.deliver(email, 1, { malformed: true })),
  ];
  const { messages } = await copy('microsoft', { copy_from: 'google', reencode: true });
  expect(ids(messages)).toEqual(ids(sent));
  expect(messages[3].folder).toBe('Sent Items');
  const seen = (await read()).filter(({ subject }) => subject === 'Größe & Ähnliches');
  expect(seen.map(({ received }) => received)).toEqual(Array.from({ length: 3 }, () => '2026-02-03T04:05:06Z'));
  const { access_token } = await google.connect(email);
  const original = await google.gmail(`messages/${sent[0]?.provider_id}?format=raw`, access_token);
  const bytes = Buffer.from(original.json.raw, 'base64url');
  const parsed = await PostalMime.parse(bytes);
  const same = seen.find(({ text }) => text === lines(parsed.text ?? ''));
  expect(same?.date).toBe(parsed.date);
  expect([same?.raw.includes('base64'), bytes.toString().includes('base64\r\n')]).toEqual([true, false]);
  const back = (await copy('imap', { copy_from: 'microsoft' })).messages;
  expect(ids(back).toSorted()).toEqual(ids(sent).toSorted());
});

test('a message that is handed in whole keeps its bytes, at every provider', async () => {
  const raw = Buffer.from('From: Mo <mo@x.example>\r\nSubject: Whole\r\nMessage-ID: <w@x.example>\r\n\r\nhi\r\n');
  for (const provider of ['google', 'imap', 'microsoft', 'exchange']) {
    const body = { raw: raw.toString('base64'), folder: 'Archive' };
    expect((await copy(provider, body)).messages).toMatchObject([{ message_id: '<w@x.example>', folder: 'Archive' }]);
  }
  expect((await read()).find(({ subject }) => subject === 'Whole')?.raw).toBe(raw.toString());
  const path = `/accounts/google/${email}/messages`;
  expect((await google.call('POST', path, { copy_from: 'pigeon' })).status).toBe(404);
});
