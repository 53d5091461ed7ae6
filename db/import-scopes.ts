import { and, eq, ne } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { importScopes } from './schema/imports.ts';

export type ImportScopeRow = InferSelectModel<typeof importScopes>;

/** Lists what came meanwhile in parts that were listed already; a window under way goes on where it is. */
export async function reopenScopes(tx: Transaction, importId: string): Promise<void> {
  await tx
    .update(importScopes)
    .set({ state: 'listing', listing: 'changes', position: null, headCursor: null, headAt: null })
    .where(and(eq(importScopes.importId, importId), ne(importScopes.state, 'listing')));
}
