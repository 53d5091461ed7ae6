import type { Transaction } from '../db/client.ts';
import { listUnsettledItems } from '../db/imports/items.ts';
import type { ImportItemRow } from '../db/imports/items.ts';
import { listImportScopes } from '../db/imports/scopes.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import { findImport, isUnderWay } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { comparePage, needsComparison } from './listing/comparison.ts';
import { tellOfProgress } from './events.ts';
import { finishImport } from './finish.ts';
import { earliest } from './heads.ts';
import { isAside, reopenParts } from '../db/imports/set-aside.ts';
import { PartRefused } from '../domain/verdict.ts';
import { putAside } from './listing/list-carefully.ts';
import { listPage } from './listing/list-page.ts';
import { coverByWindow, isWalking, lacksHead, walkPage } from './listing/walk.ts';
import { prepareScopes } from './preparation.ts';
import { pauseBeforeLook, retryItems, RETRY_GAP_MS } from './retries.ts';
import { isOver, PAGE_ITEMS } from './import-run.ts';
import type { ImportRun, PageEnd, Stretch } from './import-run.ts';
import { isFallback } from './window.ts';

/** The stretch is over; the next one may begin after `waitMs`. */
interface Advance {
  waitMs: number;
}

const GO_ON: Advance = { waitMs: 0 };
const RETRY_LATER: Advance = { waitMs: RETRY_GAP_MS };

/**
 * Advances an import until it is done or time is over. The next step is read from the rows before every page, so that
 * any stretch can be the first after a crash: list every scope, compare, retry failed items, finish.
 */
export async function advanceImport(run: ImportRun): Promise<Advance> {
  const { stretch } = run;
  const { database } = stretch.context;
  const { tenantId } = stretch.channel;
  let plan = await database.inTenant(tenantId, async (tx) => {
    await prepareScopes(tx, stretch);
    return readPlan(tx, stretch);
  });
  while (plan !== null) {
    const end = await takeStep(run, plan);
    if (end !== null) return end;
    plan = await database.inTenant(tenantId, (tx) => readPlan(tx, stretch));
  }
  return GO_ON;
}

/** One page, or the end of the import. null: the next step may follow in this stretch. */
async function takeStep(run: ImportRun, { row, scopes, unsettled }: Plan): Promise<Advance | null> {
  const { stretch } = run;
  // A reauthorization reopened it: the next stretch begins with new heads.
  if (row.movesCursor && row.windowTo === null) return GO_ON;
  if (stretch.inline && scopes.some((scope) => isFallback(row, scope))) return GO_ON;
  const walking = scopes.filter((scope) => scope.retryAt === null && isWalking(row, scope));
  if (walking.length > 0) return takeWalkStep(run, { row, scopes }, walking);
  const { listing, comparing } = nextToList(row, scopes);
  const retrying = scopes.find(({ scope }) => scope === unsettled[0]?.scope);
  if (retrying && run.hasUnfetched) return RETRY_LATER;
  let end: PageEnd | null = null;
  if (listing) end = await unlessRefused(stretch, listing, () => listPage(run, row, listing));
  else if (comparing) end = await unlessRefused(stretch, comparing, () => comparePage(run, row, comparing));
  else if (retrying) end = await unlessRefused(stretch, retrying, () => lookAgain(run, row, retrying, unsettled));
  else if (row.owed && scopes.some(isAside)) return waitForParts(stretch, scopes);
  else await finishImport(stretch);
  if (end !== null && !row.audit) await tellOfProgress(run, row);
  if (end === 'session_lost') return RETRY_LATER;
  return isOver(stretch) ? GO_ON : null;
}

async function lookAgain(
  run: ImportRun,
  row: ImportRow,
  scope: ImportScopeRow,
  unsettled: ImportItemRow[],
): Promise<PageEnd> {
  await pauseBeforeLook(run.stretch, scope, unsettled);
  return isOver(run.stretch) ? 'unfinished' : retryItems(run, row, scope, unsettled);
}

/** An import that has left the lane, which no poll reopens, tries its parts that are set aside by itself. */
async function waitForParts({ context, importId, channel }: Stretch, scopes: ImportScopeRow[]): Promise<Advance> {
  const now = await context.clock.now();
  await context.database.inTenant(channel.tenantId, (tx) => reopenParts(tx, importId, now));
  const next = earliest(scopes.filter(isAside).flatMap(({ retryAt }) => retryAt ?? []));
  return { waitMs: Math.max(0, (next?.getTime() ?? 0) - now.getTime()) };
}

/** A part that is refused while others are given is set aside at once. */
async function unlessRefused(stretch: Stretch, scope: ImportScopeRow, work: () => Promise<PageEnd>): Promise<PageEnd> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PartRefused)) throw error;
    await putAside(stretch, scope, 'refused');
    return 'unfinished';
  }
}

/** A page of a walk; before the first one of a stretch, what has come to any part meanwhile. */
async function takeWalkStep(
  run: ImportRun,
  { row, scopes }: Pick<Plan, 'row' | 'scopes'>,
  [walking]: ImportScopeRow[],
): Promise<Advance | null> {
  // A part that is gone, or is of an access that the channel has left, cannot be listed.
  const there = new Set(run.stretch.heads.map(({ scope }) => scope));
  const toCover = run.beginCover() ? scopes.filter(({ scope, retryAt }) => retryAt === null && there.has(scope)) : [];
  for (const scope of toCover) {
    const end = await unlessRefused(run.stretch, scope, () => coverByWindow(run, row, scope));
    if (end === 'session_lost') return RETRY_LATER;
    if (isOver(run.stretch)) break; // a page of the walk all the same, or it would never end
  }
  if (walking) await unlessRefused(run.stretch, walking, () => walkPage(run, row, walking));
  return isOver(run.stretch) ? GO_ON : null;
}

/**
 * Walks to the heads that an import lacks before it can leave the lane, until time is over; the next try goes on there. Only
 * ids are listed, so that the message which breaks the import does not break the walk.
 */
export async function walkToHeads(run: ImportRun, row: ImportRow): Promise<void> {
  const { database } = run.stretch.context;
  while (!isOver(run.stretch)) {
    const next = (await database.inTenant(row.tenantId, (tx) => listImportScopes(tx, row.id))).find(lacksHead);
    if (next === undefined) return;
    await unlessRefused(run.stretch, next, () => walkPage(run, row, next));
  }
}

/** The parts to list next, then those to compare; none that is set aside. */
function nextToList(row: ImportRow, scopes: ImportScopeRow[]) {
  const open = scopes.filter(({ retryAt }) => retryAt === null);
  const comparing = needsComparison(row, scopes) ? open.find(({ state }) => state === 'comparing') : undefined;
  return { listing: open.find(({ state }) => state === 'listing'), comparing };
}

interface Plan {
  row: ImportRow;
  scopes: ImportScopeRow[];
  /** Items to retry, once nothing is left to list. */
  unsettled: ImportItemRow[];
}

/** null: the import has ended. */
async function readPlan(tx: Transaction, { importId }: Stretch): Promise<Plan | null> {
  const row = await findImport(tx, importId);
  if (!row || !isUnderWay(row)) return null;
  const scopes = await listImportScopes(tx, importId);
  const { listing, comparing } = nextToList(row, scopes);
  // It reads every item of the import, too much for every page of a large one.
  const isLeft = listing !== undefined || comparing !== undefined;
  const resting = scopes.flatMap(({ scope, retryAt }) => (retryAt === null ? [] : [scope]));
  return { row, scopes, unsettled: isLeft ? [] : await listUnsettledItems(tx, importId, PAGE_ITEMS, resting) };
}
