import { findCursor, VOID_CURSOR } from '../../db/imports/cursors.ts';
import { moveScope } from '../../db/imports/scopes.ts';
import type { ImportScopeRow } from '../../db/imports/scopes.ts';
import type { ImportRow } from '../../db/imports/imports.ts';
import { windowToList } from '../../domain/import-window.ts';
import { importWithCare } from '../fetching/fetch-carefully.ts';
import { lockRunning } from '../fetching/import-page.ts';
import { ImportOvertaken, isOver, PAGE_ITEMS } from '../import-run.ts';
import type { ImportRun, PageEnd } from '../import-run.ts';
import { windowFacts } from '../window.ts';
import { listCarefully } from './list-carefully.ts';
import { fallBackToWindow, isExpired } from './list-page.ts';
import { ListingTrail } from './trail.ts';

/** How far back every stretch of a walk looks for new mail; the window after the walk brings the rest. */
const COVER_MS = 6 * 3_600_000;

/**
 * A part without a cursor at a provider that tells none as of now: its head is the end of a walk. An import that has left
 * the lane makes no head the cursor.
 */
export function isWalking(row: ImportRow, { listing, headCursor, state }: ImportScopeRow): boolean {
  return row.movesCursor && !row.owed && state === 'listing' && listing !== 'changes' && headCursor === null;
}

/** Whether a part has no head from which polls could go on beside its import. */
export const lacksHead = ({ state, headCursor, retryAt }: ImportScopeRow): boolean =>
  state === 'listing' && headCursor === null && retryAt === null;

/**
 * One page of the walk to a part's head. It imports nothing: the window is listed after it, and makes the head the
 * cursor last, as with a head that was taken at once (rule 9). The walk of a listing of changes begins at its cursor,
 * and only an import that leaves the lane needs it.
 */
export async function walkPage(run: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<PageEnd> {
  const { stretch } = run;
  const { context, session } = stretch;
  const walk = session.walk?.bind(session);
  if (!walk) throw new Error('A provider that tells no cursor as of now has to have sessions that walk to one');
  const isOfChanges = scope.listing === 'changes';
  const from = isOfChanges ? await walkedFrom(run, row, scope) : scope.position;
  const page = await listCarefully(run, scope, (limit) => walk(scope, from, limit)).catch((error: unknown) => {
    if (!isExpired(error) || !run.noteExpired(scope.scope)) throw error;
    return 'expired' as const;
  });
  if (page === null) return 'unfinished';
  if (page === 'expired' && isOfChanges) {
    await fallBackToWindow(run.stretch, row, scope);
    return 'unfinished';
  }
  // The provider has forgotten how far it was: the walk begins again.
  const { position, cursor } = page === 'expired' ? { position: null, cursor: null } : page;
  run.trailOf(`walk ${scope.listing} ${scope.scope}`).step(from, position);
  await context.database.inTenant(row.tenantId, async (tx) => {
    await lockRunning(tx, stretch, { row });
    // The position of a walk through changes stays at its end, so that a page that moves the cursor voids both.
    const values = {
      position: position ?? (isOfChanges ? cursor : null),
      ...(cursor !== null && { headCursor: cursor }),
    };
    if (!(await moveScope(tx, scope, values))) throw new ImportOvertaken(row.id);
  });
  return 'whole';
}

/** How far the walk through changes is; at first, the cursor. */
async function walkedFrom({ stretch }: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<string> {
  const { database } = stretch.context;
  const cursor = await database.inTenant(row.tenantId, (tx) => findCursor(tx, row.channelId, scope.scope));
  return scope.position ?? cursor ?? VOID_CURSOR;
}

/**
 * Imports what has come to a part lately, while some part is walked: that may take hours, and new mail does not wait
 * for it. No position is kept, for the window after the walk lists all of it again.
 */
export async function coverByWindow(run: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<PageEnd> {
  const { stretch } = run;
  const at = stretch.heads.find((head) => head.scope === scope.scope)?.at ?? stretch.headsAt;
  const facts = windowFacts(stretch, row, scope);
  const whole = windowToList(facts, stretch.headsAt);
  const window = { ...whole, from: new Date(Math.max(whole.from.getTime(), at.getTime() - COVER_MS)) };
  const trail = new ListingTrail();
  for (let position: string | null = null; ;) {
    const page = await stretch.session.listWindow(scope, window, position, PAGE_ITEMS);
    trail.step(position, page.position);
    const work = { row, scope, facts, items: page.items, window, stage: 'listing', advance: async () => true } as const;
    const end = await importWithCare(run, work);
    if (end !== 'whole' || page.position === null) return end;
    if (isOver(stretch)) return 'unfinished';
    ({ position } = page);
  }
}
