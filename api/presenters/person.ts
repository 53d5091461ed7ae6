import type { Person } from '../../db/schema/tenants.ts';
import type { PersonOut } from '../schemas/parts.ts';

/** A person; language and time zone appear where they are known. */
export const presentPerson = ({ email, name, locale, timeZone }: Person): PersonOut => ({
  email,
  name,
  ...(locale === undefined ? {} : { locale }),
  ...(timeZone === undefined ? {} : { time_zone: timeZone }),
});
