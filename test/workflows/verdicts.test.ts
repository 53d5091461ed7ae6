import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { recordRefusal } from '../../credentials/outcomes.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { lookAtChannel } from '../../channels/look.ts';
import { findChannel, lockChannel, updateChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { nudge } from '../../db/channels/nudges.ts';
import { events } from '../../db/schema/events.ts';
import type { EventType } from '../../domain/event.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const tenantId = 'acme';

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

const inTenant: Stage['context']['database']['inTenant'] = (tenant, work) =>
  stage.context.database.inTenant(tenant, work);
async function read(channelId: string): Promise<ChannelRow> {
  const row = await inTenant(tenantId, (tx) => findChannel(tx, channelId));
  if (!row) throw new Error(`There is no channel ${channelId}`);
  return row;
}
const count = (channelId: string, type: EventType) =>
  inTenant(tenantId, async (tx) => {
    const rows = await tx
      .select({ id: events.id })
      .from(events)
      .where(and(eq(events.channelId, channelId), eq(events.type, type)));
    return rows.length;
  });
const refresh = async (channelId: string) => {
  const { credentialVersion: version } = await read(channelId);
  return refreshCredential(stage.context, { tenantId, accessType: 'gmail', channelId, version });
};
function check(channelId: string, laterMs = 0) {
  const clock = { now: async () => new Date((await stage.context.clock.now()).getTime() + laterMs) };
  return checkChannel({ ...stage.context, clock }, { tenantId, channelId });
}
const look = (channelId: string) => lookAtChannel(stage.context, { tenantId, channelId, seq: 0 });

describe('rule 11: what works of one half ends no incident of the other', () => {
  it('an access token that still works says nothing of a grant that is gone', async () => {
    const email = 'half@example.com';
    const channelId = channelOf(await connectGmail(stage, email));
    await stage.sandbox.fault('google', email, 'token_idle_expired');
    expect(await refresh(channelId)).toBe('refused');
    const { incidentId } = await read(channelId);
    expect(await check(channelId)).toMatchObject({ ok: true });
    expect(await read(channelId)).toMatchObject({ status: 'reauth_required', incidentId });
    expect(incidentId).not.toBeNull();
    expect(await count(channelId, 'channel.repaired')).toBe(0);
  });

  it('a verification tries the refused grant as well', async () => {
    const email = 'enabled@example.com';
    const channelId = channelOf(await connectGmail(stage, email));
    const verify = () => checkChannel(stage.context, { tenantId, channelId, asked: true });
    const { id } = await stage.sandbox.fault('google', email, 'account_disabled', { kind: 'token' });
    expect(await refresh(channelId)).toBe('refused');
    expect(await read(channelId)).toMatchObject({ status: 'blocked', action: 'contact_support' });
    expect(await verify()).toEqual({ ok: false, proved: null });
    expect(await read(channelId)).toMatchObject({ status: 'blocked', credentialVersion: 1 });
    await stage.sandbox.mend(id);
    expect(await check(channelId)).toMatchObject({ ok: true });
    expect(await read(channelId)).toMatchObject({ status: 'blocked' });
    expect(await verify()).toMatchObject({ ok: true });
    expect(await read(channelId)).toMatchObject({ status: 'connected', incidentId: null, credentialVersion: 2 });
    expect(await verify()).toMatchObject({ ok: true });
    expect(await read(channelId)).toMatchObject({ credentialVersion: 2 });
    expect(await count(channelId, 'channel.blocked')).toBe(1);
    expect(await count(channelId, 'channel.repaired')).toBe(1);
  });

  it('a refreshed token says nothing of a mailbox that is gone; the mailbox itself does', async () => {
    const email = 'gone@example.com';
    const channelId = channelOf(await connectGmail(stage, email));
    const { id } = await stage.sandbox.fault('google', email, 'mailbox_unavailable', { kind: 'api' });
    await check(channelId);
    expect(await read(channelId)).toMatchObject({ status: 'connected', suspicion: { tried: 'access', times: 1 } });
    expect(await refresh(channelId)).toBe('refreshed');
    await check(channelId);
    expect(await read(channelId)).toMatchObject({ status: 'blocked', action: 'contact_support', suspicion: null });
    expect(await refresh(channelId)).toBe('refreshed');
    expect(await read(channelId)).toMatchObject({ status: 'blocked', trouble: 'access' });
    await stage.sandbox.mend(id);
    expect(await check(channelId)).toMatchObject({ ok: true });
    expect(await read(channelId)).toMatchObject({ status: 'connected', incidentId: null, retryAt: null });
    expect(await count(channelId, 'channel.blocked')).toBe(1);
    expect(await count(channelId, 'channel.repaired')).toBe(1);
  });
});

describe('rule 5: a refusal that has to be seen again', () => {
  it('vague words of a mail server are tried again five seconds later, not at once and not never', async () => {
    const email = 'vague@example.com';
    const password = secret('password');
    await stage.sandbox.account('imap', email, { password });
    const channelId = channelOf(await connectImap(stage, email, password));
    await stage.sandbox.fault('imap', email, 'mailbox_unavailable');
    await check(channelId);
    expect(await read(channelId)).toMatchObject({ status: 'connected', suspicion: { tried: 'access', times: 1 } });
    const { due, now } = await look(channelId);
    expect(due?.deed).toBe('check');
    expect(due?.at).toBeGreaterThan(now + 3_000);
    expect(due?.at).toBeLessThanOrEqual(now + 5_000);
    await check(channelId);
    expect(await read(channelId)).toMatchObject({ status: 'connected' });
    await check(channelId, 6_000);
    expect(await read(channelId)).toMatchObject({ status: 'blocked', action: 'admin_consent', suspicion: null });
  });

  it('a refused access token is refreshed and asked with once more; refused again, the account is in trouble', async () => {
    const channelId = channelOf(await connectGmail(stage, 'refused@example.com'));
    const refused = async () => {
      const { credentialVersion } = await read(channelId);
      await recordRefusal(stage.context, { tenantId, channelId, credentialVersion, tried: 'access', verdict: REFUSED });
    };
    await refused();
    expect(await read(channelId)).toMatchObject({ status: 'connected', trouble: null });
    expect((await look(channelId)).due?.deed).toBe('refresh');
    expect(await refresh(channelId)).toBe('refreshed');
    expect((await look(channelId)).due?.deed).toBe('check');
    await refused();
    const row = await read(channelId);
    expect(row).toMatchObject({ status: 'degraded', action: 'none', trouble: 'access', failures: 1 });
    expect(row.retryAt).not.toBeNull();
  });
});

const REFUSED: Verdict = {
  kind: 'transient',
  reason: 'provider_unavailable',
  retryAfterMs: null,
  providerCode: '401',
  vague: false,
  tokenRefused: true,
};

describe('the look that every wake ends with', () => {
  it('sees a fact whose transaction it met under way, or leaves its nudge', async () => {
    const channelId = channelOf(await connectGmail(stage, 'met@example.com'));
    const committed = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const request = inTenant(tenantId, async (tx) => {
      const now = await stage.context.clock.now();
      await lockChannel(tx, channelId);
      await updateChannel(tx, channelId, { checkRequestedAt: now });
      // There is a nudge since the connection, so this request makes none and will not signal.
      expect(await nudge(tx, tenantId, channelId, now)).toBe(false);
      written.resolve();
      await committed.promise;
    });
    await written.promise;
    const looking = look(channelId);
    setTimeout(committed.resolve, 100);
    await request;
    expect((await looking).due?.deed).toBe('check');
  });

  it('a workflow that was started anew writes the schedule, and a straggler of its predecessor does not', async () => {
    const channelId = channelOf(await connectGmail(stage, 'anew@example.com'));
    await inTenant(tenantId, (tx) => updateChannel(tx, channelId, { workflowSeq: 9_000, nextDueAt: null }));
    const { seq } = await look(channelId);
    expect(seq).toBeGreaterThan(9_001);
    const { nextDueAt } = await read(channelId);
    expect(nextDueAt).not.toBeNull();
    await inTenant(tenantId, (tx) => updateChannel(tx, channelId, { nextPollAt: new Date(0) }));
    await lookAtChannel(stage.context, { tenantId, channelId, seq: 9_001 });
    expect((await read(channelId)).nextDueAt).toEqual(nextDueAt);
  });
});
