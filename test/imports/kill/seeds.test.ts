import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../../embedded/run-file.ts';
import { connectOverApi, reauthorizeOverApi } from '../../support/api-sign-in.ts';
import { START_TIMEOUT_MS, startMooring } from '../../support/mooring.ts';
import type { Mooring } from '../../support/mooring.ts';
import { dice } from '../model/model-mailbox.ts';
import type { Dice } from '../model/model-mailbox.ts';

/**
 * SIGKILL of worker, PostgreSQL and Temporal at random points of imports of 2,000 messages, in a Mooring by `npm
 * start`. Three seeds at once in CI. The long form, one after the other: `KILL_SEEDS=1-20 npx vitest run
 * test/imports/kill/seeds.test.ts`; one seed alone: `KILL_SEEDS=7`.
 */
const [FIRST, LAST] = (process.env['KILL_SEEDS'] ?? '').split('-').map(Number) as [number, number | undefined];
const BATCHES = FIRST ? range(FIRST, LAST ?? FIRST).map((seed) => [seed]) : [[1, 2, 3]];
const MESSAGES = 2_000;
const VICTIMS = ['worker', 'postgres', 'temporal'];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

interface Import {
  id: string;
  state: string;
  found: number;
  imported: number;
  already_had: number;
  missing: number;
  compared: boolean;
  skipped: { count: number }[];
}

let mooring: Mooring;
beforeAll(async () => {
  mooring = await startMooring();
}, START_TIMEOUT_MS);
afterAll(() => mooring.stop());

const pids = () => (JSON.parse(readFileSync(join(mooring.dir, 'run.json'), 'utf8')) as Run).pids;

/** A call that is repeated until a server answers it. */
async function patiently<T>(path: string): Promise<T> {
  for (const endsAt = Date.now() + 120_000; ; await sleep(200)) {
    const answer = await mooring.call<T>('GET', path).catch((error: unknown) => {
      if (Date.now() > endsAt) throw error;
      return null;
    });
    if (answer !== null) return answer;
  }
}

async function all<T>(path: string): Promise<T[]> {
  const rows: T[] = [];
  for (let after = ''; ;) {
    const page = await patiently<{ data: T[]; next: string | null }>(`${path}&limit=200${after}`);
    rows.push(...page.data);
    if (page.next === null) return rows;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/** One account with 2,000 missed messages, signed in again: an import that is compared. */
async function missing2000(seed: number) {
  const accessType = seed % 2 === 0 ? ('imap' as const) : ('gmail' as const);
  const signing = { accessType, email: `seed-${seed}@example.com` };
  const channel = await connectOverApi(mooring, signing);
  await mooring.call('POST', `/v1/channels/${channel}/pause`, {});
  const provider = accessType === 'gmail' ? 'google' : 'imap';
  const delivered = await mooring.sandbox.deliver(provider, signing.email, MESSAGES);
  return { seed, channel, signing, expected: delivered.map(({ message_id }) => message_id).toSorted() };
}

const imports = (channel: string) => all<Import>(`/v1/channels/${channel}/imports?`);

const isDone = async (channel: string) => {
  const found = await imports(channel);
  return found.length > 0 && found.every(({ state }) => state !== 'running');
};

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The pids, once `start` has restarted every process. */
async function everybody(): Promise<Record<string, number>> {
  while (!Object.values(pids()).every(isAlive)) await sleep(100);
  return pids();
}

/** Kills until `enough` were killed; what is not there at the moment is not killed. */
async function killAtRandom(roll: Dice, enough: number, killed: Set<number>): Promise<void> {
  for (let kills = 0; kills < enough;) {
    await sleep(200 + roll(2_500));
    const pid = pids()[VICTIMS[roll(VICTIMS.length)] ?? ''];
    if (pid === undefined || killed.has(pid) || !isAlive(pid)) continue;
    process.kill(pid, 'SIGKILL');
    killed.add(pid);
    kills++;
  }
}

test.each(BATCHES)(
  'rule 10: 2,000 messages each, once, through kills by these seeds: %s %s %s',
  { timeout: 600_000 },
  async (...seeds) => {
    const before = await everybody();
    const accounts = await Promise.all(seeds.filter(Boolean).map(missing2000));
    for (const { channel, signing } of accounts) {
      await reauthorizeOverApi(mooring, channel, signing);
      await mooring.call('POST', `/v1/channels/${channel}/resume`, {});
    }
    const killed = new Set<number>();
    const enough = accounts.length > 1 ? 2 : 5;
    await Promise.all(accounts.map(({ seed }) => killAtRandom(dice(seed), enough, killed)));
    for (const { channel, expected } of accounts) {
      for (const endsAt = Date.now() + 240_000; !(await isDone(channel)); await sleep(500)) {
        if (Date.now() > endsAt) throw new Error(`not done: ${JSON.stringify(await imports(channel))}`);
      }
      const messages = await all<{ message_id: string }>(`/v1/messages?channel=${channel}`);
      expect(messages.map(({ message_id }) => message_id).toSorted()).toEqual(expected);
      const [receipt] = await imports(channel);
      expect(receipt).toMatchObject({
        state: 'completed',
        compared: true,
        found: MESSAGES,
        imported: MESSAGES,
        missing: 0,
      });
      expect(receipt).toMatchObject({ already_had: 0, skipped: [] });
    }
    // A process that lost PostgreSQL or Temporal reconnected without a restart.
    const after = await everybody();
    expect(after['server']).toBe(before['server']);
    if (!killed.has(before['worker'] ?? 0)) {
      expect(after['worker'], `${mooring.said()}\n${mooring.logs()}`).toBe(before['worker']);
    }
  },
);
