import { z } from 'zod';
import { STATUS_REASONS } from '../../domain/verdict.ts';
import { namesIn, withoutNames } from './templates.ts';

/* The parts of a file's format that several fields share. Each message states what was expected. */

export const text = (expected = 'text') =>
  z.string({ error: `expected ${expected}` }).regex(/^\P{Cc}+$/u, `expected ${expected}, in one line`);
/** Ten years: more is no time that a calendar can hold. */
const MOST_DAYS = 3_650;
export const days = z
  .number({ error: 'expected a number of days' })
  .min(1, 'expected a day at least')
  .max(MOST_DAYS, `expected ${MOST_DAYS} days at most`);
const MOST_SECONDS = MOST_DAYS * 86_400;
export const seconds = z
  .number({ error: 'expected a number of seconds' })
  .int('expected whole seconds')
  .min(1, 'expected more')
  .max(MOST_SECONDS, `expected ${MOST_SECONDS} seconds at most`);
export const flag = z.boolean({ error: 'expected true or false' });
export const choice = <const Names extends readonly [string, ...string[]]>(given: Names) =>
  z.enum(given, { error: `expected one of ${given.join(', ')}` });

const SCOPE = 'expected a scope without spaces and quotes (RFC 6749 section 3.3)';
export const scopes = z.array(
  z.string({ error: 'expected a list of scopes' }).regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, SCOPE),
  { error: 'expected a list of scopes' },
);
const DOMAIN = 'expected a domain in small letters, as acme.example';
export const domains = z
  .array(z.string({ error: 'expected a list of domains' }).regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, DOMAIN), {
    error: 'expected a list of domains',
  })
  .min(1, 'expected a domain');

/** An address that can be called, without a login and without a place within its page. */
function isAddress(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, username, password, hash } = new URL(given);
  return protocol === 'https:' && username === '' && password === '' && hash === '' && !given.endsWith('#');
}

export const serverAddress = z
  .string({ error: 'expected an https: address' })
  .refine(isAddress, 'expected an https: address, without a login')
  .refine((given) => !/[?\s]/.test(given) && !given.endsWith('/'), 'expected an address without a slash at its end');

const ADDRESS = 'expected an https: address, or ${SERVER}/path with a name of `servers`';
/** A name stands at the beginning alone, and a path after it: a letter too much would name another host. */
export const address = z
  .string({ error: ADDRESS })
  .regex(/^(https:\/\/|\$\{[a-z]+\}(?=[/?]|$))[^\s$]*$/, ADDRESS)
  .refine((given) => isAddress(withoutNames(given, 'https://server.example')), ADDRESS);

const record = <Value extends z.ZodType>(name: z.ZodString, value: Value, of: string) =>
  z.record(name, value, { error: `expected ${of}` });
export const servers = <Server extends z.ZodType>(server: Server) =>
  record(
    z.string().regex(/^[a-z]+$/, 'expected a name of small letters'),
    server,
    'a name of small letters with an https: address',
  );

const PARAMETERS = 'parameters with their values';
/** Parameters that are the same for everybody: those of the protocol, and secrets, are none. */
export const parameters = (reserved: readonly string[]) =>
  record(
    z
      .string()
      .regex(/^[A-Za-z0-9_.:-]+$/, `expected ${PARAMETERS}`)
      .refine((name) => !reserved.includes(name), 'expected a parameter that Mooring does not set itself'),
    text('a text').refine((value) => namesIn(value).length === 0, 'expected a text without ${…}'),
    PARAMETERS,
  );

const HEADER_OF_OURS = /^(authorization|cookie|host|connection|content-.*|transfer-encoding|expect|upgrade|te)$/i;
const headers = record(
  z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'expected a header')
    .refine((name) => !HEADER_OF_OURS.test(name), 'expected a header that Mooring does not set itself'),
  z.string({ error: 'expected a text' }).regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'expected printable ASCII'),
  'headers with their values',
);

export const clientAuthentication = choice(['body', 'basic', 'none']);

/** One call of the provider's API. */
export const call = {
  url: address.describe('Where it goes'),
  method: choice(['GET', 'POST']).default('GET').describe('GET, or POST with `form`'),
  scheme: z
    .string({ error: 'expected a word' })
    .regex(/^[A-Za-z0-9-]+$/, 'expected a word, such as Bearer')
    .nullable()
    .default('Bearer')
    .describe('The word before the access token in the header Authorization; null: no such header'),
  headers: headers.default({}).describe('Further headers'),
  form: record(
    z.string().regex(/^[A-Za-z0-9_.:-]+$/, `expected ${PARAMETERS}`),
    text('a text').refine(
      (value) => namesIn(value).every((name) => name === 'access_token'),
      'expected no other name than ${access_token}',
    ),
    PARAMETERS,
  )
    .default({})
    .describe('The body of a POST, form-encoded; `${access_token}` stands for the access token'),
  client_authentication: clientAuthentication
    .default('none')
    .describe(
      '`body`: `client_id` and `client_secret` are in the form; `basic`: in the header, beside `scheme: null` (RFC 6749 section 2.3.1)',
    ),
};

const FIELD = 'expected a field of the answer, as data.email, or a text with ${FIELD} in it';
const way = text(FIELD.replace('expected ', '')).refine(
  (given) =>
    /^[\w-]+(\.[\w-]+)*$/.test(given) || (namesIn(given).length > 0 && !withoutNames(given, '').includes('${')),
  FIELD,
);
export const field = z.union([way, z.array(way).min(1)], { error: `${FIELD}, or a list of them` });

const PORT = 'expected a port from 1 to 65535';
export const mailServer = z.strictObject(
  {
    host: z
      .string({ error: 'expected a host name' })
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'expected a host name')
      .describe('The name of the server'),
    port: z.number({ error: PORT }).int(PORT).min(1, PORT).max(65_535, PORT).describe('Its port'),
  },
  { error: 'expected host and port' },
);

const verdicts = [
  'reauth_required',
  'transient',
  'rate_limited',
  'misconfigured',
  'insufficient_scope',
  'account_gone',
  'admin_action',
] as const;

const STATUS = 'expected a status from 400 to 499: 5xx is always an outage';
export const errorRule = z
  .strictObject(
    {
      error: z
        .string({ error: 'expected an error word' })
        // What `oauthRefusal` takes for one: another would never fit.
        .regex(/^[\w.-]{1,64}$/, 'expected an error word of letters, digits, dots, hyphens and underscores')
        .optional()
        .describe('The word in the field `error`; small and capital letters are one'),
      says: text('words of the answer').optional().describe('Words that the answer holds, in any case'),
      status: z
        .number({ error: 'expected an HTTP status' })
        .int(STATUS)
        .min(400, STATUS)
        .max(499, STATUS)
        .optional()
        .describe('The HTTP status'),
      at: choice(['token', 'api']).optional().describe('Only at the token endpoint, or only in calls; left out: both'),
      verdict: choice(verdicts).describe('What it means, as docs/error-maps.md has it'),
      reason: choice(STATUS_REASONS)
        .optional()
        .describe('The reason that the channel shows; left out: the general one'),
      vague: flag
        .default(false)
        .describe('The words leave the cause open: spaced tries confirm it before a person is asked'),
    },
    { error: 'expected a rule: error, says or status, and verdict' },
  )
  .refine(
    ({ error, says, status }) => [error, says, status].some((one) => one !== undefined),
    'expected `error`, `says` or `status`',
  );

export type ApiCall = {
  [Field in keyof typeof call]: z.infer<(typeof call)[Field]>;
};
