import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requestDisconnect } from '../../connections/request-disconnect.ts';
import { tellAllExpiring } from '../../background/expiring.ts';
import { wakeForgotten } from '../../background/reconcile.ts';
import { findChannel, lockChannel, updateChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { findSignInImport } from '../../db/imports/receipts.ts';
import { incidents } from '../../db/schema/channels.ts';
import { messages } from '../../db/schema/messages.ts';
import { listTimeline } from '../../db/events/timeline.ts';
import { readAccessToken } from '../../db/credentials/token-reads.ts';
import type { EventType } from '../../domain/event.ts';
import type { Secret } from '../../domain/secret.ts';
import { channelWorkflowId } from '../../domain/workflow/names.ts';
import { LONGEST_RUN_EVENTS } from '../../workflows/run-length.ts';
import { channelOf, connectGmail, signInAt } from '../support/connect.ts';
import { databaseAs } from '../support/logins.ts';
import { chainOf, raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';
import { actionsOf, addActions } from '../support/temporal-actions.ts';
import type { Actions } from '../support/temporal-actions.ts';
import { withLongLivedTokens } from '../support/long-lived-tokens.ts';

const HOUR_S = 3_600;
const HOUR_MS = 1_000 * HOUR_S;
const DAY_MS = 24 * HOUR_MS;
const TENANT = 'acme';
const EMAIL = 'year@example.com';

/*
 * A year in the life of one channel, on real PostgreSQL, the sandbox's Google and Temporal's time-skipping server.
 *
 * A wake costs what it costs in production, some 50 ms of two cores, at any skipped speed. So two days go by with
 * Google's tokens of an hour, and the rest of the year with tokens of two days and a poll every fourth: some 500 wakes,
 * where an hourly year would have 10,000.
 */
const POLL_MS = 4 * DAY_MS;
/** It looks two days back, which means little to polls so far apart; test/workflows/audit.test.ts is about it. */
const AUDIT_MS = 8 * DAY_MS;
const LONG_LIFE_S = 48 * HOUR_S;

let engine: Engine;
let channelId: string;
/** Every message the provider ever had for this mailbox. */
const delivered: string[] = [];

beforeAll(async () => {
  engine = await raiseEngine(withLongLivedTokens(await raiseStage()), {
    timeSkipping: true,
    config: { pollIntervalMs: POLL_MS, auditIntervalMs: AUDIT_MS },
  });
}, 180_000);
afterAll(() => engine.close());

const inTenant: Engine['context']['database']['inTenant'] = (tenant, work) =>
  engine.context.database.inTenant(tenant, work);
const now = () => engine.context.clock.now();

async function row(): Promise<ChannelRow> {
  const found = await inTenant(TENANT, (tx) => findChannel(tx, channelId));
  if (!found) throw new Error('The channel is gone');
  return found;
}

/** Days pass, each ending with what the reconcile does and with a product that reads the token. */
async function pass(days: number, fresh: 'always' | 'not now' = 'always'): Promise<void> {
  for (let day = 0; day < days; day++) {
    await engine.sleep(DAY_MS);
    await wakeForgotten(engine.context);
    await tellAllExpiring(engine.context);
    await readToken(fresh);
  }
}

/** A token that is served has not expired, ever; while nothing is wrong it is served at once. */
async function readToken(fresh: 'always' | 'not now'): Promise<void> {
  const { at, served, expiresAt } = await read();
  if (served) expect(expiresAt?.getTime()).toBeGreaterThan(at.getTime());
  if (fresh === 'always') expect(served).toBe('fresh');
}

async function read() {
  const at = await now();
  const question = { channelId, tenantId: TENANT, apiKeyId: 'key_test', now: at, minLifeMs: null };
  const reading = await readAccessToken(databaseAs('server', engine.context.database), question);
  if (!reading) throw new Error('The channel is gone');
  return { at, ...reading };
}

async function deliver(count: number): Promise<string[]> {
  await now(); // sets the provider's clock
  const ids = (await engine.sandbox.deliver('google', EMAIL, count)).map(({ provider_id }) => provider_id);
  delivered.push(...ids);
  return ids;
}

const stored = async (importId?: string) => {
  const rows = await inTenant(TENANT, (tx) => tx.select().from(messages).where(eq(messages.channelId, channelId)));
  return rows.filter((row) => importId === undefined || row.importId === importId);
};
const told = async (type: EventType) => {
  const events = await inTenant(TENANT, (tx) => listTimeline(tx, { channelId, before: null, limit: 5_000 }));
  return events.filter((event) => event.type === type).length;
};
const refreshes = async () => {
  const requests = await engine.sandbox.requests('google', 'token', EMAIL);
  return requests.filter(({ grant_type }) => grant_type === 'refresh_token').length;
};
const calls = async () => (await refreshes()) + (await engine.sandbox.requests('google', 'api', EMAIL)).length;
const incidentsOf = () =>
  inTenant(TENANT, (tx) => tx.select().from(incidents).where(eq(incidents.channelId, channelId)));

it('is connected, and refreshes tokens of an hour hourly', async () => {
  await engine.sandbox.settings('google', { token_life_s: HOUR_S });
  channelId = channelOf(await connectGmail(engine, EMAIL));
  await until('the first look', async () => (await row()).workflowSeq > 0);
  await deliver(3);
  await pass(2);
  // Every 51 to 54 minutes: a tenth of the life ahead, and up to a twentieth by the channel's id.
  expect(await refreshes()).toBeGreaterThanOrEqual(53);
  expect(await refreshes()).toBeLessThanOrEqual(57);
}, 120_000);

it('costs a timer and an activity a refresh, and a run a day', async () => {
  const chain = await chainOf(engine, channelWorkflowId(channelId));
  const actions: Actions = {};
  for (const run of chain) addActions(actions, actionsOf(run));
  const { run = 0, refresh = 0, timer = 0 } = actions;
  expect(run, JSON.stringify(actions)).toBeLessThanOrEqual(5);
  expect(timer - refresh, JSON.stringify(actions)).toBeLessThanOrEqual(6);
}, 60_000);

/** A channel that imports nothing and that no product reads. */
async function unread(email: string) {
  const id = channelOf(await connectGmail(engine, email, { spec: { import: 'off' } }));
  await inTenant(TENANT, (tx) => updateChannel(tx, id, { keepWarm: 'when_used' }));
  await engine.context.temporal.lookAt({ id, tenantId: TENANT, accessType: 'gmail' });
  const events = () => inTenant(TENANT, (tx) => listTimeline(tx, { channelId: id, before: null, limit: 100 }));
  return {
    row: () => inTenant(TENANT, (tx) => findChannel(tx, id)),
    expiring: async () => (await events()).filter(({ type }) => type === 'channel.expiring').map(({ data }) => data),
    refreshes: async () =>
      (await engine.sandbox.requests('google', 'token', email)).filter(
        ({ grant_type }) => grant_type === 'refresh_token',
      ).length,
  };
}
let unused: Awaited<ReturnType<typeof unread>>;
const UNUSED = 'unused@example.com';
let abandoned: Secret;

it('tells of a grant of a client in testing before it ends after seven days', async () => {
  await engine.sandbox.settings('google', { token_life_s: LONG_LIFE_S });
  unused = await unread(UNUSED);
  abandoned = (await signInAt(engine, { accessType: 'gmail', provider: 'google' }, UNUSED)).refreshToken!;
  await engine.sandbox.settings('google', { refresh_token_life_s: 7 * 24 * HOUR_S });
  const tester = await unread('tester@example.com');
  await engine.sandbox.settings('google', { refresh_token_life_s: null });
  const endsAt = (await now()).getTime() + 7 * DAY_MS;
  await pass(4);
  expect(await tester.expiring()).toEqual([]);
  await pass(2);
  const [told, ...more] = await tester.expiring();
  expect(more).toEqual([]);
  expect(told).toMatchObject({ status: 'connected', action: 'reauthorize', expiresBy: 'refresh_token_expired' });
  expect(Math.abs(Date.parse(String(told?.['expiresAt'])) - endsAt)).toBeLessThan(HOUR_MS);
  await pass(30);
  expect(await tester.row()).toMatchObject({ status: 'reauth_required', statusReason: 'refresh_token_expired' });
  expect(await tester.expiring()).toHaveLength(1);
}, 120_000);

it('lives a hundred quiet days', async () => {
  await engine.sandbox.settings('google', { token_life_s: LONG_LIFE_S });
  await pass(1);
  const before = await refreshes();
  for (let month = 0; month < 4; month++) {
    await deliver(2);
    await pass(25);
  }
  const perDay = ((await refreshes()) - before) / 100;
  expect(perDay).toBeGreaterThan(0.5);
  expect(perDay).toBeLessThan(0.65);
  expect(await row()).toMatchObject({ status: 'connected', failures: 0, incidentId: null });
  expect((await stored()).map(({ providerId }) => providerId).sort()).toEqual([...delivered].sort());
  expect(await incidentsOf()).toHaveLength(0);
}, 180_000);

it('rule 11: takes a day’s outage of its provider as one incident that nobody has to act on', async () => {
  // A token that expires while the provider is down.
  await engine.sandbox.settings('google', { token_life_s: 12 * HOUR_S });
  await pass(2);
  const before = await calls();
  const { id } = await engine.sandbox.fault('google', null, 'unavailable');
  await deliver(1);
  await pass(1, 'not now');
  expect(await row()).toMatchObject({ status: 'degraded', action: 'none', statusReason: 'provider_unavailable' });
  // With growing gaps of a quarter of an hour at most: four an hour, not a storm.
  expect((await calls()) - before).toBeLessThan(24 * 5);
  expect((await read()).served).toBeNull();
  await engine.sandbox.settings('google', { token_life_s: LONG_LIFE_S });
  await engine.sandbox.mend(id);
  await pass(1, 'not now');
  await pass(10);
  expect(await row()).toMatchObject({ status: 'connected', failures: 0, incidentId: null, trouble: null });
  expect([await told('channel.degraded'), await told('channel.repaired')]).toEqual([1, 1]);
  expect(await told('channel.reauth_required')).toBe(0);
  expect((await incidentsOf()).filter(({ closedAt }) => closedAt !== null)).toHaveLength(1);
}, 120_000);

it('rule 5: asks once for a sign-in after the password was changed, and waits for a month without a sound', async () => {
  await engine.sandbox.fault('google', EMAIL, 'password_changed');
  await pass(3, 'not now');
  const changed = await row();
  expect(changed).toMatchObject({ status: 'reauth_required', action: 'reauthorize', providerCode: 'invalid_grant' });
  const before = await calls();
  const runsBefore = (await chainOf(engine, channelWorkflowId(channelId))).length;
  await pass(30, 'not now');
  expect(await calls()).toBe(before);
  expect(await told('channel.reauth_required')).toBe(1);
  expect(await row()).toMatchObject({ status: 'reauth_required', incidentId: changed.incidentId });
  // Only the reconcile's looks: that the workflow is there at all.
  expect((await chainOf(engine, channelWorkflowId(channelId))).length - runsBefore).toBeLessThan(40);
}, 120_000);

it('rules 8 and 10: finds exactly what was missed once the person signed in again, and says so in a receipt', async () => {
  const missed = await deliver(4);
  await pass(5, 'not now');
  missed.push(...(await deliver(3)));
  expect(channelOf(await connectGmail(engine, EMAIL))).toBe(channelId);
  const receipt = await until('the import', async () => {
    await engine.sleep(60_000);
    const found = await inTenant(TENANT, (tx) => findSignInImport(tx, channelId));
    return found?.row.state === 'running' ? null : found;
  });
  expect(receipt.row).toMatchObject({ state: 'completed', cause: 'reauthorized', compared: true });
  expect(receipt.counts).toMatchObject({ found: missed.length, imported: missed.length, missing: 0, skipped: [] });
  const imported = await stored(receipt.row.id);
  expect(imported.map(({ providerId }) => providerId).sort()).toEqual(missed.sort());
  expect(imported.every(({ backfilled }) => backfilled)).toBe(true);
  expect(await row()).toMatchObject({ status: 'connected', importState: 'idle', incidentId: null });
  expect(await told('channel.reauthorized')).toBe(1);
  await pass(1);
}, 120_000);

it('lives to the end of its year', async () => {
  const { createdAt } = await row();
  const daysLeft = async () => 365 - ((await now()).getTime() - createdAt.getTime()) / DAY_MS;
  while ((await daysLeft()) > 5) {
    await deliver(1);
    await pass(Math.min(25, await daysLeft()));
  }
  await pass(5);
  expect((await stored()).map(({ providerId }) => providerId).sort()).toEqual([...delivered].sort());
  expect(await incidentsOf()).toHaveLength(2);
}, 180_000);

it('has kept a grant alive that no reader used, where one without us ended after six months', async () => {
  expect(await unused.row()).toMatchObject({ status: 'connected', incidentId: null });
  expect(await unused.refreshes()).toBeGreaterThanOrEqual(11);
  expect(await unused.refreshes()).toBeLessThanOrEqual(14);
  expect(await unused.expiring()).toEqual([]);
  const oauth = engine.context.providers.get('gmail')!.signIn.oauth[0]!;
  const answer = await oauth.refreshRequest({ token: abandoned, context: {} }, AbortSignal.timeout(10_000));
  expect(() => oauth.processTokenAnswer(answer)).toThrow('invalid_grant');
}, 60_000);

it('is disconnected: revoked upstream, shredded here, and its workflow completes', async () => {
  await inTenant(TENANT, async (tx) => {
    const locked = await lockChannel(tx, channelId);
    if (!locked) throw new Error('The channel is gone');
    await requestDisconnect({ tx, now: await now(), wake: async () => {} }, locked, { erase: false });
  });
  await readToken('not now');
  await engine.context.temporal.lookAt({ id: channelId, tenantId: TENANT, accessType: 'gmail' });
  await engine.channel(channelId).result();
  expect(await row()).toMatchObject({ status: 'disconnected', revocation: 'done', nextDueAt: null });
  expect(await inTenant(TENANT, (tx) => findCredential(tx, channelId))).toBeNull();
  expect((await engine.sandbox.requests('google', 'revoke', EMAIL)).map(({ status }) => status)).toEqual([200]);
  expect(await wakeForgotten(engine.context)).toBe(0);
}, 60_000);

it('rule 13: none of its runs failed, and none was longer than a day of refreshes', async () => {
  const chain = await chainOf(engine, channelWorkflowId(channelId));
  const last = chain.map(({ events }) => events?.at(-1));
  expect(last.filter((event) => event?.workflowExecutionContinuedAsNewEventAttributes)).toHaveLength(chain.length - 1);
  expect(last.at(-1)?.workflowExecutionCompletedEventAttributes).toBeTruthy();
  expect(Math.max(...chain.map(({ events }) => events?.length ?? 0))).toBeLessThan(LONGEST_RUN_EVENTS);
  expect(LONGEST_RUN_EVENTS).toBeLessThan(400); // nearly every wake replays them all
  expect(chain.flatMap(({ events }) => events ?? []).filter(isFailure)).toEqual([]);
}, 60_000);

type HistoryEvent = NonNullable<Awaited<ReturnType<typeof chainOf>>[number]['events']>[number];
const isFailure = (event: HistoryEvent) =>
  Boolean(
    isWrong(event.workflowTaskFailedEventAttributes) ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes,
  );
/** A signal that comes while a run ends has its last task decided once more: no failure of ours. */
const isWrong = (failed: HistoryEvent['workflowTaskFailedEventAttributes']) =>
  failed && /UNHANDLED_COMMAND|^1$/.test(String(failed.cause)) ? null : failed;
