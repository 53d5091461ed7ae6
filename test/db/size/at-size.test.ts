import { afterAll, beforeAll, expect, test } from 'vitest';
import { raiseStage } from '../../webhooks/stage.ts';
import type { Stage } from '../../webhooks/stage.ts';
import { fillDatabase } from './fill-database.ts';
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
