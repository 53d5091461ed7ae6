import { describe, expect, it } from 'vitest';
import { deliveryGapMs } from '../../domain/backoff.ts';
import { CLOSED_CIRCUIT, attemptsAllowed, circuitAfter } from '../../domain/limits/circuit.ts';
import type { Circuit } from '../../domain/limits/circuit.ts';

const at = (ms: number) => new Date(1_800_000_000_000 + ms);
const failed = { isDelivered: false, tookMs: 100, pauseMs: null };
const delivered = { isDelivered: true, tookMs: 100, pauseMs: null };

/** The circuit after failures whose attempts began one after another, each as soon as it was allowed. */
function failTimes(times: number): Circuit {
  let circuit = CLOSED_CIRCUIT;
  for (let i = 0; i < times; i++) circuit = circuitAfter(circuit, failed, circuit.openUntil ?? at(i));
  return circuit;
}

describe('circuitAfter()', () => {
  it('opens after five failures in a row, and a success in between begins anew', () => {
    expect(attemptsAllowed(failTimes(4), at(10))).toBe(1);
    expect(failTimes(4).openUntil).toBeNull();
    expect(attemptsAllowed(failTimes(5), at(10))).toBe(0);
    expect(circuitAfter(circuitAfter(failTimes(4), delivered, at(5)), failed, at(6)).openUntil).toBeNull();
  });

  it('allows one probe when its time has come, at gaps that grow to five minutes', () => {
    const gaps = [5, 6, 7, 8, 9, 10, 11].map(
      (times) => Number(failTimes(times + 1).openUntil) - Number(failTimes(times).openUntil),
    );
    expect(gaps.map((ms) => ms / 1000)).toEqual([20, 40, 80, 160, 300, 300, 300]);
    const open = failTimes(5);
    expect(attemptsAllowed(open, open.openUntil!)).toBe(1);
  });

  it('learns nothing from attempts that began before it opened', () => {
    const open = failTimes(5);
    expect(circuitAfter(open, failed, at(100))).toEqual(open);
  });

  it('closes with a success, and doubles the attempts at once from then on', () => {
    let circuit = failTimes(9);
    const atOnce = [1, 2, 3, 4, 5, 6].map(
      (i) => (circuit = circuitAfter(circuit, delivered, at(1_000_000 + i))).atOnce,
    );
    expect(circuit).toMatchObject({ failures: 0, failingSince: null, openUntil: null });
    expect(atOnce).toEqual([2, 4, 8, 16, 32, 32]);
    expect(circuitAfter(circuit, { ...delivered, tookMs: 15_000 }, at(2_000_000)).atOnce).toBe(2);
  });

  it('opens for as long as a receiver asks with its first refusal, up to an hour', () => {
    expect(circuitAfter(CLOSED_CIRCUIT, { ...failed, pauseMs: 30_000 }, at(0)).openUntil).toEqual(at(30_000));
    expect(circuitAfter(CLOSED_CIRCUIT, { ...failed, pauseMs: 86_400_000 }, at(0)).openUntil).toEqual(at(3_600_000));
  });

  it('never delays the only delivery of an endpoint beyond its own schedule', () => {
    let circuit = CLOSED_CIRCUIT;
    let now = at(0);
    for (let attempts = 1; attempts < 10; attempts++) {
      circuit = circuitAfter(circuit, failed, now);
      now = new Date(now.getTime() + (deliveryGapMs('whd_1', attempts, null) ?? 0));
      expect(attemptsAllowed(circuit, now), `attempt ${attempts + 1}`).toBeGreaterThan(0);
    }
  });
});
