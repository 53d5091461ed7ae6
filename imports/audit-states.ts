import type { Transaction } from '../db/client.ts';
import { keepCompared, listCursors } from '../db/imports/cursors.ts';
import type { CursorRow } from '../db/imports/cursors.ts';
import { listScopesWithTrouble } from '../db/imports/items.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { comparedAgain, isComparedWhole } from '../domain/messages/compared-state.ts';
import type { ScopeHead } from '../providers/contract.ts';
import type { Stretch } from './import-run.ts';
import { auditedFrom } from './window.ts';

/*
 * A folder without additions need not be listed every day. This rests on an audit that lists up to the cursor, without
 * an end by date, which only a provider without a clock of its own needs (listing/comparison.ts): every message in the
 * folder was then compared, with any date, and messages after the cursor are the next poll's.
 */

/** The state of a part that is stored up to its head; null: it has no state, or an import is under way. */
export function stateToKeep({ session }: Stretch, head: ScopeHead, cursor: CursorRow | undefined): string | null {
  return session.comesAfter && cursor?.cursor === head.cursor ? (head.state ?? null) : null;
}

/** Whether the last audits compared exactly what this one would. */
export function isKnownWhole(
  stretch: Stretch,
  row: ImportRow,
  head: ScopeHead,
  cursor: CursorRow | undefined,
): boolean {
  const state = stateToKeep(stretch, head, cursor);
  if (!cursor || state === null) return false;
  return isComparedWhole(cursor.compared, { state, from: auditedFrom(stretch, row), now: stretch.headsAt });
}

/** Stores the states of the parts that an audit found complete, and clears those of the others. */
export async function keepStates(
  tx: Transaction,
  stretch: Stretch,
  row: ImportRow,
  scopes: ImportScopeRow[],
): Promise<void> {
  const troubled = new Set(await listScopesWithTrouble(tx, row.id));
  const known = new Map((await listCursors(tx, row.channelId)).map((cursor) => [cursor.scope, cursor]));
  for (const { scope, state, headState } of scopes) {
    const cursor = known.get(scope);
    if (!cursor) continue;
    const whole = state === 'done' && headState !== null && !troubled.has(scope);
    const found = { state: headState ?? '', from: auditedFrom(stretch, row), now: stretch.headsAt };
    if (whole || cursor.compared) await keepCompared(tx, cursor, whole ? comparedAgain(cursor.compared, found) : null);
  }
}
