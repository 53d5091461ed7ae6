import { z } from 'zod';
import {
  ACCESS_TYPES,
  CHANNEL_KINDS,
  IMPORT_MODES,
  LONGEST_NAME,
  NAME_PATTERN,
  PROVIDER_NAMES,
  USES,
} from '../../domain/access-type.ts';
import { LOCALES, localeOfTag } from '../../domain/locale.ts';
import { isTimeZone } from '../../domain/notices/local-time.ts';
import { SET_ASIDE_REASONS } from '../../domain/receipt.ts';

/** Parts that several requests and answers share. */
export const email = z
  .string()
  .max(320)
  .regex(/^[^\s@]+@[^\s@]+$/, 'expected an email address')
  .describe('An email address');

export const tenantName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{C}/]+$/u, 'expected text without control characters and slashes')
  .meta({ description: 'The product’s own id of its customer', example: 'acme' });

const name = z.string().max(LONGEST_NAME).regex(NAME_PATTERN, 'expected a name of small letters, digits and hyphens');
const listOf = (names: readonly string[]) => names.map((one) => `\`${one}\``).join(', ');

export const accessType = name.meta({
  id: 'AccessType',
  examples: ['gmail'],
  description: `How a channel reaches its account: ${listOf(ACCESS_TYPES)}, or the name of a file that describes a provider`,
});
/** Many times those that ship. */
const MOST_ACCESS_TYPES = 100;
/** As `accessTypes.optional()`. */
export const accessTypes = z.array(accessType).min(1).max(MOST_ACCESS_TYPES);
/** As `providerName.describe('…')`. */
export const providerName = name.meta({
  id: 'ProviderName',
  examples: ['google'],
  description: `Who runs the account: ${listOf(PROVIDER_NAMES)}, or the name of a file that describes a provider`,
});
export const channelKind = z.enum(CHANNEL_KINDS).meta({
  id: 'ChannelKind',
  description: '`individual`: an owner looks after the channel; `shared`: admins do',
});
export const importMode = z.enum(IMPORT_MODES).meta({
  id: 'ImportMode',
  description: '`continuous`: everything is imported; `gap`: only what a breakage missed; `off`: nothing',
});
/** How an Exchange server is given the password. */
export const authentication = z.literal('basic').optional();
export const mailServer = {
  host: z.string().min(1).max(255).describe('The mail server’s name'),
  port: z.int().min(1).max(65_535).describe('Usually 993 with `tls`, 143 with `starttls`'),
  security: z.enum(['tls', 'starttls']).describe('TLS from the first byte, or STARTTLS, which must succeed'),
};
/** Message submission (RFC 6409). */
export const smtpServer = z.strictObject({
  ...mailServer,
  host: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .regex(/^[^\s/@:\\]+$|^\[?[0-9a-f:.]+\]?$/i, 'expected a host name')
    .describe('The mail server’s name'),
  port: z.int().min(1).max(65_535).describe('Usually 465 with `tls`, 587 with `starttls`'),
});
export const smtpOut = z.object({
  host: z.string().describe('Its name'),
  port: z.int().describe('Its port'),
  security: z.enum(['tls', 'starttls']).describe('How it is encrypted'),
});
export const uses = z
  .array(z.enum(USES))
  .min(1)
  .refine(
    (given) => new Set(given).size === given.length && given.includes('read'),
    'expected ["read"] or ["read", "send"]',
  )
  .describe('What the connection is for: ["read"] or ["read", "send"]');

/** Within what PostgreSQL stores, ISO 8601 writes with four digits, and a provider's overlap may be taken from. */
const EARLIEST = Date.UTC(1900);
const LATEST = Date.UTC(10_000) - 1;

export const time = z.iso
  .datetime({ offset: true, error: 'expected an ISO 8601 time with its offset' })
  .refine((text) => EARLIEST <= Date.parse(text) && Date.parse(text) <= LATEST, 'expected a time from 1900 to 9999')
  .describe('ISO 8601 with an offset');
export const timeOut = z.iso.datetime().meta({ id: 'Time', description: 'ISO 8601 in UTC' });

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'expected the name of a time zone, as Europe/Berlin')
  .describe('The name of a time zone (IANA), as `Europe/Berlin`');

const SPOKEN = LOCALES.map((locale) => `\`${locale}\``).join(', ');

export const locale = z.enum(LOCALES).meta({ id: 'Locale', description: 'A language of mails and connect pages' });

const languageTag = z
  .string()
  .max(64)
  .regex(/^[a-z]{2,3}([-_][a-z0-9]{1,8})*$/i, 'expected a language tag, as de or de-AT')
  .describe(`The person’s language, as \`de\` or \`de-AT\`; none of ${SPOKEN}: the policy’s`);

export const person = z
  .strictObject({
    email,
    name: z.string().max(200).nullish().describe('The person’s name'),
    locale: languageTag.nullish(),
    time_zone: timeZone.nullish(),
  })
  .transform(({ email, name, locale: tag, time_zone: zone }) => {
    const spoken = localeOfTag(tag ?? '');
    return { email, name: name ?? null, ...(spoken ? { locale: spoken } : {}), ...(zone ? { timeZone: zone } : {}) };
  });
export const personOut = z
  .object({
    email: z.string().describe('An email address'),
    name: z.string().nullable().describe('The name; null: unknown'),
    locale: locale.optional().describe('The person’s language; absent: the policy’s'),
    time_zone: z.string().optional().describe('The person’s time zone; absent: the policy’s'),
  })
  .meta({ id: 'Person' });
export type PersonOut = z.infer<typeof personOut>;

/** http or https, without user and password: a browser is sent there. */
export const webAddress = z
  .string()
  .max(2000)
  .refine(isWebAddress, 'expected an absolute http: or https: address without user and password')
  .describe('An absolute http: or https: address');

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text) || !/^https?:\/\/[^\s\\/][^\s\\]*$/i.test(text)) return false;
  const { username, password, hostname } = new URL(text);
  return hostname !== '' && username === '' && password === '';
}

/** What a browser calls an origin: scheme, host and port of a page. */
export const webOrigin = z
  .string()
  .max(300)
  .refine(isOrigin, 'expected an origin, as https://app.example.com, without a path')
  .describe('An origin, as `https://app.example.com`');

function isOrigin(text: string): boolean {
  return isWebAddress(text) && new URL(text).origin === text;
}

/** An id with its prefix. */
export const idOf = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`))
    .describe(`An id, \`${prefix}_…\``);

export const idParams = (prefix: string) => z.strictObject({ id: idOf(prefix) });

export const setAsideOut = z
  .object({
    folder: z.string().describe('The folder’s name; with `unreadable_name`, the line of the listing that names it'),
    reason: z
      .enum(SET_ASIDE_REASONS)
      .describe(
        '`refused`: the server refuses this folder while it gives others; `no_answer`: its listing does not end; `unreadable_name`: the listing names it in no readable way; `too_many_folders`: folders beyond the most that are read; `unfetchable`: messages that the provider does not give; `unparseable`: messages that cannot be read',
      ),
    count: z.int().describe('Messages that are known to be left out there; 0: none is known'),
    since: timeOut.describe('Since when'),
    retry_at: timeOut.nullable().describe('When it is tried again; null: not by itself'),
  })
  .meta({ id: 'SetAside' });
export type SetAside = z.infer<typeof setAsideOut>;
