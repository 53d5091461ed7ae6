import { noteIdlePage } from '../../db/imports/scopes.ts';
import type { ImportScopeRow } from '../../db/imports/scopes.ts';
import type { ListedItem } from '../../providers/contract.ts';
import type { ImportRun } from '../import-run.ts';
import { noProgress } from './trail.ts';

/**
 * Pages of one listing that bring nothing: none, or what a page before had. Changes of other kinds are filtered out of a
 * long history and leave empty pages.
 */
const MOST_IDLE_PAGES = 5_000;

interface ListedStep {
  from: string | null;
  /** null: the last page. */
  to: string | null;
  items: readonly ListedItem[];
}

/**
 * Follows the listing of a part by one page. A listing without progress is the provider's failure: the channel is
 * degraded, the cursor stays, and the next try comes after a growing gap. Idle pages are counted in the scope's row, for
 * a provider may make a new token for each.
 */
export async function followListing(run: ImportRun, scope: ImportScopeRow, { from, to, items }: ListedStep) {
  const trail = run.trailOf(`${scope.state} ${scope.scope}`);
  trail.step(from, to);
  if (to === null || !trail.isIdle(items)) return;
  const { context, channel } = run.stretch;
  const idlePages = await context.database.inTenant(channel.tenantId, (tx) => noteIdlePage(tx, scope));
  if (idlePages > MOST_IDLE_PAGES) throw noProgress();
}
