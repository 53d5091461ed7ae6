import { and, asc, eq, getTableColumns, gt, isNull, ne, sql } from 'drizzle-orm';
import type { InferInsertModel, InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { webhookEndpoints } from '../schema/events.ts';
import type { CircuitValues } from './circuits.ts';

/** With its secret, which only a worker reads: it signs deliveries. */
export type SigningEndpoint = InferSelectModel<typeof webhookEndpoints>;
export type EndpointRow = Omit<SigningEndpoint, 'secretJwe' | 'otherSecretJwe'>;
const { secretJwe: _, otherSecretJwe: __, ...shownColumns } = getTableColumns(webhookEndpoints);

export async function insertEndpoint(
  tx: Transaction,
  values: InferInsertModel<typeof webhookEndpoints>,
): Promise<EndpointRow> {
  const [row] = await tx.insert(webhookEndpoints).values(values).returning(shownColumns);
  if (!row) throw new Error('An insert returned no row');
  return row;
}

export async function findEndpoint(tx: Transaction, id: string): Promise<EndpointRow | null> {
  const [row] = await tx.select(shownColumns).from(webhookEndpoints).where(eq(webhookEndpoints.id, id));
  return row ?? null;
}

/**
 * Another endpoint of the same tenant at this address, or none; it holds the address until the transaction ends, so that
 * two requests at once do not both find none. (Older versions let a tenant have two: no index could say so.)
 */
export async function findOtherEndpoint(
  tx: Transaction,
  { id, tenantId, url }: Pick<EndpointRow, 'id' | 'tenantId' | 'url'>,
): Promise<string | null> {
  const place = JSON.stringify(['webhook endpoint', tenantId, url]);
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${place}, 0))`);
  const [row] = await tx
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(
      and(
        ne(webhookEndpoints.id, id),
        eq(webhookEndpoints.url, url),
        tenantId === null ? isNull(webhookEndpoints.tenantId) : eq(webhookEndpoints.tenantId, tenantId),
      ),
    )
    .orderBy(asc(webhookEndpoints.id))
    .limit(1);
  return row?.id ?? null;
}

/** Oldest first; `after` is the last id of the page before. */
export async function listEndpoints(
  tx: Transaction,
  { after, limit }: { after: string | null; limit: number },
): Promise<EndpointRow[]> {
  return tx
    .select(shownColumns)
    .from(webhookEndpoints)
    .where(after === null ? undefined : gt(webhookEndpoints.id, after))
    .orderBy(asc(webhookEndpoints.id))
    .limit(limit);
}

/** null when there is no such endpoint. */
export async function updateEndpoint(
  tx: Transaction,
  id: string,
  values: Partial<Pick<EndpointRow, 'url' | 'events' | 'disabledAt'> & CircuitValues>,
): Promise<EndpointRow | null> {
  if (Object.keys(values).length === 0) return findEndpoint(tx, id);
  const [row] = await tx
    .update(webhookEndpoints)
    .set(values)
    .where(eq(webhookEndpoints.id, id))
    .returning(shownColumns);
  return row ?? null;
}

/**
 * Signs with another secret from now on, and with the one before until `oldUntil` as well; one that is older still ends
 * at once. false: there is no such endpoint.
 */
export async function rotateSecret(
  tx: Transaction,
  { id, secretJwe, oldUntil }: { id: string; secretJwe: string; oldUntil: Date },
): Promise<boolean> {
  const { signsWithOther } = webhookEndpoints;
  const [row] = await tx
    .select({ signsWithOther })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, id))
    .for('update');
  if (!row) return false;
  const place = row.signsWithOther ? { secretJwe } : { otherSecretJwe: secretJwe };
  await tx
    .update(webhookEndpoints)
    .set({ ...place, signsWithOther: !row.signsWithOther, oldSecretUntil: oldUntil })
    .where(eq(webhookEndpoints.id, id));
  return true;
}

/** Its deliveries go with it; workflows that wait for their next attempt find nothing and end. */
export async function deleteEndpoint(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx
    .delete(webhookEndpoints)
    .where(eq(webhookEndpoints.id, id))
    .returning({ id: webhookEndpoints.id });
  return rows.length > 0;
}

/** The receiver said that it is gone. */
export async function disableEndpoint(tx: Transaction, id: string, now: Date): Promise<void> {
  await tx
    .update(webhookEndpoints)
    .set({ disabledAt: now })
    .where(and(eq(webhookEndpoints.id, id), isNull(webhookEndpoints.disabledAt)));
}
