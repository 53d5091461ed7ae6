import { and, asc, eq, gt, lte, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../client.ts';
import { findConsignment } from '../events/deliveries.ts';
import type { Consignment, DeliveryRow, NewDelivery } from '../events/deliveries.ts';
import { disableEndpoint } from '../events/endpoints.ts';
import { webhookDeliveries } from '../schema/events.ts';

/** Records a delivery's progress; fields left out stay. */
type DeliveryProgress = Partial<
  Pick<
    DeliveryRow,
    'state' | 'attempts' | 'lastStatus' | 'lastError' | 'lastAttemptAt' | 'nextAttemptAt' | 'deliveredAt'
  >
>;

/** A delivery's endpoint may be the product's own and belong to no tenant. */
export async function readConsignment(database: Database, deliveryId: string): Promise<Consignment | null> {
  return database.acrossTenants((tx) => findConsignment(tx, deliveryId));
}

/** Records a delivery's progress; `endpointGoneAt`: its receiver answered 410. */
export async function recordDelivery(
  database: Database,
  { delivery, endpoint }: Consignment,
  progress: DeliveryProgress,
  endpointGoneAt: Date | null = null,
): Promise<void> {
  await database.acrossTenants(async (tx) => {
    await recordProgress(tx, delivery.id, progress);
    if (endpointGoneAt !== null) await disableEndpoint(tx, endpoint.id, endpointGoneAt);
  });
}

/** Only a pending delivery takes it: a late answer never reopens an ended one. */
async function recordProgress(tx: Transaction, deliveryId: string, progress: DeliveryProgress): Promise<void> {
  await tx
    .update(webhookDeliveries)
    .set(progress)
    .where(and(eq(webhookDeliveries.id, deliveryId), eq(webhookDeliveries.state, 'pending')));
}

/** Pending deliveries whose attempt was due before `dueBefore`, by id. */
export async function listOverdueDeliveries(
  database: Database,
  { dueBefore, afterId, limit }: { dueBefore: Date; afterId: string; limit: number },
): Promise<NewDelivery[]> {
  return database.acrossTenants(async (tx) => {
    return tx
      .select({ id: webhookDeliveries.id, endpointId: webhookDeliveries.endpointId })
      .from(webhookDeliveries)
      .where(
        and(
          eq(webhookDeliveries.state, sql`'pending'`),
          lte(webhookDeliveries.nextAttemptAt, dueBefore),
          gt(webhookDeliveries.id, afterId),
        ),
      )
      .orderBy(asc(webhookDeliveries.id))
      .limit(limit);
  });
}
