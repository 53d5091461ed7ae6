import { and, count, eq, isNull, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../../runtime/context.ts';
import type { Database } from '../../../db/client.ts';
import { messageParts, messages } from '../../../db/schema/messages.ts';
import { channelOf, connectGmail, connectImap } from '../../support/connect.ts';
import { secret } from '../../support/minting.ts';
import { raiseStage } from '../../support/stage.ts';
import type { Stage } from '../../support/stage.ts';
import { idsOf, importing, messageIds, TENANT } from '../importing.ts';

const PASSWORD = secret('password');
/** What content is cut into (imports/fetching/content.ts). */
const PART_BYTES = 256 * 1024;

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

class Killed extends Error {}

/**
 * A process that dies at its n-th transaction: just before it begins, or just after it has committed. From then on
 * nothing of it reaches the database. `unheard`: the n-th commits, its answer is lost, and the process lives on.
 * `refused`: the n-th never begins, and the process lives on.
 */
function dyingAt(
  context: Context,
  n: number,
  when: 'before' | 'after' | 'unheard' | 'refused',
): Context & { transactions: () => number } {
  let transactions = 0;
  const { database } = context;
  const dying: Database = {
    ...database,
    async inTenant(tenant, work) {
      const dies = ++transactions === n;
      const isDead = transactions > n && (when === 'before' || when === 'after');
      if (isDead || (dies && (when === 'before' || when === 'refused'))) throw new Killed();
      const result = await database.inTenant(tenant, work);
      if (dies) throw new Killed();
      return result;
    },
  };
  return { ...context, database: dying, transactions: () => transactions };
}

const withoutContent = (channelId: string) =>
  stage.context.database.inTenant(TENANT, (tx) =>
    tx
      .select({ id: messages.id })
      .from(messages)
      .leftJoin(messageParts, eq(messageParts.contentId, messages.contentId))
      .where(and(eq(messages.channelId, channelId), isNull(messageParts.contentId))),
  );

const withPartsMissing = (channelId: string) =>
  stage.context.database.inTenant(TENANT, (tx) =>
    tx
      .select({ id: messages.id, size: messages.size, parts: count(messageParts.part) })
      .from(messages)
      .leftJoin(messageParts, eq(messageParts.contentId, messages.contentId))
      .where(eq(messages.channelId, channelId))
      .groupBy(messages.id)
      .having(sql`count(${messageParts.part}) < ceil(${messages.size} / ${PART_BYTES}::numeric)`),
  );

/** False when it was killed. */
async function survives(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof Killed) return false;
    throw error;
  }
}

/** A whole import for every n: more than a test usually takes on a busy machine. */
const MINUTES = 180_000;

describe.each(['before', 'after', 'unheard'] as const)(
  '%s the n-th transaction, for every n',
  { timeout: MINUTES },
  (when) => {
    test.each([
      ['google', (email: string) => connectGmail(stage, email)],
      ['imap', (email: string) => connectImap(stage, email, PASSWORD)],
    ] as const)('%s: rule 9 and rule 10 hold for a poll', async (provider, connect) => {
      const email = `poll-${when}-${provider}@example.com`;
      await stage.sandbox.account(provider, email, { password: PASSWORD });
      const channelId = channelOf(await connect(email));
      const whole = importing(stage.context);
      const expected: string[] = [];
      for (let n = 1, lived = false; !lived; n++) {
        expected.push(...messageIds(await stage.sandbox.deliver(provider, email, 2)));
        lived = await survives(importing(dyingAt(stage.context, n, when)).poll(channelId));
        const { outcome, importId } = await whole.poll(channelId);
        if (outcome === 'more') await whole.finish(channelId, importId ?? '');
        expect(idsOf(await whole.stored(channelId))).toEqual(expected.toSorted());
        expect(await withoutContent(channelId)).toEqual([]);
      }
      for (const { id, state } of await whole.imports(channelId)) {
        expect(state).toBe('completed');
        const { found, imported, missing } = (await whole.receipt(id)) ?? {};
        expect({ imported, missing }).toEqual({ imported: found, missing: 0 });
      }
    });

    test.each([
      ['google', (email: string) => connectGmail(stage, email)],
      ['imap', (email: string) => connectImap(stage, email, PASSWORD)],
    ] as const)('%s: the receipt of a reauthorized import is the same as without', async (provider, connect) => {
      const email = `slice-${when}-${provider}@example.com`;
      await stage.sandbox.account(provider, email, { password: PASSWORD });
      const channelId = channelOf(await connect(email));
      const whole = importing(stage.context);
      const expected: string[] = [];
      for (let n = 1, lived = false; !lived; n++) {
        expected.push(...messageIds(await stage.sandbox.deliver(provider, email, 2)));
        const importId = await whole.queue(channelId, { cause: 'reauthorized' });
        lived = await survives(importing(dyingAt(stage.context, n, when)).slice(channelId, importId));
        expect(await whole.finish(channelId, importId)).toMatchObject({ state: 'completed' });
        expect(idsOf(await whole.stored(channelId))).toEqual(expected.toSorted());
        expect(await withoutContent(channelId)).toEqual([]);
        const { repaired, ...receipt } = (await whole.receipt(importId)) ?? {};
        expect(receipt).toEqual({ found: 2, imported: 2, alreadyHad: 0, missing: 0, skipped: [] });
        expect(repaired).toBe(0);
        expect(await whole.told(channelId, 'import.completed')).toHaveLength(n);
      }
    });
  },
);

test('an import of several pages, killed at random, stores every message once', async () => {
  const email = 'pages@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const delivered = await stage.sandbox.deliver('google', email, 170);
  const whole = importing(stage.context);
  const importId = await whole.queue(channelId, { cause: 'reauthorized' });
  for (let seed = 3; seed < 24; seed += 4) {
    await survives(
      importing(dyingAt(stage.context, seed, seed % 8 < 4 ? 'before' : 'after')).slice(channelId, importId),
    );
  }
  await whole.finish(channelId, importId);
  expect(idsOf(await whole.stored(channelId))).toEqual(messageIds(delivered));
  expect(await whole.receipt(importId)).toMatchObject({ found: 170, imported: 170, missing: 0, alreadyHad: 0 });
});

test('content that could not be stored, once, is never that of a visible message', async () => {
  const whole = importing(stage.context);
  const email = 'lost-content@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  let n = 4;
  for (let survived = false; !survived; n++) {
    // More than is held before it is written, so that content is on its way while the page is still fetched.
    await stage.sandbox.deliver('google', email, 3, { size: 600_000 });
    const importId = await whole.queue(channelId, { cause: 'reauthorized' });
    survived = await survives(importing(dyingAt(stage.context, n, 'refused')).slice(channelId, importId));
    expect(await withPartsMissing(channelId)).toEqual([]);
    await whole.finish(channelId, importId);
  }
  expect(n).toBeGreaterThan(10);
});

test('a stale slice that comes back after another has moved the cursor commits nothing', async () => {
  const email = 'stale@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const delivered = await stage.sandbox.deliver('google', email, 120);
  const { queue, slice, finish, stored, receipt } = importing(stage.context);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  const answers = await Promise.all([1, 2, 3].map(() => slice(channelId, importId)));
  expect(answers.some(({ state }) => state === 'running' || state === 'completed')).toBe(true);
  await finish(channelId, importId);
  expect(idsOf(await stored(channelId))).toEqual(messageIds(delivered));
  expect(await receipt(importId)).toMatchObject({ found: 120, imported: 120, missing: 0, alreadyHad: 0 });
});
