import { expect, test, vi } from 'vitest';
import { createPacers, reserveAlone } from '../../providers/pacer.ts';
import type { ReserveTime } from '../../providers/pacer.ts';

const never = new AbortController().signal;
/** 6,000 units a minute: 300 at once, then one every 10 ms. */
const QUOTA = { of: 'mailbox', unitsPerMinute: 6_000 } as const;

/** As several processes would: each with pacers of its own, and one place where time is reserved. */
const processes = (count: number, reserve: ReserveTime = reserveAlone()) =>
  Array.from({ length: count }, () => createPacers('google', QUOTA, reserve));

/** Spends units one call after the other until the time is over; answers with how many. */
async function spendFor(ms: number, pacersOf: ReturnType<typeof createPacers>, owner: string): Promise<number> {
  const pacer = pacersOf(owner);
  const signal = AbortSignal.timeout(ms);
  let spent = 0;
  for (;;) {
    try {
      await pacer.spend(20, signal);
    } catch {
      return spent;
    }
    spent += 20;
  }
}

test('sessions at one account share its quota, another account has its own', async () => {
  const [pacerOf] = processes(1);
  const beganAt = performance.now();
  await pacerOf?.('a@example.com').spend(300, never);
  await pacerOf?.('b@example.com').spend(300, never);
  const unhindered = performance.now() - beganAt;
  await pacerOf?.('a@example.com').spend(30, never);
  expect(performance.now() - beganAt).toBeGreaterThan(unhindered + 150);
});

test('a wait for the quota can be aborted', async () => {
  const [pacerOf] = processes(1);
  const pacer = pacerOf?.('a@example.com');
  await pacer?.spend(300, never);
  await expect(pacer?.spend(6_000, AbortSignal.timeout(20))).rejects.toThrow();
});

test('a process alone has the whole rate, and processes together no more than that, each its share', async () => {
  const lastingMs = 5_000;
  const most = 300 + (lastingMs / 10) * 1.1;
  const alone = await spendFor(lastingMs, processes(1)[0] ?? fail(), 'ana@example.com');
  expect(alone).toBeGreaterThan(300 + (lastingMs / 10) * 0.9);
  expect(alone).toBeLessThan(most);
  const shared = await Promise.all(processes(3).map((pacersOf) => spendFor(lastingMs, pacersOf, 'ana@example.com')));
  const sum = shared.reduce((total, spent) => total + spent, 0);
  expect(sum).toBeLessThan(most);
  expect(sum).toBeGreaterThan(300 + (lastingMs / 10) * 0.6);
  for (const spent of shared) expect(spent).toBeGreaterThan(sum / 10);
}, 20_000);

test('a quiet poll reserves once, also with the looks of the next hours, an import every few seconds', async () => {
  let reserved = 0;
  const local = reserveAlone();
  const counting: ReserveTime = (...asked) => {
    reserved++;
    return local(...asked);
  };
  const [poll, importing] = processes(2, counting);
  for (const units of [1, 2, 5]) await poll?.('quiet@example.com').spend(units, never);
  const elapsedMs = performance.now.bind(performance);
  let hoursMs = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => elapsedMs() + hoursMs);
  for (; hoursMs < 3 * 3_600_000; hoursMs += 15 * 60_000) await poll?.('quiet@example.com').spend(1, never);
  clock.mockRestore();
  expect(reserved).toBe(1);
  reserved = 0;
  await spendFor(4_000, importing ?? fail(), 'busy@example.com');
  expect(reserved).toBeLessThanOrEqual(8);
}, 20_000);

test.each([
  ['fails', () => Promise.reject(new Error('no database'))],
  ['hangs', () => new Promise<number>(() => {})],
])('where the reservation %s, a process goes on at a tenth of the rate', async (_how, reserve) => {
  const [alone] = processes(1, reserve);
  const spent = await spendFor(4_000, alone ?? fail(), 'ana@example.com');
  expect(spent).toBeGreaterThan(0);
  expect(spent).toBeLessThanOrEqual(60);
});

function fail(): never {
  throw new Error('there is no such process');
}
