import { and, asc, eq, inArray, isNotNull, isNull, lte, ne, not, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { ABSENT, isOpen, MAX_TRIES, nextRetry } from './items.ts';
import type { ImportItemRow, NewImportItem } from './items.ts';
import { importItems, importScopes, imports } from '../schema/imports.ts';

/** `unfetchable`: the provider does not return it. `unparseable`: it breaks our reader. */
export type QuarantineReason = 'unfetchable' | 'unparseable';

/** Written before a try that may kill the process; an item that still has it was being tried when the process died. */
const INTERRUPTED = 'worker_lost';

export type QuarantineKey = Pick<ImportItemRow, 'importId' | 'scope' | 'generation' | 'providerId'>;

export const isItem = ({ importId, scope, generation, providerId }: QuarantineKey) =>
  and(
    eq(importItems.importId, importId),
    eq(importItems.scope, scope),
    eq(importItems.generation, generation),
    eq(importItems.providerId, providerId),
  );

/** A message that is being replayed has no time of its next try. */
const isStillTried = or(isNotNull(importItems.retryAt), importItems.replay);

/**
 * From when on the earliest import listed that has a message in quarantine which is still tried; null: none has. Requested
 * windows do not count: they may begin years ago.
 */
export async function findQuarantineBeginning(tx: Transaction, channelId: string): Promise<Date | null> {
  const [row] = await tx
    .select({ windowFrom: imports.windowFrom })
    .from(importItems)
    .innerJoin(imports, eq(imports.id, importItems.importId))
    .where(and(eq(importItems.channelId, channelId), isStillTried, eq(imports.movesCursor, true)))
    .orderBy(asc(imports.windowFrom))
    .limit(1);
  return row?.windowFrom ?? null;
}

/**
 * The account is at another place: the ids of messages that were never fetched mean nothing there. What is still tried is
 * listed again by its date (`findQuarantineBeginning`). All others stay in quarantine, where nothing tries them by itself; so
 * does content that is kept for the parser.
 */
export async function leaveQuarantine(tx: Transaction, channelId: string): Promise<void> {
  const isUnfetchable = and(eq(importItems.channelId, channelId), sql`${importItems.skipReason} = 'unfetchable'`);
  const moving = tx
    .select({ id: imports.id })
    .from(imports)
    .where(and(eq(imports.channelId, channelId), eq(imports.movesCursor, true)));
  await tx
    .update(importItems)
    .set({ skipReason: 'gone', retryAt: null, replay: false })
    .where(and(isUnfetchable, isStillTried, inArray(importItems.importId, moving)));
  await tx.update(importItems).set({ retryAt: null, replay: false }).where(isUnfetchable);
}

/** Counts a try before it is made: should it kill the process, the count says so to the next one. Returns the count. */
export async function countTry(tx: Transaction, item: Omit<NewImportItem, 'tries' | 'lastError'>): Promise<number> {
  const [counted] = await tx
    .insert(importItems)
    .values({ ...item, tries: 1, lastError: INTERRUPTED })
    .onConflictDoUpdate({
      target: [importItems.importId, importItems.scope, importItems.generation, importItems.providerId],
      set: {
        tries: sql`${importItems.tries} + 1`,
        lastError: INTERRUPTED,
        triedAt: sql`case when ${importItems.lastError} = ${ABSENT} then ${importItems.triedAt} else excluded.tried_at end`,
      },
      setWhere: isOpen,
    })
    .returning({ tries: importItems.tries });
  return counted?.tries ?? 0;
}

/** Takes a try back that failed for a reason other than the message. */
export async function uncountTry(tx: Transaction, item: QuarantineKey): Promise<void> {
  await tx
    .update(importItems)
    .set({ tries: sql`greatest(${importItems.tries} - 1, 0)`, lastError: null })
    .where(and(isItem(item), isOpen, eq(importItems.lastError, INTERRUPTED)));
}

/** Deletes the record of an item that turned out to lie outside the window. */
export async function forgetTry(tx: Transaction, item: QuarantineKey): Promise<void> {
  await tx
    .delete(importItems)
    .where(and(isItem(item), isNull(importItems.outcome), eq(importItems.lastError, INTERRUPTED)));
}

/** Records a failed try; the last one quarantines the message. */
export async function noteFailedTry(
  tx: Transaction,
  item: QuarantineKey,
  failure: { reason: QuarantineReason; code: string; now: Date; parserVersion: number },
): Promise<void> {
  await tx
    .update(importItems)
    .set({ lastError: failure.code, triedAt: failure.now })
    .where(and(isItem(item), isOpen));
  await quarantine(tx, isItem(item), failure);
}

/** Quarantines items whose every try killed the process, so that no failure was recorded. */
export async function quarantineInterrupted(
  tx: Transaction,
  importId: string,
  { now, parserVersion }: { now: Date; parserVersion: number },
): Promise<void> {
  const isInterrupted = and(eq(importItems.importId, importId), eq(importItems.lastError, INTERRUPTED));
  await quarantine(tx, isInterrupted, { reason: 'unparseable', now, parserVersion });
}

interface Quarantining {
  reason: QuarantineReason;
  now: Date;
  parserVersion: number;
}

async function quarantine(
  tx: Transaction,
  which: SQL | undefined,
  { reason, now, parserVersion }: Quarantining,
): Promise<void> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const since = sql`coalesce(${importItems.quarantinedAt}, ${at})`;
  await tx
    .update(importItems)
    .set({
      outcome: 'skipped',
      skipReason: reason,
      replay: false,
      quarantinedAt: since,
      retryAt: reason === 'unfetchable' ? nextRetry(since, at) : null,
      parserVersion: reason === 'unparseable' ? parserVersion : null,
    })
    .where(and(which, isOpen, sql`${importItems.tries} >= ${MAX_TRIES}`));
}

export interface Quarantined {
  importId: string;
  scope: string;
  generation: string;
  providerId: string;
  folder: string | null;
  reason: QuarantineReason;
  tries: number;
  lastError: string | null;
  since: Date;
  replaying: boolean;
}

const isQuarantined = sql`${importItems.skipReason} in ('unfetchable', 'unparseable')`;

/** The quarantined messages of one import, or of all imports of a channel, by key. */
export async function listQuarantine(
  tx: Transaction,
  {
    channelId,
    importId,
    after,
    limit,
  }: { channelId: string; importId?: string; after: QuarantineKey | null; limit: number },
): Promise<Quarantined[]> {
  const key = sql`(${importItems.importId}, ${importItems.scope}, ${importItems.generation}, ${importItems.providerId})`;
  const rows = await tx
    .select({ item: importItems, folder: importScopes.name })
    .from(importItems)
    .innerJoin(
      importScopes,
      and(eq(importScopes.importId, importItems.importId), eq(importScopes.scope, importItems.scope)),
    )
    .where(
      and(
        eq(importItems.channelId, channelId),
        importId === undefined ? undefined : eq(importItems.importId, importId),
        isQuarantined,
        after === null
          ? undefined
          : sql`${key} > (${after.importId}, ${after.scope}, ${after.generation}, ${after.providerId})`,
      ),
    )
    .orderBy(
      asc(importItems.importId),
      asc(importItems.scope),
      asc(importItems.generation),
      asc(importItems.providerId),
    )
    .limit(limit);
  return rows.map(({ item, folder }) => ({
    importId: item.importId,
    scope: item.scope,
    generation: item.generation,
    providerId: item.providerId,
    folder,
    reason: item.skipReason as QuarantineReason,
    tries: item.tries,
    lastError: item.lastError,
    since: item.triedAt ?? item.listedAt,
    replaying: item.replay,
  }));
}

/**
 * Opens quarantined messages of an import for three more tries; null: all of them. Meanwhile they stay counted as
 * skipped, so that the receipt adds up at every moment. Returns how many there are.
 */
export async function openQuarantine(
  tx: Transaction,
  importId: string,
  items: QuarantineKey[] | null,
): Promise<number> {
  if (items !== null && items.length === 0) return 0;
  const opened = await tx
    .update(importItems)
    .set({ replay: true, tries: 0, retryAt: null })
    .where(
      and(
        eq(importItems.importId, importId),
        isQuarantined,
        items === null ? undefined : or(...items.map((item) => isItem(item))),
      ),
    )
    .returning({ providerId: importItems.providerId });
  if (opened.length > 0) {
    await tx.update(imports).set({ replaying: true, replayAsked: true }).where(eq(imports.id, importId));
  }
  return opened.length;
}

/** How many due messages are opened in one turn; the next poll opens more. */
const DUE_AT_ONCE = 100;

export interface Looking {
  now: Date;
  /** What an older parser could not read is due. */
  parserVersion: number;
}

const isDue = (channelId: string, { now, parserVersion }: Looking) =>
  and(
    eq(importItems.channelId, channelId),
    isQuarantined,
    or(
      lte(importItems.retryAt, now),
      and(
        eq(importItems.skipReason, 'unparseable'),
        eq(importItems.replay, false),
        sql`coalesce(${importItems.parserVersion}, 0) < ${parserVersion}`,
      ),
    ),
  );

/** An import that goes on tries its messages by itself. */
const hasEnded = and(ne(imports.state, 'running'), not(imports.owed));

/** Whether a message of the channel in quarantine is to be tried again by itself. */
export async function hasDueQuarantine(tx: Transaction, channelId: string, looking: Looking): Promise<boolean> {
  const due = isDue(channelId, looking);
  const found = await tx
    .select({ at: importItems.retryAt })
    .from(importItems)
    .innerJoin(imports, eq(imports.id, importItems.importId))
    .where(and(due, hasEnded))
    .limit(1);
  return found.length > 0;
}

/**
 * Opens due messages in quarantine for one more try, of imports that have ended. Should nothing come of it, each
 * returns to quarantine, with its next time.
 */
export async function openDueQuarantine(tx: Transaction, channelId: string, looking: Looking): Promise<string[]> {
  const due = await tx
    .select({ key: keyColumns })
    .from(importItems)
    .innerJoin(imports, eq(imports.id, importItems.importId))
    .where(and(isDue(channelId, looking), hasEnded))
    .orderBy(asc(importItems.retryAt))
    .limit(DUE_AT_ONCE);
  if (due.length === 0) return [];
  await tx
    .update(importItems)
    .set({ replay: true, tries: MAX_TRIES - 1, retryAt: null })
    .where(or(...due.map(({ key }) => isItem(key))));
  const importIds = [...new Set(due.map(({ key }) => key.importId))];
  await tx.update(imports).set({ replaying: true }).where(inArray(imports.id, importIds));
  return importIds;
}

const keyColumns = {
  importId: importItems.importId,
  scope: importItems.scope,
  generation: importItems.generation,
  providerId: importItems.providerId,
};

/** Ends the replay of imports, with any result. Returns how many messages left the quarantine. */
export async function endReplay(tx: Transaction, importIds: string[]): Promise<number> {
  if (importIds.length === 0) return 0;
  const ofThem = inArray(importItems.importId, importIds);
  await tx
    .update(importItems)
    .set({ replay: false, retryAt: nextRetry(sql`${importItems.quarantinedAt}`, sql`${importItems.triedAt}`) })
    .where(and(ofThem, importItems.replay));
  const left = await tx
    .update(importItems)
    .set({ quarantinedAt: null })
    .where(and(ofThem, isNotNull(importItems.quarantinedAt), sql`not coalesce(${isQuarantined}, false)`))
    .returning({ providerId: importItems.providerId });
  await tx.update(imports).set({ replaying: false, replayAsked: false }).where(inArray(imports.id, importIds));
  return left.length;
}

/** Of these ids of a folder, the quarantined ones, which an audit leaves alone. */
export async function findQuarantined(
  tx: Transaction,
  { channelId, scope }: { channelId: string; scope: string },
  providerIds: string[],
): Promise<Pick<QuarantineKey, 'generation' | 'providerId'>[]> {
  if (providerIds.length === 0) return [];
  return tx
    .select({ generation: importItems.generation, providerId: importItems.providerId })
    .from(importItems)
    .where(
      and(
        eq(importItems.channelId, channelId),
        eq(importItems.scope, scope),
        inArray(importItems.providerId, providerIds),
        isQuarantined,
      ),
    );
}
