import { VOID_CURSOR, findCursor } from '../../db/imports/cursors.ts';
import { moveScope } from '../../db/imports/scopes.ts';
import type { ImportScopeRow } from '../../db/imports/scopes.ts';
import type { ImportRow } from '../../db/imports/imports.ts';
import { findQuarantined } from '../../db/imports/quarantine.ts';
import { windowToList } from '../../domain/import-window.ts';
import type { WindowFacts } from '../../domain/import-window.ts';
import type { ListedItem } from '../../providers/contract.ts';
import { keyOf } from '../fetching/keys.ts';
import { isExpired } from './list-page.ts';
import { importWithCare } from '../fetching/fetch-carefully.ts';
import { ImportOvertaken, isRoutine } from '../import-run.ts';
import type { ImportRun, PageEnd, Stretch } from '../import-run.ts';
import { isFallback, windowFacts } from '../window.ts';
import { followListing } from './follow-listing.ts';
import { listWindowCarefully } from './list-carefully.ts';

/** Polls are compared by the daily audit; an import after a breakage or on request is compared at its end. */
export function needsComparison(row: ImportRow, scopes: ImportScopeRow[]): boolean {
  return row.audit || !isRoutine(row) || scopes.some((scope) => isFallback(row, scope));
}

/**
 * Lists one page of the window's ids again, after everything was imported, and imports every message that is neither
 * stored nor settled: the listing missed it, and the receipt counts it as `repaired`.
 */
export async function comparePage(run: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<PageEnd> {
  const { stretch } = run;
  const facts = windowFacts(stretch, row, scope);
  const reason = facts.reason === 'requested' ? 'requested' : 'comparison';
  const window = windowToList({ ...facts, reason, to: comparedTo(stretch, scope, facts) }, stretch.headsAt);
  try {
    const page = await listWindowCarefully(run, scope, window);
    if (page === null) return 'unfinished';
    await followListing(run, scope, { from: scope.position, to: page.position, items: page.items });
    const items = await leaveWhatCameSince(stretch, scope, page.items);
    return await importWithCare(run, {
      row,
      scope,
      facts,
      items: row.audit ? await leaveQuarantined(stretch, scope, items) : items,
      window,
      stage: 'comparing',
      advance: (tx) => moveScope(tx, scope, page.position === null ? { state: 'done' } : { position: page.position }),
    });
  } catch (error) {
    if (!isExpired(error) || !run.noteExpired(scope.scope)) throw error;
    await beginAgain(stretch, scope);
    return 'unfinished';
  }
}

/**
 * The comparison ends at the head. Dates of a provider that tells no time cannot be compared with our clock: one that
 * is ahead would hide missed mail. There everything is listed, and the cursor shows which messages came since.
 */
function comparedTo({ session }: Stretch, { headAt }: ImportScopeRow, { reason, to }: WindowFacts): Date | null {
  const wasAskedFor = reason === 'requested' && to !== null;
  return session.comesAfter && !wasAskedFor ? null : (to ?? headAt);
}

/** The next listing brings it, so it was not missed. */
async function leaveWhatCameSince(
  { session, context, channel }: Stretch,
  { scope, tenantId }: ImportScopeRow,
  items: ListedItem[],
): Promise<ListedItem[]> {
  if (!session.comesAfter || items.length === 0) return items;
  const cursor = await context.database.inTenant(tenantId, (tx) => findCursor(tx, channel.id, scope));
  // Of a void cursor nothing is after: the import that lists anew has not reached this part.
  const isVoid = cursor === null || cursor === VOID_CURSOR;
  return items.filter((item) => isVoid || !session.comesAfter?.(cursor, item));
}

/** A quarantined message counts as known: an audit that retried it would fail on it every day. */
async function leaveQuarantined(
  { context, channel }: Stretch,
  scope: ImportScopeRow,
  items: ListedItem[],
): Promise<ListedItem[]> {
  const ids = items.map(({ providerId }) => providerId);
  const place = { channelId: channel.id, scope: scope.scope };
  const held = await context.database.inTenant(scope.tenantId, (tx) => findQuarantined(tx, place, ids));
  const keys = new Set(held.map((item) => keyOf(item)));
  return items.filter((item) => !keys.has(keyOf(item)));
}

/** The provider no longer knows the position of the listing. */
async function beginAgain({ context, importId }: Stretch, scope: ImportScopeRow): Promise<void> {
  const moved = await context.database.inTenant(scope.tenantId, (tx) => moveScope(tx, scope, { position: null }));
  if (!moved) throw new ImportOvertaken(importId);
}
