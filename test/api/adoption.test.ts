import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAdoptions } from '../../background/adoptions.ts';
import type { Context } from '../../runtime/context.ts';
import { pruneExpired } from '../../db/across-tenants/retention.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { until } from '../support/engine.ts';
import { grantOfProduct } from '../support/product-grant.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

/* A token that its provider takes once, handed over by a product: what becomes of it when nothing dies. */

let stage: Stage;
let api: Api;
let stop: (() => Promise<void>) | null = null;
beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  await stage.sandbox.settings('google', { refresh_rotation: 'strict', token_life_s: 3600 });
}, 60_000);
afterAll(async () => {
  await stop?.();
  await api?.close();
  await stage?.close();
});

/** What a worker process runs beside its Temporal workers. */
async function withWorker<T>(work: () => Promise<T>, context: Context = stage.context): Promise<T> {
  const running = startAdoptions(context);
  stop = () => running.stop();
  try {
    return await work();
  } finally {
    await running.stop();
    stop = null;
  }
}

const bodyOf = async (email: string, tenant = 'adopting') => ({
  tenant,
  access_type: 'gmail',
  account: { email },
  credential: { refresh_token: await grantOfProduct(stage, email) },
});

const adopt = (body: object, caller = api) => caller.call('POST', '/v1/channels', body);

const refreshes = async (email: string) =>
  (await stage.sandbox.requests('google', 'token', email))
    .filter(({ grant_type }) => grant_type === 'refresh_token')
    .map(({ status }) => status);

const rowsOf = (tenant: string) =>
  stage.context.database.inTenant(tenant, async (tx) => [
    ...(await tx.execute(`select due_at, sealed_answer, sealed_token, channel_id from adoptions`)),
  ]);

const holdersOf = (tenant: string) =>
  stage.context.database.inTenant(tenant, async (tx) => [
    ...(await tx.execute<{ holder: string; answered_at: string | null }>(`select holder, answered_at from adoptions`)),
  ]);

const expireLeases = (tenant: string) =>
  stage.context.database.inTenant(tenant, (tx) => tx.execute(`update adoptions set due_at = '2020-01-01'`));

/** The first answer is on its way until `arrives`; the second request has its connection, and waits until `goesOn`. */
function answeringLate(context: Context, arrives: Promise<void>, goesOn: Promise<void>): Context {
  const gmail = context.providers.get('gmail');
  const [oauth] = gmail?.signIn.oauth ?? [];
  if (!gmail || !oauth) throw new Error('Gmail is not configured');
  let requests = 0;
  const refreshRequest: typeof oauth.refreshRequest = async (grant, signal, beforeWriting) => {
    const isFirst = requests++ === 0;
    const answer = await oauth.refreshRequest(grant, signal, async () => {
      if (!isFirst) await goesOn;
      await beforeWriting?.();
    });
    if (isFirst) await arrives;
    return answer;
  };
  return {
    ...context,
    providers: new Map([['gmail', { ...gmail, signIn: { ...gmail.signIn, oauth: [{ ...oauth, refreshRequest }] } }]]),
  };
}

describe('a token that its provider takes once', () => {
  test('two requests at once send it once, and both get the channel', async () => {
    const body = await bodyOf('twice@example.com');
    const slow = await stage.sandbox.fault('google', 'twice@example.com', 'slow', { kind: 'token', ms: 1_500 });
    const [first, second] = await Promise.all([adopt(body), adopt(body)]);
    await stage.sandbox.mend(slow.id);
    expect(first).toMatchObject({ status: 201, json: { status: 'connected' } });
    expect(second).toMatchObject({ status: 201, json: { id: first.json.id } });
    expect(await refreshes('twice@example.com')).toEqual([200]);
  });

  test('under the wrong name it is refused, and under the right one it is adopted without being sent again', async () => {
    const body = await bodyOf('named@example.com');
    const wrong = await adopt({ ...body, account: { email: 'other@example.com' } });
    expect(wrong).toMatchObject({ status: 409, json: { code: 'account_mismatch' } });
    const right = await withWorker(() => adopt(body));
    expect(right).toMatchObject({ status: 201, json: { account: { email: 'named@example.com' } } });
    const wrongAgain = await adopt({ ...body, account: { email: 'other@example.com' } });
    expect(wrongAgain).toMatchObject({ json: { code: 'account_mismatch', received: { email: 'named@example.com' } } });
    expect(await refreshes('named@example.com')).toEqual([200]);
  });

  test('when the provider is in trouble after its answer, it is tried again by itself', async () => {
    const body = await bodyOf('trouble@example.com', 'troubled');
    const fault = await stage.sandbox.fault('google', 'trouble@example.com', 'unavailable', { kind: 'api' });
    expect(await adopt(body)).toMatchObject({ status: 503, json: { code: 'provider_unavailable', retryable: true } });
    await stage.sandbox.mend(fault.id);
    await withWorker(() => until('the channel', async () => (await rowsOf('troubled'))[0]?.['channel_id'], 30_000));
    expect(await adopt(body)).toMatchObject({ status: 201, json: { status: 'connected' } });
    expect(await refreshes('trouble@example.com')).toEqual([200]);
  });

  test('adoption_in_progress: without a worker to finish it, the product is told to come back', async () => {
    const body = await bodyOf('waiting@example.com', 'waiting');
    const fault = await stage.sandbox.fault('google', 'waiting@example.com', 'unavailable', { kind: 'api' });
    expect(await adopt(body)).toMatchObject({ status: 503, json: { code: 'provider_unavailable' } });
    await stage.sandbox.mend(fault.id);
    const told = await adopt(body);
    expect(told).toMatchObject({ status: 503, json: { code: 'adoption_in_progress', retryable: true } });
    expect(told.headers.get('retry-after')).toBe('5');
    expect(await withWorker(() => adopt(body))).toMatchObject({ status: 201 });
  }, 60_000);
});

test('rule 4: an answer that comes after the lease was lost is kept, and its token is not sent again', async () => {
  const email = 'late@example.com';
  const body = await bodyOf(email, 'late');
  const [arrives, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const late = await startApi(answeringLate(stage.context, arrives.promise, goesOn.promise));
  try {
    const first = adopt(body, late);
    await until('the request', async () => (await refreshes(email)).length === 1);
    const holder = (await holdersOf('late'))[0]?.holder;
    const second = adopt(body, late);
    await until('another holder', async () => {
      await expireLeases('late');
      return (await holdersOf('late'))[0]?.holder !== holder;
    });
    arrives.resolve();
    await until('the answer', async () => (await holdersOf('late'))[0]?.answered_at);
    goesOn.resolve();
    const { status, json } = await first;
    expect({ status, json }).toMatchObject({ status: 201, json: { status: 'connected' } });
    expect(await second).toMatchObject({ status: 201, json: { id: json.id } });
    expect(await refreshes(email)).toEqual([200]);
  } finally {
    await late.close();
  }
}, 60_000);

test('a token that was refused, or never answered, may be sent again', async () => {
  const body = await bodyOf('again@example.com', 'again');
  await stage.sandbox.fault('google', null, 'app_credentials_invalid', { kind: 'token', times: 1 });
  expect(await adopt(body)).toMatchObject({ status: 503, json: { code: 'app_credentials_invalid' } });
  await stage.sandbox.fault('google', null, 'cut_connection', { kind: 'token', times: 1, after: 'request' });
  expect(await adopt(body)).toMatchObject({ status: 503, json: { code: 'provider_unavailable' } });
  expect(await rowsOf('again')).toEqual([]);
  expect(await adopt(body)).toMatchObject({ status: 201 });
});

test('the same token stands for its channel only while that channel rests on it', async () => {
  const body = await bodyOf('rests@example.com', 'rests');
  const { json } = await adopt(body);
  expect(await adopt(body)).toMatchObject({ status: 201, json: { id: json.id, credential_version: 1 } });
  const next = await bodyOf('rests@example.com', 'rests');
  expect(await adopt(next)).toMatchObject({ status: 201, json: { id: json.id, credential_version: 2 } });
  expect(await adopt(body)).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
  expect(await adopt(next)).toMatchObject({ status: 201, json: { id: json.id, credential_version: 2 } });
});

test('an abandoned adoption is deleted when its answer has expired', async () => {
  const body = await bodyOf('left@example.com', 'left');
  await adopt({ ...body, account: { email: 'other@example.com' } });
  expect(await rowsOf('left')).toMatchObject([{ due_at: null, channel_id: null }]);
  const now = await stage.context.clock.now();
  const prune = (afterS: number) =>
    pruneExpired(stage.context.database, { now: new Date(now.getTime() + 1000 * afterS), limit: 100 });
  await prune(3_500);
  expect(await rowsOf('left')).toHaveLength(1);
  await prune(3_700);
  expect(await rowsOf('left')).toEqual([]);
});

test('erasing a tenant removes its adoptions', async () => {
  const body = await bodyOf('erased@example.com', 'erased');
  const fault = await stage.sandbox.fault('google', 'erased@example.com', 'unavailable', { kind: 'api' });
  expect(await adopt(body)).toMatchObject({ status: 503 });
  expect(await rowsOf('erased')).toHaveLength(1);
  await stage.sandbox.mend(fault.id);
  expect(await api.call('DELETE', '/v1/tenants/erased')).toMatchObject({ json: { erased: true } });
  expect(await rowsOf('erased')).toEqual([]);
});
