import { setTimeout as sleep } from 'node:timers/promises';
import { ABSENT, skipVanishedItems } from '../db/imports/items.ts';
import type { ImportItemRow } from '../db/imports/items.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import type { WindowFacts } from '../domain/import-window.ts';
import { isExpired } from './listing/list-page.ts';
import { GONE_AFTER_MS } from './fetching/commit.ts';
import { importWithCare } from './fetching/fetch-carefully.ts';
import type { ImportRun, PageEnd, Stretch } from './import-run.ts';
import { windowFacts } from './window.ts';

/** How long a failed item waits for its next try, in ms. */
export const RETRY_GAP_MS = 3_000;

/**
 * Waits between two looks at the absent messages of one scope, at most until the stretch is over: looks without a pause
 * would spend the account's quota.
 */
export async function pauseBeforeLook(
  { context, signal, endsAtMs }: Stretch,
  { scope }: ImportScopeRow,
  items: ImportItemRow[],
): Promise<void> {
  const now = await context.clock.now();
  const waits = items
    .filter((item) => item.scope === scope)
    .map(({ lastError, triedAt }) => (lastError === ABSENT && triedAt ? +triedAt + GONE_AFTER_MS - +now : 0));
  const waitMs = Math.min(...waits, RETRY_GAP_MS, endsAtMs - performance.now());
  if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Retries failed items of one scope; the third failure quarantines an item. */
export async function retryItems(
  run: ImportRun,
  row: ImportRow,
  scope: ImportScopeRow,
  items: ImportItemRow[],
): Promise<PageEnd> {
  const { stretch } = run;
  let end: PageEnd = 'whole';
  try {
    const here = items.filter((item) => item.scope === scope.scope);
    for (const [repaired, group] of Map.groupBy(here, (item) => item.repaired)) {
      end = await importWithCare(run, {
        row,
        scope,
        facts: factsOf(stretch, row, scope, repaired),
        items: group,
        window: null,
        stage: 'retrying',
        advance: () => Promise.resolve(true),
      });
      if (end === 'session_lost') break;
    }
  } catch (error) {
    if (!isExpired(error)) throw error;
    // The folder was renumbered: these ids are void, and their messages are listed under new ones.
    await stretch.context.database.inTenant(row.tenantId, (tx) => skipVanishedItems(tx, row.id, scope.scope));
  }
  return end;
}

/**
 * What the listing named belongs to the window by the listing's rule, not by the comparison's. An import that has ended
 * knows its window's end in whole seconds, and had listed beyond.
 */
function factsOf(stretch: Stretch, row: ImportRow, scope: ImportScopeRow, repaired: boolean): WindowFacts {
  const facts = windowFacts(stretch, row, repaired ? scope : { ...scope, state: 'listing' });
  return row.replaying ? { ...facts, to: null } : facts;
}
