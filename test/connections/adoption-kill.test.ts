import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KillPoint } from '../../domain/kill-points.ts';
import { temporalOf } from '../../runtime/temporal.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { until } from '../support/engine.ts';
import { grantOfProduct } from '../support/product-grant.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import { startServerProcess, startWorkerProcess } from './server-process.ts';

/*
 * A product hands over a refresh token. The server process that gets it dies at each named step; a worker process runs
 * all the time, and another server is there for what the product asks next.
 */

const TENANT = 'adopting';
/** The token is unspent. */
const UNSENT: KillPoint[] = ['adoption.planned', 'adoption.marked'];
/** The token is spent, and its answer died with the process: under strict rotation nothing can make that good. */
const LOST: KillPoint[] = ['adoption.written', 'adoption.received'];
/** The answer is in the row. */
const SEALED: KillPoint[] = [
  'adoption.sealed',
  'sign_in.admitted',
  'sign_in.proved',
  'sign_in.settling',
  'sign_in.settled',
  'adoption.settled',
];
/** Several servers start at once. */
const TIMEOUT_MS = 180_000;
/** When the product comes back. */
const WHEN = ['at once', 'at once, under the same Idempotency-Key', 'when the worker is done'];
/** Whose answer is sealed is finished the same way under any rotation: one step stands for all, but with `TRIALS`. */
const TOLERANT = process.env['TRIALS']
  ? [...UNSENT, ...LOST, ...SEALED]
  : [...UNSENT, ...LOST, 'sign_in.settling' as const];
const CASES = SEALED.map((point, i) => ({ point, when: WHEN[i % WHEN.length] ?? '' }));

let stage: Stage;
let temporal: Awaited<ReturnType<typeof startTemporalServer>>;
let worker: Awaited<ReturnType<typeof startWorkerProcess>>;
let api: Api;
beforeAll(async () => {
  stage = await raiseStage();
  // No refresh of a channel's own comes between: the versions below are exact.
  await stage.sandbox.settings('google', { token_life_s: 3_600 });
  temporal = await startTemporalServer({ timeSkipping: false });
  worker = await startWorkerProcess({ ...stage.environment, TEMPORAL_ADDRESS: temporal.address });
  const client = new Client({ connection: temporal.connection });
  api = await startApi({ ...stage.context, temporal: temporalOf(client, null, async () => {}) });
}, TIMEOUT_MS);
afterAll(async () => {
  await api?.close();
  await worker?.stop();
  await temporal?.teardown();
  await stage?.close();
});

const bodyOf = (email: string, refresh_token: string) => ({
  tenant: TENANT,
  access_type: 'gmail',
  account: { email },
  credential: { refresh_token },
});
type Body = ReturnType<typeof bodyOf>;

/** Sends an adoption to a server that dies at `point`. */
async function dieAt(point: KillPoint, body: Body, headers: Record<string, string> = {}): Promise<void> {
  const { url, died } = await startServerProcess({
    ...stage.serverEnvironment,
    MOORING_PUBLIC_URL: api.url,
    TEMPORAL_ADDRESS: temporal.address,
    MOORING_KILL_AT: point,
  });
  const sent = fetch(`${url}/v1/channels`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.call.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  await expect(sent).rejects.toThrow();
  expect(await died).toBe('SIGKILL');
}

/** Asks again as long as it is told to. */
const adopt = (body: Body, headers: Record<string, string> = {}) =>
  until(
    'the end of an adoption',
    async () => {
      const answer = await api.call('POST', '/v1/channels', body, headers);
      return answer.json.code === 'adoption_in_progress' ? null : answer;
    },
    90_000,
  );

async function channelsOf(email: string) {
  const { json } = await api.call('GET', `/v1/channels?tenant=${TENANT}&limit=100`);
  return (json.data as { id: string; status: string; account: { email: string } }[]).filter(
    ({ account }) => account.email === email,
  );
}

/** What each refresh token that was sent was answered. */
const refreshes = async (email: string) =>
  (await stage.sandbox.requests('google', 'token', email))
    .filter(({ grant_type }) => grant_type === 'refresh_token')
    .map(({ status }) => status);

async function tokenOf(channelId: string): Promise<string> {
  const { status, json } = await api.call('GET', `/v1/channels/${channelId}/access-token`);
  expect(status).toBe(200);
  const profile = await fetch(`${stage.environment['GMAIL_API_URL']}/gmail/v1/users/me/profile`, {
    headers: { authorization: `Bearer ${json.access_token}` },
  });
  expect(profile.status).toBe(200);
  return json.access_token;
}

/** One channel, whose token works, and refreshes once more: so the refresh token that it rests on is the live one. */
async function expectOneLiveChannel(email: string, id: string): Promise<void> {
  expect(await channelsOf(email)).toMatchObject([{ id, status: 'connected' }]);
  const token = await tokenOf(id);
  const { status, json } = await api.call('POST', `/v1/channels/${id}/refresh`);
  expect([200, 202]).toContain(status);
  if (status === 202) await until('the refresh', async () => (await tokenOf(id)) !== token);
  else expect(json).toMatchObject({ status: 'connected', credential_version: 2 });
  expect(await tokenOf(id)).not.toBe(token);
}

async function expectNothingLeft(email: string): Promise<void> {
  const rows = await stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute(`select sealed_token, sealed_answer, channel_id is null as unfinished from adoptions
                where request ->> 'email' = '${email}'`),
  );
  expect([...rows]).toEqual([{ sealed_token: null, sealed_answer: null, unfinished: false }]);
}

const rotate = (refresh_rotation: 'strict' | 'tolerant') =>
  beforeAll(async () => void (await stage.sandbox.settings('google', { refresh_rotation })));

describe.concurrent('KILL, rule 4: an adoption whose server is killed', { timeout: TIMEOUT_MS }, () => {
  rotate('strict');

  test.for(CASES)('$point: finished from the stored answer; the product comes back $when', async ({ point, when }) => {
    const email = `${point.replace('.', '-')}-${when.slice(0, 5).trim()}@example.com`.replace(' ', '-');
    const body = bodyOf(email, await grantOfProduct(stage, email));
    const headers: Record<string, string> = when.includes('Key') ? { 'idempotency-key': email } : {};
    await dieAt(point, body, headers);
    if (when.startsWith('when')) await until('the channel', async () => (await channelsOf(email)).length > 0, 60_000);
    const again = await adopt(body, headers);
    expect(again).toMatchObject({ status: 201, json: { status: 'connected', account: { email } } });
    expect(await refreshes(email)).toEqual([200]);
    await expectNothingLeft(email);
    await expectOneLiveChannel(email, again.json.id);
    expect(await adopt(body)).toMatchObject({ status: 201, json: { id: again.json.id } });
    expect(await refreshes(email)).toEqual([200, 200]);
  });

  test.for(UNSENT)('%s: the token is unspent, and the repeated request sends it', async (point) => {
    const email = `${point.replace('.', '-')}@example.com`;
    const body = bodyOf(email, await grantOfProduct(stage, email));
    await dieAt(point, body);
    expect(await refreshes(email)).toEqual([]);
    const again = await adopt(body);
    expect(again).toMatchObject({ status: 201, json: { status: 'connected' } });
    expect(await refreshes(email)).toEqual([200]);
    await expectOneLiveChannel(email, again.json.id);
  });

  test.for(LOST)('%s: an answer that died with its process cannot be had again, and that is said', async (point) => {
    const email = `${point.replace('.', '-')}@example.com`;
    const body = bodyOf(email, await grantOfProduct(stage, email));
    await dieAt(point, body);
    expect(await adopt(body)).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
    expect(await refreshes(email)).toEqual([200, 400]);
    expect(await channelsOf(email)).toEqual([]);
  });

  test('adoption.settled, under a wrong name: the right one is adopted without sending the token again', async () => {
    const email = 'adoption-settled-failed@example.com';
    const body = bodyOf(email, await grantOfProduct(stage, email));
    await dieAt('adoption.settled', { ...body, account: { email: 'other@example.com' } });
    const again = await adopt(body);
    expect(again).toMatchObject({ status: 201, json: { status: 'connected', account: { email } } });
    expect(await refreshes(email)).toEqual([200]);
    await expectOneLiveChannel(email, again.json.id);
  });
});

test('KILL: a worker that dies while it finishes one leaves it to the next', { timeout: TIMEOUT_MS }, async () => {
  await worker.stop();
  const environment = { ...stage.environment, TEMPORAL_ADDRESS: temporal.address };
  const mortal = await startWorkerProcess({ ...environment, MOORING_KILL_AT: 'sign_in.settling' });
  const email = 'two-deaths@example.com';
  const body = bodyOf(email, await grantOfProduct(stage, email));
  await dieAt('adoption.sealed', body);
  expect(await mortal.died).toBe('SIGKILL');
  expect(await channelsOf(email)).toEqual([]);
  const early = await api.call('POST', '/v1/channels', body);
  expect(early).toMatchObject({ status: 503, json: { code: 'adoption_in_progress', retryable: true } });
  worker = await startWorkerProcess(environment);
  const again = await adopt(body);
  expect(again).toMatchObject({ status: 201, json: { status: 'connected' } });
  expect(await refreshes(email)).toEqual([200]);
  await expectOneLiveChannel(email, again.json.id);
});

describe.concurrent('KILL: an adoption under tolerant rotation whose server is killed', { timeout: TIMEOUT_MS }, () => {
  rotate('tolerant');

  test.for(TOLERANT)('%s', async (point) => {
    const email = `tolerant-${point.replace('.', '-')}@example.com`;
    const body = bodyOf(email, await grantOfProduct(stage, email));
    await dieAt(point, body);
    const again = await adopt(body);
    expect(again).toMatchObject({ status: 201, json: { status: 'connected', account: { email } } });
    expect(await refreshes(email)).toEqual(LOST.includes(point) ? [200, 200] : [200]);
    await expectOneLiveChannel(email, again.json.id);
  });
});
