import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { cursors, partsAside } from '../schema/imports.ts';

export type PartAsideRow = InferSelectModel<typeof partsAside>;

/** Parts whose position cannot be taken, and those that are back without a cursor. */
export async function listPartsAside(tx: Transaction, channelId: string): Promise<PartAsideRow[]> {
  return tx.select().from(partsAside).where(eq(partsAside.channelId, channelId));
}

/** Stores these as they are now; one that was known keeps its beginning. */
export async function putPartsAside(tx: Transaction, rows: PartAsideRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(partsAside)
    .values(rows)
    .onConflictDoUpdate({
      target: [partsAside.channelId, partsAside.scope],
      set: {
        name: sql`excluded.name`,
        reason: sql`excluded.reason`,
        since: sql`excluded.since`,
        retryAt: sql`excluded.retry_at`,
      },
    });
}

/** The account is at another place, which has other parts. */
export async function forgetPartsAside(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(partsAside).where(eq(partsAside.channelId, channelId));
}

/** They can be read again, or are there no more. */
export async function takePartsBack(tx: Transaction, channelId: string, scopes: string[]): Promise<void> {
  if (scopes.length === 0) return;
  await tx.delete(partsAside).where(and(eq(partsAside.channelId, channelId), inArray(partsAside.scope, scopes)));
}

/** Whether mail may come to a part that was read before and is refused now: nothing is covered meanwhile. */
export async function isAnyPartHeldUp(tx: Transaction, channelId: string): Promise<boolean> {
  const rows = await tx
    .select({ scope: partsAside.scope })
    .from(partsAside)
    .innerJoin(cursors, and(eq(cursors.channelId, partsAside.channelId), eq(cursors.scope, partsAside.scope)))
    .where(and(eq(partsAside.channelId, channelId), isNotNull(partsAside.retryAt)))
    .limit(1);
  return rows.length > 0;
}
