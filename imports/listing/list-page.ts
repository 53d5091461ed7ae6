import { findCursor, insertCursors, moveCursor, VOID_CURSOR } from '../../db/imports/cursors.ts';
import { lockChannel, updateChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { listImportScopes, moveScope } from '../../db/imports/scopes.ts';
import type { ImportScopeRow } from '../../db/imports/scopes.ts';
import { updateImport } from '../../db/imports/imports.ts';
import type { ImportRow } from '../../db/imports/imports.ts';
import { windowToList } from '../../domain/import-window.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { PartRefused, ProviderError } from '../../domain/verdict.ts';
import type { WindowPage } from '../../providers/contract.ts';
import { tellOfGap } from '../events.ts';
import { headTime } from '../heads.ts';
import { importWithCare } from '../fetching/fetch-carefully.ts';
import { ImportOvertaken, requireSameAccess } from '../import-run.ts';
import type { ImportRun, PageEnd, Stretch } from '../import-run.ts';
import { isFallback, windowFacts } from '../window.ts';
import { followListing } from './follow-listing.ts';
import { listCarefully, listWindowCarefully } from './list-carefully.ts';

/** Lists and imports one page of a scope. After an expired cursor the scope continues as a window of time. */
export async function listPage(run: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<PageEnd> {
  try {
    return await (scope.listing === 'changes' ? listChangePage(run, row, scope) : listWindowPage(run, row, scope));
  } catch (error) {
    if (!isExpired(error) || !run.noteExpired(scope.scope)) throw error;
    await fallBackToWindow(run.stretch, row, scope);
    return 'unfinished';
  }
}

const COMPARED_NEXT = { position: null, state: 'comparing' } as const;

async function listChangePage(run: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<PageEnd> {
  const { context, session } = run.stretch;
  const cursor = row.owed
    ? (scope.position ?? VOID_CURSOR)
    : await context.database.inTenant(row.tenantId, (tx) => findCursor(tx, row.channelId, scope.scope));
  if (cursor === null) {
    // An import that owes this part has begun it again.
    await fallBackToWindow(run.stretch, row, scope);
    return 'unfinished';
  }
  const list = (limit: number) => session.listChanges(scope, cursor, limit);
  const page = run.takeListed(scope.scope, cursor) ?? (await listCarefully(run, scope, list));
  if (page === null) return 'unfinished';
  await followListing(run, scope, { from: cursor, to: page.more ? page.cursor : null, items: page.items });
  return importWithCare(run, {
    row,
    scope,
    facts: windowFacts(run.stretch, row, scope),
    items: page.items,
    window: null,
    stage: 'listing',
    async advance(tx, now) {
      const { channelId } = row;
      if (row.owed) return moveScope(tx, scope, page.more ? { position: page.cursor } : COMPARED_NEXT);
      const moved = await moveCursor(tx, { channelId, scope: scope.scope, replaces: cursor, cursor: page.cursor, now });
      return moved && (page.more ? forgetWalk(tx, scope) : moveScope(tx, scope, COMPARED_NEXT));
    },
  });
}

/** A walk to the head (walk.ts) began at the cursor before, and another one begins at the new one. */
async function forgetWalk(tx: Transaction, scope: ImportScopeRow): Promise<boolean> {
  return scope.position === null || moveScope(tx, scope, { position: null, headCursor: null });
}

async function listWindowPage(run: ImportRun, row: ImportRow, scope: ImportScopeRow): Promise<PageEnd> {
  const facts = windowFacts(run.stretch, row, scope);
  const window = windowToList(facts, run.stretch.headsAt);
  const page = await listWindowCarefully(run, scope, window);
  if (page === null) return 'unfinished';
  await followListing(run, scope, { from: scope.position, to: page.position, items: page.items });
  return importWithCare(run, {
    row,
    scope,
    facts,
    items: page.items,
    window,
    stage: 'listing',
    async advance(tx, now) {
      if (scope.position === null) await addEstimate(tx, row, page);
      if (page.position !== null) return moveScope(tx, scope, { position: page.position });
      const moved = await moveScope(tx, scope, COMPARED_NEXT);
      return moved && (!row.movesCursor || row.owed || makeHeadTheCursor(tx, row, scope, now));
    },
  });
}

/** The head was taken before the window was listed, so nothing lies between them (rule 9). */
async function makeHeadTheCursor(tx: Transaction, row: ImportRow, scope: ImportScopeRow, now: Date): Promise<boolean> {
  if (scope.headCursor === null) throw new Error(`Scope ${scope.scope} of import ${row.id} has no head to move to`);
  const place = { channelId: row.channelId, scope: scope.scope };
  if (scope.fromCursor !== null) {
    return moveCursor(tx, { ...place, replaces: scope.fromCursor, cursor: scope.headCursor, now });
  }
  const { tenantId, channelId } = row;
  const head = { scope: scope.scope, name: scope.name, cursor: scope.headCursor };
  await insertCursors(tx, { tenantId, channelId, now }, [head]);
  return (await findCursor(tx, channelId, scope.scope)) === scope.headCursor;
}

async function addEstimate(tx: Transaction, row: ImportRow, { estimate }: WindowPage): Promise<void> {
  if (estimate !== null) await updateImport(tx, row.id, { estimate: (row.estimate ?? 0) + estimate });
}

/**
 * The provider no longer knows the cursor, or renumbered the folder: everything from *covered until* minus an overlap
 * is listed by date (rule 10). The head that becomes the cursor was taken before that.
 */
export async function fallBackToWindow(stretch: Stretch, row: ImportRow, scope: ImportScopeRow): Promise<void> {
  const { context, heads, headsAt } = stretch;
  const head = heads.find((head) => head.scope === scope.scope);
  if (!head && stretch.aside.some(({ scope: aside }) => aside === scope.scope)) throw refusedNow();
  if (!head) throw new ImportOvertaken(row.id);
  await context.database.inTenant(row.tenantId, async (tx) => {
    const now = await context.clock.now();
    const channel = await lockChannel(tx, row.channelId); // first, as every commit of a page does
    if (channel) requireSameAccess(stretch, channel);
    const cursor = row.movesCursor ? await findCursor(tx, row.channelId, scope.scope) : null;
    const headCursor = row.movesCursor ? head.cursor : null;
    const listing = scope.listing === 'begin' ? 'begin' : 'window';
    const values = { listing, position: null, fromCursor: replacedBy(row, scope, cursor), headCursor } as const;
    const first = !(await listImportScopes(tx, row.id)).some((scope) => isFallback(row, scope));
    if (!(await moveScope(tx, scope, { ...values, headAt: headTime(head, headsAt) })))
      throw new ImportOvertaken(row.id);
    // A void cursor is of another access, and its gap is told already.
    const isLost = (cursor !== null && cursor !== VOID_CURSOR) || scope.listing !== 'changes';
    if (first && isLost && row.movesCursor && listing === 'window') await tellOfExpiry(tx, row, channel, now);
  });
}

/** The cursor is the polls' once an import has left the lane: the window takes the place of the import's own position. */
function replacedBy({ owed }: ImportRow, { listing, fromCursor }: ImportScopeRow, cursor: string | null) {
  if (!owed) return cursor;
  return listing === 'changes' ? VOID_CURSOR : fromCursor;
}

const refusedNow = () =>
  new PartRefused('The head of a part cannot be taken', verdict('transient', 'provider_unavailable'));

/** How long an expired cursor that was told is not told again, in ms: some servers renumber everything at each login. */
const TOLD_FOR_MS = 24 * 3_600_000;

async function tellOfExpiry(tx: Transaction, row: ImportRow, channel: ChannelRow | null, now: Date): Promise<void> {
  const toldAt = channel?.gapToldAt ?? null;
  if (toldAt !== null && now.getTime() - toldAt.getTime() < TOLD_FOR_MS) return;
  await tellOfGap(tx, row, 'cursor_expired', now);
  await updateChannel(tx, row.channelId, { gapToldAt: now });
}

export function isExpired(error: unknown): boolean {
  return error instanceof ProviderError && error.verdict.kind === 'cursor_expired';
}
