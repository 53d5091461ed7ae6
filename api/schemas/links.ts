import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { NAMESPACES, USES } from '../../domain/access-type.ts';
import {
  accessTypes,
  channelKind,
  email,
  importMode,
  person,
  tenantName,
  time,
  timeOut,
  uses,
  webAddress,
  webOrigin,
} from './parts.ts';

const toChooseFrom = accessTypes.describe(
  'The access types that the person may choose from; left out: all that the tenant allows',
);
const returnTo = webAddress
  .optional()
  .describe('Where the person returns after the sign-in, with  or  added to its query; left out: nowhere');

const origin = webOrigin
  .optional()
  .describe('The origin of the page that opens the link with `mooring.open`: the result goes to it alone');

export const linkBody = camelCased(
  z.strictObject({
    tenant: tenantName,
    kind: channelKind.default('individual'),
    owner: person.optional().describe('Who looks after the channel'),
    access_types: toChooseFrom.optional(),
    uses: uses.default([USES[0]]),
    import: importMode
      .optional()
      .describe('What is imported; left out: `continuous`, or `off` where nothing can be imported from the accounts'),
    import_from: time.optional().describe('Import from here on; left out: from the connection on'),
    mailbox: email.optional().describe('The mailbox that must be connected; left out: any'),
    namespaces: z
      .array(z.enum(NAMESPACES))
      .min(1)
      .max(NAMESPACES.length)
      .refine((given) => given.includes('personal'), 'expected personal among them')
      .optional()
      .describe('Whose folders are imported over IMAP: the mailbox’s own, also other users’, also shared ones'),
    return_to: returnTo,
    origin,
  }),
);
export type LinkBody = z.infer<typeof linkBody>;

export const reauthorizeBody = camelCased(
  z.strictObject({
    purpose: z
      .enum(['reauthorize', 'change_access'])
      .default('reauthorize')
      .describe('What the link is for; `change_access` moves the channel to another access of the same mailbox'),
    access_types: accessTypes
      .optional()
      .describe(
        'With `change_access`: what the person may choose from; left out: all that reach the mailbox and that the tenant allows. Else the channel’s own',
      ),
    uses: uses
      .optional()
      .describe('Uses that the link asks for beside those that the channel was asked for before; left out: none'),
    allow_server_change: z
      .boolean()
      .default(false)
      .describe('A password may move the channel to another server, if the channel’s stored mail is there'),
    attested: z
      .boolean()
      .default(false)
      .describe(
        'The product vouches that the mailbox is the same, where fewer than 5 messages are stored or nothing is imported',
      ),
    return_to: returnTo,
    origin,
  }),
);

export type ReauthorizeBody = z.infer<typeof reauthorizeBody>;
/** As a page sends it. */
export type ReauthorizeRequest = z.input<typeof reauthorizeBody>;

export const purpose = z.enum(['connect', 'reauthorize', 'change_access']).describe('What the link is for');

export const linkOut = z
  .object({
    id: z.string().describe('The link’s id'),
    url: z.string().describe('The address for the person; a secret, shown only in this answer'),
    purpose,
    expires_at: timeOut.describe('When the link expires'),
  })
  .meta({ id: 'Link' });
export type Link = z.infer<typeof linkOut>;

/** With `account_mismatch`: the account that was expected, and the one that signed in. */
export const namedAccount = z.object({
  email: z.string().describe('The mailbox’s address'),
  login: z.string().optional().describe('The login, where its server vouches for it: a password'),
  server: z.string().optional().describe('The name and port of the server that vouches for the login'),
});
export const SERVICE = '`smtp`: the server that sends mail has failed; absent: the one that is read';
export const EXPECTED = 'With `account_mismatch` or `attestation_required`: the account that was expected';
export const PAGE =
  'With `web_sign_in_required`: the provider’s page, to be visited in a browser before the next sign-in';
export const RECEIVED = 'With `account_mismatch` or `attestation_required`: the account that signed in';

export const ALTERNATIVE =
  'The `authentication` with which the same password may be accepted: a proxy before Exchange may be what refuses NTLM. Absent: none';

export const resultOut = z
  .union([
    z.object({
      status: z.literal('connected').describe('The channel is connected'),
      channel: z.string().describe('The channel’s id'),
      repaired: z
        .literal(true)
        .optional()
        .describe('The channel works again without a sign-in at this link: nothing has to be done'),
    }),
    z.object({
      status: z.literal('failed').describe('The sign-in failed; the link can be used again'),
      code: z.string().describe('A problem code'),
      detail: z.string().describe('What happened, for developers'),
      expected: namedAccount.optional().describe(EXPECTED),
      received: namedAccount.optional().describe(RECEIVED),
      page: z.url().optional().describe(PAGE),
      service: z.literal('smtp').optional().describe(SERVICE),
      alternative: z.literal('basic').optional().describe(ALTERNATIVE),
    }),
  ])
  .nullable()
  .meta({ id: 'LinkResult', description: 'The last sign-in’s result; null: no sign-in yet' });

export const linkStateOut = z.object({
  purpose,
  done: z
    .boolean()
    .describe('Whether its purpose is served: by a sign-in with it, or by the channel’s recovery without it'),
  result: resultOut,
  expires_at: timeOut.describe('When the link expires'),
});
