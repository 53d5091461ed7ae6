import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { updateChannel } from '../../db/channels/channels.ts';
import { messageParts } from '../../db/schema/messages.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import type { FetchedMessage, ListedItem } from '../../providers/contract.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';

const PASSWORD = secret('password');

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

test('what the listing had missed is imported by the comparison, and said so', async () => {
  const email = 'repaired@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const delivered = await stage.sandbox.deliver('google', email, 12);
  const forgetful = withSessions(stage.context, (session) => ({
    ...session,
    async listChanges(scope, cursor, limit) {
      const page = await session.listChanges(scope, cursor, limit);
      return { ...page, items: page.items.slice(3) };
    },
  }));
  const { queue, finish, receipt, stored, imports } = importing(forgetful);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await receipt(importId)).toMatchObject({ found: 12, imported: 12, repaired: 3, missing: 0 });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
  expect((await imports(channelId))[0]).toMatchObject({ compared: true });
});

test('an import with something missing is stalled, never completed, until another finds it', async () => {
  const email = 'missing@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const [first] = await stage.sandbox.deliver('google', email, 5);
  const silent = withSessions(stage.context, (session) => ({
    ...session,
    fetchMessages: (scope, items) =>
      session.fetchMessages(
        scope,
        items.filter(({ providerId }) => providerId !== first?.provider_id),
      ),
  }));
  const { queue, finish, receipt, channel, told } = importing(silent);
  const before = (await channel(channelId)).coveredUntil;
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await finish(channelId, importId)).toMatchObject({ state: 'stalled' });
  expect(await receipt(importId)).toMatchObject({ found: 5, imported: 4, missing: 1 });
  expect(await channel(channelId)).toMatchObject({ importState: 'stalled', coveredUntil: before });
  expect(await told(channelId, 'import.stalled')).toHaveLength(1);

  const healed = importing(stage.context);
  await healed.poll(channelId);
  expect((await channel(channelId)).importState).toBe('stalled');
  const again = await healed.queue(channelId, { cause: 'requested', windowFrom: before });
  expect(await healed.finish(channelId, again)).toMatchObject({ state: 'completed' });
  expect(await receipt(again)).toMatchObject({ found: 5, imported: 1, alreadyHad: 4, missing: 0 });
  expect((await channel(channelId)).importState).toBe('idle');
});

test('a message that cannot be fetched is quarantined after three tries, the others are imported', async () => {
  const email = 'poison@example.com';
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  const delivered = await stage.sandbox.deliver('imap', email, 4);
  const tried: ListedItem[] = [];
  const poisoned = withSessions(stage.context, (session) => ({
    ...session,
    async *fetchMessages(scope, items): AsyncGenerator<FetchedMessage> {
      for await (const fetched of session.fetchMessages(scope, items)) {
        if (tried.length === 0) tried.push(fetched.item);
        if (fetched.item.providerId !== tried[0]?.providerId) yield fetched;
        else {
          tried.push(fetched.item);
          yield { outcome: 'failed', item: fetched.item, error: new Error('broken on the server') };
        }
      }
    },
  }));
  const { queue, finish, receipt, stored } = importing(poisoned);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await receipt(importId)).toEqual({
    found: 4,
    imported: 3,
    alreadyHad: 0,
    repaired: 0,
    missing: 0,
    skipped: [{ reason: 'unfetchable', count: 1 }],
  });
  expect(tried).toHaveLength(1 + 3);
  expect(messageIds(delivered)).toEqual(expect.arrayContaining(idsOf(await stored(channelId))));
});

test('a message that breaks off in the middle leaves nothing behind, and is whole at the next try', async () => {
  const email = 'broken-off@example.com';
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  const delivered = await stage.sandbox.deliver('imap', email, 2);
  delivered.push(...(await stage.sandbox.deliver('imap', email, 1, { size: 3_000_000 })));
  const breaking = withSessions(stage.context, (session) => ({
    ...session,
    async *fetchMessages(scope, items): AsyncGenerator<FetchedMessage> {
      for await (const fetched of session.fetchMessages(scope, items)) {
        const large = fetched.outcome === 'message' && fetched.sizeEstimate > 1_000_000;
        yield large ? { ...fetched, raw: breakOff(fetched.raw) } : fetched;
      }
    },
  }));
  const { queue, finish, stored, receipt } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await importing(breaking).slice(channelId, importId);
  expect(await stored(channelId)).toHaveLength(2);
  expect(await contents(channelId)).toEqual((await stored(channelId)).map(({ contentId }) => contentId).toSorted());
  await stage.context.database.inTenant(TENANT, (tx) => updateChannel(tx, channelId, { retryAt: null }));
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
  expect(await receipt(importId)).toMatchObject({ found: 3, imported: 3, missing: 0 });
  expect(await contents(channelId)).toEqual((await stored(channelId)).map(({ contentId }) => contentId).toSorted());
});

async function* breakOff(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of raw) {
    bytes += chunk.length;
    if (bytes > 2_500_000) throw new ProviderError('the connection broke', NETWORK);
    yield chunk;
  }
}

const NETWORK: Verdict = {
  kind: 'transient',
  reason: 'network',
  retryAfterMs: null,
  providerCode: null,
  vague: false,
  tokenRefused: false,
};

/** Every content that has parts, referred to or not. */
const contents = (channelId: string) =>
  stage.context.database.inTenant(TENANT, async (tx) => {
    const rows = await tx
      .selectDistinct({ id: messageParts.contentId })
      .from(messageParts)
      .where(eq(messageParts.channelId, channelId));
    return rows.map(({ id }) => id).toSorted();
  });

test('malformed mail is stored as it came, and a vanished message is skipped: gone', async () => {
  const email = 'malformed@example.com';
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  const channelId = channelOf(await connectImap(stage, email, PASSWORD));
  const malformed = await stage.sandbox.deliver('imap', email, 3, { malformed: true });
  const vanishing = withSessions(stage.context, (session) => ({
    ...session,
    async listChanges(scope, cursor, limit) {
      const page = await session.listChanges(scope, cursor, limit);
      const [item] = page.items;
      return item ? { ...page, items: [...page.items, { ...item, providerId: '900' }] } : page;
    },
  }));
  const { queue, finish, receipt, stored } = importing(vanishing);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(await receipt(importId)).toMatchObject({ found: 4, imported: 3, skipped: [{ reason: 'gone', count: 1 }] });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(malformed));
});
