import type { TenantPolicy } from '../../db/schema/tenants.ts';
import type { Policy } from '../schemas/policy.ts';
import { presentPerson } from './person.ts';

export function presentPolicy(policy: TenantPolicy): Policy {
  const { quietHours } = policy;
  return {
    display_name: policy.displayName,
    access_types: policy.accessTypes,
    notify: policy.notify,
    admins: policy.admins.map(presentPerson),
    reminders_days: policy.remindersDays,
    reminder_repeat_days: policy.reminderRepeatDays,
    admins_join_after_days: policy.adminsJoinAfterDays,
    quiet_hours: quietHours && { from: quietHours.from, to: quietHours.to, time_zone: quietHours.timeZone },
    quiet_first: policy.quietFirst,
    digest: policy.digest,
    locale: policy.locale,
    retention_days: policy.retentionDays,
    banner_origins: policy.bannerOrigins,
  };
}
