import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leaseChannelsToListen } from '../../../db/across-tenants/leases.ts';
import { heldConnections } from '../../../db/schema/held-connections.ts';
import { listeners } from '../../../db/schema/watches.ts';
import { raiseStage } from '../../webhooks/stage.ts';
import type { Stage } from '../../webhooks/stage.ts';
import { channelOf, fillDatabase } from './fill-database.ts';
import type { Size } from './fill-database.ts';
import { READS } from './reads.ts';
import { counting } from './rows-read.ts';
import type { Reading } from './rows-read.ts';
import { SWEEPS } from './sweeps.ts';

const CHANNELS = Number(process.env['CHANNELS'] ?? 20_000);
const SIZE: Size = { channels: CHANNELS, messagesEach: Number(process.env['MESSAGES_EACH'] ?? 5), items: CHANNELS };
const FILL_MS = 60_000 + CHANNELS * 10;

let stage: Stage;
let now: Date;

beforeAll(async () => {
  stage = await raiseStage();
  await fillDatabase(stage.ownerUrl, SIZE);
  now = new Date();
}, FILL_MS);
afterAll(() => stage?.close(), FILL_MS);

test.each([...READS, ...SWEEPS])(
  '$name',
  async ({ name, most, whole, run }) => {
    const read: Reading = { rows: 0, scanned: [], ms: 0 };
    await run(counting(stage.database, read), { ...SIZE, now });
    const again: Reading = { rows: 0, scanned: [], ms: 0 };
    await run(counting(stage.database, again), { ...SIZE, now });
    if (process.env['CHANNELS']) console.log(`| ${name} | ${again.rows} | ${again.ms.toFixed(1)} |`);
    if (!whole) expect(again.scanned, 'large tables that were read in sequence').toEqual([]);
    expect(again.rows, 'rows read').toBeLessThanOrEqual(typeof most === 'number' ? most : most(SIZE));
  },
  FILL_MS,
);

/** The next turns of a listener, until one takes a channel. */
async function turnsUntilTaken(most: number) {
  const lease = { owner: 'other', now, until: new Date(now.getTime() + 60_000), renewedBefore: now };
  let walkedTo = '';
  for (let turn = 1; turn <= most; turn += 1) {
    const one = await leaseChannelsToListen(stage.database, lease, { accessTypes: ['imap'], limit: 10, walkedTo });
    if (one.taken.length > 0) return { turn, taken: one.taken.map(({ channelId }) => channelId) };
    ({ walkedTo } = one);
  }
  throw new Error(`No channel was taken in ${most} turns`);
}

test('a listener takes a channel that was never held within one walk, and those of a dead listener at once', async () => {
  const { database } = stage;
  const last = channelOf(SIZE.channels - (SIZE.channels % 5) - 5 * 17);
  await database.acrossTenants((tx) => tx.delete(heldConnections).where(eq(heldConnections.channelId, last)));
  expect((await turnsUntilTaken(SIZE.channels / 2_000 + 1)).taken).toEqual([last]);
  await database.acrossTenants((tx) => tx.update(listeners).set({ aliveUntil: new Date(0) }));
  expect((await turnsUntilTaken(1)).taken).toHaveLength(10);
});
