import { and, eq, isNull } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { signIns } from '../schema/links.ts';

export type SignInRow = InferSelectModel<typeof signIns>;

export async function insertSignIn(tx: Transaction, row: typeof signIns.$inferInsert): Promise<void> {
  await tx.insert(signIns).values(row);
}

export async function findSignIn(tx: Transaction, stateHash: string): Promise<SignInRow | null> {
  const [row] = await tx.select().from(signIns).where(eq(signIns.stateHash, stateHash));
  return row ?? null;
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
