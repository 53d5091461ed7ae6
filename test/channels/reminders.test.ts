import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { letHappen } from '../../channels/happenings.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { putOffDeed } from '../../channels/put-off.ts';
import { remindPerson } from '../../channels/remind.ts';
import { lockChannel, updateChannel } from '../../db/channels/channels.ts';
import type { Happening } from '../../domain/channel.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { TENANT, setScene } from '../credentials/scene.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const scene = setScene();
let api: Api;
beforeAll(async () => {
  api = await startApi(scene.stage.context);
});
afterAll(() => api?.close());

const REVOKED = verdict('reauth_required', 'access_revoked', { providerCode: 'invalid_grant' });
const APP = verdict('misconfigured', 'app_credentials_invalid', { providerCode: 'invalid_client' });
const CONSENT = verdict('admin_action', 'admin_consent_required', { providerCode: 'AADSTS65001' });
const OUTAGE = verdict('transient', 'provider_unavailable', { providerCode: '503' });

const row = async (id: string) => (await scene.read(id)).channel;
const events = async (id: string) =>
  (await scene.events(id, 'channel.reauth_reminder')) as { number?: number; admins_join?: boolean }[];
const remind = (channelId: string) => remindPerson(scene.stage.context, { tenantId: TENANT, channelId });
const due = async (channelId: string) =>
  (await lookAtChannel(scene.stage.context, { tenantId: TENANT, channelId, seq: 1_000_000 })).due;
const happen = (id: string, happening: Happening, more: Parameters<typeof letHappen>[4] = {}) =>
  scene.stage.context.database.inTenant(TENANT, async (tx) => {
    const locked = await lockChannel(tx, id);
    if (!locked) throw new Error(`There is no channel ${id}`);
    return letHappen(tx, locked, happening, await scene.clock.now(), more);
  });
const refuse = (id: string, by: Verdict = REVOKED) =>
  happen(id, { type: 'refused', credentialVersion: 1, verdict: by }, { trouble: 'credential' });
const work = (id: string) => happen(id, { type: 'worked', credentialVersion: 1 }, { trouble: null });

async function broken(email: string, by?: Verdict): Promise<{ id: string; after: (days: number) => Date }> {
  const id = await scene.connect(email);
  const { statusSince } = await refuse(id, by);
  return { id, after: (days) => new Date(statusSince.getTime() + days * DAY_MS) };
}

const incidentsOf = (id: string) =>
  scene.stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute<{ open: boolean; reminders: number }>(
      sql`select closed_at is null as open, reminders from incidents where channel_id = ${id} order by opened_at`,
    ),
  );

describe('rule 11: reminders of an incident', () => {
  test('are emitted once a step, also by a deed that runs twice; several that were missed are one', async () => {
    const { id, after } = await broken('steps@example.com');
    expect(await due(id)).toMatchObject({ deed: 'remind', at: after(1).getTime() });
    await remind(id);
    expect(await events(id)).toEqual([]);
    await scene.advance(DAY_MS);
    await remind(id);
    await remind(id);
    expect(await events(id)).toMatchObject([{ status: 'reauth_required', number: 1, admins_join: false }]);
    expect((await row(id)).nextReminderAt).toEqual(after(3));
    await scene.advance(8 * DAY_MS); // no worker ran
    await remind(id);
    await remind(id);
    expect(await events(id)).toMatchObject([{ number: 1 }, { number: 2, admins_join: true }]);
    expect((await row(id)).nextReminderAt).toEqual(after(14));
    await happen(id, { type: 'reauthorized', credentialVersion: 2 });
    expect((await row(id)).nextReminderAt).toBeNull();
    await scene.advance(6 * DAY_MS);
    await remind(id);
    expect(await events(id)).toHaveLength(2);
  });

  test('count from the first alert, not from an outage before it', async () => {
    const id = await scene.connect('outage@example.com');
    await refuse(id, OUTAGE);
    expect((await row(id)).nextReminderAt).toBeNull();
    await scene.advance(5 * DAY_MS);
    const { statusSince, nextReminderAt } = await refuse(id);
    expect(nextReminderAt).toEqual(new Date(statusSince.getTime() + DAY_MS));
    expect(await incidentsOf(id)).toHaveLength(1);
  });

  test('rest during a pause and go on after it, as the same incident', async () => {
    const { id, after } = await broken('paused@example.com');
    await scene.advance(DAY_MS);
    await remind(id);
    await happen(id, { type: 'paused' });
    expect((await row(id)).nextReminderAt).toBeNull();
    await scene.advance(DAY_MS);
    await remind(id);
    await happen(id, { type: 'resumed' });
    expect((await row(id)).nextReminderAt).toBeNull();
    await refuse(id);
    expect((await row(id)).nextReminderAt).toEqual(after(3));
    expect(await incidentsOf(id)).toEqual([{ open: true, reminders: 1 }]);
    expect(await scene.events(id, 'incident.opened')).toHaveLength(1);

    // A paused channel that breaks has none before it is resumed; the pause of one that heals is over with its trouble.
    await happen(id, { type: 'paused' });
    await refuse(id);
    expect(await row(id)).toMatchObject({ status: 'reauth_required', nextReminderAt: null });
    await happen(id, { type: 'resumed' });
    expect((await row(id)).nextReminderAt).toEqual(after(3));
    await happen(id, { type: 'paused' });
    await work(id);
    await happen(id, { type: 'resumed' });
    await work(id);
    await scene.advance(MINUTE_MS);
    await refuse(id);
    expect(await incidentsOf(id)).toEqual([
      { open: false, reminders: 1 },
      { open: true, reminders: 0 },
    ]);
  });

  test('go on where they were when a channel flaps', async () => {
    const { id, after } = await broken('flaps@example.com');
    await scene.advance(DAY_MS);
    await remind(id);
    await work(id);
    expect((await row(id)).nextReminderAt).toBeNull();
    await scene.advance(10 * MINUTE_MS);
    await refuse(id);
    expect((await row(id)).nextReminderAt).toEqual(after(3));
    await scene.advance(2 * DAY_MS);
    await remind(id);
    expect(await events(id)).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(await incidentsOf(id)).toEqual([{ open: true, reminders: 2 }]);
  });

  test('are not for the operator’s trouble, nor for a channel that leaves', async () => {
    const { id } = await broken('operator@example.com', APP);
    expect(await row(id)).toMatchObject({ status: 'blocked', nextReminderAt: null });
    const { id: left } = await broken('consent@example.com', CONSENT);
    expect((await row(left)).nextReminderAt).not.toBeNull();
    await happen(left, { type: 'disconnect_requested' });
    expect((await row(left)).nextReminderAt).toBeNull();
  });

  test('wait for a try of the password that is under way, and for a deed that was put off', async () => {
    const { id, after } = await broken('tried@example.com');
    await scene.advance(DAY_MS);
    const tryingSince = (await scene.clock.now()).getTime();
    const passwordRetries = { tries: 3, nextAt: null, tryingSince };
    await scene.stage.context.database.inTenant(TENANT, (tx) => updateChannel(tx, id, { passwordRetries }));
    await remind(id);
    expect(await events(id)).toEqual([]);
    expect(await due(id)).toEqual({ deed: 'remind', at: tryingSince + 2 * MINUTE_MS });
    await scene.advance(2 * MINUTE_MS);
    await putOffDeed(scene.stage.context, { tenantId: TENANT, channelId: id, deed: 'remind' });
    expect((await due(id))?.at).toBeGreaterThan((await scene.clock.now()).getTime() + 50 * MINUTE_MS);
    await scene.advance(61 * MINUTE_MS);
    await remind(id);
    expect(await events(id)).toHaveLength(1);
    expect((await row(id)).nextReminderAt).toEqual(after(3));
  });
});

const put = (policy: object) => api.call('PUT', `/v1/tenants/${TENANT}/policy`, policy);
const nudges = () =>
  scene.stage.context.database.inTenant(TENANT, (tx) =>
    tx.execute<{ channel_id: string }>(sql`delete from nudges returning channel_id`),
  );

describe('a changed policy', () => {
  test('moves the open deadlines, and wakes the channels whose deadline moved', async () => {
    const { id, after } = await broken('policy@example.com');
    const { id: paused } = await broken('policy-paused@example.com');
    await happen(paused, { type: 'paused' });
    await nudges();
    const moved = async () =>
      (await nudges()).map(({ channel_id }) => channel_id).filter((one) => one === id || one === paused);
    await put({ reminders_days: [0.5, 2] });
    expect((await row(id)).nextReminderAt).toEqual(after(0.5));
    expect(await moved()).toEqual([id]);
    await put({ reminders_days: [2, 0.5], display_name: 'Acme' });
    expect(await moved()).toEqual([]);
    await scene.advance(DAY_MS / 2);
    await remind(id);
    await put({ reminders_days: [], reminder_repeat_days: null });
    expect((await row(id)).nextReminderAt).toBeNull();
    expect(await moved()).toEqual([id]);
    expect((await due(id))?.deed).not.toBe('remind');
    await put({});
    expect((await row(id)).nextReminderAt).toEqual(after(1));
    expect((await row(paused)).nextReminderAt).toBeNull();
  });
});
