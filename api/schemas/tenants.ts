import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { pageQuery } from '../http/paging.ts';
import { accessType, person, personOut, tenantName, timeOut } from './parts.ts';

export const tenantParams = z.strictObject({ id: tenantName });
export const tenantsQuery = z.strictObject({ ...pageQuery });

const told = z.enum(['owner', 'admins', 'both', 'none']);
const ACCESS_TYPES_OF_TENANT = 'The access types that may be connected; null: all';
const INDIVIDUAL = 'For individual channels';
const SHARED = 'For shared channels';
const NOTIFY = 'Who is asked to act, by kind of channel; stored, and not obeyed before Mooring sends mail';
const ADMINS = 'The admins of shared channels';
const REMINDERS =
  'Days after the first alert on which the person is reminded; stored, and not obeyed before Mooring sends mail';
const RETENTION =
  'Days from `POST /v1/messages/ack` until content and envelope of a message are deleted; null: kept until the channel is erased';

export const policyBody = camelCased(
  z.strictObject({
    access_types: z.array(accessType).min(1).max(10).nullable().default(null).describe(ACCESS_TYPES_OF_TENANT),
    notify: z
      .strictObject({
        individual: told.default('owner').describe(INDIVIDUAL),
        shared: told.default('admins').describe(SHARED),
      })
      .default({ individual: 'owner', shared: 'admins' })
      .describe(NOTIFY),
    admins: z.array(person).max(50).default([]).describe(ADMINS),
    reminders_days: z.array(z.int().min(1).max(365)).max(20).default([1, 3, 7]).describe(REMINDERS),
    retention_days: z.int().min(0).max(3650).nullable().default(30).describe(RETENTION),
  }),
);

export const policyOut = z
  .object({
    access_types: z.array(accessType).nullable().describe(ACCESS_TYPES_OF_TENANT),
    notify: z.object({ individual: told.describe(INDIVIDUAL), shared: told.describe(SHARED) }).describe(NOTIFY),
    admins: z.array(personOut).describe(ADMINS),
    reminders_days: z.array(z.int()).describe(REMINDERS),
    retention_days: z.int().nullable().describe(RETENTION),
  })
  .meta({ id: 'TenantPolicy' });
export type Policy = z.infer<typeof policyOut>;

export const tenantOut = z
  .object({
    id: z.string().describe('The product’s own id of its customer'),
    channels: z.int().describe('Channels that are not disconnected'),
    broken: z.int().describe('Those of them that need someone'),
    erasing: z.boolean().describe('Whether the tenant is being erased'),
    created_at: timeOut.describe('When the tenant was first named'),
  })
  .meta({ id: 'Tenant' });

export const erasureOut = z.object({
  id: z.string().describe('The tenant’s id'),
  erased: z.boolean().describe('Whether everything is deleted'),
});
