import { z } from 'zod';
import { ACCESS_TYPES, LONGEST_NAME, NAME_PATTERN, PROVIDER_NAMES } from '../../domain/access-type.ts';
import {
  address,
  call,
  choice,
  clientAuthentication,
  days,
  domains,
  errorRule,
  field,
  flag,
  mailServer,
  parameters,
  scopes,
  seconds,
  serverAddress,
  servers,
  text,
} from './file-parts.ts';

/*
 * The fields of a file. Each message states what was expected; `read-file.ts` adds line and column. docs/providers-by-file.md
 * describes the same fields; a test looks for their names there.
 */

/** Names that the queues, addresses or variables of Mooring have already. */
const TAKEN: readonly string[] = [
  ...ACCESS_TYPES,
  ...PROVIDER_NAMES,
  'custom',
  'database',
  'generic',
  'graph',
  'mooring',
  'temporal',
];

const name = text('the name of the file without .yaml')
  .max(LONGEST_NAME, `expected ${LONGEST_NAME} characters at most`)
  .regex(NAME_PATTERN, 'expected small letters and digits, with single hyphens between them')
  .refine((given) => !TAKEN.includes(given), `expected another name than ${TAKEN.join(', ')}`);

const server = z.union(
  [
    serverAddress,
    z.strictObject(
      {
        from: text('the field of the token answer that holds the address').describe(
          'The field of the token answer that holds the address; it is kept with the connection',
        ),
        within: domains.describe('The domains in which the address must lie, themselves or below them'),
      },
      { error: 'expected `from` and `within`' },
    ),
  ],
  { error: 'expected an https: address, or `from` and `within`' },
);

/** Parameters of a request that Mooring makes itself (RFC 6749, RFC 7636), and the one that would put a secret into a file. */
const OF_AUTHORIZATION = [
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
];
const OF_TOKENS = [
  'client_id',
  'client_secret',
  'code',
  'code_verifier',
  'grant_type',
  'redirect_uri',
  'refresh_token',
];
const OF_REVOCATION = ['client_id', 'client_secret', 'token'];

export const fields = z.strictObject(
  {
    name: name.describe('The name of the file, which is the access type’s and the provider’s'),
    label: text('what people call it').max(60, 'expected 60 characters at most').describe('What people call it'),
    hint: text()
      .max(120, 'expected 120 characters at most')
      .optional()
      .describe('Which accounts it is for, in a few words'),
    servers: servers(server)
      .default({})
      .describe(
        'Addresses by a name of small letters; `<NAME>_<SERVER>_URL` replaces one. `from` and `within`: one per connection',
      ),
    authorization: z
      .strictObject(
        {
          url: address.describe('The authorization endpoint (RFC 6749 section 3.1)'),
          parameters: parameters(OF_AUTHORIZATION).default({}).describe('Further parameters, the same for everybody'),
          login_hint: text('the name of a parameter')
            .refine((one) => !OF_AUTHORIZATION.includes(one), 'expected a parameter that Mooring does not set itself')
            .optional()
            .describe('The parameter that names the wanted account'),
          scope_separator: choice([' ', ',', ';', '+', '|']).default(' ').describe('Between scopes'),
          pkce: choice(['S256', 'none']).default('S256').describe('Proof key for the code (RFC 7636)'),
          issuer: z
            .url({ protocol: /^https$/, error: 'expected an https: address' })
            .optional()
            .describe('The issuer that a callback may name (RFC 9207); left out: the origin of `url`'),
        },
        { error: 'expected the authorization endpoint: url, …' },
      )
      .describe('Where a person is sent to consent'),
    scopes: z
      .strictObject(
        {
          always: scopes.default([]).describe('Asked for in any case'),
          read: scopes.default([]).describe('What `read` needs'),
          send: scopes
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
          parameters: parameters(OF_TOKENS).default({}).describe('Further parameters of each token request'),
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
          expires: flag
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
          unused_life_days: days
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
          parameters: parameters(OF_REVOCATION).default({}).describe('Further parameters'),
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
  },
  { error: 'expected fields: name, label, authorization, …' },
);

export type ProviderFile = z.infer<typeof fields>;
