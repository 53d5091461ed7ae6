import { eq, lt } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { uiSessions } from '../schema/tenants.ts';

export type UiSessionRow = InferSelectModel<typeof uiSessions>;

/** Opens a session and deletes expired ones. */
export async function insertUiSession(tx: Transaction, row: UiSessionRow): Promise<void> {
  await tx.delete(uiSessions).where(lt(uiSessions.expiresAt, row.createdAt));
  await tx.insert(uiSessions).values(row);
}

export async function findUiSession(tx: Transaction, hash: string): Promise<UiSessionRow | null> {
  const [row] = await tx.select().from(uiSessions).where(eq(uiSessions.hash, hash));
  return row ?? null;
}

export async function deleteUiSession(tx: Transaction, hash: string): Promise<void> {
  await tx.delete(uiSessions).where(eq(uiSessions.hash, hash));
}
