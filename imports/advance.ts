import { listUnsettledItems } from '../db/imports/items.ts';
import type { ImportItemRow } from '../db/imports/items.ts';
import { listImportScopes } from '../db/imports/scopes.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import { findImport, isUnderWay } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { comparePage, needsComparison } from './listing/comparison.ts';
import { tellOfProgress } from './events.ts';
import { finishImport } from './finish.ts';
import { listPage } from './listing/list-page.ts';
import { prepareScopes } from './preparation.ts';
import { retryItems, RETRY_GAP_MS } from './fetching/retries.ts';
import { isOver, PAGE_ITEMS } from './import-run.ts';
import type { ImportRun } from './import-run.ts';
import { isFallback } from './window.ts';

/** Where an import stands after a stretch of work. `waitMs` 0: go on at once. */
export interface Advance {
  done: boolean;
  waitMs: number;
}

/**
 * Goes on with an import until it is done or time is over. What to do next is read from the rows before every page, so
 * that any stretch can be the first one after a crash: list every scope, compare, try again what could not be fetched,
 * finish.
 */
export async function advanceImport(run: ImportRun): Promise<Advance> {
  await prepareScopes(run);
  for (;;) {
    const plan = await readPlan(run);
    if (plan === null) return { done: true, waitMs: 0 };
    const { row, scopes, unsettled } = plan;
    // Opened again by a reauthorization: the next stretch begins with new heads.
    if (row.movesCursor && row.windowTo === null) return { done: false, waitMs: 0 };
    if (run.inline && scopes.some((scope) => isFallback(row, scope))) return { done: false, waitMs: 0 };
    const { listing, comparing } = nextToList(row, scopes);
    const retrying = scopes.find(({ scope }) => scope === unsettled[0]?.scope);
    if (listing) await listPage(run, row, listing);
    else if (comparing) await comparePage(run, row, comparing);
    else if (retrying && run.failed) return { done: false, waitMs: RETRY_GAP_MS };
    else if (retrying) await retryItems(run, row, retrying, unsettled);
    else await finishImport(run);
    if ((listing || comparing || retrying) && !row.audit) await tellOfProgress(run, row);
    if (run.broken) return { done: false, waitMs: RETRY_GAP_MS };
    if (isOver(run)) return { done: false, waitMs: 0 };
  }
}

/** The parts that are listed next, and compared after that; none of those that are set aside. */
function nextToList(row: ImportRow, scopes: ImportScopeRow[]) {
  const open = scopes.filter(({ retryAt }) => retryAt === null);
  const comparing = needsComparison(row, scopes) ? open.find(({ state }) => state === 'comparing') : undefined;
  return { listing: open.find(({ state }) => state === 'listing'), comparing };
}

interface Plan {
  row: ImportRow;
  scopes: ImportScopeRow[];
  /** What is to be tried again, once there is nothing left to list. */
  unsettled: ImportItemRow[];
}

async function readPlan({ context, channel, importId }: ImportRun): Promise<Plan | null> {
  return context.database.inTenant(channel.tenantId, async (tx) => {
    const row = await findImport(tx, importId);
    if (!row || !isUnderWay(row)) return null;
    const scopes = await listImportScopes(tx, importId);
    const { listing, comparing } = nextToList(row, scopes);
    // It reads every item of the import: not for every page of a large one.
    const isLeft = listing !== undefined || comparing !== undefined;
    return { row, scopes, unsettled: isLeft ? [] : await listUnsettledItems(tx, importId, PAGE_ITEMS) };
  });
}
