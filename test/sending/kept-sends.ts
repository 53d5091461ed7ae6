import { expect, test } from 'vitest';
import { ContentSweeper } from '../../background/retention.ts';
import { pruneExpired } from '../../db/across-tenants/retention.ts';
import { until } from '../support/engine.ts';
import { mail, newKey } from './raise-sending.ts';
import type { Sending } from './raise-sending.ts';

/** The tests of what is kept of a send, and of what is deleted with its channel or tenant. */
export function keptSends(stage: () => Sending): void {
  test('its content until its end, its row and key for 30 days', async () => {
    const { engine, sql, channels, send, accept, contentsOf } = stage();
    const channelId = await channels.google('rosa@example.com');
    const { raw } = mail({ from: 'rosa@example.com' });
    const [younger, older] = [newKey(), newKey()];
    const first = await send(channelId, younger, raw);
    await send(channelId, older, raw);
    const waiting = await accept(channelId, raw);
    const abandoned = await accept(channelId, raw);
    expect(await contentsOf(channelId)).toBe(2);
    const rows = await sql<{ id: string }[]>`select id from sends where channel_id = ${channelId} order by created_at`;
    const [kept, over] = rows.map(({ id }) => id);
    await sql`update sends set created_at = now() - interval '29 days' where id in (${kept!}, ${waiting.id})`;
    await sql`update sends set created_at = now() - interval '31 days' where id in (${over!}, ${abandoned.id})`;
    const { context } = engine;
    await pruneExpired(context.database, { now: await context.clock.now(), limit: 500 });
    const left = await sql<{ id: string }[]>`select id from sends where channel_id = ${channelId}`;
    expect(left.map(({ id }) => id).toSorted()).toEqual([kept!, waiting.id].toSorted());
    const sweeper = new ContentSweeper(context);
    await sweeper.sweep(0);
    await sweeper.sweep(3_600_000);
    expect(await contentsOf(channelId)).toBe(1);
    expect((await send(channelId, younger, raw)).json).toEqual(first.json);
  });

  test('nothing of an erased channel or tenant', async () => {
    const { api, sql, send, accept } = stage();
    const tenantId = 'leaving';
    const connect = (email: string) => stage().channels.google(email, {}, tenantId);
    const [one, other] = [await connect('sam@example.com'), await connect('sue@example.com')];
    for (const [channelId, from] of [
      [one, 'sam@example.com'],
      [other, 'sue@example.com'],
    ] as const) {
      expect((await send(channelId, newKey(), mail({ from }).raw)).status).toBe(202);
      await accept(channelId, mail({ from }).raw, tenantId);
    }
    const counts = async () => {
      const [found] = await sql<{ one: number; other: number; contents: number }[]>`
        select count(*) filter (where channel_id = ${one})::int as one,
               count(*) filter (where channel_id = ${other})::int as other,
               (select count(*)::int from message_parts where tenant_id = ${tenantId}) as contents
        from sends where tenant_id = ${tenantId}`;
      return found;
    };
    expect(await counts()).toEqual({ one: 2, other: 2, contents: 2 });
    expect((await api.call('DELETE', `/v1/channels/${one}?erase=true`)).status).toBe(202);
    await until('the erasure of one', async () => (await counts())?.one === 0, 60_000);
    expect(await counts()).toEqual({ one: 0, other: 2, contents: 1 });
    expect([200, 202]).toContain((await api.call('DELETE', `/v1/tenants/${tenantId}`)).status);
    await until('the erasure of all', async () => (await counts())?.other === 0, 60_000);
    expect(await counts()).toEqual({ one: 0, other: 0, contents: 0 });
  }, 150_000);
}
