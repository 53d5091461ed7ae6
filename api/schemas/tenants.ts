import { z } from 'zod';
import { pageQuery } from '../http/paging.ts';
import { tenantName, timeOut } from './parts.ts';

export const tenantParams = z.strictObject({ id: tenantName });
export const tenantsQuery = z.strictObject({ ...pageQuery });

export const tenantOut = z
  .object({
    id: z.string().describe('The product’s own id of its customer'),
    channels: z.int().describe('Channels that are not disconnected'),
    broken: z.int().describe('Those of them that need someone'),
    erasing: z.boolean().describe('Whether the tenant is being erased'),
    created_at: timeOut.describe('When the tenant was first named'),
  })
  .meta({ id: 'Tenant' });
export type Tenant = z.infer<typeof tenantOut>;

export const erasureOut = z.object({
  id: z.string().describe('The tenant’s id'),
  erased: z.boolean().describe('Whether everything is deleted'),
});
