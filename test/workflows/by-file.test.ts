import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { locationOf } from '../api/links-of.ts';
import { CLIENT_ID, startCertifiedServer } from '../providers/custom/certified-server.ts';
import type { CertifiedServer } from '../providers/custom/certified-server.ts';
import { CASES } from '../providers/custom/likenesses.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';

/* The life of channels of files on Temporal's time-skipping server: their deeds run on one queue. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const TENANT = 'acme';
const FILES = CASES.filter(({ name }) => name === 'zoho-crm' || name === 'mailchimp');
const servers = new Map<string, CertifiedServer>();
let engine: Engine;
let api: Api;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-providers-'));
  const variables: Record<string, string> = { MOORING_PROVIDERS_DIR: folder };
  for (const { name, likeness, servers: addresses } of FILES) {
    const shipped = join(import.meta.dirname, '../../providers/custom', `${name}.yaml`);
    writeFileSync(join(folder, `${name}.yaml`), readFileSync(shipped));
    const server = await startCertifiedServer(likeness);
    servers.set(name, server);
    const prefix = name.toUpperCase().replaceAll('-', '_');
    variables[`${prefix}_CLIENT_ID`] = CLIENT_ID;
    variables[`${prefix}_CLIENT_SECRET`] = server.clientSecret;
    for (const address of addresses) variables[address] = server.issuer;
  }
  engine = await raiseEngine(await raiseStage({ variables }), { timeSkipping: true });
  api = await startApi(engine.context);
}, 180_000);
afterAll(async () => {
  await api?.close();
  await engine?.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

const serverOf = (name: string) => servers.get(name)!;
const read = async (id: string) => (await api.call('GET', `/v1/channels/${id}`)).json;
const tokenOf = async (id: string) => (await api.call('GET', `/v1/channels/${id}/access-token`)).json;

async function follow(name: string, path: string, accountId: string): Promise<string> {
  const browser = browse(api);
  const { json } = await browser('POST', `${path}/authorize`, { access_type: name });
  const back = new URL(await serverOf(name).signIn(json.authorization_url, accountId));
  return locationOf(await browser('GET', back.pathname + back.search)).searchParams.get('channel') ?? '';
}

async function connect(name: string, accountId: string): Promise<string> {
  const { json } = await api.call('POST', '/v1/links', { tenant: TENANT, access_types: [name] });
  const channel = await follow(name, new URL(json.url).pathname, accountId);
  await until('the first look', async () => (await lifeOf(engine, channel).read()).workflowSeq > 0);
  return channel;
}

/** The queues on which a channel's activities were scheduled, with the activities. */
async function scheduled(channel: string): Promise<Set<string>> {
  const { events } = await engine.channel(channel).fetchHistory();
  const found = events?.flatMap(({ activityTaskScheduledEventAttributes: it }) =>
    it ? [`${it.taskQueue?.name} ${it.activityType?.name}`] : [],
  );
  return new Set(found);
}

async function pass(what: string, stepMs: number, isSo: () => Promise<boolean>): Promise<void> {
  for (let steps = 0; !(await isSo()); steps++) {
    if (steps === 12) throw new Error(`${what} did not come`);
    await engine.sleep(stepMs);
  }
}

it('refreshes at its time, asks for a sign-in at its end, goes on after it, and revokes', async () => {
  const channel = await connect('zoho-crm', 'ana');
  const { next_refresh_at: at, created_at: from } = await read(channel);
  expect(Date.parse(at)).toBeGreaterThan(Date.parse(from) + 10 * MINUTE_MS);
  await pass('the refresh', 10 * MINUTE_MS, async () => (await read(channel)).credential_version === 2);
  expect((await engine.context.clock.now()).getTime()).toBeGreaterThanOrEqual(Date.parse(at));
  expect(await serverOf('zoho-crm').isLive((await tokenOf(channel)).access_token)).toBe(true);
  expect(await scheduled(channel)).toContain('custom-credentials refresh');
  const life = lifeOf(engine, channel);
  expect(await life.told('credential.refreshed')).toBe(1);

  await serverOf('zoho-crm').withdraw((await tokenOf(channel)).access_token);
  await pass(
    'the word that a person is needed',
    10 * MINUTE_MS,
    async () => (await read(channel)).action === 'reauthorize',
  );
  expect(await read(channel)).toMatchObject({ status: 'reauth_required', next_refresh_at: null, covered_until: null });
  expect(await life.told('channel.reauth_required')).toBe(1);

  const { json: link } = await api.call('POST', `/v1/channels/${channel}/reauthorize-links`, {});
  expect(await follow('zoho-crm', new URL(link.url).pathname, 'ana')).toBe(channel);
  const { credential_version: version } = await read(channel);
  await pass('the next refresh', 10 * MINUTE_MS, async () => (await read(channel)).credential_version > version);
  expect(await read(channel)).toMatchObject({ status: 'connected', import: 'off', import_state: 'idle' });

  expect((await api.call('DELETE', `/v1/channels/${channel}`)).status).toBe(202);
  await until('the end', async () => (await read(channel)).status === 'disconnected');
  expect(await read(channel)).toMatchObject({ revocation: 'done' });
  expect(serverOf('zoho-crm').calls).toContain('revocation 200');
}, 180_000);

it('a token that does not expire is proved once a week, and its end is noticed so', async () => {
  const channel = await connect('mailchimp', 'ben');
  const requests = serverOf('mailchimp').calls.length;
  const first = (await tokenOf(channel)).access_token;
  await pass('the proof', DAY_MS, async () => (await read(channel)).credential_version === 2);
  expect(await read(channel)).toMatchObject({ status: 'connected', next_refresh_at: null });
  expect((await tokenOf(channel)).access_token).toBe(first);
  expect(serverOf('mailchimp').calls).toHaveLength(requests);
  await serverOf('mailchimp').withdraw(first);
  await pass('the end', DAY_MS, async () => (await read(channel)).status === 'reauth_required');
  expect(await read(channel)).toMatchObject({ action: 'reauthorize' });
}, 180_000);
