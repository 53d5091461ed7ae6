import { and, asc, eq, gt, inArray, ne, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { inBatches, readInBatches } from '../batches.ts';
import type { Transaction } from '../client.ts';
import { importScopes, imports } from '../schema/imports.ts';

export type ImportScopeRow = InferSelectModel<typeof importScopes>;
export type NewImportScope = typeof importScopes.$inferInsert;

export async function listImportScopes(tx: Transaction, importId: string): Promise<ImportScopeRow[]> {
  return readInBatches(({ last, limit }) =>
    tx
      .select()
      .from(importScopes)
      .where(and(eq(importScopes.importId, importId), last && gt(importScopes.scope, last.scope)))
      .orderBy(asc(importScopes.scope))
      .limit(limit),
  );
}

export async function insertImportScopes(tx: Transaction, rows: NewImportScope[]): Promise<void> {
  for (const some of inBatches(rows)) await tx.insert(importScopes).values(some).onConflictDoNothing();
}

/** Lists the new messages of parts that were already listed; a window under way continues. */
export async function reopenScopes(tx: Transaction, importId: string): Promise<void> {
  const anew = { tries: 0, idlePages: 0, retryAt: null, setAsideAt: null };
  await tx.update(importScopes).set(anew).where(eq(importScopes.importId, importId));
  await tx
    .update(importScopes)
    .set({ state: 'listing', listing: 'changes', position: null, headCursor: null, headAt: null })
    .where(and(eq(importScopes.importId, importId), ne(importScopes.state, 'listing')));
}

/**
 * The channel has another access: the listings and positions of running imports are void. Their parts are listed
 * again from the channel's cursors, which are void too; a part that had just begun and has no cursor is planned anew.
 */
export async function restartScopes(tx: Transaction, channelId: string): Promise<void> {
  const isRunning = eq(imports.state, 'running');
  const running = tx
    .select({ id: imports.id })
    .from(imports)
    .where(and(eq(imports.channelId, channelId), isRunning));
  const cursorLane = and(eq(imports.channelId, channelId), isRunning, eq(imports.movesCursor, true));
  const moving = tx.select({ id: imports.id }).from(imports).where(cursorLane);
  const isBeginning = and(eq(importScopes.listing, 'begin'), eq(importScopes.state, 'listing'));
  await tx.update(importScopes).set({ position: null }).where(inArray(importScopes.importId, running));
  await tx.delete(importScopes).where(and(inArray(importScopes.importId, moving), isBeginning));
  await tx
    .update(importScopes)
    .set({ state: 'listing', listing: 'changes', headCursor: null, headAt: null })
    .where(inArray(importScopes.importId, moving));
}

/** Counts a page that brought nothing; returns how many there were. */
export async function noteIdlePage(
  tx: Transaction,
  { importId, scope }: Pick<ImportScopeRow, 'importId' | 'scope'>,
): Promise<number> {
  const [row] = await tx
    .update(importScopes)
    .set({ idlePages: sql`${importScopes.idlePages} + 1` })
    .where(and(eq(importScopes.importId, importId), eq(importScopes.scope, scope)))
    .returning({ idlePages: importScopes.idlePages });
  return row?.idlePages ?? 0;
}

/** Changes a scope that is still as `seen`; false when another process changed it. */
export async function moveScope(
  tx: Transaction,
  seen: ImportScopeRow,
  values: Partial<
    Pick<ImportScopeRow, 'listing' | 'fromCursor' | 'headCursor' | 'headAt' | 'headState' | 'position' | 'state'>
  >,
): Promise<boolean> {
  const moved = await tx
    .update(importScopes)
    .set(values)
    .where(
      and(
        eq(importScopes.importId, seen.importId),
        eq(importScopes.scope, seen.scope),
        eq(importScopes.state, seen.state),
        eq(importScopes.listing, seen.listing),
        sql`${importScopes.position} is not distinct from ${seen.position}`,
      ),
    )
    .returning({ scope: importScopes.scope });
  return moved.length > 0;
}
