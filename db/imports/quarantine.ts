import { and, asc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { MAX_TRIES, isOpen } from './items.ts';
import type { ImportItemRow, NewImportItem } from './items.ts';
import { importItems, importScopes, imports } from '../schema/imports.ts';

/** `unfetchable`: the provider does not give it. `unparseable`: it breaks whoever reads it on our side. */
export type QuarantineReason = 'unfetchable' | 'unparseable';

/** Written before a try that may kill the process; what stands there afterwards was at work when it died. */
const INTERRUPTED = 'worker_lost';

export type QuarantineKey = Pick<ImportItemRow, 'importId' | 'scope' | 'generation' | 'providerId'>;

const isItem = ({ importId, scope, generation, providerId }: QuarantineKey) =>
  and(
    eq(importItems.importId, importId),
    eq(importItems.scope, scope),
    eq(importItems.generation, generation),
    eq(importItems.providerId, providerId),
  );

/** Counts a try before it is made: should it kill the process, the count says so to the next one. */
export async function countTry(tx: Transaction, item: Omit<NewImportItem, 'tries' | 'lastError'>): Promise<void> {
  await tx
    .insert(importItems)
    .values({ ...item, tries: 1, lastError: INTERRUPTED })
    .onConflictDoUpdate({
      target: [importItems.importId, importItems.scope, importItems.generation, importItems.providerId],
      set: { tries: sql`${importItems.tries} + 1`, lastError: INTERRUPTED, triedAt: sql`excluded.tried_at` },
      setWhere: isOpen,
    });
}

/** The try came to nothing, for a reason that is not the message's: it does not count. */
export async function uncountTry(tx: Transaction, item: QuarantineKey): Promise<void> {
  await tx
    .update(importItems)
    .set({ tries: sql`greatest(${importItems.tries} - 1, 0)`, lastError: null })
    .where(and(isItem(item), isOpen, eq(importItems.lastError, INTERRUPTED)));
}

/** It was looked at and turned out to be no part of the window: nothing is to be said of it. */
export async function forgetTry(tx: Transaction, item: QuarantineKey): Promise<void> {
  await tx
    .delete(importItems)
    .where(and(isItem(item), isNull(importItems.outcome), eq(importItems.lastError, INTERRUPTED)));
}

/** A counted try has failed; the last one puts the message in quarantine. */
export async function noteFailedTry(
  tx: Transaction,
  item: QuarantineKey,
  failure: { reason: QuarantineReason; code: string; now: Date },
): Promise<void> {
  await tx
    .update(importItems)
    .set({ lastError: failure.code, triedAt: failure.now })
    .where(and(isItem(item), isOpen));
  await quarantine(tx, failure.reason, isItem(item));
}

/** Whatever took the process with it at every try: its tries are used up, and nobody came back to say why. */
export async function quarantineInterrupted(tx: Transaction, importId: string): Promise<void> {
  await quarantine(tx, 'unparseable', and(eq(importItems.importId, importId), eq(importItems.lastError, INTERRUPTED)));
}

async function quarantine(tx: Transaction, reason: QuarantineReason, which: SQL | undefined): Promise<void> {
  await tx
    .update(importItems)
    .set({ outcome: 'skipped', skipReason: reason, replay: false })
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

/** What lies in quarantine, of one import or of the channel's all, in the order of their keys. */
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
    .set({ replay: true, tries: 0 })
    .where(
      and(
        eq(importItems.importId, importId),
        isQuarantined,
        items === null ? undefined : or(...items.map((item) => isItem(item))),
      ),
    )
    .returning({ providerId: importItems.providerId });
  if (opened.length > 0) await tx.update(imports).set({ replaying: true }).where(eq(imports.id, importId));
  return opened.length;
}

/** The replay of an import has ended, whatever became of it. */
export async function endReplay(tx: Transaction, importIds: string[]): Promise<void> {
  if (importIds.length === 0) return;
  await tx
    .update(importItems)
    .set({ replay: false })
    .where(and(inArray(importItems.importId, importIds), importItems.replay));
  await tx.update(imports).set({ replaying: false }).where(inArray(imports.id, importIds));
}

/** Of these ids of a folder, the ones that lie in quarantine already: an audit leaves them there. */
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
