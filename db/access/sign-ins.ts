import { and, desc, eq, isNull, lte } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { signIns } from '../schema/links.ts';

export type SignInRow = InferSelectModel<typeof signIns>;

export type NewSignIn = typeof signIns.$inferInsert;

export async function insertSignIn(tx: Transaction, row: NewSignIn): Promise<void> {
  await tx.insert(signIns).values(row);
}

export async function findSignIn(tx: Transaction, stateHash: string): Promise<SignInRow | null> {
  const [row] = await tx.select().from(signIns).where(eq(signIns.stateHash, stateHash));
  return row ?? null;
}

/** The sign-in that a link's person began last. */
export async function findLastSignIn(tx: Transaction, linkId: string): Promise<SignInRow | null> {
  const [row] = await tx
    .select()
    .from(signIns)
    .where(eq(signIns.linkId, linkId))
    .orderBy(desc(signIns.createdAt))
    .limit(1);
  return row ?? null;
}

/** When a link's n-th newest sign-in began; null: it has fewer. */
export async function findNthNewestSignIn(tx: Transaction, linkId: string, n: number): Promise<Date | null> {
  const [row] = await tx
    .select({ createdAt: signIns.createdAt })
    .from(signIns)
    .where(eq(signIns.linkId, linkId))
    .orderBy(desc(signIns.createdAt))
    .offset(n - 1)
    .limit(1);
  return row?.createdAt ?? null;
}

export async function deleteSignInsUpTo(tx: Transaction, linkId: string, at: Date): Promise<void> {
  await tx.delete(signIns).where(and(eq(signIns.linkId, linkId), lte(signIns.createdAt, at)));
}

/** True for exactly one caller: of fifty callbacks with one state, one sends the code (S-02). */
export async function consumeSignIn(tx: Transaction, stateHash: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(signIns)
    .set({ consumedAt: now })
    .where(and(eq(signIns.stateHash, stateHash), isNull(signIns.consumedAt)))
    .returning({ stateHash: signIns.stateHash });
  return rows.length > 0;
}
