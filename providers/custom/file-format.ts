import { z } from 'zod';
import { ACCESS_TYPES, LONGEST_NAME, NAME_PATTERN, PROVIDER_NAMES } from '../../domain/access-type.ts';
import { STATUS_REASONS } from '../../domain/verdict.ts';
import { namesIn } from './templates.ts';

/*
 * The fields of a file. Each message states what was expected; `read-file.ts` adds line and column. docs/providers-by-file.md
 * describes the same fields; a test looks for their names there.
 */

const text = (expected = 'text') => z.string({ error: `expected ${expected}` }).min(1, `expected ${expected}`);
const seconds = z
  .number({ error: 'expected a number of seconds' })
  .int('expected whole seconds')
  .min(1, 'expected more');
const names = (of: string) => z.array(text(`a list of ${of}`), { error: `expected a list of ${of}` });
const choice = <const Names extends readonly [string, ...string[]]>(given: Names) =>
  z.enum(given, { error: `expected one of ${given.join(', ')}` });
const record = <Value extends z.ZodType>(value: Value, of: string) =>
  z.record(z.string().regex(/^[A-Za-z0-9_.:-]+$/, `expected ${of}`), value, { error: `expected ${of}` });

/** Names that the queues, addresses or variables of Mooring have already. */
const TAKEN: readonly string[] = [...ACCESS_TYPES, ...PROVIDER_NAMES, 'custom', 'generic', 'mooring'];

const name = text('the name of the file without .yaml')
  .max(LONGEST_NAME, `expected ${LONGEST_NAME} characters at most`)
  .regex(NAME_PATTERN, 'expected small letters and digits, with single hyphens between them')
  .refine((given) => !TAKEN.includes(given), `expected another name than ${TAKEN.join(', ')}`);

const https = z
  .url({ protocol: /^https$/, error: 'expected an https: address' })
  .refine((given) => !given.endsWith('/'), 'expected an address without a slash at its end');
const ADDRESS = 'expected an https: address, or ${SERVER}/path with a name of `servers`';
const address = z.string({ error: ADDRESS }).regex(/^(https:\/\/|\$\{[a-z_]+\})[^\s]*$/, ADDRESS);

const server = z.union(
  [
    https,
    z.strictObject({
      from: text('the field of the token answer that holds the address').describe(
        'The field of the token answer that holds the address; it is kept with the connection',
      ),
      within: names('domains')
        .min(1, 'expected a domain')
        .describe('The domains in which the address must lie, themselves or below them'),
    }),
  ],
  { error: 'expected an https: address, or `from` and `within`' },
);

const clientAuthentication = choice(['body', 'basic', 'none']);
const parameters = record(text(), 'parameters with their values');

/** One call of the provider's API. */
const call = {
  url: address.describe('Where it goes'),
  method: choice(['GET', 'POST']).default('GET').describe('GET, or POST with `form`'),
  scheme: z
    .string({ error: 'expected a word' })
    .regex(/^[A-Za-z0-9-]+$/, 'expected a word, such as Bearer')
    .nullable()
    .default('Bearer')
    .describe('The word before the access token in the header Authorization; null: no such header'),
  headers: parameters.default({}).describe('Further headers'),
  form: parameters
    .default({})
    .describe('The body of a POST, form-encoded; `${access_token}` stands for the access token'),
  client_authentication: clientAuthentication
    .default('none')
    .describe(
      '`body`: `client_id` and `client_secret` are in the form; `basic`: in the header (RFC 6749 section 2.3.1)',
    ),
};

const FIELD = 'expected a field of the answer, as data.email, or a text with ${FIELD} in it';
const field = z.union([text(), z.array(text()).min(1)], { error: `${FIELD}, or a list of them` });

const mailServer = z.strictObject({
  host: text('a host name')
    .regex(/^[a-z0-9.-]+$/i, 'expected a host name')
    .describe('The name of the server'),
  port: z
    .number({ error: 'expected a port' })
    .int('expected a port')
    .min(1, 'expected a port from 1 to 65535')
    .max(65_535, 'expected a port from 1 to 65535')
    .describe('Its port'),
});

const verdicts = [
  'reauth_required',
  'transient',
  'rate_limited',
  'misconfigured',
  'insufficient_scope',
  'account_gone',
  'admin_action',
] as const;

const errorRule = z
  .strictObject({
    error: text('an error word')
      .optional()
      .describe('The word in the field `error`; small and capital letters are one'),
    says: text('words of the answer').optional().describe('Words that the answer holds, in any case'),
    status: z
      .number({ error: 'expected an HTTP status' })
      .int()
      .min(400, 'expected a status from 400 to 499')
      .max(499, 'expected a status from 400 to 499: 5xx is always an outage')
      .optional()
      .describe('The HTTP status'),
    at: choice(['token', 'api']).optional().describe('Only at the token endpoint, or only in calls; left out: both'),
    verdict: choice(verdicts).describe('What it means, as docs/error-maps.md has it'),
    reason: choice(STATUS_REASONS).optional().describe('The reason that the channel shows; left out: the general one'),
    vague: z
      .boolean({ error: 'expected true or false' })
      .default(false)
      .describe('The words leave the cause open: spaced tries confirm it before a person is asked'),
  })
  .refine(
    ({ error, says, status }) => [error, says, status].some((one) => one !== undefined),
    'expected `error`, `says` or `status`',
  );

export const providerFile = z
  .strictObject({
    name: name.describe('The name of the file, which is the access type’s and the provider’s'),
    label: text('what people call it').max(60, 'expected 60 characters at most').describe('What people call it'),
    hint: text()
      .max(120, 'expected 120 characters at most')
      .optional()
      .describe('Which accounts it is for, in a few words'),
    servers: record(server, 'a name of small letters with an https: address')
      .default({})
      .describe(
        'Addresses by a name of small letters; `<NAME>_<SERVER>_URL` replaces one. `from` and `within`: one per connection',
      ),
    authorization: z
      .strictObject(
        {
          url: address.describe('The authorization endpoint (RFC 6749 section 3.1)'),
          parameters: parameters.default({}).describe('Further parameters, the same for everybody'),
          login_hint: text('the name of a parameter')
            .optional()
            .describe('The parameter that names the wanted account'),
          scope_separator: z
            .string({ error: 'expected a separator' })
            .min(1)
            .max(3)
            .default(' ')
            .describe('Between scopes'),
          pkce: choice(['S256', 'none']).default('S256').describe('Proof key for the code (RFC 7636)'),
          issuer: text('an address')
            .optional()
            .describe('The issuer that a callback may name (RFC 9207); left out: the origin of `url`'),
        },
        { error: 'expected the authorization endpoint: url, …' },
      )
      .describe('Where a person is sent to consent'),
    scopes: z
      .strictObject(
        {
          always: names('scopes').default([]).describe('Asked for in any case'),
          read: names('scopes').default([]).describe('What `read` needs'),
          send: names('scopes')
            .optional()
            .describe(
              'What `send` needs; left out: the access type only reads. With `imap`: what SMTP needs beside `read`',
            ),
        },
        { error: 'expected always, read and send, each a list of scopes' },
      )
      .prefault({})
      .describe('The OAuth scopes of each use'),
    token: z
      .strictObject(
        {
          url: address.describe('The token endpoint (RFC 6749 section 3.2)'),
          client_authentication: choice(['body', 'basic', 'public'])
            .default('body')
            .describe(
              '`body`: `client_id` and `client_secret` are in the form; `basic`: in the header; `public`: there is no secret',
            ),
          parameters: parameters.default({}).describe('Further parameters of each token request'),
        },
        { error: 'expected the token endpoint: url, …' },
      )
      .describe('Where codes and refresh tokens are exchanged'),
    access_token: z
      .strictObject(
        {
          default_life_seconds: seconds
            .default(3_600)
            .describe('The life of an access token where the answer tells none'),
          longest_life_seconds: seconds
            .optional()
            .describe('The longest life that an answer can mean; left out: a day'),
          expires: z
            .boolean({ error: 'expected true or false' })
            .default(true)
            .describe('false: there are no refresh tokens, and the access token lives until it is revoked'),
        },
        { error: 'expected default_life_seconds, longest_life_seconds or expires' },
      )
      .prefault({})
      .describe('How long access tokens live'),
    refresh_token: z
      .strictObject(
        {
          rotation: choice(['none', 'tolerant', 'grace', 'strict'])
            .default('none')
            .describe(
              '`none`: the same token stays; `tolerant`: a new one comes, the old one stays good; `grace`: for `grace_seconds`; `strict`: each is good once',
            ),
          grace_seconds: seconds.optional().describe('With `grace`: how long the old token stays good'),
          unused_life_days: z
            .number({ error: 'expected a number of days' })
            .min(1, 'expected a day at least')
            .optional()
            .describe('After how many days the provider ends an unused grant; left out: never, or not known'),
        },
        { error: 'expected rotation, grace_seconds or unused_life_days' },
      )
      .prefault({})
      .describe('How refresh tokens turn over'),
    revocation: z
      .strictObject(
        {
          url: address.optional().describe('The revocation endpoint (RFC 7009); left out: there is none'),
          client_authentication: clientAuthentication.default('body').describe('As for the token endpoint, or `none`'),
          parameters: parameters.default({}).describe('Further parameters'),
          help: text('how a person ends the access by hand').describe(
            'How a person ends the access by hand, in a sentence',
          ),
        },
        { error: 'expected url and help' },
      )
      .describe('How a grant ends'),
    identity: z
      .strictObject(
        {
          ...call,
          id: field.describe('The provider’s own id of the login, which never changes'),
          email: field.describe(
            'The address by which people know the account; of a list, the first that the answer has',
          ),
        },
        { error: 'expected a call: url, id, email, …' },
      )
      .describe('The call that says whose token it is'),
    verify: z
      .strictObject(call, { error: 'expected a call: url, …' })
      .optional()
      .describe('The call that proves the connection; left out: that of `identity`'),
    errors: z
      .array(errorRule, { error: 'expected a list of errors' })
      .default([])
      .describe('What words of the provider mean, before the words of RFC 6749; the first that fits counts'),
    imap: mailServer
      .optional()
      .describe(
        'The IMAP server that takes its tokens, with TLS from the first byte: the file then serves the access type imap',
      ),
    smtp: mailServer
      .optional()
      .describe('The server that takes mail with the same tokens; TLS from the first byte at port 465, else STARTTLS'),
  })
  .superRefine((file, context) => {
    const wrong = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const one of Object.keys(file.servers)) {
      if (!/^[a-z]+$/.test(one)) wrong(['servers', one], 'expected a name of small letters');
    }
    const isFixed = (one: string) => typeof file.servers[one] === 'string';
    const check = (path: string[], template: string | undefined, fixed: boolean) => {
      for (const one of namesIn(template ?? '')) {
        if (!(one in file.servers)) wrong(path, `expected a name of \`servers\` in place of ${one}`);
        else if (fixed && !isFixed(one)) wrong(path, `expected a server with an address of its own in place of ${one}`);
      }
    };
    check(['authorization', 'url'], file.authorization.url, true);
    check(['token', 'url'], file.token.url, true);
    check(['revocation', 'url'], file.revocation.url, true);
    check(['identity', 'url'], file.identity.url, file.imap !== undefined);
    check(['verify', 'url'], file.verify?.url, file.imap !== undefined);
    for (const [part, one] of [
      ['identity', file.identity],
      ['verify', file.verify],
    ] as const) {
      if (one?.method !== 'GET') continue;
      if (Object.keys(one.form).length > 0) wrong([part, 'form'], 'expected `method: POST` beside it');
      if (one.client_authentication === 'body')
        wrong([part, 'client_authentication'], 'expected `method: POST` beside it');
    }
    const { rotation, grace_seconds: grace } = file.refresh_token;
    if ((rotation === 'grace') !== (grace !== undefined)) {
      wrong(['refresh_token', 'grace_seconds'], 'expected with `rotation: grace`, and only there');
    }
    if (file.smtp && !file.imap) wrong(['smtp'], 'expected `imap` beside it');
    if (file.imap && !file.smtp) wrong(['imap'], 'expected `smtp` beside it');
    if (file.imap && !file.access_token.expires)
      wrong(['access_token', 'expires'], 'expected true where `imap` is given');
  });

export type ProviderFile = z.infer<typeof providerFile>;
export type ApiCall = Pick<ProviderFile['identity'], keyof typeof call>;
