import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SliceAnswer } from '../../imports/slice.ts';
import type { Context } from '../../runtime/context.ts';
import type { Receipt } from '../../domain/receipt.ts';
import { skippedCount } from '../../domain/receipt.ts';
import type { ListedItem } from '../../providers/contract.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { idsOf, importing, messageIds } from './importing.ts';
import { afterPage, countingFetches, drive, heldBy, raiseScene, tend } from './scene.ts';
import type { Scene } from './scene.ts';

const PASSWORD = secret('password');
const NEXT_PASSWORD = secret('password');

const DAY_MS = 86_400_000;
/** Two pages. */
const MISSED = 70;

let scene: Scene;
beforeAll(async () => {
  scene = await raiseScene();
});
afterAll(() => scene.close());

/** One account with a channel, whose mail was missed while something went wrong. */
interface Case {
  provider: 'google' | 'imap';
  email: string;
  channelId: string;
  /** How often the provider was asked for anything. */
  requests: () => Promise<number>;
  fault: (name: string, more?: object) => Promise<{ id: string }>;
  signInAgain: () => Promise<void>;
}

interface Fault {
  name: string;
  /** Hours that the provider's clock is ahead of ours, from before the connection on. */
  skewH?: number;
  missed?: number;
  /** Before the import begins. */
  before?: (at: Case) => Promise<unknown>;
  /** Once the first page was listed, before any of it is fetched. */
  during?: (at: Case, listed: ListedItem[]) => Promise<void>;
  /** Instead of one slice after the other. */
  run?: (at: Case, context: Context, importId: string) => Promise<SliceAnswer>;
  /** What the receipt says besides that it adds up; `found` is all that was missed unless it says otherwise. */
  receipt?: object;
  expect?: (at: Case, context: Context, importId: string) => Promise<void>;
}

const expire = ({ provider, fault }: Case) => fault(provider === 'google' ? 'cursor_expired' : 'uidvalidity_changed');

const cutShort = ({ fault }: Case) => fault('listing_cut_short', { times: 1 });

const FAULTS: Fault[] = [
  { name: 'nothing at all' },
  { name: 'the cursor expired, or UIDVALIDITY changed, before the import', before: expire },
  { name: 'the cursor expired, or UIDVALIDITY changed, in the middle', during: async (at) => void (await expire(at)) },
  {
    name: 'the listing was cut short',
    before: cutShort,
    expect: async ({ channelId }, context, importId) => {
      expect((await importing(context).receipt(importId))?.repaired).toBeGreaterThan(0);
      expect(await importing(context).told(channelId, 'import.completed')).toHaveLength(1);
    },
  },
  { name: 'pages were repeated', before: ({ fault }) => fault('page_repeated', { times: 3 }) },
  {
    name: 'messages were deleted between listing and fetching',
    async during({ provider, email }, listed) {
      const ids = listed.slice(0, 3).map(({ providerId }) => providerId);
      for (const { provider_id, message_id } of await heldBy(scene, provider, email)) {
        if (!ids.includes(provider_id.split('/').at(-1) ?? '')) continue;
        missed.delete(message_id);
        await scene.sandbox.call(
          'DELETE',
          `/control/accounts/${provider}/${email}/messages/${encodeURIComponent(provider_id)}`,
        );
      }
    },
    receipt: { imported: MISSED - 3, skipped: [{ reason: 'gone', count: 3 }] },
  },
  {
    name: 'the provider is slow, and slices end in the middle of a page',
    missed: 60,
    before: ({ fault }) => fault('slow', { ms: 10 }),
    async run({ channelId }, _context, importId) {
      const { slice } = importing(scene.slowly(1_500));
      for (let slices = 1; ; slices++) {
        const answer = await slice(channelId, importId);
        expect(answer.waitMs).toBe(0);
        if (!answer.done) continue;
        expect(slices).toBeGreaterThan(4);
        return answer;
      }
    },
  },
  {
    name: 'the provider limits the rate in the middle, and says for how long',
    during: async ({ fault }) => void (await fault('rate_limited', { retry_after_s: 90, times: 1 })),
    async run({ channelId, requests }, context, importId) {
      const began = Date.now();
      const { waitMs, waitingFor } = await importing(context).slice(channelId, importId);
      // The wait is a timer of the workflow and occupies no slot.
      expect(Date.now() - began).toBeLessThan(15_000);
      expect(waitingFor).toBe('the provider');
      expect(waitMs).toBeGreaterThanOrEqual(90_000);
      const before = await requests();
      expect((await importing(context).slice(channelId, importId)).waitMs).toBeGreaterThan(80_000);
      expect(await requests()).toBe(before);
      await scene.pass(waitMs * 1.1);
      return drive(scene, context, channelId, importId);
    },
  },
  {
    name: 'the provider answers 5xx for ten minutes',
    async during({ fault }) {
      outage = await fault('unavailable');
    },
    async run({ channelId, requests }, context, importId) {
      const { slice, channel } = importing(context);
      let lastedMs = 0;
      const before = await requests();
      while (lastedMs < 10 * 60_000) {
        const { done, waitMs } = await slice(channelId, importId);
        expect(done).toBe(false);
        expect((await channel(channelId)).status).toBe('degraded');
        lastedMs += waitMs + 50;
        await scene.pass(waitMs + 50);
      }
      expect((await requests()) - before).toBeLessThan(40);
      await scene.sandbox.mend(outage.id);
      return drive(scene, context, channelId, importId);
    },
  },
  {
    name: 'the connection is cut, again and again',
    during: async ({ fault }) => void (await fault('cut_connection', { times: 3 })),
  },
  { name: 'the provider’s clock is an hour behind', skewH: -1 },
  { name: 'the provider’s clock is an hour ahead', skewH: 1 },
  { name: 'the provider’s clock is an hour behind, and the cursor expired', skewH: -1, before: expire },
  { name: 'the provider’s clock is an hour ahead, and the cursor expired', skewH: 1, before: expire },
  { name: 'the provider’s clock is an hour behind, and the listing was cut short', skewH: -1, before: cutShort },
  { name: 'the provider’s clock is an hour ahead, and the listing was cut short', skewH: 1, before: cutShort },
  {
    name: 'mail arrives during the import',
    async during({ provider, email }) {
      for (const { message_id } of await scene.sandbox.deliver(provider, email, 7)) missed.add(message_id);
    },
    // What came after the heads were taken belongs to this import or to the next poll.
    receipt: { missing: 0 },
  },
  {
    name: 'two imports are asked for at once',
    receipt: { missing: 0 },
    async run({ channelId }, context, importId) {
      const { queue, channel } = importing(context);
      expect(await queue(channelId, { cause: 'reauthorized' })).toBe(importId);
      const requested = await queue(channelId, {
        cause: 'requested',
        windowFrom: (await channel(channelId)).createdAt,
      });
      const [answer, other] = await Promise.all([
        drive(scene, context, channelId, importId),
        drive(scene, context, channelId, requested),
        drive(scene, context, channelId, importId),
      ]);
      expect(other.state).toBe('completed');
      expect(sumOf(await importing(context).receipt(requested))).toBe(MISSED);
      return answer;
    },
  },
];
let outage: { id: string };
/** Message-IDs of what arrived since the connection and is there, in the order of arrival. */
let missed: Set<string>;

const sumOf = (receipt: Receipt | undefined) =>
  receipt && receipt.imported + receipt.alreadyHad + skippedCount(receipt) + receipt.missing;

async function connected(provider: 'google' | 'imap', { name, skewH = 0 }: Fault): Promise<Case> {
  await scene.skewProvider(skewH * 3_600);
  const email = `${name.replaceAll(/[^a-z0-9]+/gi, '-')}@${provider}.example`.toLowerCase();
  const { sandbox } = scene;
  await sandbox.account(provider, email, { password: PASSWORD });
  const connect = (password: string) =>
    provider === 'google' ? connectGmail(scene, email) : connectImap(scene, email, password);
  // Mail from before the connection stays out, in every fallback.
  await sandbox.deliver(provider, email, 5, { date: new Date(Date.now() - DAY_MS).toISOString() });
  // Only where a server tells no time and is ahead, mail of the hour before looks like ours and is imported (rule 10).
  if (provider === 'google' || skewH <= 0) await sandbox.deliver(provider, email, 5);
  await scene.pass(2_000);
  const channelId = channelOf(await connect(PASSWORD));
  // What arrives within the second of the connection is, by its date, from before it.
  await scene.pass(2_000);
  return {
    provider,
    email,
    channelId,
    requests: async () => (await sandbox.requests(provider, 'api', email)).length,
    fault: (fault, more) => sandbox.fault(provider, email, fault, more),
    async signInAgain() {
      await sandbox.account(provider, email, { password: NEXT_PASSWORD });
      expect(channelOf(await connect(NEXT_PASSWORD))).toBe(channelId);
    },
  };
}

/** What came after the heads is the next poll's; then the feed is what the provider has, and each once. */
async function expectWhole({ provider, email, channelId }: Case): Promise<void> {
  const { poll, finish, stored, channel } = importing(scene.context);
  for (let polls = 0; polls < 5; polls++) {
    const { outcome, importId } = await poll(channelId);
    if (outcome === 'nothing') break;
    if (importId !== null) await finish(channelId, importId);
  }
  const held = messageIds(await heldBy(scene, provider, email));
  expect(idsOf(await stored(channelId))).toEqual(held.filter((id) => missed.has(id)));
  expect(held.filter((id) => missed.has(id))).toHaveLength(missed.size);
  expect(await channel(channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
}

describe.each(['google', 'imap'] as const)('%s', (provider) => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s: sets are equal, none twice, and the receipt adds up',
    { timeout: 120_000 },
    async (_name, fault) => {
      const at = await connected(provider, fault);
      missed = new Set(messageIds(await scene.sandbox.deliver(provider, at.email, fault.missed ?? MISSED)));
      const context = afterPage(scene.context, 1, async (listed) => fault.during?.(at, listed));
      const { queue, receipt, imports } = importing(context);
      const importId = await queue(at.channelId, { cause: 'reauthorized' });
      await fault.before?.(at);
      const run = fault.run ?? (() => drive(scene, context, at.channelId, importId));
      expect(await run(at, context, importId)).toMatchObject({ state: 'completed' });
      const counts = await receipt(importId);
      expect(counts).toMatchObject({
        missing: 0,
        ...(fault.receipt ?? { imported: fault.missed ?? MISSED, skipped: [] }),
      });
      expect(sumOf(counts)).toBe(counts?.found);
      expect((await imports(at.channelId)).find(({ id }) => id === importId)).toMatchObject({ compared: true });
      await fault.expect?.(at, context, importId);
      await expectWhole(at);
    },
  );

  test('the access is revoked in the middle: the same import goes on where it was', async () => {
    const at = await connected(provider, { name: 'revoked' });
    const { email, channelId } = at;
    missed = new Set(messageIds(await scene.sandbox.deliver(provider, email, MISSED)));
    const fetched = new Map<string, number>();
    const context = afterPage(countingFetches(scene.context, fetched), 2, async () => {
      await at.fault(provider === 'google' ? 'access_revoked' : 'password_changed');
    });
    const { queue, slice, channel, imports, receipt, stored } = importing(context);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    for (let slices = 0; (await channel(channelId)).status !== 'reauth_required'; slices++) {
      expect(slices).toBeLessThan(20);
      const { done, waitMs } = await slice(channelId, importId);
      expect(done).toBe(false);
      await tend(context, channelId);
      await scene.pass(waitMs + 50);
    }
    const before = (await stored(channelId)).length;
    expect(before).toBeGreaterThanOrEqual(50);
    expect(before).toBeLessThan(MISSED);
    expect(await slice(channelId, importId)).toMatchObject({ waitingFor: 'a person to sign in again' });
    for (const { message_id } of await scene.sandbox.deliver(provider, email, 9)) missed.add(message_id);
    await at.signInAgain();
    expect(await channel(channelId)).toMatchObject({ status: 'connected', importState: 'catching_up' });
    expect(await drive(scene, context, channelId, importId)).toMatchObject({ state: 'completed' });
    expect(await imports(channelId)).toMatchObject([{ id: importId, compared: true, cause: 'reauthorized' }]);
    const all = MISSED + 9;
    expect(await receipt(importId)).toMatchObject({
      found: all,
      imported: all,
      alreadyHad: 0,
      repaired: 0,
      missing: 0,
    });
    expect(fetched.size).toBe(all);
    expect([...fetched.values()].filter((times) => times > 2)).toEqual([]);
    await expectWhole(at);
  });
});

test.each([
  [0, -1],
  [1, 0],
])(
  'a clock that is set back from %i h to %i h after the connection loses nothing, once the cursor has expired',
  { timeout: 120_000 },
  async (before, after) => {
    const at = await connected('google', { name: `set back to ${after}`, skewH: before });
    await scene.skewProvider(after * 3_600);
    missed = new Set(messageIds(await scene.sandbox.deliver('google', at.email, MISSED)));
    await expire(at);
    const { queue, receipt } = importing(scene.context);
    const importId = await queue(at.channelId, { cause: 'reauthorized' });
    expect(await drive(scene, scene.context, at.channelId, importId)).toMatchObject({ state: 'completed' });
    expect(await receipt(importId)).toMatchObject({ found: MISSED, imported: MISSED, missing: 0 });
    await expectWhole(at);
  },
);
