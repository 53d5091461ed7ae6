import type { Policy } from '../../api/schemas/policy.ts';
import { plural } from './time.ts';

export type Told = Policy['notify']['individual'];

interface Choice {
  word: string;
  /** What the choice means. */
  hint: string;
}

/** Who is told of a channel that an owner looks after. */
export const INDIVIDUAL_CHOICES: Record<Told, Choice> = {
  owner: { word: 'The owner', hint: 'Admins join once the owner has done nothing for a while, or has left.' },
  admins: { word: 'The admins', hint: 'The owner gets no mail; an admin sends the link on.' },
  both: { word: 'The owner and the admins', hint: 'All of them, from the first mail on.' },
  none: { word: 'No one', hint: 'Mooring sends no mail. Your product tells people, by webhook, banner or API.' },
};

/** Who is told of a channel that several people share. */
export const SHARED_CHOICES: Record<Told, Choice> = {
  admins: { word: 'The admins', hint: 'They look after shared mailboxes.' },
  owner: { word: 'The owner', hint: 'The person whom your product named; without one, the admins.' },
  both: { word: 'The owner and the admins', hint: 'All of them, from the first mail on.' },
  none: { word: 'No one', hint: 'Mooring sends no mail. Your product tells people, by webhook, banner or API.' },
};

/** What the policy does when a channel breaks, step by step. */
export function describePolicy(policy: Policy): string[] {
  const { notify } = policy;
  const sends = notify.individual !== 'none' || notify.shared !== 'none';
  return [
    `When an individual channel breaks, ${toldInWords(notify.individual, policy)}.`,
    `When a shared channel breaks, ${toldInWords(notify.shared, policy)}.`,
    ...(sends
      ? [remindersInWords(policy), ...adminsInWords(policy), ...quietInWords(policy), digestInWords(policy)]
      : []),
    'Trouble of the provider, or of our own client, is told to no owner.',
  ];
}

function toldInWords(told: Told, { admins }: Policy): string {
  const named = admins.length === 0 ? 'the admins (none is entered yet)' : plural(admins.length, 'admin');
  switch (told) {
    case 'owner':
      return 'its owner gets a mail at once';
    case 'admins':
      return `${named} ${admins.length === 1 ? 'gets' : 'get'} a mail at once`;
    case 'both':
      return `its owner and ${named} get a mail at once`;
    case 'none':
      return 'no one gets a mail';
  }
}

function remindersInWords({ reminders_days: days, reminder_repeat_days: repeat }: Policy): string {
  const first = days.length === 0 ? null : `after ${stepsInWords(days)}`;
  const then = repeat === null ? null : `every ${repeat === 1 ? 'day' : daysInWords(repeat)}`;
  if (first === null && then === null) return 'No one is reminded.';
  return `They are reminded ${[first, then].filter(Boolean).join(', then ')}, until the channel works again.`;
}

function adminsInWords({ notify, admins_join_after_days: days, admins }: Policy): string[] {
  if (![notify.individual, notify.shared].includes('owner')) return [];
  const who = admins.length === 0 ? 'Admins, once there are any,' : 'The admins';
  return [`${who} join after ${daysInWords(days)}, and are told instead when the owner has left or has unsubscribed.`];
}

function quietInWords({ quiet_hours: quiet, quiet_first: first }: Policy): string[] {
  if (quiet === null) return [];
  const what = first ? 'all mails wait, the first one too' : 'reminders wait; the first mail goes at once';
  return [`From ${quiet.from} to ${quiet.to} (${quiet.time_zone}, or the person’s own time zone) ${what}.`];
}

function digestInWords({ digest }: Policy): string {
  return digest
    ? 'Several channels of one person that break within 10 minutes are told in one mail.'
    : 'Each broken channel is told in a mail of its own.';
}

/** `1, 3 and 7 days`. */
function stepsInWords(days: number[]): string {
  const isWhole = days.every((day) => day >= 1);
  const list = new Intl.ListFormat('en-GB').format(days.map((day) => (isWhole ? String(day) : daysInWords(day))));
  return isWhole ? `${list} ${days.at(-1) === 1 ? 'day' : 'days'}` : list;
}

/** `1 day`, `3 days`, `12 hours`. */
function daysInWords(days: number): string {
  if (days >= 1 || days === 0) return plural(days, 'day');
  const hours = days * 24;
  return hours >= 1 ? plural(Math.round(hours * 10) / 10, 'hour') : plural(Math.round(hours * 60), 'minute');
}
