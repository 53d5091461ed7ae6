import { and, asc, eq, gt } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { ComparedState } from '../../domain/messages/compared-state.ts';
import { inBatches, readInBatches } from '../batches.ts';
import type { Transaction } from '../client.ts';
import { cursors } from '../schema/imports.ts';

export type CursorRow = InferSelectModel<typeof cursors>;

/** A part of an account with its position, as a provider's `headOf` gives it. */
export interface NewCursor {
  scope: string;
  name: string | null;
  /** null: the provider has none as of now; the import that walks to it stores it. */
  cursor: string | null;
}

export async function listCursors(tx: Transaction, channelId: string): Promise<CursorRow[]> {
  return readInBatches(({ last, limit }) =>
    tx
      .select()
      .from(cursors)
      .where(and(eq(cursors.channelId, channelId), last && gt(cursors.scope, last.scope)))
      .orderBy(asc(cursors.scope))
      .limit(limit),
  );
}

export async function findCursor(tx: Transaction, channelId: string, scope: string): Promise<string | null> {
  const [row] = await tx
    .select({ cursor: cursors.cursor })
    .from(cursors)
    .where(and(eq(cursors.channelId, channelId), eq(cursors.scope, scope)));
  return row?.cursor ?? null;
}

/** The first cursors of a channel or of new folders. An existing cursor stays (rule 9). */
export async function insertCursors(
  tx: Transaction,
  { tenantId, channelId, now }: { tenantId: string; channelId: string; now: Date },
  heads: readonly NewCursor[],
): Promise<void> {
  const rows = heads.flatMap(({ scope, name, cursor }) =>
    cursor === null ? [] : [{ channelId, tenantId, scope, name, cursor, updatedAt: now }],
  );
  for (const some of inBatches(rows)) await tx.insert(cursors).values(some).onConflictDoNothing();
}

/**
 * Replaces the cursor `replaces` by a new one (rule 9). False when another value is stored by now: another process has
 * moved it, and the caller's transaction must not commit what it had listed after the old one.
 */
export async function moveCursor(
  tx: Transaction,
  move: { channelId: string; scope: string; replaces: string; cursor: string; now: Date },
): Promise<boolean> {
  const moved = await tx
    .update(cursors)
    .set({ cursor: move.cursor, compared: null, updatedAt: move.now })
    .where(and(eq(cursors.channelId, move.channelId), eq(cursors.scope, move.scope), eq(cursors.cursor, move.replaces)))
    .returning({ scope: cursors.scope });
  return moved.length > 0;
}

/** What an audit has found of a part; a cursor that moves forgets it. */
export async function keepCompared(
  tx: Transaction,
  { channelId, scope }: Pick<CursorRow, 'channelId' | 'scope'>,
  compared: ComparedState | null,
): Promise<void> {
  await tx
    .update(cursors)
    .set({ compared })
    .where(and(eq(cursors.channelId, channelId), eq(cursors.scope, scope)));
}

/** A position that no provider knows: its part falls back to a window of time, as with an expired cursor. */
export const VOID_CURSOR = '';

/** A part without a cursor is listed as a new one. */
export async function deleteCursor(tx: Transaction, channelId: string, scope: string): Promise<void> {
  await tx.delete(cursors).where(and(eq(cursors.channelId, channelId), eq(cursors.scope, scope)));
}

/** Where a channel stood means nothing any more; its next import begins at its present end. */
export async function deleteCursors(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(cursors).where(eq(cursors.channelId, channelId));
}
