import { listCursors } from '../db/imports/cursors.ts';
import type { CursorRow } from '../db/imports/cursors.ts';
import { lockChannel } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertImportScopes, listImportScopes, moveScope } from '../db/imports/scopes.ts';
import type { ImportScopeRow, NewImportScope } from '../db/imports/scopes.ts';
import { skipVanishedItems } from '../db/imports/items.ts';
import { findImport, updateImport } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { giveCursorBack } from '../db/imports/owed.ts';
import { listPartsAside } from '../db/imports/parts-aside.ts';
import { listSetAside, listUnlisted } from '../db/imports/set-aside.ts';
import { defaultFrom } from '../domain/import-window.ts';
import type { ScopeHead } from '../providers/contract.ts';
import { isKnownWhole, stateToKeep } from './audit-states.ts';
import { headTime, latest } from './heads.ts';
import { tellOfGap, tellOfStart } from './events.ts';
import { isRoutine, requireSameAccess } from './import-run.ts';
import { ownedFrom } from './window.ts';
import type { Stretch } from './import-run.ts';

/**
 * Brings an import's plan in line with the account: a scope for every part with something to list, none for a deleted
 * part, a beginning and an end for its window. Idempotent; runs at the beginning of every stretch.
 */
export async function prepareScopes(tx: Transaction, stretch: Stretch): Promise<void> {
  const { context, channel, importId } = stretch;
  const locked = await lockChannel(tx, channel.id);
  if (locked) requireSameAccess(stretch, locked);
  const row = locked && (await findImport(tx, importId));
  // A replay lists nothing.
  if (!row || (row.state !== 'running' && !row.owed)) return;
  const scopes = await listImportScopes(tx, importId);
  const cursors = new Map((await listCursors(tx, channel.id)).map((cursor) => [cursor.scope, cursor]));
  const left = new Set([...scopes.map(({ scope }) => scope), ...(await leftToOthers(tx, row))]);
  const returned = new Set((await listPartsAside(tx, channel.id)).map(({ scope }) => scope));
  // Polls begin the parts that are new since an import has left the lane.
  const added = (row.owed ? [] : [...stretch.heads, ...refusedHeads(stretch, row, cursors)])
    .filter(({ scope }) => !left.has(scope))
    .flatMap((head) => plan(stretch, row, head, { cursors, returned }));
  await insertImportScopes(tx, added);
  await leaveVanished(tx, stretch, row, scopes);
  await renewHeads(tx, stretch, scopes);
  const withWindow = await fillWindow(tx, stretch, row);
  await tellOfBeginning(tx, stretch, withWindow, {
    isNew: scopes.length === 0,
    isOpen: row.windowTo === null,
    now: await context.clock.now(),
  });
}

/**
 * An import with a receipt names the parts that were read before and are refused now: it lists them, and sets them aside.
 */
function refusedHeads(stretch: Stretch, row: ImportRow, cursors: Map<string, CursorRow>): ScopeHead[] {
  if (isRoutine(row)) return [];
  return stretch.aside.flatMap(({ scope, name }) => {
    const known = cursors.get(scope);
    return known ? [{ scope, name, cursor: known.cursor, at: null }] : [];
  });
}

/** Whether a poll or audit leaves a part to the import that set it aside; a requested import tries it at once. */
async function leftToOthers(tx: Transaction, row: ImportRow): Promise<string[]> {
  if (row.audit) return (await listSetAside(tx, row.channelId)).map(({ scope }) => scope);
  return isRoutine(row) ? listUnlisted(tx, row.channelId) : [];
}

/**
 * Emits `gap.detected` and `import.started`. A reauthorization opens the gap, also when it reuses a running import. A
 * poll or an audit emits nothing until it becomes an import of its own.
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

interface Known {
  cursors: Map<string, CursorRow>;
  /** Parts that could not be read before their first cursor, by scope. */
  returned: ReadonlySet<string>;
}

/** How a part is listed: after its cursor, or by a window if it has no cursor or the import moves none. */
function plan(stretch: Stretch, row: ImportRow, head: ScopeHead, { cursors, returned }: Known): NewImportScope[] {
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
      listing: cursor === null ? windowKind(row, head, { cursors, returned }) : 'changes',
      fromCursor: cursor,
      headCursor: row.movesCursor ? head.cursor : null,
      headAt: headTime(head, stretch.headsAt),
      headState: row.audit ? stateToKeep(stretch, head, known) : null,
      position: null,
      state: nothingNew || row.audit ? 'comparing' : 'listing',
    },
  ];
}

/**
 * Without any cursor the whole channel begins; beside others, a folder that has come into being is all new. A part
 * whose first cursor is the end of a walk, or that was refused until now, may have been there at the connection: only
 * what is dated since is the channel's.
 */
function windowKind(row: ImportRow, head: ScopeHead, { cursors, returned }: Known): 'window' | 'begin' {
  const isNew = cursors.size > 0 && head.cursor !== null && !returned.has(head.scope);
  return row.movesCursor && !isNew ? 'begin' : 'window';
}

/** A deleted folder lists nothing; its cursor stays in case it comes back. */
async function leaveVanished(
  tx: Transaction,
  stretch: Stretch,
  { owed }: ImportRow,
  scopes: ImportScopeRow[],
): Promise<void> {
  const there = new Set([...stretch.heads, ...stretch.aside].map(({ scope }) => scope));
  for (const scope of scopes) {
    if (there.has(scope.scope) || scope.state === 'done') continue;
    await skipVanishedItems(tx, stretch.importId, scope.scope);
    if (owed && scope.state === 'listing') await giveCursorBack(tx, scope, await stretch.context.clock.now());
    await moveScope(tx, scope, { state: 'done', headState: null });
  }
}

/** Reopened parts are complete up to now, not up to their first listing. */
async function renewHeads(tx: Transaction, stretch: Stretch, scopes: ImportScopeRow[]): Promise<void> {
  const heads = new Map(stretch.heads.map((head) => [head.scope, head]));
  for (const scope of scopes) {
    const head = scope.headAt === null ? heads.get(scope.scope) : undefined;
    const renewed = scope.listing === 'changes' ? { headCursor: head?.cursor ?? null } : {};
    if (head) await moveScope(tx, scope, { headAt: headTime(head, stretch.headsAt), ...renewed });
  }
}

/** An import that moves the cursor ends at its heads; a requested window ends at its listing. */
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
