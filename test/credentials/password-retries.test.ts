import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { lookAtChannel } from '../../channels/look.ts';
import { checkChannel } from '../../credentials/check.ts';
import { readAccess } from '../../credentials/access.ts';
import { recordRefusal } from '../../credentials/outcomes.ts';
import { beginPasswordTry } from '../../credentials/password-tries.ts';
import { letHappen } from '../../channels/happenings.ts';
import { lockChannel } from '../../db/channels/channels.ts';
import { isPasswordTryUnderWay } from '../../domain/backoff.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { setScene, TENANT } from './scene.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const scene = setScene();
beforeAll(() => scene.withoutReminders());
const PASSWORD = secret('password');

const check = (channelId: string, asked = false) =>
  checkChannel(scene.stage.context, { tenantId: TENANT, channelId, asked });
const due = async (channelId: string) =>
  (await lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId, seq: 1_000_000 })).due;
const row = async (channelId: string) => (await scene.read(channelId)).channel;
const logins = async (email: string) => (await scene.stage.sandbox.requests('imap', 'login', email)).length;
const setPassword = (email: string, password: string) => scene.stage.sandbox.account('imap', email, { password });

/** A channel whose password the server has just refused. */
async function refused(email: string): Promise<string> {
  await setPassword(email, PASSWORD);
  const id = channelOf(await connectImap(scene.stage, email, PASSWORD));
  await setPassword(email, secret('password'));
  await check(id);
  expect(await row(id)).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  return id;
}

async function incidentsOf(channelId: string) {
  const rows = await scene.stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute<{ open: boolean }>(
      sql`select closed_at is null as open from incidents where channel_id = ${channelId} order by opened_at`,
    ),
  );
  return rows.map(({ open }) => open);
}

describe('R-31: a refused password that had worked', () => {
  test('is tried 10 minutes, an hour and a day later, and never again', async () => {
    const email = 'budget@imap.example.com';
    const id = await refused(email);
    const before = await logins(email);
    const triedAfterMs: number[] = [];
    const { statusSince } = await row(id);
    for (let passedMs = 0; passedMs < 3 * DAY_MS; passedMs += 5 * MINUTE_MS) {
      const tries = await logins(email);
      await check(id);
      if ((await logins(email)) > tries) triedAfterMs.push((await scene.clock.now()).getTime() - statusSince.getTime());
      const next = await due(id);
      if (next === null) break;
      expect(next.deed).toBe('check');
      await scene.advance(5 * MINUTE_MS);
    }
    expect(await logins(email)).toBe(before + 3);
    for (const [at, ms] of [10 * MINUTE_MS, HOUR_MS, DAY_MS].entries()) {
      expect(triedAfterMs[at]).toBeGreaterThanOrEqual(ms);
      expect(triedAfterMs[at]).toBeLessThan(ms * 1.06 + 6 * MINUTE_MS);
    }
    await scene.advance(30 * DAY_MS);
    await check(id);
    expect(await logins(email)).toBe(before + 3);
    expect(await scene.events(id, 'channel.reauth_required')).toHaveLength(1);
  });

  test('that is taken ends the person’s task: repaired, the incident closed, the gap imported', async () => {
    const email = 'repaired@imap.example.com';
    const id = await refused(email);
    await setPassword(email, PASSWORD);
    await scene.advance(11 * MINUTE_MS);
    expect(await check(id)).toMatchObject({ ok: true });
    expect(await row(id)).toMatchObject({
      status: 'connected',
      statusReason: null,
      action: 'none',
      incidentId: null,
      passwordRetries: null,
      importState: 'catching_up',
      credentialVersion: 1,
    });
    expect(await scene.events(id, 'channel.repaired')).toHaveLength(1);
    expect(await scene.events(id, 'channel.reauthorized')).toHaveLength(0);
    expect(await scene.events(id, 'incident.closed')).toHaveLength(1);
    expect(await incidentsOf(id)).toEqual([false]);
  });

  test('counts a try before its login: a process that dies repeats none, and a reminder waits for it', async () => {
    const email = 'killed@imap.example.com';
    const id = await refused(email);
    const before = await logins(email);
    await scene.advance(11 * MINUTE_MS);
    const access = await readAccess(scene.stage.context, TENANT, id);
    if (access === 'gone') throw new Error('The channel is gone');
    expect(await beginPasswordTry(scene.stage.context, access)).toBe(true); // and the process dies
    const isUnderWay = async () =>
      isPasswordTryUnderWay((await row(id)).passwordRetries, (await scene.clock.now()).getTime());
    expect(await isUnderWay()).toBe(true);
    await check(id);
    expect(await logins(email)).toBe(before);
    await scene.advance(3 * MINUTE_MS);
    expect(await isUnderWay()).toBe(false);
    await scene.advance(HOUR_MS);
    await check(id);
    await scene.advance(25 * HOUR_MS);
    await check(id);
    await scene.advance(25 * HOUR_MS);
    await check(id);
    expect(await logins(email)).toBe(before + 2);
  });

  test('loses against a person’s sign-in: the budget begins anew, and an old refusal changes nothing', async () => {
    const email = 'person@imap.example.com';
    const id = await refused(email);
    await scene.advance(11 * MINUTE_MS);
    await check(id);
    const next = secret('password');
    await setPassword(email, next);
    expect(channelOf(await connectImap(scene.stage, email, next))).toBe(id);
    expect(await row(id)).toMatchObject({ status: 'connected', passwordRetries: null, credentialVersion: 2 });
    const old = verdict('reauth_required', 'password_changed', { providerCode: 'AUTHENTICATIONFAILED' });
    const outcome = { tenantId: TENANT, channelId: id, credentialVersion: 1, tried: 'access', verdict: old } as const;
    await recordRefusal(scene.stage.context, outcome);
    expect(await row(id)).toMatchObject({ status: 'connected', passwordRetries: null });
  });

  test('is not tried while the channel is paused, and a person’s own ask costs nothing of the budget', async () => {
    const email = 'paused@imap.example.com';
    await setPassword(email, PASSWORD);
    const id = channelOf(await connectImap(scene.stage, email, PASSWORD));
    const happen = (type: 'paused' | 'resumed') =>
      scene.stage.context.database.inTenant(TENANT, async (tx) => {
        const locked = await lockChannel(tx, id);
        if (locked) await letHappen(tx, locked, { type }, await scene.clock.now());
      });
    await happen('paused');
    await setPassword(email, secret('password'));
    await check(id);
    expect(await row(id)).toMatchObject({ status: 'reauth_required' });
    await scene.advance(11 * MINUTE_MS);
    const before = await logins(email);
    expect(await due(id)).toBeNull();
    await check(id);
    expect(await logins(email)).toBe(before);
    await check(id, true);
    expect(await logins(email)).toBe(before + 1);
    await happen('resumed');
    expect(await due(id)).toMatchObject({ deed: 'check' });
    await check(id);
    expect(await logins(email)).toBe(before + 2);
    expect((await row(id)).passwordRetries).toMatchObject({ tries: 1 });
  });

  test('is never tried again by itself once the account showed a lock-out', async () => {
    const email = 'locked@imap.example.com';
    await setPassword(email, PASSWORD);
    const id = channelOf(await connectImap(scene.stage, email, PASSWORD));
    const imap = scene.stage.context.providers.get('imap')!;
    const body = 'NO [UNAVAILABLE] Your account is temporarily locked, try again later';
    const locked = imap.classify({ operation: 'login', httpStatus: null, headers: {}, body });
    expect(locked).toMatchObject({ kind: 'transient', lockedOut: true });
    const outcome = {
      tenantId: TENANT,
      channelId: id,
      credentialVersion: 1,
      tried: 'access',
      verdict: locked,
    } as const;
    await recordRefusal(scene.stage.context, outcome);
    expect(await row(id)).toMatchObject({ status: 'degraded' });
    expect(await check(id)).toMatchObject({ ok: true });
    await setPassword(email, secret('password'));
    await check(id);
    expect(await row(id)).toMatchObject({ status: 'reauth_required' });
    expect(await due(id)).toBeNull();
    const before = await logins(email);
    await scene.advance(2 * DAY_MS);
    await check(id);
    expect(await logins(email)).toBe(before);
  });
});

test('the third incident in 30 days that asks a person asks for support, and an older one counts no more', async () => {
  const email = 'support@imap.example.com';
  const id = await refused(email);
  const signInAgain = async () => {
    const next = secret('password');
    await setPassword(email, next);
    await connectImap(scene.stage, email, next);
  };
  const breakAgain = async () => {
    await signInAgain();
    await setPassword(email, secret('password'));
    await check(id);
    return row(id);
  };
  await scene.advance(DAY_MS);
  expect(await breakAgain()).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
  await scene.advance(DAY_MS);
  expect(await breakAgain()).toMatchObject({ status: 'reauth_required', action: 'contact_support' });
  await check(id, true);
  expect(await row(id)).toMatchObject({ action: 'contact_support' });
  await scene.advance(29.5 * DAY_MS);
  expect(await breakAgain()).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
});

describe('rule 11: a server that flaps', () => {
  test('is one incident, told once, however often it fails and recovers', async () => {
    const email = 'flaps@imap.example.com';
    await setPassword(email, PASSWORD);
    const id = channelOf(await connectImap(scene.stage, email, PASSWORD));
    const flap = async () => {
      const { id: fault } = await scene.stage.sandbox.fault('imap', email, 'unavailable');
      await check(id);
      expect(await row(id)).toMatchObject({ status: 'degraded', action: 'none' });
      await scene.stage.sandbox.mend(fault);
      await scene.advance(2 * MINUTE_MS);
      expect(await check(id)).toMatchObject({ ok: true });
      expect(await row(id)).toMatchObject({ status: 'connected', incidentId: null });
      await scene.advance(3 * MINUTE_MS);
    };
    for (let times = 0; times < 5; times++) await flap();
    expect(await incidentsOf(id)).toEqual([false]);
    expect(await scene.events(id, 'incident.opened')).toHaveLength(1);
    expect(await scene.events(id, 'incident.closed')).toHaveLength(1);
    await scene.advance(HOUR_MS);
    await flap();
    expect(await incidentsOf(id)).toEqual([false, false]);
    expect(await scene.events(id, 'incident.opened')).toHaveLength(2);
  });

  test('but what a person ended is over: trouble after a sign-in is an incident of its own', async () => {
    const email = 'signed-in@imap.example.com';
    const id = await refused(email);
    const next = secret('password');
    await setPassword(email, next);
    await connectImap(scene.stage, email, next);
    await setPassword(email, secret('password'));
    await check(id);
    expect(await incidentsOf(id)).toEqual([false, true]);
    expect(await scene.events(id, 'incident.opened')).toHaveLength(2);
  });
});

describe('a blocked channel', () => {
  test.each([
    ['account_gone', 'account_disabled', 'access'],
    ['account_gone', 'mailbox_unavailable', 'access'],
    ['admin_action', 'admin_policy_enforced', 'access'],
    ['admin_action', 'mailbox_unavailable', 'access'],
  ] as const)('%s (%s) is tried again hourly for a day, then daily', async (kind, reason, tried) => {
    const email = `${kind}.${reason}@imap.example.com`;
    await setPassword(email, PASSWORD);
    const id = channelOf(await connectImap(scene.stage, email, PASSWORD));
    const outcome = { tenantId: TENANT, channelId: id, credentialVersion: 1, tried } as const;
    const refuse = () => recordRefusal(scene.stage.context, { ...outcome, verdict: verdict(kind, reason) });
    const dueInMs = async () => {
      const next = await due(id);
      expect(next?.deed).toBe('check');
      return next!.at - (await scene.clock.now()).getTime();
    };
    await refuse();
    expect(await row(id)).toMatchObject({ status: 'blocked' });
    for (let hours = 0; hours < 3; hours++) {
      expect(await dueInMs()).toBeGreaterThan(0.98 * HOUR_MS);
      expect(await dueInMs()).toBeLessThan(1.15 * HOUR_MS);
      await scene.advance(HOUR_MS);
      await refuse();
    }
    await scene.advance(DAY_MS);
    await refuse();
    expect(await dueInMs()).toBeGreaterThan(0.98 * DAY_MS);
    expect(await dueInMs()).toBeLessThan(1.15 * DAY_MS);
  });
});
