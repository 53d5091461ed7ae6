import type { Context } from '../../runtime/context.ts';
import type { IncidentRow } from '../../db/channels/incidents.ts';
import type { IncidentCounts } from '../../db/incidents/list.ts';
import { toldScope } from '../../domain/incidents/incident.ts';
import { whatToDo } from '../../domain/incidents/what-to-do.ts';
import { providerOf } from '../../domain/access-type.ts';
import { isoOrNull } from './time.ts';
import type { Incident } from '../schemas/incidents.ts';

/** `counts` null: it concerns one channel. */
export function presentIncident(
  { providers }: Pick<Context, 'providers'>,
  row: IncidentRow,
  { counts, held }: { counts: IncidentCounts | null; held: number },
): Incident {
  const adapter = providers.get(row.provider);
  const isOpen = row.closedAt === null;
  const action = row.action ?? 'none';
  const remedy = (row.providerCode !== null && adapter?.words.remedies?.[row.providerCode]) || null;
  const name = row.server ?? adapter?.words.provider ?? 'the provider';
  return {
    id: row.id,
    scope: toldScope(row.scope),
    state: isOpen ? 'open' : 'closed',
    provider: providerOf(row.provider),
    access_type: row.provider,
    server: row.server,
    tenant: row.tenantId,
    channel: row.channelId,
    part_of: row.foldedInto,
    reason: row.reason,
    provider_code: row.providerCode,
    action,
    what_to_do: whatToDo({ scope: row.scope, client: row.client, action, provider: name, remedy, isOpen }),
    channels: counts?.channels ?? (row.channelId === null ? 0 : 1),
    tenants: counts?.tenants ?? (row.channelId === null ? 0 : 1),
    opened_at: row.openedAt.toISOString(),
    closed_at: isoOrNull(row.closedAt),
    notices_held: held,
    held_until: isoOrNull(row.holdsUntil),
  };
}
