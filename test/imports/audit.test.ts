import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditChannel } from '../../imports/audit.ts';
import type { Context } from '../../runtime/context.ts';
import { updateChannel } from '../../db/channels/channels.ts';
import { findWatch } from '../../db/channels/watches.ts';
import { listImports } from '../../db/imports/receipts.ts';
import { listRunningImports } from '../../db/imports/imports.ts';
import type { Transaction } from '../../db/client.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';
import { withLongLivedTokens } from '../support/long-lived-tokens.ts';

const PASSWORD = secret('password');

const HOUR_MS = 3_600_000;

let stage: Stage;
/** Two days after the connection, ours and the provider's: there is something to look back at. */
let later: Context;
beforeAll(async () => {
  stage = withLongLivedTokens(await raiseStage());
  await stage.sandbox.settings('google', { token_life_s: 100 * 3_600 });
  const { clock } = stage.context;
  later = { ...stage.context, clock: { now: async () => new Date((await clock.now()).getTime() + 48 * HOUR_MS) } };
});
afterAll(() => stage.close());

const audit = (channelId: string, context = later) =>
  new MockActivityEnvironment().run(() => auditChannel(context, { tenantId: TENANT, channelId }));
const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => stage.context.database.inTenant(TENANT, work);
const listed = (channelId: string) => inTenant((tx) => listImports(tx, { channelId, after: null, limit: 50 }));

/** A channel of two days ago that has polled since; `deliver` puts mail between. */
async function twoDaysAgo(email: string, deliver: () => Promise<unknown>, spec = {}, skewS = 0) {
  await stage.sandbox.setClock(skewS);
  const channelId = channelOf(await connectGmail(stage, email, { spec }));
  await stage.sandbox.setClock(24 * 3_600 + skewS);
  await deliver();
  await stage.sandbox.setClock(48 * 3_600 + skewS);
  await importing(later).poll(channelId);
  return channelId;
}

describe('the daily comparison', () => {
  test('finds what no change listing ever mentioned, says so, and finds nothing a second time', async () => {
    const email = 'unannounced@example.com';
    const known: { message_id: string }[] = [];
    const hidden: { message_id: string }[] = [];
    const channelId = await twoDaysAgo(email, async () => {
      known.push(...(await stage.sandbox.deliver('google', email, 5)));
      hidden.push(...(await stage.sandbox.deliver('google', email, 2, { unannounced: true })));
    });
    const { stored, channel, told } = importing(later);
    expect(idsOf(await stored(channelId))).toEqual(messageIds(known));
    const before = await channel(channelId);

    await audit(channelId);
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...known, ...hidden]));
    const [found, ...others] = (await listed(channelId)).filter(({ row }) => row.audit);
    expect(others).toEqual([]);
    expect(found?.row).toMatchObject({ state: 'completed', compared: true, cause: 'poll', backfill: false });
    expect(found?.counts).toEqual({
      found: 2,
      imported: 2,
      repaired: 2,
      alreadyHad: 0,
      missing: 0,
      skipped: [],
    });
    const after = await channel(channelId);
    expect(after).toMatchObject({ coveredUntil: before.coveredUntil, status: 'connected', importState: 'idle' });
    expect(after.nextAuditAt).toBeNull();
    const watch = await inTenant((tx) => findWatch(tx, channelId));
    const waitMs = (watch?.auditAt?.getTime() ?? 0) - (await later.clock.now()).getTime();
    expect(waitMs / HOUR_MS).toBeGreaterThan(20);
    expect(waitMs / HOUR_MS).toBeLessThan(24);
    expect(await told(channelId, 'import.started')).toEqual([]);
    expect(await told(channelId, 'gap.detected')).toEqual([]);
    expect(await told(channelId, 'import.completed')).toMatchObject([{ data: { repaired: 2, found: 2 } }]);

    await audit(channelId);
    expect((await listed(channelId)).filter(({ row }) => row.audit)).toHaveLength(1);
    expect(await told(channelId, 'import.completed')).toHaveLength(1);
  });

  test('leaves alone what came too late for a poll, what lies before the connection, and other modes', async () => {
    const email = 'young@example.com';
    await stage.sandbox.setClock(-3_600);
    await stage.sandbox.account('google', email, { password: PASSWORD });
    await stage.sandbox.deliver('google', email, 2);
    const channelId = await twoDaysAgo(email, async () => {});
    await stage.sandbox.deliver('google', email, 1, { unannounced: true });
    await audit(channelId);
    expect(await importing(later).stored(channelId)).toEqual([]);

    const gap = 'audit-of-gap@example.com';
    const inGapMode = await twoDaysAgo(gap, () => stage.sandbox.deliver('google', gap, 3), { import: 'gap' });
    await audit(inGapMode);
    expect(await importing(later).stored(inGapMode)).toEqual([]);
    expect(await listed(inGapMode)).toEqual([]);
  });

  test.each([
    ['behind', -3_600],
    ['ahead', 3_600],
  ])('with the provider’s clock an hour %s it finds the same', async (name, skewS) => {
    const email = `audit-${name}@example.com`;
    const delivered: { message_id: string }[] = [];
    const deliver = async () => {
      delivered.push(...(await stage.sandbox.deliver('google', email, 3)));
      delivered.push(...(await stage.sandbox.deliver('google', email, 1, { unannounced: true })));
    };
    const channelId = await twoDaysAgo(email, deliver, {}, skewS);
    await audit(channelId);
    await stage.sandbox.setClock(0);
    expect(idsOf(await importing(later).stored(channelId))).toEqual(messageIds(delivered));
    const [found] = (await listed(channelId)).filter(({ row }) => row.audit);
    expect(found?.counts).toMatchObject({ found: 1, repaired: 1, missing: 0 });
  });

  test('goes on after it was killed, and does not touch what lies in quarantine', async () => {
    const email = 'audit-killed@example.com';
    const hidden: { message_id: string; provider_id: string }[] = [];
    const channelId = await twoDaysAgo(email, async () => {
      hidden.push(...(await stage.sandbox.deliver('google', email, 3, { unannounced: true })));
    });
    const [poison, ...others] = hidden;
    await stage.sandbox.fault('google', email, 'unavailable', { message: poison?.provider_id });
    const dying = withSessions(later, (session) => ({
      ...session,
      fetchMessages: () => {
        throw new Error('killed');
      },
    }));
    await expect(audit(channelId, dying)).rejects.toThrow('killed');
    const [left] = await inTenant((tx) => listRunningImports(tx, channelId));
    expect(left).toMatchObject({ audit: true });
    // The polls go on meanwhile, and a second audit finds the first still there.
    expect(await importing(later).poll(channelId)).toMatchObject({ outcome: 'nothing' });
    await audit(channelId);
    const { finish, receipt, stored, channel } = importing(later);
    expect(await finish(channelId, left?.id ?? '')).toMatchObject({ state: 'completed' });
    expect(await receipt(left?.id ?? '')).toMatchObject({ found: 3, imported: 2, repaired: 2 });
    expect(idsOf(await stored(channelId))).toEqual(messageIds(others));
    expect((await channel(channelId)).importState).toBe('idle');
    await audit(channelId);
    expect((await listed(channelId)).filter(({ row }) => row.audit)).toHaveLength(1);
  });

  test('a provider that does not answer puts it off, as trouble of the account', async () => {
    const email = 'audit-refused@example.com';
    const channelId = await twoDaysAgo(email, async () => {});
    await stage.sandbox.fault('google', email, 'unavailable', { times: 3 });
    await audit(channelId);
    const row = await importing(later).channel(channelId);
    expect(row.status).toBe('degraded');
    expect(row.nextAuditAt?.getTime()).toBeGreaterThan((await later.clock.now()).getTime());
  });

  test('over IMAP: every folder is compared, and what is there is known', async () => {
    const email = 'audit@example.com';
    await stage.sandbox.setClock(0);
    await stage.sandbox.account('imap', email, { password: PASSWORD });
    const channelId = channelOf(await connectImap(stage, email, PASSWORD));
    await stage.sandbox.setClock(24 * 3_600);
    const delivered = await stage.sandbox.deliver('imap', email, 4);
    delivered.push(...(await stage.sandbox.deliver('imap', email, 4, { folder: 'Projects' })));
    await stage.sandbox.setClock(48 * 3_600);
    // A listing that forgets, as servers do whose index lags.
    const forgetful = withSessions(later, (session) => ({
      ...session,
      async listChanges(scope, cursor, limit) {
        const page = await session.listChanges(scope, cursor, limit);
        return { ...page, items: page.items.slice(1) };
      },
    }));
    await importing(forgetful).poll(channelId);
    await inTenant((tx) => updateChannel(tx, channelId, { nextAuditAt: null }));
    await audit(channelId);
    const { stored } = importing(later);
    expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
    expect((await listed(channelId)).find(({ row }) => row.audit)?.counts).toMatchObject({ repaired: 1, missing: 0 });
  });
});
