import type { AccessType } from '../../domain/access-type.ts';
import { LOCALES } from '../../domain/locale.ts';
import type { Locale } from '../../domain/locale.ts';
import type { Policy } from '../../api/schemas/policy.ts';

export interface PersonDraft {
  email: string;
  name: string;
  /** '': the policy's. */
  locale: Locale | '';
  /** '': the policy's. */
  timeZone: string;
}

/** A policy as the form holds it: text stays as it was typed until it is saved. */
export interface PolicyDraft {
  displayName: string;
  /** null: all. */
  accessTypes: AccessType[] | null;
  individual: Policy['notify']['individual'];
  shared: Policy['notify']['shared'];
  admins: PersonDraft[];
  remindersDays: string;
  /** '': reminders are not repeated. */
  repeatDays: string;
  joinDays: string;
  isQuiet: boolean;
  quietFrom: string;
  quietTo: string;
  quietZone: string;
  quietFirst: boolean;
  digest: boolean;
  locale: Locale;
  keepsForEver: boolean;
  retentionDays: string;
  bannerOrigins: string;
}

export const NEW_PERSON: PersonDraft = { email: '', name: '', locale: '', timeZone: '' };

export function draftOfPolicy(policy: Policy): PolicyDraft {
  const quiet = policy.quiet_hours;
  return {
    displayName: policy.display_name ?? '',
    accessTypes: policy.access_types,
    individual: policy.notify.individual,
    shared: policy.notify.shared,
    admins: policy.admins.map((admin) => ({
      email: admin.email,
      name: admin.name ?? '',
      locale: admin.locale ?? '',
      timeZone: admin.time_zone ?? '',
    })),
    remindersDays: policy.reminders_days.join(', '),
    repeatDays: String(policy.reminder_repeat_days ?? ''),
    joinDays: String(policy.admins_join_after_days),
    isQuiet: quiet !== null,
    quietFrom: quiet?.from ?? '22:00',
    quietTo: quiet?.to ?? '07:00',
    quietZone: quiet?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    quietFirst: policy.quiet_first,
    digest: policy.digest,
    locale: policy.locale,
    keepsForEver: policy.retention_days === null,
    retentionDays: String(policy.retention_days ?? 30),
    bannerOrigins: policy.banner_origins.join('\n'),
  };
}

/** The body of `PUT /v1/tenants/:id/policy`. */
export function policyOfDraft(draft: PolicyDraft): Policy {
  return {
    display_name: draft.displayName.trim() || null,
    access_types: draft.accessTypes,
    notify: { individual: draft.individual, shared: draft.shared },
    admins: draft.admins.map((admin) => ({
      email: admin.email.trim(),
      name: admin.name.trim() || null,
      ...(admin.locale !== '' && { locale: admin.locale }),
      ...(admin.timeZone.trim() !== '' && { time_zone: admin.timeZone.trim() }),
    })),
    reminders_days: partsOf(draft.remindersDays).map(Number),
    reminder_repeat_days: draft.repeatDays.trim() === '' ? null : Number(draft.repeatDays),
    admins_join_after_days: Number(draft.joinDays),
    quiet_hours: draft.isQuiet ? { from: draft.quietFrom, to: draft.quietTo, time_zone: draft.quietZone.trim() } : null,
    quiet_first: draft.quietFirst,
    digest: draft.digest,
    locale: draft.locale,
    retention_days: draft.keepsForEver ? null : Number(draft.retentionDays),
    banner_origins: partsOf(draft.bannerOrigins),
  };
}

/** What is wrong, by the field's path in the body; the server's own errors have the same paths. */
export type Faults = Readonly<Record<string, string>>;

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** What of a draft cannot be saved, in words for the person who typed it. */
export function faultsInPolicy(draft: PolicyDraft): Faults {
  return compact({
    ...faultsInAdmins(draft.admins),
    access_types: draft.accessTypes?.length === 0 ? 'Choose at least one, or allow all.' : null,
    reminders_days: faultInSteps(draft.remindersDays),
    reminder_repeat_days:
      draft.repeatDays.trim() === '' || isNumber(draft.repeatDays, SHORTEST_REPEAT_DAYS, LONGEST_DAYS)
        ? null
        : 'Enter a number of days, from 0.04 (an hour) to 365, or nothing.',
    admins_join_after_days: isNumber(draft.joinDays, 0, 365) ? null : 'Enter a number of days, from 0 to 365.',
    ...(draft.isQuiet && faultsInQuietHours(draft)),
    retention_days:
      draft.keepsForEver || (isNumber(draft.retentionDays, 0, 3650) && Number.isInteger(Number(draft.retentionDays)))
        ? null
        : 'Enter a whole number of days, from 0 to 3,650.',
    display_name: draft.displayName.trim().length > 100 ? 'The name has 100 characters at most.' : null,
    banner_origins: faultInOrigins(draft.bannerOrigins),
  });
}

function faultsInAdmins(admins: readonly PersonDraft[]): Record<string, string | null> {
  const addresses = admins.map(({ email }) => email.trim().toLowerCase());
  return Object.fromEntries(
    admins.flatMap(({ email, timeZone }, index) => [
      [
        `admins.${index}.email`,
        !EMAIL.test(email.trim())
          ? 'Enter an email address, such as ada@example.com.'
          : addresses.indexOf(addresses[index] ?? '') < index
            ? 'This address is listed above already.'
            : null,
      ],
      [`admins.${index}.time_zone`, timeZone.trim() === '' || isTimeZone(timeZone) ? null : NO_ZONE],
    ]),
  );
}

const NO_ZONE = 'Choose a time zone from the list, such as Europe/Berlin.';

function faultsInQuietHours({ quietFrom, quietTo, quietZone }: PolicyDraft): Record<string, string | null> {
  return {
    'quiet_hours.from': TIME.test(quietFrom) ? null : 'Enter a time, such as 22:00.',
    'quiet_hours.to': !TIME.test(quietTo)
      ? 'Enter a time, such as 07:00.'
      : quietFrom === quietTo
        ? 'Beginning and end are the same.'
        : null,
    'quiet_hours.time_zone': isTimeZone(quietZone) ? null : NO_ZONE,
  };
}

/** What the server takes: a repetition has no end, so it is an hour at least. */
const SHORTEST_REPEAT_DAYS = 0.04;
const LONGEST_DAYS = 365;

function faultInSteps(text: string): string | null {
  const steps = partsOf(text);
  if (!steps.every((step) => isNumber(step, Number.MIN_VALUE, LONGEST_DAYS)))
    return 'Enter days with commas between them, such as 1, 3, 7. Half a day is 0.5.';
  const days = steps.map(Number);
  if (days.some((day, index) => index > 0 && day <= (days[index - 1] ?? 0)))
    return 'Each step must be later than the one before.';
  return steps.length > 20 ? 'There may be 20 steps at most.' : null;
}

function faultInOrigins(text: string): string | null {
  const wrong = partsOf(text).find((origin) => !isOrigin(origin));
  return wrong === undefined
    ? null
    : `“${wrong}” is no origin. Enter scheme and host alone, such as https://app.example.com.`;
}

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** Numbers and origins alike are parted by commas, spaces or new lines. */
const partsOf = (text: string) => text.split(/[\s,;]+/).filter((part) => part !== '');

function isNumber(text: string, least: number, most: number): boolean {
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) && least <= number && number <= most;
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text.trim() }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function compact(faults: Record<string, string | null>): Faults {
  return Object.fromEntries(Object.entries(faults).filter((entry): entry is [string, string] => entry[1] !== null));
}

export function localeOr<Other>(value: string, other: Other): Locale | Other {
  return LOCALES.find((locale) => locale === value) ?? other;
}
