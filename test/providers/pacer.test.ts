import { expect, test } from 'vitest';
import { createPacers } from '../../providers/pacer.ts';

const never = new AbortController().signal;
/** 6,000 units a minute: 300 at once, then one every 10 ms. */
const UNITS_PER_MINUTE = 6_000;

test('sessions at one account share its quota, another account has its own', async () => {
  const pacerOf = createPacers(UNITS_PER_MINUTE);
  const beganAt = performance.now();
  await pacerOf('a@example.com').spend(300, never);
  await pacerOf('b@example.com').spend(300, never);
  const unhindered = performance.now() - beganAt;
  await pacerOf('a@example.com').spend(30, never);
  expect(performance.now() - beganAt).toBeGreaterThan(unhindered + 150);
});

test('a wait for the quota can be aborted', async () => {
  const pacer = createPacers(UNITS_PER_MINUTE)('a@example.com');
  await pacer.spend(300, never);
  await expect(pacer.spend(6_000, AbortSignal.timeout(20))).rejects.toThrow();
});
