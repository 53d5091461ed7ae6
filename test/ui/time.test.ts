import { describe, expect, it } from 'vitest';
import { ago, ahead, count, duration, lifeLeft, plural, refreshWords } from '../../ui/words/time.ts';

const NOW = Date.parse('2026-05-03T12:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

describe('ago', () => {
  it.each([
    [0, 'just now'],
    [-3, '3 s ago'],
    [-59, '59 s ago'],
    [-60, '1 min ago'],
    [-3_599, '59 min ago'],
    [-3 * 3_600, '3 h ago'],
    [-47 * 3_600, '47 h ago'],
    [-48 * 3_600, '2 days ago'],
    [-29 * 86_400, '29 days ago'],
    [-40 * 86_400, '24 Mar 2026'],
  ])('says %d s as "%s"', (seconds, words) => {
    expect(ago(at(seconds), NOW)).toBe(words);
  });

  it('takes a clock that is a little behind for now', () => {
    expect(ago(at(4), NOW)).toBe('just now');
  });

  it('says a time ahead as one', () => {
    expect(ago(at(48), NOW)).toBe('in 48 s');
  });
});

describe('ahead', () => {
  it('counts down and ends at now', () => {
    expect([18, 1, 0, -30].map((seconds) => ahead(at(seconds), NOW))).toEqual(['in 18 s', 'in 1 s', 'now', 'now']);
  });
});

describe('refreshWords', () => {
  it('says when a refresh is planned, and when it is late', () => {
    expect([18, -3, -130].map((seconds) => refreshWords(at(seconds), NOW))).toEqual([
      'refreshes in 18 s',
      'refreshes now',
      'refresh due 2 min ago',
    ]);
  });
});

describe('duration', () => {
  it('is never negative', () => {
    expect(duration(-5_000)).toBe('0 s');
  });
});

describe('lifeLeft', () => {
  it('falls from 1 to 0 over the life of a token', () => {
    expect([-60, -30, 0, 30].map((seconds) => lifeLeft(at(-60), at(0), NOW + seconds * 1000))).toEqual([1, 0.5, 0, 0]);
  });

  it('is 0 for a token that ended before it came', () => {
    expect(lifeLeft(at(0), at(0), NOW)).toBe(0);
  });
});

describe('counts', () => {
  it('groups digits and knows one from many', () => {
    expect([count(1204), plural(1, 'message'), plural(40, 'message'), plural(2, 'batch', 'batches')]).toEqual([
      '1,204',
      '1 message',
      '40 messages',
      '2 batches',
    ]);
  });
});
