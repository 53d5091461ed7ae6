import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextReminder } from '../../domain/notices/ladder.ts';
import type { Ladder, Reminder } from '../../domain/notices/ladder.ts';

const DAY_MS = 24 * 3_600_000;
const ASKED = new Date('2026-03-01T09:30:00Z');
const USUAL: Ladder = { remindersDays: [1, 3, 7], reminderRepeatDays: 7, adminsJoinAfterDays: 3 };
const daysAfter = (days: number) => new Date(ASKED.getTime() + days * DAY_MS);

/** The reminders of an incident until `days`, each at its time, except while `isDown`; then late, at `upAt`. */
function climb(ladder: Ladder, days: number, { downFrom = Infinity, upAt = Infinity } = {}): Reminder[] {
  const sent: Reminder[] = [];
  for (let now = ASKED; sent.length < 1_000;) {
    const next = nextReminder(
      ladder,
      { askedAt: ASKED, remindedAt: sent.at(-1)?.at ?? null, reminders: sent.length },
      now,
    );
    if (next === null || next.at > daysAfter(days)) return sent;
    now = next.at >= daysAfter(downFrom) && next.at < daysAfter(upAt) ? daysAfter(upAt) : next.at;
    if (now > next.at) continue;
    sent.push(next);
  }
  return sent;
}
const daysOf = (reminders: Reminder[]) => reminders.map(({ at }) => (at.getTime() - ASKED.getTime()) / DAY_MS);

describe('the ladder of reminders', () => {
  test('is days 1, 3, 7 and then weekly, the admins with it from day 3 on', () => {
    const month = climb(USUAL, 30);
    expect(daysOf(month)).toEqual([1, 3, 7, 14, 21, 28]);
    expect(month.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(month.map(({ adminsJoin }) => adminsJoin)).toEqual([false, true, true, true, true, true]);
  });

  test('is a single one after several were missed, and goes on by the first alert', () => {
    const month = climb(USUAL, 30, { downFrom: 0.5, upAt: 9.25 });
    expect(daysOf(month)).toEqual([9.25, 14, 21, 28]);
    expect(month.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(month[0]?.adminsJoin).toBe(true);
  });

  test('ends where nothing repeats, and has none without steps and repetition', () => {
    expect(daysOf(climb({ ...USUAL, reminderRepeatDays: null }, 365))).toEqual([1, 3, 7]);
    expect(climb({ ...USUAL, remindersDays: [], reminderRepeatDays: null }, 365)).toEqual([]);
    expect(daysOf(climb({ ...USUAL, remindersDays: [], adminsJoinAfterDays: 7 }, 22))).toEqual([7, 14, 21]);
  });

  test('tells the admins alone on the day on which they join, where it is none of the owner’s', () => {
    const alone = (ladder: Ladder) => daysOf(climb(ladder, 22).filter(({ adminsAlone }) => adminsAlone));
    expect(alone(USUAL)).toEqual([]);
    expect(alone({ ...USUAL, remindersDays: [1, 10] })).toEqual([3]);
    expect(daysOf(climb({ ...USUAL, remindersDays: [1, 10] }, 22))).toEqual([1, 3, 10, 17]);
    expect(alone({ ...USUAL, remindersDays: [] })).toEqual([3]);
    expect(alone({ ...USUAL, adminsJoinAfterDays: 0 })).toEqual([]);
    const late = climb({ ...USUAL, remindersDays: [1, 10] }, 22, { downFrom: 2, upAt: 11 });
    expect(late.map(({ adminsAlone }) => adminsAlone)).toEqual([false, false, false]);
  });

  test('takes steps of another policy by their days, not by their numbers', () => {
    const progress = { askedAt: ASKED, remindedAt: daysAfter(3), reminders: 2 };
    const denser = { ...USUAL, remindersDays: [2, 0.5, 5, 1, 4] };
    expect(nextReminder(denser, progress, daysAfter(3))).toMatchObject({ at: daysAfter(4), number: 3 });
  });

  test('grows, counts every one, misses no day that a policy names, and never has two at one time', () => {
    const days = fc.double({ min: 0.0001, max: 60, noNaN: true });
    const policy = fc.record({
      remindersDays: fc.array(days, { maxLength: 6 }),
      reminderRepeatDays: fc.option(fc.double({ min: 0.5, max: 30, noNaN: true })),
      adminsJoinAfterDays: fc.double({ min: 0, max: 30, noNaN: true }),
    });
    fc.assert(
      fc.property(policy, (ladder) => {
        const sent = climb(ladder, 90);
        const times = sent.map(({ at }) => at.getTime());
        expect(times).toEqual([...new Set(times)].toSorted((one, other) => one - other));
        expect(sent.map(({ number }) => number)).toEqual(sent.map((_, index) => index + 1));
        for (const day of ladder.remindersDays) expect(times).toContain(ASKED.getTime() + Math.round(day * DAY_MS));
        for (const { at, adminsJoin } of sent) expect(adminsJoin).toBe(at >= daysAfter(ladder.adminsJoinAfterDays));
        const last = Math.max(0, ...ladder.remindersDays);
        const owners = sent.filter(({ adminsAlone }) => !adminsAlone).map(({ at }) => at.getTime());
        const repeats = owners.filter((at) => at > ASKED.getTime() + Math.round(last * DAY_MS));
        if (ladder.reminderRepeatDays === null) expect(repeats).toEqual([]);
        else expect(repeats).toHaveLength(Math.floor((90 - last) / ladder.reminderRepeatDays + 1e-6));
      }),
    );
  });
});
