import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds } from './importing.ts';

const PASSWORD = secret('password');

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

const ACCESS = [
  { accessType: 'gmail', provider: 'google', connect: (email: string) => connectGmail(stage, email) },
  { accessType: 'imap', provider: 'imap', connect: (email: string) => connectImap(stage, email, PASSWORD) },
] as const;

describe.each(ACCESS)('$accessType', ({ accessType, provider, connect }) => {
  const account = async (name: string) => {
    const email = `${name}-${accessType}@example.com`;
    await stage.sandbox.account(provider, email, { password: PASSWORD });
    return email;
  };

  test('a poll stores what arrived after connecting, each once, and nothing from before', async () => {
    const { poll, stored, channel, imports } = importing(stage.context);
    const email = await account('poll');
    await stage.sandbox.deliver(provider, email, 10);
    const channelId = channelOf(await connect(email));
    expect(await poll(channelId)).toEqual({ outcome: 'nothing', stored: 0, importId: null });
    const delivered = await stage.sandbox.deliver(provider, email, 25);
    const before = (await channel(channelId)).coveredUntil;
    expect(await poll(channelId)).toEqual({ outcome: 'stored', stored: 25, importId: null });
    expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
    expect(await poll(channelId)).toEqual({ outcome: 'nothing', stored: 0, importId: null });
    const after = await channel(channelId);
    expect(after.coveredUntil?.getTime()).toBeGreaterThanOrEqual(before?.getTime() ?? 0);
    expect(after).toMatchObject({ importState: 'idle', status: 'connected' });
    const [only, ...others] = await imports(channelId);
    expect(only).toMatchObject({ cause: 'poll', state: 'completed', compared: false });
    expect(others).toEqual([]);
    expect((await stored(channelId)).every(({ backfilled }) => !backfilled)).toBe(true);
  });

  test('40 missed after 25 that were there: 40 found, 40 imported, none missing, compared', async () => {
    const { poll, queue, finish, stored, receipt, imports, channel, told } = importing(stage.context);
    const email = await account('missed');
    await stage.sandbox.deliver(provider, email, 3);
    const channelId = channelOf(await connect(email));
    const first = await stage.sandbox.deliver(provider, email, 25);
    await poll(channelId);
    const covered = (await channel(channelId)).coveredUntil;
    const missed = await stage.sandbox.deliver(provider, email, 40);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    expect((await channel(channelId)).importState).toBe('catching_up');
    expect(await finish(channelId, importId)).toMatchObject({ done: true, state: 'completed' });
    expect(await receipt(importId)).toEqual({
      found: 40,
      imported: 40,
      alreadyHad: 0,
      repaired: 0,
      missing: 0,
      skipped: [],
    });
    const rows = await stored(channelId);
    expect(idsOf(rows)).toEqual(messageIds([...first, ...missed]));
    const missedIds = new Set(messageIds(missed));
    expect(rows.filter((row) => row.backfilled !== missedIds.has(row.messageId ?? ''))).toEqual([]);
    const [, row] = await imports(channelId);
    expect(row).toMatchObject({ compared: true, state: 'completed', cause: 'reauthorized' });
    const after = await channel(channelId);
    expect(after.importState).toBe('idle');
    expect(after.coveredUntil?.getTime()).toBeGreaterThanOrEqual(covered?.getTime() ?? 0);
    expect(await told(channelId, 'gap.detected')).toHaveLength(1);
    expect(await told(channelId, 'import.started')).toHaveLength(1);
    const [completed, ...more] = await told(channelId, 'import.completed');
    expect(more).toEqual([]);
    expect(completed?.data).toMatchObject({ import: importId, found: 40, imported: 40, missing: 0 });
  });

  test('what came right before the connection stays out, and what comes right after it does not, without a cursor too', async () => {
    const { queue, finish, stored } = importing(stage.context);
    const email = await account('same-second');
    await stage.sandbox.deliver(provider, email, 3);
    const channelId = channelOf(await connect(email));
    const missed = await stage.sandbox.deliver(provider, email, 3);
    await stage.sandbox.fault(provider, email, provider === 'google' ? 'cursor_expired' : 'uidvalidity_changed');
    await finish(channelId, await queue(channelId, { cause: 'reauthorized' }));
    expect(idsOf(await stored(channelId))).toEqual(messageIds(missed));
  });

  test('a second look finds nothing new and moves no cursor', async () => {
    const { poll, queue, finish, receipt, stored } = importing(stage.context);
    const email = await account('second');
    await stage.sandbox.deliver(provider, email, 4);
    const channelId = channelOf(await connect(email));
    await stage.sandbox.deliver(provider, email, 7);
    await poll(channelId);
    const importId = await queue(channelId, { cause: 'requested' });
    await finish(channelId, importId);
    expect(await receipt(importId)).toMatchObject({ imported: 0, missing: 0 });
    expect(await stored(channelId)).toHaveLength(7);
    expect(await poll(channelId)).toMatchObject({ outcome: 'nothing' });
  });

  test('a requested window brings mail from before the connection', async () => {
    const { queue, finish, receipt, stored } = importing(stage.context);
    const email = await account('before');
    const old = await stage.sandbox.deliver(provider, email, 3, { date: '2026-03-03T10:00:00Z' });
    await stage.sandbox.deliver(provider, email, 2, { date: '2026-01-01T10:00:00Z' });
    const recent = await stage.sandbox.deliver(provider, email, 2);
    const channelId = channelOf(await connect(email));
    const importId = await queue(channelId, { cause: 'requested', windowFrom: new Date('2026-03-01T00:00:00Z') });
    await finish(channelId, importId);
    expect(await receipt(importId)).toMatchObject({ found: 5, imported: 5, missing: 0, repaired: 0 });
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...old, ...recent]));
  });

  test('import.started is told and the child takes over when a poll finds more than it can store', async () => {
    const { poll, finish, stored, told, channel } = importing(stage.context);
    const email = await account('expired');
    await stage.sandbox.deliver(provider, email, 2);
    const channelId = channelOf(await connect(email));
    await poll(channelId);
    await stage.sandbox.fault(provider, email, provider === 'google' ? 'cursor_expired' : 'uidvalidity_changed');
    const delivered = await stage.sandbox.deliver(provider, email, 30);
    const answer = await poll(channelId);
    expect(answer).toMatchObject({ outcome: 'more', importId: expect.stringMatching(/^imp_/) });
    expect((await channel(channelId)).importState).toBe('catching_up');
    expect(await poll(channelId)).toMatchObject({ outcome: 'more', importId: answer.importId });
    expect(await finish(channelId, answer.importId ?? '')).toMatchObject({ state: 'completed' });
    const rows = await stored(channelId);
    expect(idsOf(rows)).toEqual(expect.arrayContaining(messageIds(delivered)));
    expect(new Set(idsOf(rows)).size).toBe(rows.length);
    expect(rows.every(({ backfilled }) => backfilled)).toBe(true);
    expect(await told(channelId, 'gap.detected')).toHaveLength(1);
    expect(await told(channelId, 'import.completed')).toHaveLength(1);
    expect(await poll(channelId)).toMatchObject({ outcome: 'nothing' });
  });
});
