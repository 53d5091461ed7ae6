import { and, desc, eq, getTableColumns, gt, inArray, isNull, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { refreshAttempts } from '../schema/credentials.ts';
import { formerAccesses } from '../schema/former-accesses.ts';

const { sealedSecret: _, ...stateColumns } = getTableColumns(formerAccesses);
export type FormerAccessRow = InferSelectModel<typeof formerAccesses>;
/** A former access without its sealed secret, which the server may not read. */
export type FormerAccess = Omit<FormerAccessRow, 'sealedSecret'>;
export type NewFormerAccess = Omit<typeof formerAccesses.$inferInsert, 'sealedSecret'>;

/**
 * Puts the live access of a channel to rest: its secret goes to the new row, and the attempts that sent it with it. Call it
 * before the credential is swapped; the caller has locked the channel.
 */
export async function restAccess(tx: Transaction, row: NewFormerAccess): Promise<void> {
  await tx.insert(formerAccesses).values(row);
  requireMoved(row.channelId, await tx.execute(sql`select rest_secret(${row.id})`));
  await moveAttempts(tx, row.channelId, { from: null, to: row.id });
}

/**
 * Gives a channel's credential the secret of a former access back, with its attempts, and deletes the row. Call it once the
 * credential has that row's secret version, and the attempts of the access that was left are at rest.
 */
export async function returnAccess(
  tx: Transaction,
  { id, channelId }: Pick<FormerAccess, 'id' | 'channelId'>,
): Promise<void> {
  requireMoved(channelId, await tx.execute(sql`select return_secret(${id})`));
  await moveAttempts(tx, channelId, { from: id, to: null });
  await tx.delete(formerAccesses).where(eq(formerAccesses.id, id));
}

function requireMoved(channelId: string, moved: ArrayLike<unknown>): void {
  if (moved.length !== 1) throw new Error(`The secret of ${channelId} is not at the version of its former access`);
}

async function moveAttempts(
  tx: Transaction,
  channelId: string,
  { from, to }: { from: string | null; to: string | null },
): Promise<void> {
  const theirs = from === null ? isNull(refreshAttempts.formerAccessId) : eq(refreshAttempts.formerAccessId, from);
  await tx
    .update(refreshAttempts)
    .set({ formerAccessId: to })
    .where(and(eq(refreshAttempts.channelId, channelId), theirs));
}

/** The access that a channel can go back to, the last one; null: none. */
export async function findWayBack(tx: Transaction, channelId: string, now: Date): Promise<FormerAccess | null> {
  return (await findWaysBack(tx, [channelId], now)).get(channelId) ?? null;
}

/** The same access, held until the transaction ends; null: no way leads back to it any more. */
export async function lockWayBack(tx: Transaction, { id }: FormerAccess, now: Date): Promise<FormerAccess | null> {
  const isOpen = and(eq(formerAccesses.canReturn, true), gt(formerAccesses.restsUntil, now));
  const [row] = await tx
    .select(stateColumns)
    .from(formerAccesses)
    .where(and(eq(formerAccesses.id, id), isOpen))
    .for('update');
  return row ?? null;
}

/** The same of several channels, by id. */
export async function findWaysBack(
  tx: Transaction,
  channelIds: string[],
  now: Date,
): Promise<Map<string, FormerAccess>> {
  if (channelIds.length === 0) return new Map();
  const rows = await tx
    .selectDistinctOn([formerAccesses.channelId], stateColumns)
    .from(formerAccesses)
    .where(
      and(
        inArray(formerAccesses.channelId, channelIds),
        eq(formerAccesses.canReturn, true),
        gt(formerAccesses.restsUntil, now),
      ),
    )
    .orderBy(formerAccesses.channelId, desc(formerAccesses.changedAt), desc(formerAccesses.id));
  return new Map(rows.map((row) => [row.channelId, row]));
}

export async function listFormerAccesses(tx: Transaction, channelId: string): Promise<FormerAccess[]> {
  return tx.select(stateColumns).from(formerAccesses).where(eq(formerAccesses.channelId, channelId));
}

/** With its secret, for workers; held until the transaction ends. null: its end is settled. */
export async function lockFormerAccess(tx: Transaction, id: string): Promise<FormerAccessRow | null> {
  const [row] = await tx.select().from(formerAccesses).where(eq(formerAccesses.id, id)).for('update');
  return row ?? null;
}

export async function updateFormerAccess(
  tx: Transaction,
  id: string,
  values: Partial<
    Pick<
      FormerAccessRow,
      'sealedSecret' | 'endsAt' | 'tries' | 'tokenIdentifiers' | 'context' | 'issuedAt' | 'grantEndsAt' | 'expiryWarnAt'
    >
  >,
): Promise<void> {
  await tx.update(formerAccesses).set(values).where(eq(formerAccesses.id, id));
}

/** No way leads back any more: their end is due. */
export async function closeWaysBack(tx: Transaction, channelId: string, now: Date): Promise<void> {
  const at = now.toISOString();
  await tx
    .update(formerAccesses)
    .set({
      canReturn: false,
      restsUntil: sql`least(${formerAccesses.restsUntil}, ${at}::timestamptz)`,
      endsAt: sql`least(${formerAccesses.endsAt}, ${at}::timestamptz)`,
    })
    .where(eq(formerAccesses.channelId, channelId));
}

/** Deletes the ciphertext for good, with token answers that were not read yet. */
export async function shredFormerAccess(tx: Transaction, id: string): Promise<void> {
  await tx.delete(refreshAttempts).where(eq(refreshAttempts.formerAccessId, id));
  await tx.delete(formerAccesses).where(eq(formerAccesses.id, id));
}

/** The same of those of a channel that rest on one grant. */
export async function shredFormerAccessesOn(tx: Transaction, channelId: string, grantKey: string): Promise<void> {
  const isOn = and(eq(formerAccesses.channelId, channelId), eq(formerAccesses.grantKey, grantKey));
  const gone = tx.select({ id: formerAccesses.id }).from(formerAccesses).where(isOn);
  await tx.delete(refreshAttempts).where(inArray(refreshAttempts.formerAccessId, gone));
  await tx.delete(formerAccesses).where(isOn);
}
