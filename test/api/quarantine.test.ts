import { afterAll, beforeAll, expect, test } from 'vitest';
import { importing } from '../imports/importing.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

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

test('quarantine is listed in pages and replayed, one or all', async () => {
  const email = 'kept-aside@example.com';
  const channel = channelOf(await connectGmail(stage, email));
  const { queue, finish } = importing(stage.context);
  const delivered = await stage.sandbox.deliver('google', email, 6);
  const poison = delivered.slice(0, 3).map(({ provider_id }) => provider_id);
  const faults = [];
  for (const message of poison) faults.push(await stage.sandbox.fault('google', email, 'unavailable', { message }));
  const id = await queue(channel, { cause: 'requested', backfill: false });
  const list = `/v1/imports/${id}/quarantine`;
  const replay = (body: object) => api.call('POST', `${list}/replay`, body);
  expect(await replay({})).toMatchObject({ status: 409, json: { code: 'wrong_status' } });
  await finish(channel, id);
  expect((await api.call('GET', `/v1/imports/${id}`)).json).toMatchObject({
    found: 6,
    imported: 3,
    replaying: false,
    skipped: [{ reason: 'unfetchable', count: 3 }],
  });

  // The channel says it too, alone and in a list.
  const aside = [{ reason: 'unfetchable', count: 3, since: expect.any(String), retry_at: expect.any(String) }];
  expect((await api.call('GET', `/v1/channels/${channel}`)).json.set_aside).toMatchObject(aside);
  expect((await api.call('GET', '/v1/channels')).json.data).toMatchObject([{ id: channel, set_aside: aside }]);

  const first = (await api.call('GET', `${list}?limit=2`)).json;
  const second = (await api.call('GET', `${list}?limit=2&after=${first.next}`)).json;
  const rows = [...first.data, ...second.data];
  expect(rows.map(({ provider_id }) => provider_id)).toEqual(poison.toSorted());
  expect(rows[0]).toMatchObject({ import: id, reason: 'unfetchable', tries: 3, replaying: false, folder: null });
  expect(second.next).toBeNull();
  expect((await api.call('GET', `/v1/channels/${channel}/quarantine`)).json.data).toEqual(rows);
  expect(await api.call('GET', `${list}?after=nonsense`)).toMatchObject({ json: { code: 'invalid_cursor' } });

  for (const fault of faults) await stage.sandbox.mend(fault.id);
  expect(await replay({ ids: ['nonsense'] })).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
  const one = await replay({ ids: [rows[0].id] });
  expect(one).toMatchObject({ status: 202, json: { id, replaying: true, found: 6, imported: 3, missing: 0 } });
  await finish(channel, id);
  expect((await api.call('GET', list)).json.data).toEqual(rows.slice(1));
  await replay({});
  await finish(channel, id);
  expect((await api.call('GET', `/v1/imports/${id}`)).json).toMatchObject({ found: 6, imported: 6, skipped: [] });
  expect((await api.call('GET', list)).json).toEqual({ data: [], next: null });
  expect((await api.call('GET', `/v1/channels/${channel}`)).json.set_aside).toEqual([]);
  // Nothing is left to try: nothing starts.
  expect((await replay({})).json).toMatchObject({ replaying: false, state: 'completed' });
  expect(await api.call('POST', `/v1/imports/${id}/quarantine/replay`, { id: 1 })).toMatchObject({ status: 400 });
});
