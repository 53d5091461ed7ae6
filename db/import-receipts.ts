import { and, desc, eq, exists, inArray, lt, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { importItems, imports } from './schema/imports.ts';

export type ImportRow = InferSelectModel<typeof imports>;

/** What an import did so far: SQL over the ids it listed, so that a retry cannot count its own work. */
export interface ImportCounts {
  found: number;
  imported: number;
  alreadyHad: number;
  repaired: number;
  /** Listed and not settled; of a completed import always 0. */
  missing: number;
  skipped: { reason: string; count: number }[];
}

export interface ImportReceipt {
  row: ImportRow;
  counts: ImportCounts;
}

/** A channel's imports, newest first. Polls and pushes that found nothing are not worth a line. */
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

export async function findImport(tx: Transaction, id: string): Promise<ImportReceipt | null> {
  const rows = await tx.select().from(imports).where(eq(imports.id, id));
  const [receipt] = await withCounts(tx, rows);
  return receipt ?? null;
}

/** The newest import that a person's sign-in caused: what was missed, else the earlier mail a new channel asked for. */
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
  if (rows.length === 0) return [];
  const groups = await tx
    .select({
      importId: importItems.importId,
      outcome: importItems.outcome,
      skipReason: importItems.skipReason,
      repaired: importItems.repaired,
      count: sql<number>`count(*)::int`,
    })
    .from(importItems)
    .where(
      inArray(
        importItems.importId,
        rows.map((row) => row.id),
      ),
    )
    .groupBy(importItems.importId, importItems.outcome, importItems.skipReason, importItems.repaired);
  return rows.map((row) => ({ row, counts: countsOf(groups.filter((group) => group.importId === row.id)) }));
}

interface Group {
  outcome: 'imported' | 'already_had' | 'skipped' | null;
  skipReason: string | null;
  repaired: boolean;
  count: number;
}

function countsOf(groups: Group[]): ImportCounts {
  const total = (of: (group: Group) => boolean) => groups.filter(of).reduce((sum, group) => sum + group.count, 0);
  const reasons = new Map<string, number>();
  for (const group of groups) {
    if (group.outcome !== 'skipped') continue;
    const reason = group.skipReason ?? 'unknown';
    reasons.set(reason, (reasons.get(reason) ?? 0) + group.count);
  }
  return {
    found: total(() => true),
    imported: total((group) => group.outcome === 'imported'),
    alreadyHad: total((group) => group.outcome === 'already_had'),
    repaired: total((group) => group.outcome === 'imported' && group.repaired),
    missing: total((group) => group.outcome === null),
    skipped: [...reasons].map(([reason, count]) => ({ reason, count })),
  };
}
