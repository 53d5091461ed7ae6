import type { TenantPolicy } from '../../db/schema/tenants.ts';
import type { Policy } from '../schemas/tenants.ts';

export function presentPolicy(policy: TenantPolicy): Policy {
  return {
    access_types: policy.accessTypes,
    notify: policy.notify,
    admins: policy.admins,
    reminders_days: policy.remindersDays,
    retention_days: policy.retentionDays,
  };
}
