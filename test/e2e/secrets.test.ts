import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { START_TIMEOUT_MS, startMooring } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';
import { listenForWebhooks } from '../webhooks/stage.ts';

/*
 * Rule 1: every secret of a story is a unique string; afterwards each is looked for in everything that is kept or
 * sent. The sandbox's own folder is left out: it plays the provider, who knows them.
 */

const EMAIL = 'canary@example.com';
const PASSWORDS = ['first-Zu3kq9Wv-horse', 'second-Lm7xt2Qa-horse', 'wrong-Pd5hn8Ye-horse'] as const;

let mooring: Mooring;
let hook: Awaited<ReturnType<typeof listenForWebhooks>>;
/** What was answered to whom: pages, problems, webhooks. */
const said: string[] = [];
const secrets = new Set<string>(PASSWORDS);

beforeAll(async () => {
  mooring = await startMooring();
  hook = await listenForWebhooks();
  await tellTheStory();
}, START_TIMEOUT_MS + 120_000);

afterAll(async () => {
  await hook.close();
  await mooring.stop();
}, 120_000);

interface Channel {
  id: string;
  status: string;
  credential_version: number;
  account: { email: string };
}

/** Connect, refresh, break, refuse, reauthorize, disconnect: for a token that rotates, and for a password. */
async function tellTheStory(): Promise<void> {
  const { call, sandbox } = mooring;
  const { secret } = await call<{ secret: string }>('POST', '/v1/webhook-endpoints', { url: hook.url });
  secrets.add(secret);
  await sandbox.settings('google', { token_life_s: 8, refresh_rotation: 'tolerant' });
  const gmail = await connectGmail(EMAIL);
  await keepToken(gmail);
  await reach(gmail, ({ credential_version }) => credential_version >= 3);
  await keepToken(gmail);
  await sandbox.fault('google', EMAIL, 'password_changed');
  await call('POST', `/v1/channels/${gmail}/report-failure`, { http_status: 401, body: 'Bearer refused' });
  await reach(gmail, ({ status }) => status === 'reauth_required');
  await connectGmail(EMAIL);
  const imap = await connectImap();
  await sandbox.deliver('imap', EMAIL, 3);
  await breakImap(imap);
  await call('DELETE', `/v1/channels/${gmail}`);
  await reach(gmail, ({ status }) => status === 'disconnected');
  for (const text of sandboxSecrets()) secrets.add(text);
}

async function reach(id: string, wanted: (channel: Channel) => boolean): Promise<void> {
  await vi.waitFor(
    async () => {
      const channel = await mooring.call<Channel>('GET', `/v1/channels/${id}`);
      said.push(JSON.stringify(channel));
      expect(wanted(channel), JSON.stringify(channel)).toBe(true);
    },
    { timeout: 60_000, interval: 200 },
  );
}

async function keepToken(id: string): Promise<void> {
  secrets.add((await mooring.call<{ access_token: string }>('GET', `/v1/channels/${id}/access-token`)).access_token);
}

async function newLink(accessType: string): Promise<string> {
  const body = { tenant: 'canary', access_types: [accessType] };
  return (await mooring.call<{ url: string }>('POST', '/v1/links', body)).url;
}

async function channelOf(accessType: string): Promise<string> {
  const list = await mooring.call<{ data: Channel[] }>('GET', `/v1/channels?tenant=canary&access_type=${accessType}`);
  const channel = list.data.find(({ account }) => account.email === EMAIL);
  if (!channel) throw new Error(`no ${accessType} channel in ${JSON.stringify(list)}`);
  return channel.id;
}

async function connectGmail(email: string): Promise<string> {
  const url = await newLink('gmail');
  const authorize = await ask(`${url}/authorize`, { access_type: 'gmail' });
  const cookie = authorize.headers.getSetCookie().map((line) => line.split(';')[0]);
  const { authorization_url } = JSON.parse(authorize.text) as { authorization_url: string };
  const back = await mooring.sandbox.consent(authorization_url, email);
  const answer = await fetch(back, { redirect: 'manual', headers: { cookie: cookie.join('; ') } });
  said.push(await answer.text(), [...answer.headers].flat().join('\n'), (await ask(`${url}/session`)).text);
  return channelOf('gmail');
}

async function signInByPassword(url: string, password: string) {
  if (!mooring.sandbox.imap) throw new Error('the sandbox has no IMAP server');
  const { host, port, security } = mooring.sandbox.imap;
  return ask(`${url}/password`, { access_type: 'imap', username: EMAIL, password, host, port, security });
}

async function connectImap(): Promise<string> {
  await mooring.sandbox.account('imap', EMAIL, { password: PASSWORDS[0] });
  const url = await newLink('imap');
  expect((await signInByPassword(url, PASSWORDS[2])).status).toBeGreaterThanOrEqual(400);
  expect((await signInByPassword(url, PASSWORDS[0])).status).toBe(200);
  return channelOf('imap');
}

async function breakImap(id: string): Promise<void> {
  await mooring.sandbox.fault('imap', EMAIL, 'password_changed');
  await mooring.call('POST', `/v1/channels/${id}/report-failure`, { http_status: 401 });
  await reach(id, ({ status }) => status === 'reauth_required');
  await mooring.sandbox.account('imap', EMAIL, { password: PASSWORDS[1] });
  const { url } = await mooring.call<{ url: string }>('POST', `/v1/channels/${id}/reauthorize-links`, {});
  expect((await signInByPassword(url, PASSWORDS[1])).status).toBe(200);
  await reach(id, ({ status }) => status === 'connected');
}

async function ask(url: string, body?: object) {
  const answer = await fetch(url, {
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    headers: { 'content-type': 'application/json' },
  });
  const text = await answer.text();
  said.push(text);
  return { status: answer.status, headers: answer.headers, text };
}

/** What the simulated Google gave out: its journal has every refresh token, access token, code and the client secret. */
function sandboxSecrets(): string[] {
  const folder = join(mooring.dir, 'sandbox');
  const text = ['google.jsonl', 'google-client.json']
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const { client_secret } = JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8')).google;
  return [...(text.match(/"(?:1\/\/|4\/|ya29\.)[^"]{20,}"/g) ?? []).map((found) => found.slice(1, -1)), client_secret];
}

/** Every row of every table, as text; bytes as hex would hide nothing that is text. */
async function databaseText(): Promise<string> {
  const sql = postgres(mooring.run.database_url ?? '', { max: 1, onnotice: () => {} });
  const tables = await sql<{ name: string }[]>`select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'`;
  const texts = [];
  for (const { name } of tables) {
    const rows = await sql<{ text: string }[]>`select row_to_json(t)::text as text from ${sql(name)} t`;
    texts.push(...rows.map(({ text }) => text));
  }
  await sql.end();
  return texts.join('\n');
}

/** Every string and payload of a history; a payload is bytes. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

async function historiesText(): Promise<string> {
  const connection = await Connection.connect({ address: mooring.run.temporal });
  const client = new Client({ connection });
  const texts: string[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    texts.push(...leaves(history));
  }
  await connection.close();
  return texts.join('\n');
}

/** Temporal's database as bytes: what it holds beside the histories, deleted pages too. */
function temporalBytes(): string {
  const folder = join(mooring.dir, 'temporal');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name)).toString('latin1'))
    .join('\n');
}

const found = (text: string) => [...secrets].filter((secret) => text.includes(secret)).length;

test('rule 1: no secret of the whole story is anywhere it does not belong', async () => {
  expect(secrets.size).toBeGreaterThan(12);
  const webhooks = hook.received.map(({ body, headers }) => body + JSON.stringify(headers)).join('\n');
  expect(hook.received.length).toBeGreaterThan(3);
  expect({
    database: found(await databaseText()),
    histories: found(await historiesText()),
    temporal: found(temporalBytes()),
    logs: found(mooring.logs()),
    webhooks: found(webhooks),
    answers: found(said.join('\n')),
  }).toEqual({ database: 0, histories: 0, temporal: 0, logs: 0, webhooks: 0, answers: 0 });
});

test('rule 1: a secret that is planted is found, in the database and in a history', async () => {
  const planted = 'planted-Kq4vj6Rs-canary';
  secrets.add(planted);
  const sql = postgres(mooring.run.database_url ?? '', { max: 1, onnotice: () => {} });
  await sql`insert into api_keys (id, name, hash, scopes, created_at) values (${planted}, 'canary', 'none', '{}', now())`;
  await sql.end();
  const connection = await Connection.connect({ address: mooring.run.temporal });
  const client = new Client({ connection });
  await client.workflow.start('nobody', { workflowId: 'canary', taskQueue: 'nobody', args: [planted] });
  expect(found(await databaseText())).toBe(1);
  await vi.waitFor(async () => expect(found(await historiesText())).toBe(1), { timeout: 20_000 });
  expect(found(temporalBytes())).toBe(1);
  await client.workflow.getHandle('canary').terminate();
  await connection.close();
});
