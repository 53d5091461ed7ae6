import { and, desc, eq, exists, inArray, lt, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { receiptOf } from '../../domain/receipt.ts';
import type { Receipt } from '../../domain/receipt.ts';
import type { Transaction } from '../client.ts';
import { readReceipts } from './items.ts';
import { importItems, imports } from '../schema/imports.ts';
import { listSetAsideOf } from './set-aside.ts';
import type { SetAside } from './set-aside.ts';

type ImportRow = InferSelectModel<typeof imports>;

export interface ImportReceipt {
  row: ImportRow;
  counts: Receipt;
  setAside: SetAside[];
}

/** A channel's imports, newest first, without polls and pushes that found nothing. */
export async function listImports(
  tx: Transaction,
  { channelId, after, limit }: { channelId: string; after: string | null; limit: number },
): Promise<ImportReceipt[]> {
  const items = tx
    .select({ one: sql`1` })
    .from(importItems)
    .where(eq(importItems.importId, imports.id));
  const rows = await tx
    .select()
    .from(imports)
    .where(
      and(
        eq(imports.channelId, channelId),
        after === null ? undefined : lt(imports.id, after),
        or(inArray(imports.cause, ['reauthorized', 'requested', 'access_changed']), exists(items)),
      ),
    )
    .orderBy(desc(imports.id))
    .limit(limit);
  return withCounts(tx, rows);
}

export async function findReceipt(tx: Transaction, id: string): Promise<ImportReceipt | null> {
  const rows = await tx.select().from(imports).where(eq(imports.id, id));
  const [receipt] = await withCounts(tx, rows);
  return receipt ?? null;
}

/**
 * The newest import that a sign-in caused: of the gap, else of the earlier mail that a new channel's link requested.
 */
export async function findSignInImport(tx: Transaction, channelId: string): Promise<ImportReceipt | null> {
  const rows = await tx
    .select()
    .from(imports)
    .where(
      and(eq(imports.channelId, channelId), inArray(imports.cause, ['reauthorized', 'access_changed', 'requested'])),
    )
    .orderBy(sql`${imports.cause} = 'requested'`, desc(imports.id))
    .limit(1);
  const [receipt] = await withCounts(tx, rows);
  return receipt ?? null;
}

async function withCounts(tx: Transaction, rows: ImportRow[]): Promise<ImportReceipt[]> {
  const ids = rows.map(({ id }) => id);
  const receipts = await readReceipts(tx, ids);
  const setAside = Map.groupBy(await listSetAsideOf(tx, ids), ({ importId }) => importId);
  return rows.map((row) => ({
    row,
    counts: receipts.get(row.id) ?? receiptOf([]),
    setAside: setAside.get(row.id) ?? [],
  }));
}
