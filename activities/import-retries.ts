import { skipVanishedItems } from '../db/import-items.ts';
import type { ImportItemRow } from '../db/import-items.ts';
import type { ImportScopeRow } from '../db/import-scopes.ts';
import type { ImportRow } from '../db/imports.ts';
import { isExpired } from './import-listing.ts';
import { importPage } from './import-page.ts';
import type { ImportRun } from './import-run.ts';
import { windowFacts } from './import-window.ts';

/** How long an item that could not be fetched is left alone, in ms. */
export const RETRY_GAP_MS = 3_000;

/** Tries items of one scope once more that could not be fetched before; the third failure quarantines them. */
export async function retryItems(
  run: ImportRun,
  row: ImportRow,
  scope: ImportScopeRow,
  items: ImportItemRow[],
): Promise<void> {
  try {
    await importPage(run, {
      row,
      scope,
      facts: windowFacts(run, row, scope),
      items: items.filter((item) => item.scope === scope.scope),
      stage: 'retrying',
      advance: () => Promise.resolve(true),
    });
  } catch (error) {
    if (!isExpired(error)) throw error;
    // The folder numbers its messages anew: these ids mean nothing any more, and what they named is listed by new ones.
    await run.context.database.inTenant(row.tenantId, (tx) => skipVanishedItems(tx, row.id, scope.scope));
  }
}
