import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshCredential } from '../../credentials/refresh.ts';
import { lockChannel, updateChannel } from '../../db/channels/channels.ts';
import { letHappen } from '../../channels/happenings.ts';
import { cancelRunningImport } from '../../db/imports/imports.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';

const PASSWORD = secret('password');
/** So that an import of few messages has several pages. */
const SMALL_PAGE = 50;

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

test('a password that changes in the middle pauses the import, and it goes on as the same one at the same cursor', async () => {
  const email = 'middle@example.com';
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  const delivered = await stage.sandbox.deliver('imap', email, 120);
  let pages = 0;
  const broken = withSessions(stage.context, (session) => ({
    ...session,
    async listChanges(scope, cursor, limit) {
      if (++pages === 2) await stage.sandbox.fault('imap', email, 'password_changed');
      return session.listChanges(scope, cursor, Math.min(limit, SMALL_PAGE));
    },
  }));
  const { queue, slice, finish, stored, receipt, channel, imports } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await importing(broken).slice(channelId, importId);
  for (let tries = 0; tries < 5 && (await channel(channelId)).status !== 'reauth_required'; tries++) {
    await stage.context.database.inTenant(TENANT, (tx) => updateChannel(tx, channelId, { retryAt: null }));
    await slice(channelId, importId);
  }
  expect(await channel(channelId)).toMatchObject({ status: 'reauth_required', importState: 'catching_up' });
  const part = (await stored(channelId)).length;
  expect(part).toBeGreaterThan(0);
  expect(part).toBeLessThan(120);
  const waiting = await slice(channelId, importId);
  expect(waiting).toMatchObject({ done: false, state: 'running', waitingFor: 'a person to sign in again' });
  expect(waiting.waitMs).toBeGreaterThan(0);

  const during = await stage.sandbox.deliver('imap', email, 5);
  const changed = secret('password');
  await stage.sandbox.account('imap', email, { password: changed });
  expect(channelOf(await connectImap(stage, email, changed))).toBe(channelId);
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect((await imports(channelId)).map(({ id }) => id)).toEqual([importId]);
  expect(await receipt(importId)).toMatchObject({ found: 125, imported: 125, missing: 0, alreadyHad: 0, repaired: 0 });
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...delivered, ...during]));
});

test('a reauthorization makes the poll that it finds under way its own', async () => {
  const email = 'taken-over@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const delivered = await stage.sandbox.deliver('google', email, 60);
  const { poll, queue, finish, receipt, imports, stored } = importing(stage.context);
  let pages = 0;
  const cut = withSessions(stage.context, (session) => ({
    ...session,
    listChanges(scope, cursor, limit) {
      if (++pages > 1) throw new ProviderError('the connection broke', NETWORK);
      return session.listChanges(scope, cursor, Math.min(limit, SMALL_PAGE));
    },
  }));
  const polled = await importing(cut).poll(channelId);
  expect(polled).toMatchObject({ outcome: 'refused', importId: expect.stringMatching(/^imp_/) });
  expect(await stored(channelId)).toHaveLength(50);
  expect(await poll(channelId)).toMatchObject({ outcome: 'more', importId: polled.importId });
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(importId).toBe(polled.importId);
  await stage.context.database.inTenant(TENANT, (tx) => updateChannel(tx, channelId, { retryAt: null }));
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await imports(channelId)).toMatchObject([{ id: importId, cause: 'reauthorized', compared: true }]);
  expect(await receipt(importId)).toMatchObject({ found: 60, imported: 60, missing: 0, repaired: 0 });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
});

test('a second reauthorization while the first import compares opens it again, and nothing falls between', async () => {
  const email = 'again@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const delivered = await stage.sandbox.deliver('google', email, 6);
  const { queue, finish, receipt, imports, stored, told } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  let listings = 0;
  const interrupted = withSessions(stage.context, (session) => ({
    ...session,
    async listWindow(scope, window, position, limit) {
      const page = await session.listWindow(scope, window, position, limit);
      if (++listings === 1) {
        delivered.push(...(await stage.sandbox.deliver('google', email, 3)));
        expect(await queue(channelId, { cause: 'reauthorized' })).toBe(importId);
      }
      return page;
    },
  }));
  await importing(interrupted).slice(channelId, importId);
  expect(await imports(channelId)).toMatchObject([{ state: 'running' }]);
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await receipt(importId)).toMatchObject({ found: 9, imported: 9, missing: 0, repaired: 0 });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
  expect(await told(channelId, 'gap.detected')).toHaveLength(2);
  expect(await told(channelId, 'import.started')).toHaveLength(1);
  expect(await told(channelId, 'import.completed')).toHaveLength(1);
});

const NETWORK: Verdict = {
  kind: 'transient',
  reason: 'network',
  retryAfterMs: null,
  providerCode: null,
  vague: false,
  tokenRefused: false,
};

test('a refused access token asks for a refresh and waits for it', async () => {
  const email = 'refused@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const { queue, slice, channel } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await stage.sandbox
    .fault('google', email, 'session_revoked')
    .catch(() => stage.sandbox.fault('google', email, 'access_revoked'));
  expect(await slice(channelId, importId)).toMatchObject({ done: false, waitingFor: 'a new access token' });
  expect((await channel(channelId)).refreshRequestedAt).not.toBeNull();
  expect(await slice(channelId, importId)).toMatchObject({ done: false, waitingFor: 'a new access token' });
});

test('a token that ends in the middle leaves the next slice as quick as the one before', async () => {
  const email = 'quick@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.deliver('google', email, 120);
  let pages = 0;
  const fetched: number[] = [];
  const spent = withSessions(stage.context, (session) => ({
    ...session,
    listChanges(scope, cursor, limit) {
      if (++pages === 2) throw new ProviderError('the token has ended', { ...NETWORK, tokenRefused: true });
      return session.listChanges(scope, cursor, Math.min(limit, SMALL_PAGE));
    },
    fetchMessages(scope, items) {
      fetched.push(items.length);
      return session.fetchMessages(scope, items);
    },
  }));
  const { queue, slice, imports } = importing(spent);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await slice(channelId, importId)).toMatchObject({ waitingFor: 'a new access token', waitMs: 1_000 });
  expect(fetched).toEqual([50]);
  expect(await imports(channelId)).toMatchObject([{ state: 'running', failures: 0 }]);
  const refresh = { tenantId: TENANT, accessType: 'gmail', channelId, version: 1 } as const;
  await new MockActivityEnvironment().run(() => refreshCredential(stage.context, refresh));
  await slice(channelId, importId);
  expect(fetched[1]).toBe(50);
});

test('a channel that is left cancels its import', async () => {
  const email = 'left@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.deliver('google', email, 3);
  const { queue, slice, channel, stored } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  const now = await stage.context.clock.now();
  await stage.context.database.inTenant(TENANT, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (row) await letHappen(tx, row, { type: 'disconnect_requested' }, now);
  });
  expect(await slice(channelId, importId)).toMatchObject({ done: true, state: 'cancelled' });
  await stage.context.database.inTenant(TENANT, (tx) => cancelRunningImport(tx, channelId, now));
  expect(await channel(channelId)).toMatchObject({ status: 'disconnecting', importState: 'idle' });
  expect(await stored(channelId)).toEqual([]);
});

test('what a breakage made us miss is backfilled, also where a requested window comes by first', async () => {
  const email = 'lanes-and-gap@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  await stage.sandbox.deliver('google', email, 3);
  const { queue, finish, stored } = importing(stage.context);
  await queue(channelId, { cause: 'reauthorized' });
  await finish(channelId, await queue(channelId, { cause: 'requested', windowFrom: new Date(0), backfill: false }));
  expect((await stored(channelId)).map(({ backfilled }) => backfilled)).toEqual([true, true, true]);
});

test('a requested window and a poll store the same message once', async () => {
  const email = 'lanes@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const delivered = await stage.sandbox.deliver('google', email, 40);
  const { poll, queue, slice, finish, stored, receipt, channel } = importing(stage.context);
  const requested = await queue(channelId, { cause: 'requested', windowFrom: new Date(0) });
  await Promise.all([slice(channelId, requested), poll(channelId)]);
  await finish(channelId, requested);
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
  expect(await receipt(requested)).toMatchObject({ found: 40, missing: 0 });
  expect((await channel(channelId)).importState).toBe('idle');
});
