import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MockActivityEnvironment } from '@temporalio/testing';
import { runSlice } from '../../../imports/slice.ts';
import { findReceipt } from '../../../db/imports/receipts.ts';
import { listQuarantine, openQuarantine } from '../../../db/imports/quarantine.ts';
import { skippedCount } from '../../../domain/receipt.ts';
import type { Receipt } from '../../../domain/receipt.ts';
import { channelOf, connectGmail, connectImap } from '../../support/connect.ts';
import { secret } from '../../support/minting.ts';
import { raiseStage } from '../../support/stage.ts';
import type { Stage } from '../../support/stage.ts';
import { livesOfWorkers } from './poisoned-lives.ts';
import { sliceInProcess } from './slicing.ts';
import { idsOf, importing, messageIds, TENANT } from '../importing.ts';

const PASSWORD = secret('password');

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
  await stage.sandbox.settings('google', { token_life_s: 36_000 });
});
afterAll(() => stage.close());

const connected = async (provider: 'google' | 'imap', name: string) => {
  const email = `${name}-${provider}@example.com`;
  await stage.sandbox.account(provider, email, { password: PASSWORD });
  const connect = provider === 'google' ? connectGmail(stage, email) : connectImap(stage, email, PASSWORD);
  return { email, channelId: channelOf(await connect) };
};

const quarantine = (channelId: string) =>
  stage.context.database.inTenant(TENANT, (tx) => listQuarantine(tx, { channelId, after: null, limit: 50 }));

const replay = (importId: string, items: Parameters<typeof openQuarantine>[2]) =>
  stage.context.database.inTenant(TENANT, (tx) => openQuarantine(tx, importId, items));

const addsUp = ({ found, imported, alreadyHad, missing, ...receipt }: Receipt) =>
  found === imported + alreadyHad + missing + skippedCount({ found, imported, alreadyHad, missing, ...receipt });

/** Slice after slice until the import is done, including the waits between them. */
const toTheEnd = async (channelId: string, importId: string) => {
  const { slice } = importing(stage.context);
  const { clock } = stage.context;
  // The waits between the slices have passed.
  const later = { ...stage.context, clock: { now: async () => new Date((await clock.now()).getTime() + skippedMs) } };
  let skippedMs = 0;
  for (let slices = 0; slices < 20; slices++) {
    const answer = slices === 0 ? await slice(channelId, importId) : await importing(later).slice(channelId, importId);
    if (answer.done) return answer;
    skippedMs += answer.waitMs + 60_000;
  }
  throw new Error('20 slices, and the import is not done');
};

describe.each(['google', 'imap'] as const)('%s', (provider) => {
  test('a message that breaks the connection whenever it is fetched is quarantined, and the rest goes on', async () => {
    const { email, channelId } = await connected(provider, 'cut');
    const delivered = await stage.sandbox.deliver(provider, email, 12);
    const poison = delivered[6];
    const { id } = await stage.sandbox.fault(provider, email, 'cut_connection', { message: poison?.provider_id });
    const { queue, stored, receipt, channel, imports } = importing(stage.context);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    expect(await toTheEnd(channelId, importId)).toMatchObject({ state: 'completed' });
    const others = messageIds(delivered.filter((message) => message !== poison));
    expect(idsOf(await stored(channelId))).toEqual(others);
    expect(await receipt(importId)).toEqual({
      found: 12,
      imported: 11,
      alreadyHad: 0,
      repaired: 0,
      missing: 0,
      skipped: [{ reason: 'unfetchable', count: 1 }],
    });
    expect(await channel(channelId)).toMatchObject({ importState: 'idle', status: 'connected' });
    const [held, ...more] = await quarantine(channelId);
    expect(more).toEqual([]);
    expect(held?.lastError).toMatch(/^(network|connection_lost)$/);
    expect(held).toMatchObject({ importId, reason: 'unfetchable', tries: 3, replaying: false });

    // While it is still poison a replay ends where it began.
    expect(await replay(importId, null)).toBe(1);
    await toTheEnd(channelId, importId);
    expect(addsUp((await receipt(importId)) as Receipt)).toBe(true);
    expect(await quarantine(channelId)).toMatchObject([{ tries: 3, replaying: false }]);

    await stage.sandbox.mend(id);
    const before = (await imports(channelId))[0];
    expect(await replay(importId, held ? [held] : [])).toBe(1);
    expect(await receipt(importId)).toMatchObject({ found: 12, imported: 11, missing: 0 });
    expect(await toTheEnd(channelId, importId)).toMatchObject({ state: 'completed' });
    expect(await receipt(importId)).toMatchObject({ found: 12, imported: 12, missing: 0, skipped: [] });
    expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
    expect(await quarantine(channelId)).toEqual([]);
    expect((await imports(channelId))[0]).toMatchObject({ ...before, replaying: false });
  });
});

test('a message that kills its reader is quarantined after three deaths of its own, and the rest continues', async () => {
  const { email, channelId } = await connected('imap', 'killer');
  const delivered = await stage.sandbox.deliver('imap', email, 9);
  const poison = delivered[4];
  const { queue, stored, receipt } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  const given = { CHANNEL: channelId, IMPORT: importId, POISON: poison?.provider_id.split('/').at(-1) ?? '' };
  const ends: (string | null)[] = [];
  for (let attempt = 1; ends.length < 9; attempt++) {
    const { signal, done } = await sliceInProcess(stage, { ...given, ATTEMPT: String(attempt) });
    ends.push(signal);
    if (done) break;
  }
  // Once with its whole page, then three times alone.
  expect(ends).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', null]);
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered.filter((message) => message !== poison)));
  expect(await receipt(importId)).toMatchObject({
    found: 9,
    imported: 8,
    missing: 0,
    skipped: [{ reason: 'unparseable', count: 1 }],
  });
  expect(await quarantine(channelId)).toMatchObject([{ reason: 'unparseable', lastError: 'worker_lost', tries: 3 }]);

  await replay(importId, null);
  await toTheEnd(channelId, importId);
  expect(await receipt(importId)).toMatchObject({ found: 9, imported: 9, skipped: [] });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
}, 120_000);

/** The long form: `POISON_WORKER=1 npx vitest run test/imports/kill/quarantine.test.ts`, two minutes. */
if (process.env['POISON_WORKER']) describe('workers of a Temporal', livesOfWorkers);

test('a message that the server alone refuses is quarantined with the server’s own code', async () => {
  const { email, channelId } = await connected('google', 'refused');
  const [poison] = await stage.sandbox.deliver('google', email, 5);
  await stage.sandbox.fault('google', email, 'unavailable', { message: poison?.provider_id });
  const { queue } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'requested' });
  await toTheEnd(channelId, importId);
  expect(await quarantine(channelId)).toMatchObject([{ importId, providerId: poison?.provider_id, tries: 3 }]);
  const shown = await stage.context.database.inTenant(TENANT, (tx) => findReceipt(tx, importId));
  expect(shown?.counts.skipped).toEqual([{ reason: 'unfetchable', count: 1 }]);
});

test('trouble that is not a message’s own costs it no try', async () => {
  const { email, channelId } = await connected('google', 'innocent');
  const delivered = await stage.sandbox.deliver('google', email, 6);
  const { queue, stored, receipt } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  for (let times = 0; times < 4; times++) {
    await stage.sandbox.fault('google', email, 'rate_limited', { message: delivered[2]?.provider_id, times: 1 });
    const environment = new MockActivityEnvironment({ attempt: 2 });
    await environment.run(() => runSlice(stage.context, { tenantId: TENANT, channelId, importId }));
  }
  expect(await toTheEnd(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await receipt(importId)).toMatchObject({ found: 6, imported: 6, skipped: [] });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
});
