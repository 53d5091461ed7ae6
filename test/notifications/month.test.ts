import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../support/engine.ts';
import { planAll } from '../support/settle.ts';
import { address, person, raiseNotices } from './raise-notices.ts';
import type { Notices, Told } from './raise-notices.ts';

/*
 * A month of people, on a real mail server and with Temporal's time skipped: everything breaks at its beginning, and
 * every mail is counted.
 */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The reminders of the policy: on these days, then weekly. */
const STEPS = [1, 3, 7, 14, 21, 28];

let stage: Notices;
let brokenAt: number;

beforeAll(async () => {
  stage = await raiseNotices({ timeSkipping: true });
}, 180_000);
afterAll(() => stage.close());

/** On which days after the beginning an address got mails. */
const daysOf = (to: string) => stage.to(to).map(({ at }) => Math.floor((at.getTime() - brokenAt) / DAY_MS + 0.02));
const kindsOf = async (channel: Told, to: string) =>
  (await stage.notices(channel))
    .filter((notice) => notice.recipient === to && notice.state === 'sent')
    .map(({ kind }) => kind);

/** A day, and what its events give reason to tell. */
async function passDay(): Promise<void> {
  await stage.engine.sleep(DAY_MS);
  await planAll(stage.engine.context);
  await stage.engine.sleep(HOUR_MS / 60);
}

const idle = address('idle');
const itsAdmin = address('its-admin');
const left = address('left');
const prompt = address('prompt');
const sleeper = address('sleeper');
const many = address('many');
const seldom = address('seldom');
const joining = address('joining');
const told: Record<string, Told> = {};
let quietTo: number;

it('a month passes', async () => {
  const hour = new Date(await stage.now()).getUTCHours();
  const clock = (at: number) => `${String((hour + at + 24) % 24).padStart(2, '0')}:00`;
  quietTo = (hour + 3) % 24;
  const quietHours = { from: clock(-1), to: clock(3), timeZone: 'UTC' };
  await stage.policy('idle', { admins: [person(itsAdmin)] });
  await stage.policy('left', { admins: [person(left)] });
  await stage.policy('quiet', { quietHours });
  await stage.policy('seldom', { admins: [person(joining)], remindersDays: [1, 10], reminderRepeatDays: null });
  told['seldom'] = await stage.connect('seldom', { owner: person(seldom) });
  told['idle'] = await stage.connect('idle', { owner: person(idle) });
  told['left'] = await stage.connect('left', {});
  told['prompt'] = await stage.connect('prompt', { owner: person(prompt) });
  told['quiet'] = await stage.connect('quiet', { owner: person(sleeper) });
  for (const name of ['one', 'two', 'three']) told[name] = await stage.connect('many', { owner: person(many) });
  brokenAt = (await stage.now()).getTime();
  for (const channel of Object.values(told)) await stage.breakAccess(channel);
  await until('the first mails', () =>
    [idle, left, prompt, sleeper, many, seldom].every((to) => stage.to(to).length === 1),
  );
  if (told['prompt']) await stage.signIn(told['prompt']);
  await until('the end of one', () => stage.to(prompt).length === 2);
  for (let day = 0; day < 30; day++) await passDay();
}, 300_000);

it('an owner who does nothing is reminded on the policy’s days, and admins join after three', async () => {
  expect(daysOf(idle)).toEqual([0, ...STEPS]);
  expect(daysOf(itsAdmin)).toEqual(STEPS.filter((day) => day >= 3));
  if (told['idle'])
    expect(await kindsOf(told['idle'], idle)).toEqual([...STEPS.map(() => 'reminder'), 'reauth_required']);
});

it('the admins join on a day on which the owner is not reminded', () => {
  expect(daysOf(seldom)).toEqual([0, 1, 10]);
  expect(daysOf(joining)).toEqual([3, 10]);
});

it('the admins are told in place of an owner who has left', () => {
  expect(daysOf(left)).toEqual([0, ...STEPS]);
});

it('an owner who signs in at once hears of the end, and then nothing', () => {
  expect(daysOf(prompt)).toEqual([0, 0]);
});

it('quiet hours hold reminders, and no first mail', () => {
  const [first, ...reminders] = stage.to(sleeper);
  expect(first && first.at.getTime() - brokenAt).toBeLessThan(HOUR_MS);
  expect(reminders).toHaveLength(STEPS.length);
  expect(new Set(reminders.map(({ at }) => at.getUTCHours()))).toEqual(new Set([quietTo]));
});

it('three channels that break together are two mails of each step', () => {
  expect(stage.to(many)).toHaveLength(2 * (1 + STEPS.length));
});
