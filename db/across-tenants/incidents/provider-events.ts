import type { Transaction } from '../../client.ts';
import { insertEvent } from '../../events/events.ts';
import type { WiderIncident } from '../../incidents/wider.ts';
import { toldScope } from '../../../domain/incidents/incident.ts';

/** Events of a provider's incident, which belong to no tenant, as those of the operator's client. */
export async function tellOfProvider(
  tx: Transaction,
  type: 'incident.opened' | 'incident.closed',
  { id, scope, provider, server, reason, action, providerCode }: WiderIncident,
  at: Date,
  more: { channels?: number } = {},
): Promise<void> {
  const told = type === 'incident.opened' ? { action, providerCode } : {};
  const data = { provider, scope: toldScope(scope), ...(server === null ? {} : { server }), reason, ...told, ...more };
  await insertEvent(tx, { tenantId: null, channelId: null, type, incidentId: id, data, at });
}
