import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { importing } from './importing.ts';
import { recordProvider } from './record-provider.ts';

/* Records that are no mail and change: stored by the real import machine, read over the API. */
const { provider, save } = recordProvider();
let stage: Stage;
let api: Api;
let channelId: string;
let connected = 0;
beforeAll(async () => {
  stage = await raiseStage({ given: { providers: new Map([['imap', provider]]) } });
  api = await startApi(stage.context);
}, 180_000);
beforeEach(async () => {
  channelId = channelOf(await connectImap(stage, `crm-${++connected}@example.com`, secret('password')));
});
afterAll(async () => {
  await api.close();
  await stage.close();
});

const poll = () => importing(stage.context).poll(channelId);
const feed = async () => (await api.call('GET', `/v1/messages?channel=${channelId}&limit=200`)).json.data;
const shown = async () =>
  (await feed()).map((entry: Record<string, unknown>) => [entry['provider_id'], entry['revision'], entry['subject']]);

test('a record is an entry of its own media type, with what its provider tells of it, and without a Message-ID', async () => {
  save('00T1', 'Call Ana');
  expect(await poll()).toMatchObject({ outcome: 'stored', stored: 1 });
  const [entry] = await feed();
  expect(entry).toMatchObject({
    provider_id: '00T1',
    revision: 1,
    media_type: 'application/json',
    message_id: null,
    subject: 'Call Ana',
    from: { email: 'ana@example.com', name: null },
    to: [],
  });
  const raw = await api.call('GET', `/v1/messages/${entry.id}/raw`);
  expect(raw.headers.get('content-type')).toMatch(/^application\/json/);
  expect(raw.json).toEqual({ Id: '00T1', Subject: 'Call Ana' });
});

test('a record that changes comes again with a higher revision, each revision once', async () => {
  const began = new Date();
  save('00T2', 'Call Ana');
  await poll();
  save('00T2', 'Call Ana on Monday');
  await poll();
  const both = [
    ['00T2', 1, 'Call Ana'],
    ['00T2', 2, 'Call Ana on Monday'],
  ];
  expect(await shown()).toEqual(both);
  const { queue, finish, receipt } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'requested', windowFrom: began });
  await finish(channelId, importId);
  expect(await receipt(importId)).toMatchObject({ imported: 0, missing: 0 });
  expect(await shown()).toEqual(both);
});

test('a state that was over before it was fetched is no entry; two records of the same words are two', async () => {
  save('00T3', 'Call Ana');
  save('00T3', 'Write to Ana');
  save('00T4', 'Write to Ana');
  await poll();
  expect(await shown()).toEqual([
    ['00T3', 2, 'Write to Ana'],
    ['00T4', 1, 'Write to Ana'],
  ]);
});
