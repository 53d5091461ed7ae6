import type { ImportScopeRow } from '../db/import-scopes.ts';
import type { ImportRow } from '../db/imports.ts';
import type { WindowFacts } from '../domain/import-window.ts';
import type { ImportRun } from './import-run.ts';

/** The window of a scope as it is listed now; `prepareScopes` has filled in where it begins and ends. */
export function windowFacts(run: ImportRun, row: ImportRow, scope: ImportScopeRow): WindowFacts {
  const { channel } = run;
  return {
    from: row.windowFrom ?? channel.coveredUntil ?? channel.createdAt,
    to: row.windowTo,
    connectedAt: channel.createdAt,
    overlapMs: run.provider.capabilities.windowOverlapMs,
    reason: reasonOf(row, scope),
  };
}

function reasonOf(row: ImportRow, scope: ImportScopeRow): WindowFacts['reason'] {
  if (!row.movesCursor) return 'requested';
  if (scope.listing === 'changes') return scope.state === 'listing' ? 'changes' : 'comparison';
  if (isFallback(row, scope)) return 'fallback';
  return scope.state === 'listing' ? 'new_part' : 'comparison';
}

/** A window because the cursor had expired; a folder that came into being has no cursor to begin with. */
export function isFallback(row: ImportRow, scope: ImportScopeRow): boolean {
  return row.movesCursor && scope.listing === 'window' && scope.fromCursor !== null;
}
