import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChannel } from '../../db/channels/channels.ts';
import { findSend } from '../../db/sending/sends.ts';
import { acceptSend } from '../../sending/accept.ts';
import { transmitSend } from '../../sending/transmit.ts';
import { mortal } from '../credentials/mortal.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectExchange } from '../support/connect.ts';
import { raiseEngine } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { personal, secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { SandboxMessage } from '../support/sandbox-control.ts';

/* Mail that is sent by Exchange Web Services. */

const PASSWORD = secret('exchange-password');
const TENANT = 'acme';
/** A fault that meets the sending alone, and not the login before it. */
const OF_SENDING = { times: 1, kind: 'api', message: 'CreateItem' };

let engine: Engine;
let api: Api;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, watching: false });
  api = await startApi(engine.context);
  await engine.sandbox.account('google', 'ben@example.com');
});
afterAll(async () => {
  await api?.close();
  await engine?.close();
});

const account = (email: string, more = {}) =>
  engine.sandbox.account('exchange', email, { password: PASSWORD, ...more });
const fault = (email: string, name: string, more = {}) =>
  engine.sandbox.fault('exchange', email, name, { ...OF_SENDING, ...more });

async function connect(email: string): Promise<string> {
  await account(email);
  const spec = { uses: ['read', 'send'] as ('read' | 'send')[], import: 'off' as const };
  return channelOf(await connectExchange(engine, email, PASSWORD, { spec }));
}

function mail({ from, to = 'ben@example.com', more = '' }: { from: string; to?: string; more?: string }) {
  const messageId = `<${personal('message')}+x&y@example.com>`;
  const raw = `From: ${from}\r\nTo: ${to}\r\nSubject: ${personal('subject')}\r\n${more}Message-ID: ${messageId}\r\n\r\nHello.\r\n`;
  return { messageId, raw };
}

const send = (channelId: string, raw: string, key: string = randomUUID()) =>
  api.request('POST', `/v1/channels/${channelId}/send`, {
    body: raw,
    headers: {
      authorization: `Bearer ${api.call.key}`,
      'content-type': 'message/rfc822',
      'idempotency-key': key,
    },
  });

async function placesOf(provider: string, email: string, messageId: string) {
  const path = `/control/accounts/${provider}/${email}/messages`;
  const { messages } = await engine.sandbox.call<{ messages: SandboxMessage[] }>('GET', path);
  return messages.filter((message) => message.message_id === messageId).map(({ folder }) => folder);
}

const apiCalls = async (email: string) =>
  (await engine.sandbox.requests('exchange', 'api', email)).map(({ operation }) => operation);

test('a message goes to its recipients without Bcc and into Sent Items, once per key', async () => {
  const email = 'ana@contoso.example';
  const channelId = await connect(email);
  const [cleo, dan] = ['cleo@contoso.example', 'dan&eli@contoso.example'];
  for (const other of [cleo, dan]) await account(other);
  const { messageId, raw } = mail({
    from: email,
    to: `ben@example.com, ${cleo}`,
    more: `Bcc: ${cleo},\r\n ${dan}\r\n`,
  });
  const key = randomUUID();
  const [one, other] = await Promise.all([send(channelId, raw, key), send(channelId, raw, key)]);
  for (const { status, json } of [one, other]) expect([status, json.message_id]).toEqual([202, messageId]);
  expect(await placesOf('exchange', email, messageId)).toEqual(['Sent Items']);
  expect(await placesOf('google', 'ben@example.com', messageId)).toEqual(['INBOX']);
  for (const recipient of [cleo, dan]) expect(await placesOf('exchange', recipient, messageId)).toEqual(['INBOX']);
  // The login comes first: the message leaves over a connection that is signed in.
  expect((await apiCalls(email)).slice(-2)).toEqual(['GetFolder', 'CreateItem']);
});

test('a delegate sends as the mailbox that it reads, into its Sent Items', async () => {
  const [team, eve] = ['team@contoso.example', 'eve@contoso.example'];
  await account(eve);
  await account(team, { delegates: [eve] });
  const adopted = await api.call('POST', '/v1/channels', {
    tenant: TENANT,
    access_type: 'exchange',
    kind: 'shared',
    uses: ['read', 'send'],
    account: { email: team },
    credential: { username: eve, password: PASSWORD, url: engine.exchangeUrl },
  });
  expect(adopted).toMatchObject({ status: 201, json: { uses: ['read', 'send'], missing_uses: [], smtp: null } });
  const sent = mail({ from: team });
  expect((await send(adopted.json.id, sent.raw)).status).toBe(202);
  expect(await placesOf('exchange', team, sent.messageId)).toEqual(['Sent Items']);
});

test('a refusal says what it is about, and what may be sent another time is sent by the same key', async () => {
  const email = 'fay@contoso.example';
  const channelId = await connect(email);
  const { messageId, raw } = mail({ from: email });
  for (const [given, code] of [
    [mail({ from: 'ceo@contoso.example' }).raw, 'ErrorSendAsDenied'],
    [raw, 'ErrorMessageSizeExceeded'],
  ] as const) {
    if (given === raw) await fault(email, 'message_too_large');
    const { status, json } = await send(channelId, given);
    expect([status, json.code, json.provider_code]).toEqual([422, 'send_refused', code]);
    expect(json.detail).toMatch(/^Exchange refuses the message: The (user account|message) /);
  }
  const key = randomUUID();
  for (const [name, more, status, code, providerCode] of [
    ['mailbox_full', {}, 503, 'provider_unavailable', 'ErrorQuotaExceeded'],
    ['rate_limited', { retry_after_s: 7 }, 429, 'rate_limited', 'ErrorServerBusy'],
    ['server_busy_inside', { retry_after_s: 7 }, 429, 'rate_limited', 'ErrorServerBusy'],
    ['unavailable', { http_status: 503 }, 503, 'provider_unavailable', null],
  ] as const) {
    await fault(email, name, more);
    const { status: got, json, headers } = await send(channelId, raw, key);
    expect([got, json.code, json.retryable], name).toEqual([status, code, true]);
    if (providerCode) expect(json.provider_code).toBe(providerCode);
    if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await send(channelId, raw, key)).status).toBe(202);
  expect(await placesOf('exchange', email, messageId)).toEqual(['Sent Items']);
  expect((await api.call('GET', `/v1/channels/${channelId}`)).json.status).toBe('connected');
  // A refused password costs one login, and no message leaves.
  await engine.sandbox.fault('exchange', email, 'password_changed');
  const before = (await apiCalls(email)).length;
  const refused = await send(channelId, mail({ from: email }).raw);
  expect([refused.status, refused.json.code, refused.json.action]).toEqual([409, 'send_not_granted', 'reauthorize']);
  expect((await apiCalls(email)).slice(before)).not.toContain('CreateItem');
});

test('R-32: a lost answer is looked up in Sent Items by the Message-ID, and stays unknown where none is found', async () => {
  const email = 'gus@contoso.example';
  const channelId = await connect(email);
  const taken = mail({ from: email });
  await fault(email, 'cut_connection', { after: 'processing' });
  expect((await send(channelId, taken.raw)).json.message_id).toBe(taken.messageId);
  const lost = mail({ from: email });
  const key = randomUUID();
  await fault(email, 'cut_connection', { after: 'request' });
  for (let time = 1; time <= 2; time++) {
    const { status, json } = await send(channelId, lost.raw, key);
    expect([status, json.code, json.retryable]).toEqual([409, 'send_outcome_unknown', false]);
  }
  expect(await placesOf('exchange', email, lost.messageId)).toEqual([]);
}, 60_000);

test('KILL, R-32: a worker that dies once Exchange has the message sends nothing again', async () => {
  const email = 'kim@contoso.example';
  const channelId = await connect(email);
  const { messageId, raw } = mail({ from: email });
  const channel = await engine.context.database.inTenant(TENANT, (tx) => findChannel(tx, channelId));
  async function* bytes() {
    yield Buffer.from(raw);
  }
  const given = { channel: channel!, keyHash: randomUUID(), raw: bytes() };
  const accepted = await acceptSend(engine.context, given, null);
  if (accepted.outcome !== 'started') throw new Error(accepted.outcome);
  const { id: sendId, attempt } = accepted.send;
  const input = { tenantId: TENANT, channelId, sendId, attempt };
  const { context, died } = mortal(engine.context, 'send.taken');
  await Promise.race([died, transmitSend(context, input, AbortSignal.timeout(10_000)).catch(() => {})]);
  expect(await died).toBe('died');
  await transmitSend(engine.context, input, AbortSignal.timeout(30_000));
  const row = await engine.context.database.inTenant(TENANT, (tx) => findSend(tx, sendId));
  expect([row?.state, row?.contentId]).toEqual(['accepted', null]);
  expect(await placesOf('exchange', email, messageId)).toEqual(['Sent Items']);
}, 60_000);
