import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTimeZone } from '../../domain/notices/local-time.ts';
import { afterQuietHours } from '../../domain/notices/quiet-hours.ts';

const MINUTE_MS = 60_000;
const night = (timeZone: string) => ({ from: '22:00', to: '07:00', timeZone });

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Minute of the day that a clock shows, by another way than the code's. */
function clockAt(at: number, timeZone: string): number {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' });
  clocks.set(timeZone, clock);
  return minuteOf(clock.format(at));
}
const two = (value: number) => String(value).padStart(2, '0');
const timeOf = (minute: number) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

describe('quiet hours', () => {
  test.each([
    ['an evening waits for the morning', 'Europe/Berlin', '2026-01-10T22:30:00Z', '2026-01-11T06:00:00Z'],
    ['so does the night after midnight', 'Europe/Berlin', '2026-01-11T03:00:00Z', '2026-01-11T06:00:00Z'],
    ['the first minute is quiet', 'Europe/Berlin', '2026-01-10T21:00:00Z', '2026-01-11T06:00:00Z'],
    ['the last second before them is not', 'Europe/Berlin', '2026-01-10T20:59:59Z', null],
    ['the minute that ends them is not', 'Europe/Berlin', '2026-01-11T06:00:00Z', null],
    [
      'the night in which the clock goes forward is short',
      'Europe/Berlin',
      '2026-03-28T22:00:00Z',
      '2026-03-29T05:00:00Z',
    ],
    ['the night in which it goes back is long', 'Europe/Berlin', '2026-10-24T21:00:00Z', '2026-10-25T06:00:00Z'],
    ['the same in another country, forward', 'America/New_York', '2026-03-08T04:00:00Z', '2026-03-08T11:00:00Z'],
    ['and back', 'America/New_York', '2026-11-01T03:00:00Z', '2026-11-01T12:00:00Z'],
    ['a zone of quarter hours', 'Asia/Kathmandu', '2026-05-01T16:15:00Z', '2026-05-02T01:15:00Z'],
    [
      'a zone of half an hour of daylight saving',
      'Australia/Lord_Howe',
      '2026-10-03T12:00:00Z',
      '2026-10-03T20:00:00Z',
    ],
  ])('%s (%s)', (_, timeZone, at, until) => {
    expect(afterQuietHours(new Date(at), night(timeZone))).toEqual(new Date(until ?? at));
  });

  test.each([
    [
      'hours that end in the hour that is skipped end with the jump',
      '02:30',
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
    ],
    ['an end that comes twice is the first', '02:30', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z'],
    ['and the second after the first', '02:30', '2026-10-25T01:10:00Z', '2026-10-25T01:30:00Z'],
  ])('%s', (_, to, at, until) => {
    const hours = { from: '22:00', to, timeZone: 'Europe/Berlin' };
    expect(afterQuietHours(new Date(at), hours)).toEqual(new Date(until));
  });

  test('the clock of the person goes before the policy’s', () => {
    const at = new Date('2026-06-01T20:30:00Z');
    expect(afterQuietHours(at, night('America/New_York'), 'Europe/Berlin')).toEqual(new Date('2026-06-02T05:00:00Z'));
    expect(afterQuietHours(at, night('Europe/Berlin'), 'America/New_York')).toEqual(at);
    expect(afterQuietHours(at, null, 'Europe/Berlin')).toEqual(at);
  });

  test('end when the clock first shows their end, wherever and whenever it is', () => {
    const time = fc.integer({ min: 0, max: 24 * 60 - 1 }).map(timeOf);
    const zone = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Africa/Cairo',
      'America/Santiago',
      'Pacific/Kiritimati',
      'Pacific/Pago_Pago',
      'UTC',
    );
    // Near every change of 2026 of these zones, and anywhere.
    const near = fc.constantFrom(
      '2026-03-08',
      '2026-03-29',
      '2026-04-04',
      '2026-04-24',
      '2026-09-06',
      '2026-10-03',
      '2026-10-25',
      '2026-11-01',
    );
    const when = fc.oneof(
      fc
        .tuple(near, fc.integer({ min: -36 * 60, max: 36 * 60 }))
        .map(([day, minutes]) => Date.parse(day) + minutes * MINUTE_MS),
      fc
        .integer({ min: Date.parse('2026-01-01') / 1_000, max: Date.parse('2027-01-01') / 1_000 })
        .map((s) => s * 1_000),
    );
    fc.assert(
      fc.property(time, time, zone, when, (from, to, timeZone, at) => {
        fc.pre(from !== to);
        const [begin, end] = [minuteOf(from), minuteOf(to)];
        const isQuiet = (minute: number) =>
          begin < end ? begin <= minute && minute < end : minute >= begin || minute < end;
        const released = afterQuietHours(new Date(at), { from, to, timeZone }).getTime();
        if (!isQuiet(clockAt(at, timeZone))) {
          expect(released).toBe(at);
          return;
        }
        expect(released).toBeGreaterThan(at);
        expect(released % MINUTE_MS).toBe(0);
        // The minute before: the end, or a jump over it, was not shown since `at`.
        let minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
        for (; minute < released; minute += MINUTE_MS) {
          const [shown, next] = [clockAt(minute, timeZone), clockAt(minute + MINUTE_MS, timeZone)];
          const forward = (next - shown + 1440) % 1440;
          const skips = forward > 1 && forward <= 120 && (end - shown + 1440) % 1440 <= forward;
          if (next === end || skips) break;
        }
        expect(new Date(minute + MINUTE_MS)).toEqual(new Date(released));
      }),
      { numRuns: 150 },
    );
  });
});

test('a time zone is a name, in any case', () => {
  const known = ['Europe/Berlin', 'UTC', 'america/new_york', 'Asia/Kathmandu'];
  const unknown = ['Europe/Atlantis', '+02:00', '', 'Berlin time', '-05'];
  expect([...known, ...unknown].filter(isTimeZone)).toEqual(known);
});
