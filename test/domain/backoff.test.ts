import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF, DELIVERY_GAPS_MS, deliveryGapMs, gapMs, waitingGapMs } from '../../domain/backoff.ts';
import type { Backoff } from '../../domain/backoff.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const profiles = Object.entries<Backoff>(BACKOFF);
const failures = fc.integer({ min: 1, max: 100_000 });
const ids = fc.uuid();

/** The gaps after the first failures in a row, in seconds, without their spread. */
function seconds(backoff: Backoff, count: number): number[] {
  const plain = { ...backoff, spread: [0, 0] as const };
  return Array.from({ length: count }, (_, before) => gapMs(plain, before + 1) / 1_000);
}

describe('the gaps between tries', () => {
  it('are the numbers of the table', () => {
    const toAQuarterHour = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    expect(seconds(BACKOFF.refused, 12)).toEqual(toAQuarterHour);
    expect(seconds(BACKOFF.putOff, 12)).toEqual(toAQuarterHour);
    expect(seconds(BACKOFF.revocation, 12)).toEqual(toAQuarterHour);
    expect(seconds(BACKOFF.slice, 12)).toEqual(toAQuarterHour);
    expect(seconds(BACKOFF.pollPutOff, 9)).toEqual([60, 60, 60, 60, 60, 60, 64, 128, 256]);
    expect(seconds(BACKOFF.appRefused, 9)).toEqual([1, 2, 4, 8, 16, 32, 64, 120, 120]);
    expect(seconds(BACKOFF.sliceWithoutToken, 7)).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(seconds(BACKOFF.circuit, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(seconds(BACKOFF.renewal, 13).slice(0, 4)).toEqual([15, 30, 60, 120]);
    expect(seconds(BACKOFF.renewal, 13).at(-1)).toBe(6 * 3_600);
    expect(seconds(BACKOFF.adoption, 8)).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    expect(seconds(BACKOFF.connection, 12).slice(0, 3)).toEqual([5, 10, 20]);
    expect(seconds(BACKOFF.connection, 12).at(-1)).toBe(3_600);
    expect(seconds(BACKOFF.unwantedConnection, 9)).toEqual([
      900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 86_400,
    ]);
    expect(seconds(BACKOFF.unsupportedConnection, 2)).toEqual([86_400, 86_400]);
    expect(seconds(BACKOFF.routinePutOff, 2)).toEqual([3_600, 3_600]);
  });

  it.each(profiles)('%s: never shrink, and stay between the first and the longest', (_name, backoff) => {
    const plain = { ...backoff, spread: [0, 0] as const };
    fc.assert(
      fc.property(failures, (count) => {
        const gap = gapMs(plain, count);
        expect(gap).toBeGreaterThanOrEqual(backoff.firstMs);
        expect(gap).toBeLessThanOrEqual(Math.max(backoff.longestMs, backoff.leastMs ?? 0));
        expect(gapMs(plain, count + 1)).toBeGreaterThanOrEqual(gap);
      }),
    );
    expect(gapMs(plain, 0)).toBe(gapMs(plain, 1));
  });

  it.each(profiles)('%s: are spread within their bounds, the same for an id for ever', (_name, backoff) => {
    const plain = { ...backoff, spread: [0, 0] as const };
    const [from, to] = backoff.spread ?? [0, 0];
    fc.assert(
      fc.property(failures, ids, (count, spreadBy) => {
        const gap = gapMs(backoff, count, { spreadBy });
        expect(gap).toBeGreaterThanOrEqual(Math.floor(gapMs(plain, count) * (1 + from)));
        expect(gap).toBeLessThanOrEqual(Math.ceil(gapMs(plain, count) * (1 + to)));
        expect(gapMs(backoff, count, { spreadBy })).toBe(gap);
      }),
    );
  });

  it('R-10: are never shorter than the provider asked for, up to a day, and a busy provider is asked again soon', () => {
    fc.assert(
      fc.property(failures, ids, fc.nat(48 * HOUR_MS), (count, spreadBy, retryAfterMs) => {
        const gap = gapMs(BACKOFF.refused, count, { retryAfterMs, spreadBy });
        const askedMs = Math.min(retryAfterMs, DAY_MS);
        expect(gap).toBeGreaterThanOrEqual(askedMs);
        expect(gap).toBeLessThanOrEqual(Math.ceil(Math.max(MINUTE_MS, askedMs) * 1.1));
        expect(gapMs(BACKOFF.slice, count, { retryAfterMs })).toBeGreaterThanOrEqual(retryAfterMs);
        expect(gapMs(BACKOFF.renewal, count, { retryAfterMs })).toBeGreaterThanOrEqual(retryAfterMs);
      }),
    );
  });
});

describe('waiting for someone else to act', () => {
  it('is an hour for a day, then a day', () => {
    expect(waitingGapMs(0)).toBe(HOUR_MS);
    expect(waitingGapMs(DAY_MS - 1)).toBe(HOUR_MS);
    expect(waitingGapMs(DAY_MS)).toBe(DAY_MS);
  });

  it('is up to a tenth longer where channels are kept apart', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(waitingGapMs(0, id)).toBeGreaterThanOrEqual(HOUR_MS);
        expect(waitingGapMs(0, id)).toBeLessThanOrEqual(1.1 * HOUR_MS);
      }),
    );
  });
});

describe('the gaps of a delivery', () => {
  it('are ten in 75 hours', () => {
    expect(DELIVERY_GAPS_MS.map((ms) => ms / SECOND_MS)).toEqual([
      0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
    ]);
    expect(deliveryGapMs('whd_1', DELIVERY_GAPS_MS.length, null)).toBeNull();
  });

  it('are spread by a tenth to both sides, and never shorter than the receiver asked for, up to a day', () => {
    const attempts = fc.integer({ min: 1, max: DELIVERY_GAPS_MS.length - 1 });
    fc.assert(
      fc.property(ids, attempts, fc.option(fc.nat(48 * HOUR_MS)), (id, count, retryAfterMs) => {
        const gap = deliveryGapMs(id, count, retryAfterMs) ?? 0;
        const plannedMs = DELIVERY_GAPS_MS[count] ?? 0;
        const askedMs = Math.min(retryAfterMs ?? 0, DAY_MS);
        expect(gap).toBeGreaterThanOrEqual(Math.max(Math.floor(0.9 * plannedMs), askedMs));
        expect(gap).toBeLessThanOrEqual(Math.max(Math.ceil(1.1 * plannedMs), askedMs));
      }),
    );
  });
});
