import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { pageQuery } from '../http/paging.ts';
import { SCOPES } from '../http/scopes.ts';
import { tenantName, time, timeOut } from './parts.ts';

const cidrs = z
  .array(z.string().refine((text) => ipaddr.isValidCIDR(text), 'expected an address range such as 192.0.2.0/24'))
  .min(1)
  .max(100)
  .nullable()
  .describe('Address ranges from which the key may be used; null: any');
const limits = camelCased(
  z.strictObject({
    reads_per_minute: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('Reads of access tokens and messages in a minute; left out: any number'),
  }),
)
  .nullable()
  .describe('How often the key may do something; null: no limits of its own');
const name = z.string().min(1).max(200).describe('A name for people');
const SCOPES_OF_KEY = 'What the key may do';
const scopes = z.array(z.enum(SCOPES)).min(1).max(100).describe(SCOPES_OF_KEY);
const TENANT_OF_KEY = 'The only tenant that the key reaches; null: every tenant';
const END_OF_KEY = 'When the key expires; null: never';

export const keysQuery = z.strictObject({ ...pageQuery });

export const keyBody = camelCased(
  z.strictObject({
    name,
    scopes,
    tenant: tenantName.nullable().default(null).describe(TENANT_OF_KEY),
    cidrs: cidrs.default(null),
    expires_at: time.nullable().default(null).describe(END_OF_KEY),
    limits: limits.default(null),
  }),
);

export const keyPatchBody = camelCased(
  z.strictObject({
    name: name.optional(),
    scopes: scopes.optional(),
    tenant: tenantName.nullable().optional().describe(TENANT_OF_KEY),
    cidrs: cidrs.optional(),
    expires_at: time.nullable().optional().describe(END_OF_KEY),
    limits: limits.optional(),
  }),
);

export type KeyPatchBody = z.infer<typeof keyPatchBody>;

const key = {
  id: z.string().describe('The key’s id; not the key itself'),
  name: z.string().describe('A name for people'),
  scopes: z.array(z.string()).describe(SCOPES_OF_KEY),
  tenant: z.string().nullable().describe(TENANT_OF_KEY),
  cidrs: z.array(z.string()).nullable().describe('Address ranges from which the key may be used; null: any'),
  expires_at: timeOut.nullable().describe(END_OF_KEY),
  limits: z
    .object({ reads_per_minute: z.int().optional().describe('Reads of access tokens and messages in a minute') })
    .nullable()
    .describe('How often the key may do something; null: no limits of its own'),
  revoked_at: timeOut.nullable().describe('When the key was revoked; null: it was not'),
  last_used_at: timeOut.nullable().describe('The last use, within a minute; null: never used'),
  created_at: timeOut.describe('When the key was made'),
};
export const keyOut = z.object(key).meta({ id: 'ApiKey' });
export const newKeyOut = z
  .object({ ...key, api_key: z.string().describe('The key itself; shown only in this answer') })
  .meta({ id: 'NewApiKey' });
export type ApiKey = z.infer<typeof keyOut>;
export type NewApiKey = z.infer<typeof newKeyOut>;
