import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channels } from '../../db/schema/channels.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds } from './importing.ts';

type Mode = 'continuous' | 'gap' | 'off';

let stage: Stage;
let api: Api;
beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
}, 60_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

const HOUR_S = 3_600;
/** Mail this old came before any change of mode, by any clock. */
const LONG_AGO = { date: new Date(Date.now() - 30 * 24 * 3_600_000).toISOString() };

/** A channel in a mode, and what a product and its provider do to it. */
async function channelIn(provider: 'google' | 'imap', mode: Mode, name: string, before = 0) {
  const email = `${name}-${provider}@example.com`;
  const password = secret('password');
  await stage.sandbox.account(provider, email, { password });
  if (before > 0) await stage.sandbox.deliver(provider, email, before);
  const connect = () =>
    provider === 'google'
      ? connectGmail(stage, email, { spec: { import: mode } })
      : connectImap(stage, email, password, { spec: { import: mode } });
  const channelId = channelOf(await connect());
  const self = importing(stage.context);
  return {
    channelId,
    deliver: async (count: number, more = {}) => messageIds(await stage.sandbox.deliver(provider, email, count, more)),
    change: async (to: Mode) =>
      expect(await api.call('PATCH', `/v1/channels/${channelId}`, { import: to })).toMatchObject({
        status: 200,
        json: { import: to },
      }),
    /** What the workflow does: imports that are queued first, then a poll. */
    look: async () => {
      for (const { id, state } of await self.imports(channelId))
        if (state === 'running') await self.finish(channelId, id);
      const { importId } = await self.poll(channelId);
      if (importId) await self.finish(channelId, importId);
    },
    signInAgain: connect,
    ids: async () => idsOf(await self.stored(channelId)),
    row: () => self.channel(channelId),
    stored: () => self.stored(channelId),
    told: (type: string) => self.told(channelId, type),
  };
}

describe.each(['google', 'imap'] as const)('%s: a change of mode', (provider) => {
  test('continuous to gap and back: all that came before the change and after it, nothing twice', async () => {
    const channel = await channelIn(provider, 'continuous', 'c-g-c');
    const promised = await channel.deliver(2);
    await channel.look();
    promised.push(...(await channel.deliver(3)));
    await channel.change('gap');
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    await channel.deliver(2);
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    await channel.change('continuous');
    promised.push(...(await channel.deliver(2)));
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    expect((await channel.stored()).some(({ backfilled }) => backfilled)).toBe(false);
    expect(await channel.told('gap.detected')).toEqual([]);
  });

  test('continuous to off and on again: what came while it was off stays away', async () => {
    const channel = await channelIn(provider, 'continuous', 'c-o-c');
    const promised = await channel.deliver(4);
    await channel.change('off');
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    await channel.deliver(3, LONG_AGO);
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    await channel.change('continuous');
    promised.push(...(await channel.deliver(60)));
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    promised.push(...(await channel.deliver(2)));
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
    expect((await channel.stored()).some(({ backfilled }) => backfilled)).toBe(false);
    expect(await channel.told('gap.detected')).toEqual([]);
    expect((await channel.row()).importState).toBe('idle');
  });

  test('off and on before the last import has ended: it was never off', async () => {
    const channel = await channelIn(provider, 'continuous', 'quick');
    const promised = await channel.deliver(3);
    await channel.change('off');
    promised.push(...(await channel.deliver(2, LONG_AGO)));
    await channel.change('continuous');
    promised.push(...(await channel.deliver(2)));
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
  });

  test('off to gap: the gap after the change is imported as one, what came before it is not', async () => {
    const channel = await channelIn(provider, 'off', 'o-g');
    await channel.deliver(3, LONG_AGO);
    await channel.look();
    expect(await channel.ids()).toEqual([]);
    await channel.change('gap');
    await channel.look();
    expect(await channel.ids()).toEqual([]);
    const missed = await channel.deliver(4);
    await channel.signInAgain();
    await channel.look();
    expect(await channel.ids()).toEqual(missed);
    expect((await channel.stored()).every(({ backfilled }) => backfilled)).toBe(true);
  });

  test('off to continuous, broken before its first look: all from the change on, and that as a gap', async () => {
    const channel = await channelIn(provider, 'off', 'o-c');
    await channel.deliver(3, LONG_AGO);
    await channel.change('continuous');
    const missed = await channel.deliver(4);
    await channel.signInAgain();
    await channel.look();
    expect(await channel.ids()).toEqual(missed);
    expect((await channel.stored()).every(({ backfilled }) => backfilled)).toBe(true);
    await channel.look();
    expect(await channel.ids()).toEqual(missed);
  });

  test('gap to off while the gap is open: what belonged to it comes with the sign-in, and nothing after', async () => {
    const channel = await channelIn(provider, 'gap', 'g-o');
    await channel.deliver(2);
    await channel.look();
    const missed = await channel.deliver(3);
    await breakDown(channel.channelId);
    await channel.change('off');
    await channel.signInAgain();
    await channel.look();
    expect(await channel.ids()).toEqual(missed);
    expect((await channel.stored()).every(({ backfilled }) => backfilled)).toBe(true);
    await channel.deliver(2);
    await channel.look();
    expect(await channel.ids()).toEqual(missed);
  });

  test('gap to off and continuous to continuous, in health: nothing is imported for it', async () => {
    const gap = await channelIn(provider, 'gap', 'g-o-healthy');
    await gap.deliver(2);
    await gap.change('off');
    await gap.look();
    expect(await gap.ids()).toEqual([]);
    const same = await channelIn(provider, 'continuous', 'same');
    const before = await same.row();
    await same.change('continuous');
    expect(await same.row()).toMatchObject({ ownedFrom: before.ownedFrom, importState: 'idle' });
  });

  test('off and on again right after the connection: what came before that stays out', async () => {
    const channel = await channelIn(provider, 'continuous', 'c-o-c-before', 3);
    const promised = await channel.deliver(2);
    await channel.change('off');
    await channel.look();
    await channel.change('continuous');
    promised.push(...(await channel.deliver(2)));
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
  });

  test('gap, off and on: what came before the connection stays out', async () => {
    const channel = await channelIn(provider, 'gap', 'g-o-c-before', 3);
    await channel.look();
    await channel.change('off');
    await channel.look();
    await channel.change('continuous');
    const promised = await channel.deliver(2);
    await channel.look();
    expect(await channel.ids()).toEqual(promised.toSorted());
  });

  test('off to continuous with the provider’s clock an hour behind: nothing is lost', async () => {
    const channel = await channelIn(provider, 'off', 'skewed');
    await channel.change('continuous');
    await stage.sandbox.setClock(-HOUR_S);
    const promised = await channel.deliver(3);
    await channel.look();
    await stage.sandbox.setClock(0);
    expect(await channel.ids()).toEqual(promised);
  });
});

/** The person has to sign in again. */
async function breakDown(channelId: string): Promise<void> {
  const { database, clock } = stage.context;
  await database.inTenant('acme', async (tx) => {
    await tx
      .update(channels)
      .set({
        status: 'reauth_required',
        statusReason: 'access_revoked',
        action: 'reauthorize',
        statusSince: await clock.now(),
      })
      .where(eq(channels.id, channelId));
  });
}
