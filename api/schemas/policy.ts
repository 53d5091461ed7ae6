import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { LOCALES } from '../../domain/locale.ts';
import { accessType, accessTypes, locale, person, personOut, timeZone, webOrigin } from './parts.ts';

const told = z.enum(['owner', 'admins', 'both', 'none']);
const DISPLAY_NAME = 'What people know the tenant by, in mails and on connect pages; null: its id';
const ACCESS_TYPES_OF_TENANT = 'The access types that may be connected; null: all';
const INDIVIDUAL = 'For individual channels';
const SHARED = 'For shared channels';
const NOTIFY = 'Who is asked to act, by kind of channel';
const ADMINS = 'The admins of shared channels';
const REMINDERS =
  'Days from the opening of an incident to each reminder, also fractions; none is sent while the channel is paused';
const REPEAT = 'Days between the reminders after the last of `reminders_days`; null: none follows';
const JOIN =
  'Days from the opening of an incident until the admins are reminded as well; a day that is none of the owner’s is theirs alone';
const QUIET_HOURS =
  'Hours at which reminders wait for the end of these hours, by the clock of the person or else of this zone; null: none';
const QUIET_FROM = 'The first quiet minute, `HH:MM`';
const QUIET_TO = 'The first minute after them, `HH:MM`; before `from`: on the next day';
const QUIET_FIRST = 'Quiet hours hold the first mail of an incident, too';
const DIGEST = 'Channels of one person that break within ten minutes are told of in one mail';
const LOCALE = 'The language of mails to people whose own is not known';
const RETENTION =
  'Days from `POST /v1/messages/ack` until content and envelope of a message are deleted; null: kept until the channel is erased';
const ORIGINS = 'Pages that may read the banner’s state: origins, as `https://app.example.com`';

const days = z.number().max(365);
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of the day, as 22:00');
const quietHours = camelCased(
  z
    .strictObject({
      from: clockTime.describe(QUIET_FROM),
      to: clockTime.describe(QUIET_TO),
      time_zone: timeZone,
    })
    .refine(({ from, to }) => from !== to, 'expected two different times; null for no quiet hours'),
);

export const policyBody = camelCased(
  z.strictObject({
    display_name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{C}+$/u, 'expected text without control characters')
      .nullable()
      .default(null)
      .describe(DISPLAY_NAME),
    access_types: accessTypes.nullable().default(null).describe(ACCESS_TYPES_OF_TENANT),
    notify: z
      .strictObject({
        individual: told.default('owner').describe(INDIVIDUAL),
        shared: told.default('admins').describe(SHARED),
      })
      .default({ individual: 'owner', shared: 'admins' })
      .describe(NOTIFY),
    admins: z.array(person).max(50).default([]).describe(ADMINS),
    reminders_days: z.array(days.min(0.0001)).max(20).default([1, 3, 7]).describe(REMINDERS),
    // At least an hour: a repetition has no end.
    reminder_repeat_days: days.min(0.04).nullable().default(7).describe(REPEAT),
    admins_join_after_days: days.min(0).default(3).describe(JOIN),
    quiet_hours: quietHours.nullable().default(null).describe(QUIET_HOURS),
    quiet_first: z.boolean().default(false).describe(QUIET_FIRST),
    digest: z.boolean().default(true).describe(DIGEST),
    locale: locale.default(LOCALES[0]).describe(LOCALE),
    retention_days: z.int().min(0).max(3650).nullable().default(30).describe(RETENTION),
    banner_origins: z.array(webOrigin).max(20).default([]).describe(ORIGINS),
  }),
);

export const policyOut = z
  .object({
    display_name: z.string().nullable().describe(DISPLAY_NAME),
    access_types: z.array(accessType).nullable().describe(ACCESS_TYPES_OF_TENANT),
    notify: z.object({ individual: told.describe(INDIVIDUAL), shared: told.describe(SHARED) }).describe(NOTIFY),
    admins: z.array(personOut).describe(ADMINS),
    reminders_days: z.array(z.number()).describe(REMINDERS),
    reminder_repeat_days: z.number().nullable().describe(REPEAT),
    admins_join_after_days: z.number().describe(JOIN),
    quiet_hours: z
      .object({
        from: z.string().describe(QUIET_FROM),
        to: z.string().describe(QUIET_TO),
        time_zone: z.string().describe('The name of a time zone (IANA)'),
      })
      .nullable()
      .describe(QUIET_HOURS),
    quiet_first: z.boolean().describe(QUIET_FIRST),
    digest: z.boolean().describe(DIGEST),
    locale: locale.describe(LOCALE),
    retention_days: z.int().nullable().describe(RETENTION),
    banner_origins: z.array(z.string()).describe(ORIGINS),
  })
  .meta({ id: 'TenantPolicy' });
export type Policy = z.infer<typeof policyOut>;
