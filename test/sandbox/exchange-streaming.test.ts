import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { secret } from '../support/minting.ts';

/* curl reads the streams: envelopes as they come, in one answer that stays open. */
const dir = mkdtempSync(join(tmpdir(), 'sandbox-exchange-streaming-'));
const email = 'ana@contoso.example';
const password = secret('exchange-password');
const ROOM = { timeout: 30_000, interval: 50 };
let sandbox: RunningSandbox;
const running = new Set<{ kill(): void }>();

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
});
beforeEach(async () => {
  for (const one of running) one.kill();
  await control('POST', '/reset');
  await control('PUT', `/accounts/exchange/${email}`, { password });
});
afterAll(async () => {
  for (const one of running) one.kill();
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

async function control<Answer>(method: string, path: string, body: unknown = {}): Promise<Answer> {
  const init = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(`${sandbox.addresses.control}/control${path}`, { method, ...init });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
const deliver = async (more: object = {}) =>
  (
    await control<{ messages: { provider_id: string }[] }>('POST', `/accounts/exchange/${email}/messages`, {
      count: 1,
      ...more,
    })
  ).messages[0]?.provider_id ?? '';
const fault = (name: string, more: object = {}) =>
  control('POST', '/faults', { provider: 'exchange', email, fault: name, ...more });

/** One request; its answer grows in `text` until `ended`. */
function ask(body: string, headers: string[] = []) {
  const { exchange } = sandbox.addresses;
  const sent = ['content-type: text/xml; charset=utf-8', ...headers].flatMap((header) => ['-H', header]);
  const login = ['--basic', '-u', `${email}:${password}`];
  const args = [
    '-sSNi',
    '--cacert',
    String(exchange['ca_file']),
    ...login,
    ...sent,
    '-d',
    body,
    String(exchange['url']),
  ];
  const child = spawn('curl', args);
  const answer = { text: '', ended: new Promise<void>((resolve) => child.once('close', () => resolve())) };
  child.stdout.on('data', (bytes: Buffer) => (answer.text += bytes.toString()));
  running.add(child);
  child.once('close', () => running.delete(child));
  return answer;
}

const envelope = (body: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body>${body}</s:Body></s:Envelope>`;
const TYPES = ['NewMailEvent', 'CreatedEvent', 'MovedEvent', 'DeletedEvent'];
const SUBSCRIBE = envelope(
  `<m:Subscribe><m:StreamingSubscriptionRequest SubscribeToAllFolders="true"><t:EventTypes>${TYPES.map((type) => `<t:EventType>${type}</t:EventType>`).join('')}</t:EventTypes></m:StreamingSubscriptionRequest></m:Subscribe>`,
);
const streamOf = (id: string, minutes = 30) =>
  envelope(
    `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>${id}</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>${minutes}</m:ConnectionTimeout></m:GetStreamingEvents>`,
  );
const unsubscribeFrom = (id: string) =>
  envelope(`<m:Unsubscribe><m:SubscriptionId>${id}</m:SubscriptionId></m:Unsubscribe>`);
const ANCHOR = [`X-AnchorMailbox: ${email}`];

const whole = async (body: string, headers = ANCHOR) => {
  const answer = ask(body, headers);
  await answer.ended;
  return answer.text;
};
const codes = (text: string) => [...text.matchAll(/<\w+:ResponseCode[^>]*>([^<]*)/g)].map(([, code]) => code);
const events = (text: string) => [...text.matchAll(/<t:(\w+Event)>/g)].map(([, type]) => type);
const subscribe = async (headers = ANCHOR) => {
  const text = await whole(SUBSCRIBE, headers);
  return { id: /<m:SubscriptionId>([^<]+)/.exec(text)?.[1] ?? '', cookie: /Set-Cookie: ([^;]+)/i.exec(text)?.[1] };
};
const opened = async (id: string, headers = ANCHOR) => {
  const stream = ask(streamOf(id), headers);
  await vi.waitUntil(() => stream.text.includes('<m:ConnectionStatus>OK'), ROOM);
  return stream;
};

test('a stream tells of mail that comes, moves and goes, in envelopes of their own, and ends in order', async () => {
  const { id } = await subscribe();
  const stream = await opened(id);
  const told = (count: number) => vi.waitUntil(() => events(stream.text).length === count, ROOM);
  const item = await deliver();
  await told(2);
  const path = `/accounts/exchange/${email}/messages`;
  const moved = await control<{ provider_id: string }>('PATCH', `${path}/${encodeURIComponent(item)}`, {
    folder: 'Archive',
  });
  await told(3);
  await fault('push_dropped', { times: 1 });
  await deliver({ folder: 'Archive' });
  await fetch(`${sandbox.addresses.control}/control${path}/${encodeURIComponent(moved.provider_id)}`, {
    method: 'DELETE',
  });
  await told(4);
  expect(events(stream.text)).toEqual(['NewMailEvent', 'CreatedEvent', 'MovedEvent', 'DeletedEvent']);
  expect(stream.text).toContain(`<t:OldItemId Id="${item}"`);
  await fault('stream_closed');
  await stream.ended;
  expect(stream.text.match(/<\?xml/g)).toHaveLength(5);
  expect(stream.text).toMatch(/<m:ConnectionStatus>Closed/);
  await deliver();
  const next = await opened(id);
  await vi.waitUntil(() => events(next.text).length === 2, ROOM);
});

test('a subscription lives on one server, for its login, until it is ended or the server restarts', async () => {
  const AFFINE = ['X-PreferServerAffinity: true'];
  const { id, cookie = '' } = await subscribe(AFFINE);
  expect(codes(await whole(streamOf(id), AFFINE))).toEqual(['ErrorSubscriptionNotFound']);
  await opened(id, [...AFFINE, `Cookie: ${cookie}`]);
  const ended = await subscribe();
  expect(codes(await whole(unsubscribeFrom(ended.id)))).toEqual(['NoError']);
  expect(codes(await whole(unsubscribeFrom(ended.id)))).toEqual(['ErrorSubscriptionNotFound']);
  const lost = await subscribe();
  const stream = await opened(lost.id);
  await fault('server_restarted');
  await stream.ended;
  expect(codes(stream.text)).toEqual(['NoError', 'ErrorSubscriptionNotFound']);
  expect(codes(await whole(streamOf(lost.id)))).toEqual(['ErrorSubscriptionNotFound']);
});

test('streams and subscriptions beyond the limit are refused as a whole, and so is a time that the schema forbids', async () => {
  const { id } = await subscribe();
  expect(codes(await whole(streamOf(id, 31)))).toEqual(['ErrorSchemaValidation']);
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await subscribe()).id));
  await Promise.all(ids.map((one) => opened(one)));
  const refused = await whole(streamOf(id));
  expect(refused).toMatch(/^HTTP\/1.1 500[^]*You have exceeded the available concurrent connections/);
  expect(codes(refused)).toEqual(['ErrorExceededConnectionCount']);
  await fault('subscription_refused', { times: 1 });
  expect(codes(await whole(SUBSCRIBE))).toEqual(['ErrorExceededSubscriptionCount']);
});
