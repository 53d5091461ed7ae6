import { and, asc, eq, inArray, isNotNull, lte, ne, not, sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import type { ImportScopeRow } from './scopes.ts';
import type { SetAsideReason } from '../../domain/receipt.ts';
import { importScopes, imports } from '../schema/imports.ts';

/*
 * Parts of an account whose listing does not end or is refused. They are set aside, and with them the import that needed
 * them: it is stalled, everything else goes on, and after a while it is opened again for one more try.
 */

/** A part that is set aside, and the import that waits for it. */
export interface SetAside {
  importId: string;
  scope: string;
  name: string | null;
  /** What it was set aside in. */
  state: ImportScopeRow['state'];
  since: Date;
  retryAt: Date;
  reason: SetAsideReason;
  /** Listed messages of it that are not settled. */
  count: number;
  movesCursor: boolean;
  audit: boolean;
}

const isSetAside = and(isNotNull(importScopes.retryAt), ne(importScopes.state, 'done'));

/** Whether a part of an import waits for a later try. */
export const hasPartAside = sql`exists (
  select 1 from import_scopes scope
  where scope.import_id = ${imports.id} and scope.retry_at is not null and scope.state <> 'done'
)`;

const isScope = ({ importId, scope }: Pick<ImportScopeRow, 'importId' | 'scope'>) =>
  and(eq(importScopes.importId, importId), eq(importScopes.scope, scope));

/**
 * How many listings of it, in a row, were begun and did not end. Written before one is begun, and again once it ended.
 */
export async function noteListing(
  tx: Transaction,
  scope: Pick<ImportScopeRow, 'importId' | 'scope'>,
  values: Partial<Pick<ImportScopeRow, 'tries' | 'setAsideAt'>>,
): Promise<void> {
  await tx.update(importScopes).set(values).where(isScope(scope));
}

export async function setAside(
  tx: Transaction,
  scope: Pick<ImportScopeRow, 'importId' | 'scope'>,
  { since, retryAt, reason }: { since: Date; retryAt: Date; reason: SetAsideReason },
): Promise<void> {
  const values = { setAsideAt: since, retryAt, asideReason: reason, tries: 0 };
  await tx.update(importScopes).set(values).where(isScope(scope));
}

/** The same of a part's row. */
export const isAside = ({ retryAt, state }: ImportScopeRow): boolean => retryAt !== null && state !== 'done';

/** What is set aside of a channel, by imports that have ended over it. */
export async function listSetAside(tx: Transaction, channelId: string): Promise<SetAside[]> {
  const mine = and(eq(importScopes.channelId, channelId), eq(imports.state, 'stalled'), not(imports.owed));
  return selectSetAside(tx, mine);
}

/** Parts whose changes are not listed meanwhile: mail that arrives there is not stored yet. */
export async function listUnlisted(tx: Transaction, channelId: string): Promise<string[]> {
  const held = await listSetAside(tx, channelId);
  return held.flatMap(({ scope, state, movesCursor }) => (movesCursor && state === 'listing' ? [scope] : []));
}

export async function listSetAsideOf(tx: Transaction, importIds: string[]): Promise<SetAside[]> {
  return importIds.length === 0 ? [] : selectSetAside(tx, inArray(importScopes.importId, importIds));
}

const unsettled = sql<number>`(
  select count(*)::int from import_items item
  where item.import_id = ${importScopes.importId} and item.scope = ${importScopes.scope} and item.outcome is null
)`;

async function selectSetAside(tx: Transaction, which: ReturnType<typeof and>): Promise<SetAside[]> {
  const rows = await tx
    .select({ scope: importScopes, count: unsettled, movesCursor: imports.movesCursor, audit: imports.audit })
    .from(importScopes)
    .innerJoin(imports, eq(imports.id, importScopes.importId))
    .where(and(isSetAside, which))
    .orderBy(asc(importScopes.importId), asc(importScopes.scope));
  return rows.map(({ scope: row, count, movesCursor, audit }) => {
    const { importId, scope, name, state, setAsideAt, retryAt, asideReason } = row;
    if (retryAt === null) throw new Error(`Scope ${scope} of import ${importId} is set aside without a retry time`);
    const reason = asideReason ?? 'no_answer';
    return { importId, scope, name, state, since: setAsideAt ?? retryAt, retryAt, reason, count, movesCursor, audit };
  });
}

/** Lets an import try the parts again whose time has come. */
export async function reopenParts(tx: Transaction, importId: string, now: Date): Promise<void> {
  await tx
    .update(importScopes)
    .set({ retryAt: null })
    .where(and(eq(importScopes.importId, importId), isSetAside, lte(importScopes.retryAt, now)));
}

/**
 * Opens the import again that has waited longest for a part whose time has come, if its lane is free. It is the same
 * import and goes on where it was.
 */
export async function reopenStalled(tx: Transaction, channelId: string, now: Date): Promise<SetAside | null> {
  const due = (await listSetAside(tx, channelId)).filter(({ retryAt }) => retryAt <= now);
  const running = await tx
    .select({ movesCursor: imports.movesCursor, audit: imports.audit })
    .from(imports)
    .where(and(eq(imports.channelId, channelId), eq(imports.state, 'running')));
  const taken = new Set(running.map((row) => laneOf(row)));
  const next = due.find((aside) => !taken.has(laneOf(aside)));
  if (!next) return null;
  await reopenParts(tx, next.importId, now);
  if (next.movesCursor) await leaveVoidHeads(tx, next.importId);
  await tx.update(imports).set({ state: 'running', failures: 0 }).where(eq(imports.id, next.importId));
  return next;
}

/** A window whose head was to take the place of a cursor that another import has moved since: changes tell the rest. */
async function leaveVoidHeads(tx: Transaction, importId: string): Promise<void> {
  await tx.execute(sql`
    update import_scopes as scope set listing = 'changes', position = null, head_cursor = null, head_at = null
    from cursors as cursor
    where cursor.channel_id = scope.channel_id and cursor.scope = scope.scope and scope.import_id = ${importId}
      and scope.state = 'listing' and scope.listing <> 'changes' and cursor.cursor is distinct from scope.from_cursor`);
}

const laneOf = ({ audit, movesCursor }: { audit: boolean; movesCursor: boolean }) =>
  audit ? 'audit' : movesCursor ? 'cursor' : 'requested';

/** Where the account stood means nothing any more: what is set aside there is not waited for. */
export async function forgetSetAside(tx: Transaction, channelId: string): Promise<void> {
  await tx
    .update(importScopes)
    .set({ retryAt: null })
    .where(and(eq(importScopes.channelId, channelId), isSetAside));
}
