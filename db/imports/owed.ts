import { and, asc, eq, or } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { imports } from '../schema/imports.ts';
import { deleteCursor, insertCursors, listCursors, moveCursor } from './cursors.ts';
import { findRunningImport, updateImport } from './imports.ts';
import type { ImportRow } from './imports.ts';
import { listImportScopes, moveScope } from './scopes.ts';
import type { ImportScopeRow } from './scopes.ts';
import { hasPartAside, isAside } from './set-aside.ts';

/*
 * An import that breaks for a reason of our own must not keep a channel's new mail waiting. It leaves the lane of the
 * imports that move the cursor: the cursors move to its heads, which polls go on from, and it keeps the position that it
 * had reached. What came before the heads is owed until the import ends.
 */

/** Whether an import of the channel has left the lane and has not ended: nothing is covered meanwhile. */
export async function isOwing(tx: Transaction, channelId: string): Promise<boolean> {
  const owed = await tx
    .select({ id: imports.id })
    .from(imports)
    .where(and(eq(imports.channelId, channelId), imports.owed))
    .limit(1);
  return owed.length > 0;
}

/**
 * The earliest beginning of an import that moves the cursor and has not ended, or is stalled over a part that is set aside;
 * null: there is none.
 */
export async function findUnfinishedBeginning(tx: Transaction, channelId: string): Promise<Date | null> {
  const waits = and(eq(imports.state, 'stalled'), hasPartAside);
  const [row] = await tx
    .select({ windowFrom: imports.windowFrom })
    .from(imports)
    .where(
      and(
        eq(imports.channelId, channelId),
        eq(imports.movesCursor, true),
        or(eq(imports.state, 'running'), imports.owed, waits),
      ),
    )
    .orderBy(asc(imports.windowFrom))
    .limit(1);
  return row?.windowFrom ?? null;
}

/** Whether an import may leave the lane. One at a time, or a mailbox that always breaks would have ever more of them. */
export async function mayLeaveLane(tx: Transaction, row: ImportRow): Promise<boolean> {
  const isInLane = row.state === 'running' && row.movesCursor;
  // A reauthorization has reopened it: its next slice takes new heads.
  return isInLane && row.windowTo !== null && !(await isOwing(tx, row.channelId));
}

/**
 * Takes an import out of the lane. False where that would lose its position: a part has no head to go on from. The caller
 * has locked the channel.
 */
export async function leaveLane(tx: Transaction, row: ImportRow, now: Date): Promise<boolean> {
  if (!(await mayLeaveLane(tx, row))) return false;
  const cursors = new Map((await listCursors(tx, row.channelId)).map(({ scope, cursor }) => [scope, cursor]));
  const scopes = await listImportScopes(tx, row.id);
  const moves = scopes
    .filter(({ state }) => state === 'listing')
    .map((scope) => planMove(scope, cursors.get(scope.scope) ?? null));
  if (scopes.length === 0 || !moves.every((move) => canMove(move))) return false;
  for (const { scope, from, to } of moves) if (to !== null) await moveToHead(tx, scope, { from, to, now });
  await updateImport(tx, row.id, { state: 'stalled', owed: true });
  return true;
}

interface Move {
  scope: ImportScopeRow;
  from: string | null;
  to: string | null;
}

/** A part that is set aside before its head was reached keeps its cursor: polls are refused there as well. */
function planMove(scope: ImportScopeRow, from: string | null): Move {
  const keeps = isAside(scope) && scope.listing === 'changes';
  return { scope, from, to: scope.headCursor ?? (keeps ? from : null) };
}

/** A listing of changes has a cursor, and a window still has the one that it replaces. */
const canMove = ({ scope, from, to }: Move) =>
  to !== null && (scope.listing === 'changes' ? from !== null : from === scope.fromCursor);

async function moveToHead(
  tx: Transaction,
  scope: ImportScopeRow,
  { from, to, now }: { from: string | null; to: string; now: Date },
): Promise<void> {
  const { channelId, tenantId, name } = scope;
  if (scope.listing === 'changes') await moveScope(tx, scope, { position: from });
  if (from === null) await insertCursors(tx, { tenantId, channelId, now }, [{ scope: scope.scope, name, cursor: to }]);
  else if (from !== to) await moveCursor(tx, { channelId, scope: scope.scope, replaces: from, cursor: to, now });
}

/**
 * A part of an owed import that is gone may come back: polls then list it from where the import stood. A window begins
 * again, after the cursor that it replaced.
 */
export async function giveCursorBack(
  tx: Transaction,
  { channelId, scope, position, listing, fromCursor }: ImportScopeRow,
  now: Date,
): Promise<void> {
  const cursor = listing === 'changes' ? position : fromCursor;
  if (cursor === null) return listing === 'changes' ? undefined : deleteCursor(tx, channelId, scope);
  const current = (await listCursors(tx, channelId)).find((cursor) => cursor.scope === scope);
  if (current) await moveCursor(tx, { channelId, scope, replaces: current.cursor, cursor, now });
}

/**
 * The mailbox moved to another server, where positions mean nothing: the import returns to the lane, which lists again. If
 * the lane is taken, the import in it begins as early as this one, and this one is cancelled.
 */
export async function returnToLane(tx: Transaction, channelId: string, now: Date): Promise<void> {
  const isMine = and(eq(imports.channelId, channelId), imports.owed);
  for (const { id, windowFrom } of await tx.select().from(imports).where(isMine).orderBy(asc(imports.id))) {
    const running = await findRunningImport(tx, channelId);
    if (running === null) {
      await updateImport(tx, id, { state: 'running', owed: false, stalledAt: null });
      continue;
    }
    await updateImport(tx, id, { state: 'cancelled', owed: false, completedAt: now });
    const isEarlier = windowFrom !== null && (running.windowFrom === null || windowFrom < running.windowFrom);
    if (isEarlier) await updateImport(tx, running.id, { windowFrom });
  }
}
