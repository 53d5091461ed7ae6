import { and, asc, desc, eq, ne, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { updateChannel } from '../channels/channels.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { endReplay } from './quarantine.ts';
import { reopenScopes } from './scopes.ts';
import { imports } from '../schema/imports.ts';

export type ImportRow = InferSelectModel<typeof imports>;
type ImportCause = ImportRow['cause'];

/** It runs, in its lane or beside it, or has ended and retries its quarantine. */
export function isUnderWay({ state, owed, replaying }: Pick<ImportRow, 'state' | 'owed' | 'replaying'>): boolean {
  return state === 'running' || owed || replaying;
}

export interface NewImport {
  tenantId: string;
  channelId: string;
  cause: ImportCause;
  /** null: from *covered until*, which is then filled in. */
  windowFrom: Date | null;
  /** null: up to now. An import that moves the cursor always has null: it ends at its heads. */
  windowTo: Date | null;
  /** A requested window never moves the cursor. */
  movesCursor: boolean;
  /** Its messages are marked as backfilled. */
  backfill: boolean;
  /** The daily audit, which has its own lane. */
  audit?: boolean;
  now: Date;
}

/**
 * Queues an import and returns its id; the channel's workflow starts it after its next look. A channel has one lane for
 * imports that move its cursor: if the lane is taken, the running import is returned. A reauthorization takes over the
 * running import: it continues at the same cursor and becomes a reauthorized one, which is compared at its end.
 * Requested windows wait for each other in their own lane; a request for a queued window returns its import. The caller
 * has locked the channel.
 */
export async function queueImport(tx: Transaction, wanted: NewImport): Promise<string> {
  const id = (await findSameRequest(tx, wanted)) ?? (await insertImport(tx, wanted));
  await updateChannel(tx, wanted.channelId, { importState: 'catching_up' });
  if (id !== null) return id;
  const running = await findRunningImport(tx, wanted.channelId);
  if (running === null)
    throw new Error(`The import lane of channel ${wanted.channelId} is taken, but no import runs in it`);
  if (wanted.cause === 'reauthorized' || wanted.cause === 'access_changed') await takeOver(tx, running, wanted);
  return running.id;
}

/** The window as requested: an open end is filled in when its turn comes, which makes it another window. */
async function findSameRequest(tx: Transaction, wanted: NewImport): Promise<string | null> {
  if (wanted.movesCursor) return null;
  const running = await listRequests(tx, wanted.channelId);
  const same = running.find(
    ({ windowFrom, windowTo }) => isSameTime(windowFrom, wanted.windowFrom) && isSameTime(windowTo, wanted.windowTo),
  );
  return same?.id ?? null;
}

const isSameTime = (a: Date | null, b: Date | null) => a?.getTime() === b?.getTime();

const isRequest = ({ state, movesCursor, audit }: ImportRow) => state === 'running' && !movesCursor && !audit;

/** Unfinished requested windows, in the order of their turns. */
export async function listRequests(tx: Transaction, channelId: string): Promise<ImportRow[]> {
  const requested = and(eq(imports.state, 'running'), eq(imports.movesCursor, false), eq(imports.audit, false));
  return tx
    .select()
    .from(imports)
    .where(and(eq(imports.channelId, channelId), requested))
    .orderBy(asc(imports.id));
}

/** A new running import, or null when the channel's lane is taken. */
export async function insertImport(tx: Transaction, wanted: NewImport): Promise<string | null> {
  const { now, ...values } = wanted.movesCursor ? { ...wanted, windowTo: null } : wanted;
  const [row] = await tx
    .insert(imports)
    .values({ id: newId('imp'), state: 'running', startedAt: now, ...values })
    .onConflictDoNothing()
    .returning({ id: imports.id });
  return row?.id ?? null;
}

/** Everything after the cursor is missed by definition, also in folders that this import had finished. */
async function takeOver(tx: Transaction, running: ImportRow, wanted: NewImport): Promise<void> {
  const { cause, backfill } = wanted;
  await updateImport(tx, running.id, { cause, backfill: backfill || running.backfill, windowTo: null, failures: 0 });
  await reopenScopes(tx, running.id);
}

export async function findImport(tx: Transaction, id: string): Promise<ImportRow | null> {
  const [row] = await tx.select().from(imports).where(eq(imports.id, id));
  return row ?? null;
}

/** The import under way that moves the cursor. */
export async function findRunningImport(tx: Transaction, channelId: string): Promise<ImportRow | null> {
  const running = and(eq(imports.channelId, channelId), eq(imports.state, 'running'), eq(imports.movesCursor, true));
  const [row] = await tx.select().from(imports).where(running);
  return row ?? null;
}

/** An import works, in its lane or beside it. */
const goesOn = or(eq(imports.state, 'running'), imports.owed);

/** The beginning of the gap that an import closes, in whole seconds, as providers tell time. */
export async function findOpenGap(tx: Transaction, channelId: string): Promise<Date | null> {
  const inGap = and(eq(imports.movesCursor, true), imports.backfill, goesOn);
  const [first] = await tx
    .select({ windowFrom: imports.windowFrom })
    .from(imports)
    .where(and(eq(imports.channelId, channelId), inGap))
    .orderBy(asc(imports.windowFrom))
    .limit(1);
  if (!first?.windowFrom) return null;
  return new Date(Math.floor(first.windowFrom.getTime() / 1000) * 1000);
}

/** The channel is disconnected: its imports are cancelled. Stored messages and the quarantine stay. */
export async function cancelRunningImport(tx: Transaction, channelId: string, now: Date): Promise<void> {
  await tx
    .update(imports)
    .set({ state: 'cancelled', owed: false, completedAt: now })
    .where(and(eq(imports.channelId, channelId), goesOn));
  await endReplay(
    tx,
    (await listReplaying(tx, channelId)).map(({ id }) => id),
  );
  await updateChannel(tx, channelId, { importState: 'idle' });
}

/**
 * Every import that needs a workflow: the one of each lane whose turn it is, and those that retry their quarantine. The
 * next request's turn comes when the one before signals the channel at its end.
 */
export async function listRunningImports(tx: Transaction, channelId: string): Promise<ImportRow[]> {
  const rows = await tx
    .select()
    .from(imports)
    .where(and(eq(imports.channelId, channelId), or(goesOn, imports.replaying)))
    .orderBy(desc(imports.movesCursor), asc(imports.id));
  const next = rows.find(isRequest);
  return rows.filter((row) => row === next || !isRequest(row));
}

function listReplaying(tx: Transaction, channelId: string): Promise<ImportRow[]> {
  return tx
    .select()
    .from(imports)
    .where(and(eq(imports.channelId, channelId), imports.replaying));
}

/** The last compared import. */
export async function findLastAudited(tx: Transaction, channelId: string): Promise<ImportRow | null> {
  const whole = and(eq(imports.state, 'completed'), eq(imports.compared, true), eq(imports.audit, false));
  const audited = or(eq(imports.state, 'stalled'), whole);
  const [row] = await tx
    .select()
    .from(imports)
    .where(and(eq(imports.channelId, channelId), audited))
    .orderBy(desc(imports.completedAt))
    .limit(1);
  return row ?? null;
}

export async function updateImport(
  tx: Transaction,
  id: string,
  values: Partial<Omit<typeof imports.$inferInsert, 'id' | 'tenantId' | 'channelId'>>,
): Promise<void> {
  await tx.update(imports).set(values).where(eq(imports.id, id));
}

/** Counts one more interruption in a row and returns the count. */
export async function countFailure(tx: Transaction, id: string): Promise<number> {
  const [row] = await tx
    .update(imports)
    .set({ failures: sql`${imports.failures} + 1` })
    .where(eq(imports.id, id))
    .returning({ failures: imports.failures });
  return row?.failures ?? 1;
}

export async function clearFailures(tx: Transaction, id: string): Promise<void> {
  await tx
    .update(imports)
    .set({ failures: 0 })
    .where(and(eq(imports.id, id), ne(imports.failures, 0)));
}

export async function deleteImport(tx: Transaction, id: string): Promise<void> {
  await tx.delete(imports).where(eq(imports.id, id));
}
