import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { accessType, person, personOut, tenantName, timeOut } from './parts.ts';

export const tenantParams = z.strictObject({ id: tenantName });
export const tenantsQuery = z.strictObject({ ...pageQuery });

const told = z.enum(['owner', 'admins', 'both', 'none']);

export const policyBody = z.strictObject({
  access_types: z.array(accessType).min(1).max(10).nullable().default(null),
  notify: z
    .strictObject({ individual: told.default('owner'), shared: told.default('admins') })
    .default({ individual: 'owner', shared: 'admins' }),
  admins: z.array(person).max(50).default([]),
  reminders_days: z.array(z.int().min(1).max(365)).max(20).default([1, 3, 7]),
  retention_days: z.int().min(0).max(3650).nullable().default(30),
});

export const policyOut = z
  .object({
    access_types: z.array(accessType).nullable(),
    notify: z.object({ individual: told, shared: told }),
    admins: z.array(personOut),
    reminders_days: z.array(z.int()),
    retention_days: z.int().nullable().meta({
      description:
        'Days after `POST /v1/messages/ack` until content and envelope of a message go; null: kept until the channel is erased',
    }),
  })
  .meta({ id: 'TenantPolicy' });

export const tenantOut = z
  .object({ id: z.string(), channels: z.int(), broken: z.int(), erasing: z.boolean(), created_at: timeOut })
  .meta({ id: 'Tenant' });

export const erasureOut = z.object({ id: z.string(), erased: z.boolean() });
