import { and, count, eq, inArray } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { notices } from '../schema/notices.ts';

/** How many notices each of these incidents holds, as far as the transaction sees. */
export async function countHeld(tx: Transaction, incidentIds: string[]): Promise<Map<string, number>> {
  if (incidentIds.length === 0) return new Map();
  const rows = await tx
    .select({ id: notices.heldBy, held: count() })
    .from(notices)
    .where(and(inArray(notices.heldBy, incidentIds), eq(notices.state, 'queued')))
    .groupBy(notices.heldBy);
  return new Map(rows.map(({ id, held }) => [id ?? '', held]));
}
