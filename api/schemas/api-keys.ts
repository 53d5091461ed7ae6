import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { SCOPES } from '../auth/scopes.ts';
import { tenantName, time, timeOut } from './parts.ts';

const cidrs = z
  .array(z.string().refine((text) => ipaddr.isValidCIDR(text), 'expected an address range such as 192.0.2.0/24'))
  .min(1)
  .max(100)
  .nullable();
const name = z.string().min(1).max(200);

export const keysQuery = z.strictObject({ ...pageQuery });

export const keyBody = z.strictObject({
  name,
  scopes: z.array(z.enum(SCOPES)).min(1),
  tenant: tenantName.nullable().default(null),
  cidrs: cidrs.default(null),
  expires_at: time.nullable().default(null),
});

export const keyPatchBody = z.strictObject({
  name: name.optional(),
  cidrs: cidrs.optional(),
  expires_at: time.nullable().optional(),
});

const key = {
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  tenant: z.string().nullable(),
  cidrs: z.array(z.string()).nullable(),
  expires_at: timeOut.nullable(),
  revoked_at: timeOut.nullable(),
  last_used_at: timeOut.nullable(),
  created_at: timeOut,
};
export const keyOut = z.object(key).meta({ id: 'ApiKey' });
export const newKeyOut = z
  .object({ ...key, api_key: z.string().meta({ description: 'The key itself, shown this once' }) })
  .meta({ id: 'NewApiKey' });
export type ApiKey = z.infer<typeof keyOut>;
