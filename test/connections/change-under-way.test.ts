import { afterAll, beforeAll, expect, test } from 'vitest';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import type { AccessType } from '../../domain/access-type.ts';
import { lookAtImport } from '../../imports/slice.ts';
import type { Context } from '../../runtime/context.ts';
import { importing, messageIds, TENANT, withSessions } from '../imports/importing.ts';
import { changing } from './changing.ts';

/*
 * A change of access while work of the access before is under way: what that one brings afterwards is void, and the new access
 * brings it.
 */

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage } = raised);
  at = changing(raised);
}, 60_000);
afterAll(() => raised?.close());

/** Sessions that wait at their first message, until the test lets them go on. */
function waitingSessions() {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const context = withSessions(stage.context, (session) => ({
    ...session,
    async *fetchMessages(...asked) {
      for await (const fetched of session.fetchMessages(...asked)) {
        reached.resolve();
        await gate.promise;
        yield fetched;
      }
    },
  }));
  return { context, reached: reached.promise, goOn: () => gate.resolve() };
}

async function channelWithMissed(email: string) {
  const channelId = await at.connect('imap', email);
  const own = await stage.sandbox.deliver('imap', email, 10);
  await importing(stage.context).settle(channelId);
  const missed = await stage.sandbox.deliver('imap', email, 12);
  await at.account('gmail', email);
  await at.copy('imap', 'gmail', email);
  return { channelId, own, missed };
}

test('a running import is overtaken, and the same import goes on by the new access, as a requested one does', async () => {
  const email = 'import-under-way@example.com';
  const { channelId, own, missed } = await channelWithMissed(email);
  const { queue, finish, imports } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  const requested = await queue(channelId, { cause: 'requested', windowFrom: new Date(Date.now() - 86_400_000) });
  const { context, reached, goOn } = waitingSessions();
  const slicing = importing(context).slice(channelId, importId);
  await reached;
  expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
  goOn();
  expect(await slicing).toMatchObject({ done: false, state: 'running' });
  expect(await at.stored(channelId)).toEqual(messageIds(own));

  expect(await at.runningImport(channelId)).toBe(importId);
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed', counts: { missing: 0 } });
  expect(await at.stored(channelId)).toEqual(messageIds([...own, ...missed]));
  expect(await finish(channelId, requested)).toMatchObject({ state: 'completed', counts: { missing: 0 } });
  expect(await at.stored(channelId)).toEqual(messageIds([...own, ...missed]));
  expect((await imports(channelId)).find(({ id }) => id === importId)).toMatchObject({
    cause: 'access_changed',
    compared: true,
  });
});

test('a poll under way stores nothing after the change and covers nothing', async () => {
  const email = 'poll-under-way@example.com';
  const { channelId, own, missed } = await channelWithMissed(email);
  const { context, reached, goOn } = waitingSessions();
  const polling = importing(context)
    .poll(channelId)
    .catch((error: unknown) => error);
  await reached;
  const { covered_until: covered } = await at.show(channelId);
  expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
  goOn();
  await polling;
  expect(await at.stored(channelId)).toEqual(messageIds(own));
  expect((await at.show(channelId)).covered_until).toBe(covered);
  const { finish } = importing(stage.context);
  expect(await finish(channelId, await at.runningImport(channelId))).toMatchObject({ state: 'completed' });
  expect(await at.stored(channelId)).toEqual(messageIds([...own, ...missed]));
});

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

/** Sessions that never return one message. */
const refusingSessions = (providerId: string) =>
  withSessions(stage.context, (session) => ({
    ...session,
    async *fetchMessages(scope, items) {
      const given = items.filter((item) => item.providerId !== providerId);
      yield* session.fetchMessages(scope, given);
      for (const item of items) {
        if (!given.includes(item)) yield { outcome: 'failed', item, error: new Error('refused') };
      }
    },
  }));

test('rule 10: a message in quarantine is imported by the new access, however old it is', async () => {
  const email = 'quarantined@example.com';
  const channelId = await at.connect('imap', email);
  await raised.sql`
    update channels set created_at = ${daysAgo(30)}, owned_from = ${daysAgo(30)}, covered_until = ${daysAgo(11)}
    where id = ${channelId}`;
  const [refused] = await stage.sandbox.deliver('imap', email, 1, { date: daysAgo(10) });
  const own = await stage.sandbox.deliver('imap', email, 3);
  const refusing = refusingSessions(refused?.provider_id.split('/').at(-1) ?? '');
  await importing(refusing).settle(channelId);
  expect(await at.stored(channelId)).toEqual(messageIds(own));
  expect((await at.show(channelId)).set_aside).toMatchObject([{ reason: 'unfetchable', count: 1 }]);
  await at.account('gmail', email);
  await at.copy('imap', 'gmail', email);
  expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
  expect((await at.show(channelId)).set_aside).toEqual([]);
  await importing(stage.context).finish(channelId, await at.runningImport(channelId));
  expect(await at.stored(channelId)).toEqual(messageIds([...own, ...(refused ? [refused] : [])]));
});

/** A worker whose configuration lacks an access type. */
function without(...accessTypes: AccessType[]): Context {
  const served = [...stage.context.providers].filter(([accessType]) => !accessTypes.includes(accessType));
  return { ...stage.context, providers: new Map(served) };
}

test('rule 10: workers of which each serves one access type hand the import over, and none cancels it', async () => {
  const email = 'handed-over@example.com';
  const { channelId, own, missed } = await channelWithMissed(email);
  const ofImap = importing(without('gmail'));
  const ofGmail = importing(without('imap'));
  const requested = await ofImap.queue(channelId, {
    cause: 'requested',
    windowFrom: new Date(Date.now() - 86_400_000),
  });
  expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
  const { id: importId = '' } = (await ofImap.imports(channelId)).find(({ cause }) => cause === 'access_changed') ?? {};
  const next = { done: false, state: 'running', accessType: 'gmail', waitMs: 0 };
  expect(await ofImap.slice(channelId, importId, 1, 'imap')).toMatchObject(next);
  expect(
    await lookAtImport(without('gmail'), { tenantId: TENANT, channelId, importId, accessType: 'imap' }),
  ).toMatchObject(next);
  // A worker of the release before does not say what it serves.
  const waiting = await ofImap.slice(channelId, requested);
  expect(waiting).toMatchObject({ done: false, state: 'running' });
  expect(waiting.waitMs).toBeGreaterThan(0);

  expect((await at.revert(channelId)).status).toBe(200);
  expect(await ofGmail.slice(channelId, importId, 1, 'gmail')).toMatchObject({ ...next, accessType: 'imap' });
  for (const id of [requested, importId])
    expect(await ofImap.finish(channelId, id)).toMatchObject({ state: 'completed' });
  expect(await at.stored(channelId)).toEqual(messageIds([...own, ...missed]));

  const queued = await ofImap.queue(channelId, { cause: 'reauthorized' });
  expect((await raised.api.call('DELETE', `/v1/channels/${channelId}`)).status).toBe(202);
  const left = await lookAtImport(without('imap'), {
    tenantId: TENANT,
    channelId,
    importId: queued,
    accessType: 'imap',
  });
  expect(left).toMatchObject({ done: true, state: 'cancelled' });
});

test('a slice tells its workflow of the new access type, whose worker runs the next', async () => {
  const email = 'queue-of-slices@example.com';
  const { channelId } = await channelWithMissed(email);
  const importId = await importing(stage.context).queue(channelId, { cause: 'reauthorized' });
  const slice = (accessType: 'imap' | 'gmail') => importing(stage.context).slice(channelId, importId, 1, accessType);
  expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
  expect(await slice('imap')).toMatchObject({ accessType: 'gmail' });
  expect(await slice('gmail')).not.toHaveProperty('accessType');
});
