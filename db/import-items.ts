import { and, eq, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { receiptOf } from '../domain/receipt.ts';
import type { Receipt, ReceiptGroup } from '../domain/receipt.ts';
import type { Transaction } from './client.ts';
import { importItems } from './schema/imports.ts';

export type ImportItemRow = InferSelectModel<typeof importItems>;
export type NewImportItem = typeof importItems.$inferInsert;

/** An item that failed this often is quarantined: counted, listed, and in nobody's way. */
export const MAX_TRIES = 3;

/** Of these ids, the ones that this import has listed before, whatever became of them. */
export async function findListedItems(
  tx: Transaction,
  { importId, scope }: { importId: string; scope: string },
  providerIds: string[],
): Promise<ImportItemRow[]> {
  if (providerIds.length === 0) return [];
  return tx
    .select()
    .from(importItems)
    .where(
      and(
        eq(importItems.importId, importId),
        eq(importItems.scope, scope),
        inArray(importItems.providerId, providerIds),
      ),
    );
}

/** Writes what became of items. An outcome is final: a straggler changes nothing. */
export async function writeItems(tx: Transaction, items: NewImportItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx
    .insert(importItems)
    .values(items)
    .onConflictDoUpdate({
      target: [importItems.importId, importItems.scope, importItems.generation, importItems.providerId],
      set: {
        outcome: sql`excluded.outcome`,
        skipReason: sql`excluded.skip_reason`,
        messageId: sql`excluded.message_id`,
        tries: sql`excluded.tries`,
      },
      setWhere: isNull(importItems.outcome),
    });
}

/** Items that were listed and could not be fetched yet, and are worth another try. */
export async function listUnsettledItems(tx: Transaction, importId: string, limit: number): Promise<ImportItemRow[]> {
  return tx
    .select()
    .from(importItems)
    .where(and(eq(importItems.importId, importId), isNull(importItems.outcome), lt(importItems.tries, MAX_TRIES)))
    .orderBy(importItems.scope, importItems.providerId)
    .limit(limit);
}

/** The folder is gone, and with it what was listed there and not fetched. */
export async function skipVanishedItems(tx: Transaction, importId: string, scope: string): Promise<void> {
  await tx
    .update(importItems)
    .set({ outcome: 'skipped', skipReason: 'gone' })
    .where(and(eq(importItems.importId, importId), eq(importItems.scope, scope), isNull(importItems.outcome)));
}

/**
 * The receipts of imports. A message counts once, however many folders it was listed in: as imported if this import
 * has brought it, and so on down.
 */
export async function readReceipts(tx: Transaction, importIds: string[]): Promise<Map<string, Receipt>> {
  if (importIds.length === 0) return new Map();
  const ids = sql.join(
    importIds.map((id) => sql`${id}`),
    sql`, `,
  );
  const groups = await tx.execute<Record<string, unknown> & { importId: string } & ReceiptGroup>(sql`
    with settled as (
      select import_id,
             case when bool_or(outcome = 'imported') then 'imported' when bool_or(outcome = 'already_had') then 'already_had'
                  when bool_or(outcome = 'skipped') then 'skipped' end as outcome,
             min(skip_reason) as skip_reason,
             coalesce(bool_or(repaired), false) as repaired
      from import_items where import_id in (${ids})
      group by import_id, coalesce(message_id, jsonb_build_array(scope, generation, provider_id)::text)
    )
    select import_id as "importId", outcome, case when outcome = 'skipped' then skip_reason end as "skipReason", repaired,
           count(*)::int as count
    from settled group by 1, 2, 3, 4`);
  return new Map(importIds.map((id) => [id, receiptOf([...groups].filter(({ importId }) => importId === id))]));
}
