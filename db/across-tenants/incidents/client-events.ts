import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../../client.ts';
import { insertEvent } from '../../events/events.ts';
import type { incidents } from '../../schema/channels.ts';

/** Events of an incident of the operator's, which belong to no tenant. */
export async function tellOfClient(
  tx: Transaction,
  type: 'incident.opened' | 'incident.closed',
  { id, provider, reason }: Pick<InferSelectModel<typeof incidents>, 'id' | 'provider' | 'reason'>,
  at: Date,
  more: Record<string, unknown> = {},
): Promise<void> {
  const data = { provider, reason, scope: 'client', ...more };
  await insertEvent(tx, { tenantId: null, channelId: null, type, incidentId: id, data, at });
}
