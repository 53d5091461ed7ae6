import { listCursors } from '../db/imports/cursors.ts';
import type { CursorRow } from '../db/imports/cursors.ts';
import { lockChannel } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertImportScopes, listImportScopes, moveScope } from '../db/imports/scopes.ts';
import type { ImportScopeRow, NewImportScope } from '../db/imports/scopes.ts';
import { skipVanishedItems } from '../db/imports/items.ts';
import { findImport, updateImport } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { listSetAside, listUnlisted } from '../db/imports/set-aside.ts';
import { defaultFrom } from '../domain/import-window.ts';
import type { ScopeHead } from '../providers/contract.ts';
import { isKnownWhole, stateToKeep } from './audit-states.ts';
import { headTime, latest } from './heads.ts';
import { tellOfGap, tellOfStart } from './events.ts';
import { isRoutine } from './import-run.ts';
import { ownedFrom } from './window.ts';
import type { Stretch } from './import-run.ts';

/**
 * Makes an import's plan agree with the account as it is now: a scope for every part that has something to list, none
 * for what is gone, a beginning and an end for its window. Safe to repeat, and done at the beginning of every stretch.
 */
export async function prepareScopes(tx: Transaction, stretch: Stretch): Promise<void> {
  const { context, channel, importId } = stretch;
  const locked = await lockChannel(tx, channel.id);
  const row = locked && (await findImport(tx, importId));
  // A replay lists nothing.
  if (row?.state !== 'running') return;
  const scopes = await listImportScopes(tx, importId);
  const cursors = new Map((await listCursors(tx, channel.id)).map((cursor) => [cursor.scope, cursor]));
  const left = new Set([...scopes.map(({ scope }) => scope), ...(await leftToOthers(tx, row))]);
  const added = stretch.heads
    .filter(({ scope }) => !left.has(scope))
    .flatMap((head) => plan(stretch, row, head, cursors));
  await insertImportScopes(tx, added);
  await leaveVanished(tx, stretch, scopes);
  await renewHeads(tx, stretch, scopes);
  const withWindow = await fillWindow(tx, stretch, row);
  await tellOfBeginning(tx, stretch, withWindow, {
    isNew: scopes.length === 0,
    isOpen: row.windowTo === null,
    now: await context.clock.now(),
  });
}

/** What a routine leaves to the import that had to set it aside; somebody who asks has it tried at once. */
async function leftToOthers(tx: Transaction, row: ImportRow): Promise<string[]> {
  if (row.audit) return (await listSetAside(tx, row.channelId)).map(({ scope }) => scope);
  return isRoutine(row) ? listUnlisted(tx, row.channelId) : [];
}

/**
 * A reauthorization opens the gap that the import is to close, also when it has found one under way. A poll or an audit
 * tells nobody before it has become more than that.
 */
async function tellOfBeginning(
  tx: Transaction,
  stretch: Stretch,
  row: ImportRow,
  { isNew, isOpen, now }: { isNew: boolean; isOpen: boolean; now: Date },
): Promise<void> {
  const reauthorized = row.cause === 'reauthorized' || row.cause === 'access_changed';
  if (reauthorized && (isNew || isOpen)) await tellOfGap(tx, row, 'reauthorized', now);
  if (!row.audit && !stretch.inline) await tellOfStart(tx, row, now);
}

/** How a part of the account is listed: after its cursor, or by a window when it has none or none is to be moved. */
function plan(stretch: Stretch, row: ImportRow, head: ScopeHead, cursors: Map<string, CursorRow>): NewImportScope[] {
  const cursor = row.movesCursor ? (cursors.get(head.scope)?.cursor ?? null) : null;
  const nothingNew = cursor !== null && cursor === head.cursor;
  if (nothingNew && isRoutine(row)) return [];
  const known = cursors.get(head.scope);
  if (row.audit && isKnownWhole(stretch, row, head, known)) return [];
  return [
    {
      importId: row.id,
      scope: head.scope,
      channelId: row.channelId,
      tenantId: row.tenantId,
      name: head.name,
      listing: cursor === null ? windowKind(row, cursors) : 'changes',
      fromCursor: cursor,
      headCursor: row.movesCursor ? head.cursor : null,
      headAt: headTime(head, stretch.headsAt),
      headState: row.audit ? stateToKeep(stretch, head, known) : null,
      position: null,
      state: nothingNew || row.audit ? 'comparing' : 'listing',
    },
  ];
}

/** Without any cursor the whole channel begins; beside others, a folder that has come into being is all new. */
function windowKind(row: ImportRow, cursors: Map<string, CursorRow>): 'window' | 'begin' {
  return row.movesCursor && cursors.size === 0 ? 'begin' : 'window';
}

/** A folder that is gone has nothing more to give; its cursor stays, should it come back. */
async function leaveVanished(tx: Transaction, stretch: Stretch, scopes: ImportScopeRow[]): Promise<void> {
  const there = new Set(stretch.heads.map(({ scope }) => scope));
  for (const scope of scopes) {
    if (there.has(scope.scope) || scope.state === 'done') continue;
    await skipVanishedItems(tx, stretch.importId, scope.scope);
    await moveScope(tx, scope, { state: 'done', headState: null });
  }
}

/** Parts that were opened again are complete up to now, not up to when they were listed first. */
async function renewHeads(tx: Transaction, stretch: Stretch, scopes: ImportScopeRow[]): Promise<void> {
  for (const scope of scopes) {
    const head = scope.headAt === null ? stretch.heads.find((head) => head.scope === scope.scope) : undefined;
    if (head) await moveScope(tx, scope, { headAt: headTime(head, stretch.headsAt) });
  }
}

/** An import that moves the cursor is about everything up to its heads; a requested window ends when it was listed. */
async function fillWindow(tx: Transaction, stretch: Stretch, row: ImportRow): Promise<ImportRow> {
  const { channel, provider } = stretch;
  const covered = channel.coveredUntil ?? channel.createdAt;
  const owned = { overlapMs: provider.capabilities.windowOverlapMs, ownedFrom: ownedFrom(channel) };
  const window = {
    windowFrom: row.windowFrom ?? (row.movesCursor ? covered : defaultFrom(covered, owned)),
    windowTo: row.windowTo ?? (row.movesCursor ? latestHead(stretch) : null),
  };
  if (row.windowFrom === null || row.windowTo === null) await updateImport(tx, row.id, window);
  return { ...row, ...window };
}

function latestHead({ heads, headsAt }: Stretch): Date {
  return latest(heads.map((head) => headTime(head, headsAt))) ?? headsAt;
}
