import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listRunningImports } from '../../db/imports/imports.ts';
import { idsOf, importing, messageIds, TENANT } from '../imports/importing.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import type { Stage } from '../support/stage.ts';
import { raiseApi } from './raise-api.ts';

let stage: Stage;
let api: Api;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ stage, api, close } = await raiseApi());
}, 60_000);
afterAll(() => close?.());

/** What was delivered so long ago, and the window around it. */
async function deliverBefore(email: string, hours: number) {
  const at = Math.floor(Date.now() / 1000) * 1000 - hours * 3_600_000;
  const messages = await stage.sandbox.deliver('google', email, 3, { date: new Date(at).toISOString() });
  const window = { from: new Date(at - 1000).toISOString(), to: new Date(at + 1000).toISOString() };
  return { messages, window };
}

describe('imports that are asked for', () => {
  test('at once, of different windows, come one after the other, and each brings its own', async () => {
    const email = 'windows@example.com';
    await stage.sandbox.account('google', email);
    const [first, second] = [await deliverBefore(email, 20), await deliverBefore(email, 50)];
    const channel = channelOf(await connectGmail(stage, email));
    const ask = (window: object) => api.call('POST', `/v1/channels/${channel}/imports`, window);
    const asked = await Promise.all([first, second, first].map(({ window }) => ask(window)));
    expect(asked.map(({ status }) => status)).toEqual([202, 202, 202]);
    const ids = asked.map(({ json }) => json.id as string);
    expect(ids[2]).toBe(ids[0]);
    expect(asked.map(({ json }) => json.window)).toMatchObject([first.window, second.window, first.window]);
    const { finish, stored, channel: read } = importing(stage.context);
    const waiting = await stage.context.database.inTenant(TENANT, (tx) => listRunningImports(tx, channel));
    const [turn, next] = ids.slice(0, 2).toSorted((a = '', b = '') => (a < b ? -1 : 1));
    if (!turn || !next) throw new Error('expected two imports');
    expect(waiting.map(({ id }) => id)).toEqual([turn]);
    await finish(channel, turn);
    expect(await read(channel)).toMatchObject({ importState: 'catching_up' });
    const left = await stage.context.database.inTenant(TENANT, (tx) => listRunningImports(tx, channel));
    expect(left.map(({ id }) => id)).toEqual([next]);
    await finish(channel, next);
    for (const id of [turn, next])
      expect((await api.call('GET', `/v1/imports/${id}`)).json).toMatchObject({
        found: 3,
        imported: 3,
        compared: true,
      });
    expect(idsOf(await stored(channel))).toEqual(messageIds([...first.messages, ...second.messages]));
    expect(await read(channel)).toMatchObject({ importState: 'idle' });
  });

  test('are as many as can wait; the same one again is not refused', async () => {
    const channel = channelOf(await connectGmail(stage, 'many-windows@example.com'));
    const ask = (n: number) => api.call('POST', `/v1/channels/${channel}/imports`, { from: new Date(n).toISOString() });
    for (let n = 1; n <= 50; n++) expect((await ask(n)).status).toBe(202);
    const refused = await ask(51);
    expect(refused).toMatchObject({ status: 429, json: { code: 'rate_limited', retryable: true } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(7)).status).toBe(202);
  });

  test('end after they begin, also where the beginning is left to us', async () => {
    const channel = channelOf(await connectGmail(stage, 'inverted@example.com'));
    for (const window of [
      { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      { to: '2020-01-01T00:00:00Z' },
    ]) {
      const { status, json } = await api.call('POST', `/v1/channels/${channel}/imports`, window);
      expect([status, json.code, json.errors[0].in]).toEqual([400, 'validation_failed', 'body']);
    }
  });
});

describe('an import that was told of', () => {
  test('is told of to its end and can be read, also a poll that brought nothing after all', async () => {
    const email = 'nothing-after-all@example.com';
    const channel = channelOf(await connectGmail(stage, email));
    const { queue, finish, told } = importing(stage.context);
    const [message] = await stage.sandbox.deliver('google', email, 1);
    if (!message) throw new Error('expected a message');
    const importId = await queue(channel, { cause: 'poll', backfill: false });
    await stage.sandbox.call('DELETE', `/control/accounts/google/${email}/messages/${message.provider_id}`);
    await finish(channel, importId);
    for (const type of ['import.started', 'import.completed'])
      expect(await told(channel, type)).toMatchObject([{ data: { import: importId } }]);
    expect((await api.call('GET', `/v1/imports/${importId}`)).json).toMatchObject({ state: 'completed', missing: 0 });
  });

  test('shows at its end that everything found is done, with any earlier estimate', async () => {
    const email = 'guessed@example.com';
    const channel = channelOf(await connectGmail(stage, email));
    await stage.sandbox.deliver('google', email, 4);
    const { queue, finish } = importing(stage.context);
    await finish(channel, await queue(channel, { cause: 'poll', backfill: false }));
    await stage.sandbox.fault('google', email, 'cursor_expired');
    await stage.sandbox.deliver('google', email, 3);
    const id = await queue(channel, { cause: 'reauthorized' });
    await finish(channel, id);
    const { found, progress } = (await api.call('GET', `/v1/imports/${id}`)).json;
    expect(progress).toEqual({ done: found, estimate: found });
  });
});
