import { describe, expect, it } from 'vitest';
import { comparedAgain, isComparedWhole } from '../../domain/messages/compared-state.ts';

const DAY_MS = 24 * 3_600_000;
const day = (n: number) => new Date(n * DAY_MS);
/** Found on two days, from three days before each. */
const twice = comparedAgain(comparedAgain(null, { state: 'a', from: day(7), now: day(10) }), {
  state: 'a',
  from: day(8),
  now: day(11),
});

describe('isComparedWhole()', () => {
  it('holds for the same state and a window that does not begin earlier', () => {
    expect(isComparedWhole(twice, { state: 'a', from: day(8), now: day(12) })).toBe(true);
    expect(isComparedWhole(twice, { state: 'a', from: day(9), now: day(12) })).toBe(true);
  });

  it.each([
    ['another state', { state: 'b', from: day(9), now: day(12) }],
    ['no state', { state: undefined, from: day(9), now: day(12) }],
    ['a window that begins earlier', { state: 'a', from: day(7), now: day(12) }],
    ['a week later', { state: 'a', from: day(9), now: day(18) }],
    ['a clock that went back', { state: 'a', from: day(9), now: day(10.5) }],
  ])('does not hold for %s', (_what, asked) => {
    expect(isComparedWhole(twice, asked)).toBe(false);
  });

  it('does not hold after one audit, nor after one in each of two states', () => {
    const once = comparedAgain(null, { state: 'a', from: day(7), now: day(10) });
    const other = comparedAgain(twice, { state: 'b', from: day(9), now: day(12) });
    expect(isComparedWhole(once, { state: 'a', from: day(9), now: day(11) })).toBe(false);
    expect(isComparedWhole(other, { state: 'b', from: day(10), now: day(13) })).toBe(false);
    expect(isComparedWhole(null, { state: 'a', from: day(9), now: day(12) })).toBe(false);
  });
});
