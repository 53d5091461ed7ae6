import { eq, sql } from 'drizzle-orm';
import type { Transaction } from '../../client.ts';
import { channels } from '../../schema/channels.ts';
import { incidentTenants } from '../../schema/incidents.ts';
import { ofClient } from '../../incidents/client-channels.ts';
import type { WiderIncident } from '../../incidents/wider.ts';

/** Keeps how many channels each tenant had with the operator's client: later the number is another. */
export async function recordTenants(tx: Transaction, incident: WiderIncident): Promise<void> {
  const counted = tx
    .select({
      incidentId: sql<string>`${incident.id}`.as('incident_id'),
      tenantId: channels.tenantId,
      channels: sql<number>`count(*)::integer`.as('channels'),
    })
    .from(channels)
    .where(ofClient(tx, incident))
    .groupBy(channels.tenantId);
  await tx.delete(incidentTenants).where(eq(incidentTenants.incidentId, incident.id));
  await tx.insert(incidentTenants).select(counted);
}
