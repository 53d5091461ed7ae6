import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { USES } from '../../domain/access-type.ts';
import { STATUSES } from '../../domain/channel.ts';
import { LOCALES } from '../../domain/locale.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { VAGUE_CAUSE_NAMES } from '../../domain/words/causes.ts';
import { pageBrandingOut } from './branding.ts';
import { accountOut, channelOut, serverOut } from './channels.ts';
import { importOut } from './imports.ts';
import { purpose, resultOut } from './links.ts';
import { accessType, authentication, importMode, providerName, smtpOut, smtpServer, timeOut } from './parts.ts';
import { accessOut, signInOut } from './sign-in.ts';

/** The random part of a link's address. */
export const linkParams = z.strictObject({
  link: z.string().min(1).max(200).describe('The random part of the link’s address'),
});

export const authorizeBody = camelCased(
  z.strictObject({
    access_type: accessType,
    provider: providerName
      .optional()
      .describe('At whose page, as `sign_in` offers; needed where there is more than one'),
    login: z
      .string()
      .trim()
      .min(1)
      .max(255)
      .optional()
      .describe(
        'Where the person signs in, if `sign_in` has `logins`: a `url` of these, or the address of the organization’s own domain; left out: where the channel did, or at the first',
      ),
  }),
);
export const authorizeOut = z.object({ authorization_url: z.string().describe('The provider’s page for the person') });

export const renewBody = z.strictObject({});
export const renewOut = z.object({ accepted: z.literal(true).describe('The request was taken') });

export const passwordBody = camelCased(
  z.strictObject({
    access_type: accessType,
    username: z.string().trim().min(1).max(320).describe('The user name at the mail server'),
    password: z.string().min(1).max(2_000).meta({ description: 'The password or app password', writeOnly: true }),
    host: z
      .string()
      .trim()
      .max(255)
      .regex(/^[^\s/@:\\]+$|^\[?[0-9a-f:.]+\]?$/i, 'expected a host name')
      .optional()
      .describe(
        'The mail server; left out: the channel’s own on a reauthorize link, else found by the user name’s domain',
      ),
    port: z.int().min(1).max(65_535).optional().describe('Left out: the usual one'),
    security: z.enum(['tls', 'starttls']).optional().describe('Left out: what fits the port'),
    url: z.string().max(2_000).optional().describe('The server’s address, where `sign_in` asks for one'),
    authentication: authentication.describe(
      'How an Exchange server is given the password, if it offers that: `basic`: itself, within TLS; left out: as the server prefers, NTLM before Basic. Where no `url` is given, the channel’s own on a reauthorize link',
    ),
    smtp: smtpServer
      .optional()
      .describe(
        'The server that sends mail, for a link that asks for sending; left out: the channel’s own on a reauthorize link, else one that is discovered by the user name’s domain',
      ),
  }),
);
export type PasswordBody = z.infer<typeof passwordBody>;
/** As the form sends it. */
export type PasswordRequest = z.input<typeof passwordBody>;
export const passwordOut = z.object({ channel: channelOut });

export const connectSessionOut = z.object({
  purpose,
  access_types: z.array(accessType).describe('The access types to choose from'),
  other_access_types: z
    .array(accessType)
    .describe(
      'Other access types that reach the same mailbox and that the tenant allows, as a second choice; they change the channel’s access',
    ),
  sign_in: z.array(signInOut).describe('How to sign in with each of them'),
  tenant: z.string().describe('The tenant that the channel will belong to'),
  display_name: z.string().describe('What people call the tenant; its id where its policy names none'),
  locale: z.enum(LOCALES).describe('The language for a person whose browser wants none of ours'),
  branding: pageBrandingOut,
  channel: z
    .object({
      account: accountOut.describe('The account to sign in again'),
      access_type: accessType,
      access: accessOut.describe('What the access is called'),
      status: z.enum(STATUSES).describe('Where the channel is in its life; `connected`: no sign-in is needed'),
      status_reason: z.enum(STATUS_REASONS).nullable().describe('Why it needs a sign-in; null where it does not'),
      action: z.enum(ACTIONS).describe('What brings the channel back'),
      cause: z
        .enum([...STATUS_REASONS, ...VAGUE_CAUSE_NAMES])
        .nullable()
        .describe('The same as far as the provider’s answer tells it, for words in any language'),
      import: importMode.describe('What is imported; off: nothing, so nothing is fetched after the sign-in'),
      status_since: timeOut.describe('Since when it is there'),
      server: serverOut
        .nullable()
        .describe('The server of a password channel; null for other channels, and at a link that is over'),
      smtp: smtpOut
        .nullable()
        .describe('The server by which a password channel sends; null where it does not, and at a link that is over'),
    })
    .nullable()
    .describe('The channel of a reauthorize link; null for a connect link'),
  import: importMode.describe('What is imported from the account; off: nothing'),
  uses: z.array(z.enum(USES)).describe('What the connection is for'),
  admin_consent_url: z
    .string()
    .nullable()
    .describe('A page for an administrator of the organization, where its consent is missing; null otherwise'),
  expires_at: timeOut.describe('When the link expires'),
  done: z
    .boolean()
    .describe('Whether its purpose is served: by a sign-in with it, or by the channel’s recovery without it'),
  result: resultOut,
  return_to: z.string().nullable().describe('Where the person returns afterwards; null: nowhere'),
  origin: z
    .string()
    .nullable()
    .describe('The origin of the page that opened the link; a popup posts its result there. null: no page'),
  shared_mailbox: z
    .string()
    .nullable()
    .describe(
      'The mailbox that several people share: each signs in with their own login, where `sign_in` has `reads_shared`. null: another mailbox',
    ),
  sandbox_page: z
    .string()
    .nullable()
    .describe('Where the simulated mail server’s accounts are; null: there is no sandbox'),
});

export type ConnectSession = z.infer<typeof connectSessionOut>;

export const progressOut = z.object({
  import: importOut.nullable().describe('The import that the sign-in caused; null: none yet'),
  channel: z
    .object({
      account: accountOut.describe('The connected account'),
      status: z.enum(STATUSES).describe('Where the channel is in its life'),
      import: importMode.describe('What is imported; off: nothing'),
    })
    .nullable()
    .describe('null until the sign-in is complete'),
});

export type ConnectProgress = z.infer<typeof progressOut>;

export const callbackParams = z.strictObject({
  provider: providerName.describe('The provider that sends the person back'),
});
export const callbackQuery = z.looseObject({});
