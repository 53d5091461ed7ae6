import { and, eq, isNull, lt, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { idempotencyKeys } from '../schema/tenants.ts';

export type IdempotencyRow = InferSelectModel<typeof idempotencyKeys>;

/** How often a running request renews its key, in ms. */
export const SIGN_OF_WORK_EVERY_MS = 5_000;
/** A request that did not renew its key for this long died with its process; another request may take the key. */
const ABANDONED_AFTER_MS = 4 * SIGN_OF_WORK_EVERY_MS;

/**
 * Takes a key for one request. null: the caller has it and does the work. Otherwise the row of the request that has it,
 * answered or still running.
 */
export async function takeIdempotencyKey(
  tx: Transaction,
  key: { hash: string; requestHash: string; now: Date; expiresAt: Date },
): Promise<IdempotencyRow | null> {
  const { hash, requestHash, now, expiresAt } = key;
  const abandoned = new Date(now.getTime() - ABANDONED_AFTER_MS);
  const fresh = { requestHash, status: null, sealedAnswer: null, atWorkAt: now, expiresAt };
  const taken = await tx
    .insert(idempotencyKeys)
    .values({ hash, ...fresh })
    .onConflictDoUpdate({
      target: idempotencyKeys.hash,
      set: fresh,
      setWhere: sql`${idempotencyKeys.expiresAt} < ${now.toISOString()} or (${idempotencyKeys.status} is null and ${idempotencyKeys.atWorkAt} < ${abandoned.toISOString()})`,
    })
    .returning({ hash: idempotencyKeys.hash });
  if (taken.length > 0) return null;
  const [row] = await tx.select().from(idempotencyKeys).where(eq(idempotencyKeys.hash, hash));
  return row ?? null;
}

/** Renews the key of a running request, so that no other request takes it. */
export async function keepIdempotencyKey(tx: Transaction, hash: string, now: Date): Promise<void> {
  await tx.update(idempotencyKeys).set({ atWorkAt: now }).where(unanswered(hash));
}

/** The first answer stays: a request that lost its key and answers late does not replace it. */
export async function storeIdempotentAnswer(
  tx: Transaction,
  hash: string,
  answer: { status: number; sealedAnswer: string },
): Promise<void> {
  await tx.update(idempotencyKeys).set(answer).where(unanswered(hash));
}

/** Frees the key after a failure that a repetition may heal. */
export async function freeIdempotencyKey(tx: Transaction, hash: string): Promise<void> {
  await tx.delete(idempotencyKeys).where(unanswered(hash));
}

const unanswered = (hash: string) => and(eq(idempotencyKeys.hash, hash), isNull(idempotencyKeys.status));

export async function deleteExpiredIdempotencyKeys(tx: Transaction, now: Date): Promise<void> {
  await tx.delete(idempotencyKeys).where(lt(idempotencyKeys.expiresAt, now));
}
