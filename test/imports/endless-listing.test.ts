import { afterAll, beforeAll, expect, test } from 'vitest';
import { updateChannel } from '../../db/channels/channels.ts';
import { listCursors } from '../../db/imports/cursors.ts';
import { importScopes } from '../../db/schema/imports.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';

let stage: Stage;
let machine: ReturnType<typeof importing>;
beforeAll(async () => {
  stage = await raiseStage();
  machine = importing(stage.context);
});
afterAll(() => stage.close());

const inTenant: Stage['context']['database']['inTenant'] = (...asked) => stage.context.database.inTenant(...asked);

async function connected(email: string): Promise<string> {
  await stage.sandbox.account('google', email);
  return channelOf(await connectGmail(stage, email));
}

const cursorOf = (channelId: string) => inTenant(TENANT, async (tx) => (await listCursors(tx, channelId))[0]?.cursor);

const clearRetry = (channelId: string) => inTenant(TENANT, (tx) => updateChannel(tx, channelId, { retryAt: null }));

/** How many calls of the API were made meanwhile. */
async function callsDuring(email: string, work: () => Promise<unknown>): Promise<number> {
  const count = async () => (await stage.sandbox.requests('google', 'api', email)).length;
  const before = await count();
  await work();
  return (await count()) - before;
}

test('a page token that repeats ends the poll after a few calls; what was missed comes with the first right page', async () => {
  const email = 'repeats@example.com';
  const channelId = await connected(email);
  const { id } = await stage.sandbox.fault('google', email, 'page_repeated');
  const missed = await stage.sandbox.deliver('google', email, 3);
  const calls = await callsDuring(email, async () => {
    for (let tries = 0; tries < 3; tries++) {
      await clearRetry(channelId);
      const { importId } = await machine.poll(channelId);
      if (importId) await machine.slice(channelId, importId);
    }
  });
  expect(calls).toBeLessThan(60);
  expect(await machine.channel(channelId)).toMatchObject({
    status: 'degraded',
    statusReason: 'provider_unavailable',
    action: 'none',
    providerCode: 'listing_without_progress',
  });
  expect((await machine.channel(channelId)).retryAt).not.toBeNull();
  await stage.sandbox.mend(id);
  await clearRetry(channelId);
  const { importId } = await machine.poll(channelId);
  if (importId) await machine.finish(channelId, importId);
  expect(idsOf(await machine.stored(channelId))).toEqual(messageIds(missed));
  expect(await machine.channel(channelId)).toMatchObject({ status: 'connected' });
});

test('so does the listing of a window', async () => {
  const email = 'repeats-by-date@example.com';
  const channelId = await connected(email);
  await stage.sandbox.fault('google', email, 'page_repeated');
  const importId = await machine.queue(channelId, { cause: 'requested' });
  const calls = await callsDuring(email, async () => {
    expect(await machine.slice(channelId, importId)).toMatchObject({ done: false, waitingFor: 'the provider' });
  });
  expect(calls).toBeLessThan(30);
  expect(await machine.channel(channelId)).toMatchObject({ status: 'degraded' });
});

test('a provider that makes a new token for each empty page is not followed for ever', async () => {
  const email = 'new-tokens@example.com';
  const channelId = await connected(email);
  let pages = 0;
  const endless = importing(
    withSessions(stage.context, (session) => ({
      ...session,
      async listWindow() {
        // As after many pages.
        if (pages === 0) await inTenant(TENANT, (tx) => tx.update(importScopes).set({ idlePages: 4_990 }));
        return { items: [], position: `page ${++pages}`, estimate: null };
      },
    })),
  );
  const importId = await machine.queue(channelId, { cause: 'requested' });
  const cursor = await cursorOf(channelId);
  expect(await endless.slice(channelId, importId)).toMatchObject({ done: false, waitingFor: 'the provider' });
  expect(pages).toBeLessThan(12);
  expect(await machine.channel(channelId)).toMatchObject({ providerCode: 'listing_without_progress' });
  expect(await cursorOf(channelId)).toBe(cursor);
});
