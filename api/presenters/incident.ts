import type { IncidentRow } from '../../db/channels/incidents.ts';
import { isoOrNull } from './time.ts';
import type { Incident } from '../schemas/events.ts';

export function presentIncident(row: IncidentRow): Incident {
  return {
    id: row.id,
    state: row.closedAt === null ? 'open' : 'closed',
    tenant: row.tenantId,
    channel: row.channelId,
    provider: row.provider,
    reason: row.reason,
    opened_at: row.openedAt.toISOString(),
    closed_at: isoOrNull(row.closedAt),
  };
}
