import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wakeForgotten } from '../../background/reconcile.ts';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import { imports } from '../../db/schema/imports.ts';
import { messages } from '../../db/schema/messages.ts';
import { channelWorkflowId, importWorkflowId } from '../../domain/workflow/names.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectMicrosoft, signInAt } from '../support/connect.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { withLongLivedTokens } from '../support/long-lived-tokens.ts';
import { openPublicAddress } from '../support/public-address.ts';
import type { PublicAddress } from '../support/public-address.ts';
import type { LoggedRequest, SandboxMessage } from '../support/sandbox-control.ts';
import { raiseStage } from '../support/stage.ts';
import { lifeOf } from './life.ts';
import type { Life } from './life.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EMAIL = 'year@contoso.example';

/*
 * A year at Microsoft, under time skipping, with a receiver that Graph can reach: lost pushes, an expired cursor, an
 * outage, an administrator's reset, a season without use. A wake costs some 100 ms: tokens of five days, polls of eight
 * and the long rests keep them few.
 */
let engine: Engine;
let address: PublicAddress;
let api: Api;
let channelId: string;
let life: Life;
const delivered: SandboxMessage[] = [];

beforeAll(async () => {
  address = await openPublicAddress();
  const stage = await raiseStage({ variables: { MOORING_PUBLIC_URL: address.url } });
  engine = await raiseEngine(withLongLivedTokens(stage), { timeSkipping: true });
  setPace({ pollMs: 6 * HOUR_MS, auditMs: DAY_MS });
  api = await startApi(engine.context);
  address.answerBy(api);
  await engine.context.clock.now(); // sets the provider's clock
  await engine.sandbox.account('microsoft', EMAIL);
  // A new folder is compared with what is stored: only folders that are known rest on what changes tell.
  for (const folder of ['Projects', 'Archive', 'Elsewhere'])
    await engine.sandbox.deliver('microsoft', EMAIL, 1, { folder, date: '2026-01-01T00:00:00Z' });
  await engine.sandbox.settings('microsoft', { token_life_s: 5 * 86_400 });
  channelId = channelOf(await connectMicrosoft(engine, EMAIL));
  life = lifeOf(engine, channelId);
  await until('the subscription', async () => (await subscription())?.reference);
}, 180_000);
afterAll(async () => {
  await api?.close();
  await engine?.close();
  address?.close();
});

function setPace({ pollMs, auditMs }: { pollMs: number; auditMs: number }): void {
  Object.assign(engine.context.config, { pollIntervalMs: pollMs, auditIntervalMs: auditMs });
}

const subscription = () => life.inTenant((tx) => findSubscription(tx, channelId));

async function pass(days: number): Promise<void> {
  for (let left = days; left > 0; left -= 4) {
    await engine.sleep(Math.min(left, 4) * DAY_MS);
    await wakeForgotten(engine.context);
  }
}

async function deliver(count: number, more = {}): Promise<SandboxMessage[]> {
  await engine.context.clock.now();
  const sent = await engine.sandbox.deliver('microsoft', EMAIL, count, more);
  delivered.push(...sent);
  return sent;
}

const move = ({ provider_id: id }: SandboxMessage, folder: string) =>
  engine.sandbox.call('PATCH', `/control/accounts/microsoft/${EMAIL}/messages/${encodeURIComponent(id)}`, { folder });

const storedIds = async () =>
  (await life.inTenant((tx) => tx.select().from(messages).where(eq(messages.channelId, channelId))))
    .map(({ messageId }) => messageId ?? '')
    .toSorted();
const deliveredIds = () => delivered.map(({ message_id }) => message_id).toSorted();

/** Everything that the mailbox ever had is stored once. */
async function expectWhole(): Promise<void> {
  await life.askForPoll();
  await until('every message', async () => {
    await engine.server.sleep(60_000);
    return (await storedIds()).length >= delivered.length;
  });
  expect(await storedIds()).toEqual(deliveredIds());
}

async function isOver({ id }: { id: string }): Promise<boolean> {
  const handle = engine.context.temporal.client.workflow.getHandle(importWorkflowId(id));
  return (await handle.describe()).status.name !== 'RUNNING';
}

/** A channel that is signalled while its import runs lets the test server skip no more time. */
async function importsEnd(): Promise<void> {
  const runs = await life.inTenant((tx) => tx.select().from(imports).where(eq(imports.channelId, channelId)));
  await until('the end of its imports', async () => {
    await engine.server.sleep(60_000);
    const over = await Promise.all(runs.map((run) => isOver(run).catch(() => true))); // a poll has no workflow
    return over.every(Boolean);
  });
  await until('an idle channel', async () => (await life.read()).importState === 'idle');
}

const requests = async (kind: 'api' | 'token' | 'push', operation: string) =>
  ((await engine.sandbox.requests('microsoft', kind, EMAIL)) as (LoggedRequest & { operation?: string })[]).filter(
    (request) => (request.operation ?? '').includes(operation),
  );
const renewals = async () => (await requests('api', 'PATCH')).length;
const refreshes = async () => {
  const asked = await engine.sandbox.requests('microsoft', 'token', EMAIL);
  return asked.filter(({ grant_type }) => grant_type === 'refresh_token').length;
};

it('rule 10: loses nothing in a day of lost pushes, neither what was moved away and back nor what no delta told', async () => {
  const { id } = await engine.sandbox.fault('microsoft', EMAIL, 'push_dropped');
  const [first] = await deliver(1);
  await engine.sleep(6 * HOUR_MS);
  const [untold] = await deliver(1, { unannounced: true });
  let known = first!;
  for (const folder of ['INBOX', 'Projects', 'Archive']) {
    const [message] = await deliver(2, { folder });
    // Between two polls. Of the known one its folder tells that it left, and never that it came back.
    for (const moved of [known, message!]) {
      await move(moved, 'Elsewhere');
      await move(moved, moved.folder);
    }
    known = message!;
    await engine.sleep(6 * HOUR_MS);
    if (folder === 'Projects') expect(await storedIds()).not.toContain(untold!.message_id);
  }
  await until('the daily comparison', async () => {
    await engine.sleep(HOUR_MS);
    return (await storedIds()).length >= delivered.length;
  });
  await engine.sleep(6 * HOUR_MS);
  expect(await storedIds()).toEqual(deliveredIds());
  expect((await requests('push', 'dropped')).length).toBeGreaterThan(0);
  expect(await requests('push', 'notification')).toEqual([]);
  await engine.sandbox.mend(id);
}, 60_000);

it('lives five quiet weeks with a subscription that is renewed every 35 hours', async () => {
  setPace({ pollMs: 8 * DAY_MS, auditMs: 16 * DAY_MS });
  const before = await renewals();
  for (const folder of ['INBOX', 'Projects', 'Archive', 'INBOX']) {
    await deliver(3, { folder });
    await life.askForPoll(); // plans the next one by the new pace
    await pass(9);
  }
  expect((await renewals()) - before).toBeGreaterThan((35 * 24) / 35);
  expect((await subscription())!.expiresAt!.getTime()).toBeGreaterThan((await engine.context.clock.now()).getTime());
  expect(await life.told('subscription.renewal_failed')).toBe(0);
  expect(await life.read()).toMatchObject({ status: 'connected', failures: 0, incidentId: null });
  await expectWhole();
}, 120_000);

it('is told by Graph of what comes while no time passes, once Graph’s question for a new authorization is answered', async () => {
  const before = await renewals();
  await engine.sandbox.fault('microsoft', EMAIL, 'reauthorization_required');
  await until('the authorization', async () => (await renewals()) > before);
  await deliver(2);
  await until('the news', async () => (await storedIds()).length >= delivered.length);
  expect(await storedIds()).toEqual(deliveredIds());
}, 60_000);

it('loses nothing over an expired cursor and a day without Graph', async () => {
  await deliver(2);
  await engine.sandbox.fault('microsoft', EMAIL, 'cursor_expired');
  await deliver(2, { folder: 'Projects' });
  await pass(12);
  await expectWhole();
  const { id } = await engine.sandbox.fault('microsoft', null, 'unavailable');
  await deliver(2);
  await engine.sleep(DAY_MS);
  expect(await life.told('channel.reauth_required')).toBe(0);
  await engine.sandbox.mend(id);
  await pass(12);
  await expectWhole();
  expect(await life.read()).toMatchObject({ status: 'connected', incidentId: null });
}, 120_000);

it('asks once for a sign-in after an administrator’s reset, waits half a year, and imports what came meanwhile', async () => {
  await engine.sandbox.fault('microsoft', EMAIL, 'session_revoked');
  await pass(12);
  expect(await life.read()).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  await deliver(5);
  await pass(170);
  expect(await life.told('channel.reauth_required')).toBe(1);
  expect(channelOf(await connectMicrosoft(engine, EMAIL))).toBe(channelId);
  await importsEnd();
  await expectWhole();
  expect(await life.told('channel.reauthorized')).toBe(1);
}, 120_000);

it('keeps a grant alive that no reader uses, where one without us ends after 90 days', async () => {
  await api.call('PATCH', `/v1/channels/${channelId}`, { import: 'off', keep_warm: 'when_used' });
  const { refreshToken } = await signInAt(engine, { accessType: 'microsoft', provider: 'microsoft' }, EMAIL);
  const before = await refreshes();
  await pass(100);
  expect((await refreshes()) - before).toBeGreaterThanOrEqual(3);
  expect((await refreshes()) - before).toBeLessThanOrEqual(4);
  const oauth = engine.context.providers.get('microsoft')!.signIn.oauth[0]!;
  const answer = await oauth.refreshRequest({ token: refreshToken!, context: {} }, AbortSignal.timeout(10_000));
  expect(() => oauth.processTokenAnswer(answer)).toThrow('700082');
  expect(await life.command('verify')).toMatchObject({ done: true });
  await api.call('PATCH', `/v1/channels/${channelId}`, { import: 'continuous', keep_warm: 'always' });
  await until('the subscription', async () => (await subscription())?.reference);
  await importsEnd();
}, 120_000);

it('lives to the end of its year, and no run of its workflow failed', async () => {
  const { createdAt } = await life.read();
  const daysLeft = async () => 365 - ((await engine.context.clock.now()).getTime() - createdAt.getTime()) / DAY_MS;
  while ((await daysLeft()) > 0) await pass(Math.min(40, Math.ceil(await daysLeft())));
  await deliver(3);
  await expectWhole();
  expect(await life.read()).toMatchObject({ status: 'connected', failures: 0, incidentId: null });
  const chain = await chainOf(engine, channelWorkflowId(channelId));
  const failures = chain.flatMap(({ events }) => events ?? []).map((event) => event.workflowTaskFailedEventAttributes);
  // A signal that comes while a run ends has its last task decided once more: no failure of ours.
  const failed = failures.filter((failure) => failure && !/UNHANDLED_COMMAND|^1$/.test(String(failure.cause)));
  expect(failed).toEqual([]);
}, 120_000);
