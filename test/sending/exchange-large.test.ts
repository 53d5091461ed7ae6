import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as ask } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Vault } from '../../crypto/vault.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { acceptSend } from '../../sending/accept.ts';
import { transmitSend } from '../../sending/transmit.ts';
import { importing } from '../imports/importing.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectExchange } from '../support/connect.ts';
import { personal, secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

/* 30 MB by Exchange Web Services, out and back in: a server that takes its time holds the sender back. */

const PASSWORD = secret('exchange-password');
const TENANT = 'acme';
const SIZE = 30_000_000;
const ROOM = { timeout: 60_000, interval: 1_000 };

let stage: Stage;
let api: Api;
/** Passes requests on to the sandbox's Exchange by Basic, and reads no message before `release`. */
const slow = createServer((request, response) => void passOn(request, response));
let release: () => void;
const released = new Promise<void>((resolve) => (release = resolve));
let isHeld = false;
let largest = 0;

beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  const { key, certificate } = await loadServerCertificate(dirname(stage.imap.ca_file));
  slow.setSecureContext({ key, cert: certificate });
  await new Promise<void>((listening) => slow.listen(0, '127.0.0.1', listening));
}, 60_000);
afterAll(async () => {
  slow.closeAllConnections();
  slow.close();
  await api?.close();
  await stage?.close();
});

async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { connection: _, host: __, ...headers } = request.headers;
  if (!headers.authorization?.startsWith('Basic')) {
    return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  }
  const pieces = request[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await pieces.next();
  if (first.done !== true && first.value.includes('<m:CreateItem')) {
    isHeld = true;
    await released;
  }
  const onward = ask(stage.exchangeUrl, { method: 'POST', headers, rejectUnauthorized: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  for (let piece = first; piece.done !== true; piece = await pieces.next()) {
    largest = Math.max(largest, piece.value.length);
    if (!onward.write(piece.value)) await new Promise((drained) => onward.once('drain', drained));
  }
  onward.end();
}

async function connect(email: string, url: string, more: object = {}): Promise<string> {
  await stage.sandbox.account('exchange', email, { password: PASSWORD });
  return channelOf(await connectExchange({ ...stage, exchangeUrl: url }, email, PASSWORD, more));
}

test('30 MB leave no faster than the server reads, and come back in as they left', async () => {
  const [from, to] = ['large@contoso.example', 'reader@contoso.example'];
  const slowUrl = `https://127.0.0.1:${(slow.address() as AddressInfo).port}/EWS/Exchange.asmx`;
  const channelId = await connect(from, slowUrl, { spec: { uses: ['read', 'send'], import: 'off' } });
  const readerId = await connect(to, stage.exchangeUrl);
  await importing(stage.context).settle(readerId);

  const header = `From: ${from}\r\nTo: ${to}\r\nSubject: ${personal('subject')}\r\nDate: ${new Date().toUTCString()}\r\nMessage-ID: <${randomUUID()}@contoso.example>\r\n\r\n`;
  const whole = Buffer.concat([Buffer.from(header), Buffer.alloc(SIZE, `${'all work '.repeat(8)}\r\n`)]);
  async function* inPieces() {
    for (let at = 0; at < whole.length; at += 50_000) yield whole.subarray(at, at + 50_000);
  }
  const { context } = stage;
  const channel = await context.database.inTenant(TENANT, (tx) => findChannel(tx, channelId));
  const accepted = await acceptSend(context, { channel: channel!, keyHash: randomUUID(), raw: inPieces() }, null);
  if (accepted.outcome !== 'started') throw new Error(accepted.outcome);

  let opened = 0;
  const decrypt: Vault['decrypt'] = async (...asked) => {
    const bytes = await context.vault.decrypt(...asked);
    opened += bytes.byteLength;
    return bytes;
  };
  const call = (name: keyof Vault) => {
    const value: unknown = context.vault[name];
    return typeof value === 'function' ? (value.bind(context.vault) as unknown) : value;
  };
  const vault = new Proxy(context.vault, {
    get: (_vault, name) => (name === 'decrypt' ? decrypt : call(name as keyof Vault)),
  });
  const { id: sendId, attempt } = accepted.send;
  const input = { tenantId: TENANT, channelId, sendId, attempt };
  const sent = transmitSend({ ...context, vault }, input, AbortSignal.timeout(120_000));
  await expect.poll(() => isHeld, ROOM).toBe(true);
  // It comes to a stop: what was opened lies in the buffers of the two sockets.
  let before = -1;
  await expect.poll(() => [before, (before = opened)].every((seen) => seen === opened), ROOM).toBe(true);
  const ahead = opened;
  release();
  expect(await sent).toBe('settled');
  expect(ahead).toBeLessThan(SIZE / 2);
  expect(opened).toBeGreaterThan(SIZE);
  expect(largest).toBeLessThan(1024 * 1024);

  await importing(context).settle(readerId);
  const [message] = await importing(context).stored(readerId);
  expect(message?.size).toBe(whole.length);
  const answer = await fetch(`${api.url}/v1/messages/${message?.id}/raw`, {
    headers: { authorization: `Bearer ${api.call.key}` },
  });
  const digest = createHash('sha256');
  for await (const bytes of answer.body!) digest.update(bytes as Uint8Array);
  expect(digest.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'));
}, 240_000);
