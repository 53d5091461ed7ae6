import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshLifeMs, jitterOf, leastLifeMs, refreshDueAt, tokenLifeMs } from '../../domain/schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const lives = fc.integer({ min: 1_000, max: 90 * 24 * HOUR_MS });
const tokens = fc.record({
  channelId: fc.uuid().map((id) => `chn_${id}`),
  issuedAtMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  lifeMs: lives,
  strict: fc.boolean(),
  recovered: fc.boolean(),
});

describe('tokenLifeMs', () => {
  it.each([
    [3_599, {}, 3_599_000],
    [null, {}, HOUR_MS],
    [0, {}, HOUR_MS],
    [1e15, {}, 24 * HOUR_MS],
    [1e15, { longestLifeSeconds: 90 * 86_400 }, 90 * 24 * HOUR_MS],
  ])('%s seconds, for %o', (expiresInSeconds, declared, lifeMs) => {
    expect(tokenLifeMs({ expiresInSeconds }, { defaultLifeSeconds: 3_600, ...declared })).toBe(lifeMs);
  });
});

const width = (times: number[]) => Math.max(...times) - Math.min(...times);

describe('refreshDueAt', () => {
  it('lies within the token’s life, while the token is still fresh (rule 6)', () => {
    fc.assert(
      fc.property(tokens, ({ lifeMs, ...token }) => {
        const expiresAtMs = token.issuedAtMs + lifeMs;
        const dueAt = refreshDueAt({ ...token, expiresAtMs });
        expect(dueAt).toBeGreaterThan(token.issuedAtMs);
        expect(expiresAtMs - dueAt).toBeGreaterThan(freshLifeMs(lifeMs));
      }),
    );
  });

  it('keeps to its leads, jittered earlier by 5 % of the life at most, after trouble by 30 %', () => {
    fc.assert(
      fc.property(tokens, ({ lifeMs, ...token }) => {
        const expiresAtMs = token.issuedAtMs + lifeMs;
        const leadMs = expiresAtMs - refreshDueAt({ ...token, expiresAtMs });
        const tolerantMs = lifeMs < 10 * MINUTE_MS ? lifeMs * 0.3 : Math.max(5 * MINUTE_MS, lifeMs * 0.1);
        const least = token.strict ? lifeMs / 2 : tolerantMs;
        expect(leadMs).toBeGreaterThanOrEqual(least - 1);
        expect(leadMs).toBeLessThanOrEqual(least + lifeMs * (token.recovered ? 0.3 : 0.05) + 1);
      }),
    );
  });

  it('is the same for a channel however often it is asked, and apart for channels connected together', () => {
    const hour = { issuedAtMs: 0, expiresAtMs: HOUR_MS, strict: false, recovered: false };
    const dueTimes = Array.from({ length: 100 }, (_, i) => refreshDueAt({ ...hour, channelId: `chn_${7_919 * i}` }));
    expect(new Set(dueTimes).size).toBeGreaterThan(90);
    expect(dueTimes.map((_, i) => refreshDueAt({ ...hour, channelId: `chn_${7_919 * i}` }))).toEqual(dueTimes);
    const after = dueTimes.map((_, i) => refreshDueAt({ ...hour, recovered: true, channelId: `chn_${7_919 * i}` }));
    expect(width(dueTimes)).toBeLessThan(3 * MINUTE_MS);
    expect(width(after)).toBeGreaterThan(15 * MINUTE_MS);
  });
});

describe('jitterOf', () => {
  it('lies between 0 and 1 and is spread evenly over ids that are alike', () => {
    const values = Array.from({ length: 2_000 }, (_, i) => jitterOf(`chn_${String(i).padStart(8, '0')}`));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = values.filter((value) => Math.floor(value * 10) === tenth).length / values.length;
      expect(share).toBeGreaterThan(0.05);
      expect(share).toBeLessThan(0.15);
    }
  });
});

describe('the life a token must have left', () => {
  it('is less for a reader who has waited than for one who comes, and never the whole life', () => {
    fc.assert(
      fc.property(lives, (lifeMs) => {
        expect(leastLifeMs(lifeMs)).toBeLessThan(freshLifeMs(lifeMs));
        expect(freshLifeMs(lifeMs)).toBeLessThan(lifeMs / 2);
        expect(freshLifeMs(lifeMs)).toBeLessThanOrEqual(MINUTE_MS);
      }),
    );
  });
});
