import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { KEEP_WARM, NAMESPACES, USES } from '../../domain/access-type.ts';
import { CHANNEL_SORTS, STATUSES } from '../../domain/channel.ts';
import type { Status } from '../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { pageQuery } from '../http/paging.ts';
import {
  accessType,
  authentication,
  channelKind,
  email,
  importMode,
  mailServer,
  person,
  personOut,
  providerName,
  setAsideOut,
  smtpOut,
  smtpServer,
  tenantName,
  time,
  timeOut,
  uses,
} from './parts.ts';
import { accessOut } from './sign-in.ts';

const keepWarm = z
  .enum(KEEP_WARM)
  .describe('`always`: refreshed ahead of every expiry; `when_used`: refreshed when the token is read');

const statusList = z
  .string()
  .transform((text) => text.split(','))
  .refine((given): given is Status[] => given.every((one) => (STATUSES as readonly string[]).includes(one)), {
    error: `expected one or several of ${STATUSES.join(', ')}, separated by commas`,
  });

export const listQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantName.optional().describe('Only channels of this tenant'),
  status: statusList.optional().describe('Only channels with this status, or with one of several, separated by commas'),
  access_type: accessType.optional().describe('Only channels with this access type'),
  q: z
    .string()
    .trim()
    .min(1, 'expected 1 to 200 characters')
    .max(200, 'expected 1 to 200 characters')
    .refine((text) => !text.includes('\0'), 'expected text without the character NUL')
    .optional()
    .describe('Only channels with this text in their address, their login, their owner or their id, in any case'),
  sort: z
    .enum(CHANNEL_SORTS)
    .default('created_at')
    .describe(
      'Ascending. `needs`: the channels that need a person first, then those in trouble, of each status the longest in ' +
        'it; a page may repeat a channel whose status changes meanwhile',
    ),
});

export const patchBody = camelCased(
  z.strictObject({
    owner: person.nullish().describe('Who looks after the channel; null: no one person'),
    kind: channelKind.optional(),
    import: importMode.optional(),
    keep_warm: keepWarm.optional(),
    metadata: z
      .record(z.string().max(100), z.unknown())
      .refine((given) => JSON.stringify(given).length <= 16_000, 'expected at most 16,000 characters of JSON')
      .optional()
      .describe('The product’s own data; replaces what was there'),
  }),
);

export const deleteQuery = z.strictObject({
  erase: z.enum(['true', 'false']).default('false').describe('`true`: also deletes the channel’s messages'),
});

export const tokenQuery = z.strictObject({
  min_life_s: z.coerce
    .number('expected seconds')
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .describe('Seconds that the token must still live; half of its whole life always suffices'),
});

export const reportBody = camelCased(
  z.strictObject({
    http_status: z.int().min(100).max(599).describe('The status with which the provider refused the call'),
    body: z.string().max(20_000).optional().describe('The body of the provider’s answer'),
  }),
);

export const adoptBody = camelCased(
  z.strictObject({
    tenant: tenantName,
    access_type: accessType,
    provider: providerName
      .optional()
      .describe('Who issued the refresh token; needed where an access type takes tokens of more than one'),
    account: z
      .strictObject({
        email: email.describe('The mailbox’s address, or the login’s where `mailbox` is given'),
        mailbox: email.optional().describe('The shared mailbox that the login reads'),
      })
      .describe('The account that the credential must belong to'),
    credential: z
      .union([
        camelCased(
          z.strictObject({
            refresh_token: z.string().min(1).max(10_000).meta({ description: 'The refresh token', writeOnly: true }),
            exclusive: z
              .boolean()
              .default(false)
              .describe('That no other system uses this token; needed where a provider takes each token once'),
            entra_tenant: z
              .string()
              .regex(/^[\w.-]{1,255}$/, 'expected a tenant id, a domain, or consumers')
              .optional()
              .describe('Microsoft: the tenant that gave the token, `consumers` for a personal account'),
            instance_url: z
              .url({ protocol: /^https?$/ })
              .optional()
              .describe('Salesforce: where the organization is'),
            login_url: z
              .url({ protocol: /^https?$/ })
              .optional()
              .describe(
                'Salesforce: where the organization signs in, an address as `login` of the authorize call takes it',
              ),
          }),
        ),
        z.strictObject({
          username: z.string().min(1).max(320).describe('The user name at the mail server'),
          password: z.string().min(1).max(2_000).meta({ description: 'The password', writeOnly: true }),
          ...mailServer,
          smtp: smtpServer
            .optional()
            .describe('The server that sends mail; with it the channel can send. Left out: the channel only reads'),
        }),
        z.strictObject({
          username: z.string().min(1).max(320).describe('The user name at the server'),
          password: z.string().min(1).max(2_000).describe('The password'),
          url: z
            .url({ protocol: /^https?$/ })
            .max(2_000)
            .describe('The server’s address'),
          authentication: authentication.describe(
            'How an Exchange server is given the password, if it offers that: `basic`: itself, within TLS; left out: as the server prefers, NTLM before Basic',
          ),
        }),
      ])
      .describe('A refresh token or a password, as the access type needs'),
    owner: person.optional().describe('Who looks after the channel'),
    kind: channelKind.default('individual'),
    uses: uses
      .optional()
      .describe(
        'What the connection is for; left out: `read`, and `send` where `smtp` is given or the granted scopes of an API allow it',
      ),
    covered_until: time.optional().describe('Up to when the product has the messages; imports begin there'),
  }),
);
export type AdoptBody = z.infer<typeof adoptBody>;

const verificationOut = z.object({
  ok: z.boolean().describe('Whether the provider accepted the call'),
  proved: z.string().nullable().describe('What the call proved, in words'),
  at: timeOut.describe('When the call was made'),
});
export type Verification = z.infer<typeof verificationOut>;

export const accountOut = z.object({
  email: z.string().describe('The mailbox that is read'),
  login: z.string().describe('The login that signed in; differs for a delegate'),
  provider_id: z.string().describe('The provider’s own id of the login'),
});

export const serverOut = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('imap').describe('A mail server'),
    host: z.string().describe('Its name'),
    port: z.int().describe('Its port'),
    security: z.enum(['tls', 'starttls']).describe('How it is encrypted'),
  }),
  z.object({
    kind: z.literal('ews').describe('An Exchange server'),
    url: z.string().describe('Its address'),
    authentication: authentication.describe('How it is given the password; absent: as it prefers'),
  }),
]);

export const channelOut = z
  .object({
    id: z.string().describe('The channel’s id, stable for its life'),
    tenant: z.string().describe('The tenant that the channel belongs to'),
    kind: channelKind,
    access_type: accessType,
    access: accessOut.describe('What the access is called'),
    uses: z.array(z.enum(USES)).describe('The uses that the live credential allows'),
    missing_uses: z
      .array(z.enum(USES))
      .describe('The uses that were asked for and are not granted, or no longer; a new sign-in asks for them again'),
    account: accountOut.describe('The connected account'),
    server: serverOut.nullable().describe('The server that vouches for the login of a password; null: none does'),
    smtp: smtpOut
      .nullable()
      .describe('The server that sends mail with a password; null: the channel only reads, or its provider sends'),
    owner: personOut.nullable().describe('Who looks after the channel; null: no one person'),
    status: z.enum(STATUSES).describe('Where the channel is in its life'),
    status_reason: z.enum(STATUS_REASONS).nullable().describe('Why; null where nothing is wrong'),
    status_since: timeOut.describe('When the status last changed'),
    action: z.enum(ACTIONS).describe('What must be done; `none`: the channel needs no one'),
    provider_code: z.string().nullable().describe('The provider’s own code for the trouble, to show and copy'),
    credential_kind: z
      .enum(['oauth', 'password'])
      .nullable()
      .describe('What the channel signs in with; null: its credential is shredded'),
    credential_version: z.int().describe('The live credential’s version; only grows'),
    token_expires_at: timeOut
      .nullable()
      .describe(
        'When the access token expires, or, of one that does not expire, until when it is proved; null: a password, or no credential',
      ),
    next_refresh_at: timeOut
      .nullable()
      .describe('When the next refresh is due; null: none is scheduled, or the token does not expire'),
    last_verified_at: timeOut.nullable().describe('When a real call last worked; null: never'),
    covered_until: timeOut
      .nullable()
      .describe('The provider’s time up to which every message is stored; null: not known yet'),
    import_state: z
      .enum(['idle', 'catching_up', 'stalled'])
      .describe('`catching_up`: an import runs; `stalled`: something is still missing'),
    set_aside: z
      .array(setAsideOut)
      .describe('What is not read: folders that cannot be read, and messages in quarantine by folder'),
    import: importMode,
    namespaces: z.array(z.enum(NAMESPACES)).describe('Whose folders are imported, where the provider tells them apart'),
    keep_warm: keepWarm,
    incident: z.string().nullable().describe('The open incident’s id; null: none'),
    previous_access: z
      .object({
        access_type: accessType.describe('The access type that the channel had'),
        until: timeOut.describe('When the way back ends, and the access before is revoked'),
      })
      .nullable()
      .describe('The access before a change, to which `revert-access` goes back; null: there is none'),
    workflow: z
      .object({
        id: z.string().describe('The workflow’s id in Temporal'),
        url: z.string().nullable().describe('Its page in Temporal Web; null: none is configured'),
      })
      .describe('The workflow that looks after the channel'),
    created_at: timeOut.describe('When the channel was connected first'),
    metadata: z.record(z.string(), z.unknown()).describe('The product’s own data'),
    revocation: z
      .enum(['done', 'shared', 'unsupported', 'failed'])
      .nullable()
      .describe(
        'What became of the grant at a disconnect; `shared`: another channel still needs it; null: not ended yet',
      ),
    revocation_help: z.string().nullable().describe('How to revoke by hand, where Mooring could not'),
    verification: verificationOut.optional().describe('Present in the answer of `verify` alone'),
  })
  .meta({ id: 'Channel' });

export const tokenOut = z
  .object({
    access_token: z.string().describe('For the Authorization header of calls to the provider'),
    token_type: z.string().describe('Usually `Bearer`'),
    expires_at: timeOut.describe('When the token expires; of one that does not: until when it is proved'),
    version: z.int().describe('The credential’s version'),
    scopes: z.array(z.string()).describe('The scopes that the provider granted'),
  })
  .meta({ id: 'AccessToken' });

export const reportOut = z.object({ checked_at: timeOut.nullable().describe('null: not checked yet') });

export type Channel = z.infer<typeof channelOut>;
