import { z } from 'zod';
import { USES } from '../../domain/access-type.ts';
import {
  accessType,
  channelKind,
  email,
  importMode,
  person,
  tenantName,
  time,
  timeOut,
  uses,
  webAddress,
} from './parts.ts';

const accessTypes = z.array(accessType).min(1).max(10);

export const linkBody = z.strictObject({
  tenant: tenantName,
  kind: channelKind.default('individual'),
  owner: person.optional(),
  access_types: accessTypes.optional(),
  uses: uses.default([USES[0]]),
  import: importMode.default('continuous'),
  import_from: time.optional(),
  mailbox: email.optional(),
  return_to: webAddress.optional(),
});
export type LinkBody = z.infer<typeof linkBody>;

export const reauthorizeBody = z.strictObject({
  purpose: z.enum(['reauthorize', 'change_access']).default('reauthorize'),
  access_types: accessTypes.optional(),
  return_to: webAddress.optional(),
});

export type ReauthorizeBody = z.infer<typeof reauthorizeBody>;

export const purpose = z.enum(['connect', 'reauthorize', 'change_access']);

export const linkOut = z.object({ id: z.string(), url: z.string(), purpose, expires_at: timeOut }).meta({ id: 'Link' });
export type Link = z.infer<typeof linkOut>;

/** With `account_mismatch`: the account that was expected, and the one that signed in. */
export const namedAccount = z.object({ email: z.string() });

export const resultOut = z
  .union([
    z.object({ status: z.literal('connected'), channel: z.string() }),
    z.object({
      status: z.literal('failed'),
      code: z.string(),
      detail: z.string(),
      expected: namedAccount.optional(),
      received: namedAccount.optional(),
    }),
  ])
  .nullable()
  .meta({ id: 'LinkResult' });

export const linkStateOut = z.object({ purpose, done: z.boolean(), result: resultOut, expires_at: timeOut });
