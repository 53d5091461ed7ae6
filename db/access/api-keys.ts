import { and, desc, eq, isNull, lt } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { apiKeys } from '../schema/tenants.ts';

export type ApiKeyRow = InferSelectModel<typeof apiKeys>;

/** False when a key with this hash exists. */
export async function insertApiKey(tx: Transaction, row: typeof apiKeys.$inferInsert): Promise<boolean> {
  const rows = await tx.insert(apiKeys).values(row).onConflictDoNothing().returning({ id: apiKeys.id });
  return rows.length > 0;
}

/** Also returns expired and revoked keys, so that the caller can say so to the holder of the key. */
export async function findApiKeyByHash(tx: Transaction, hash: string): Promise<ApiKeyRow | null> {
  const [row] = await tx.select().from(apiKeys).where(eq(apiKeys.hash, hash));
  return row ?? null;
}

export async function findApiKey(tx: Transaction, id: string): Promise<ApiKeyRow | null> {
  const [row] = await tx.select().from(apiKeys).where(eq(apiKeys.id, id));
  return row ?? null;
}

/** Reads a key and holds it until the transaction ends: what is compared is then what is changed. */
export async function lockApiKey(tx: Transaction, id: string): Promise<ApiKeyRow | null> {
  const [row] = await tx.select().from(apiKeys).where(eq(apiKeys.id, id)).for('update');
  return row ?? null;
}

/** Newest first; `tenantId` null lists the keys of every tenant that the transaction sees. */
export async function listApiKeys(
  tx: Transaction,
  { tenantId, after, limit }: { tenantId: string | null; after: string | null; limit: number },
): Promise<ApiKeyRow[]> {
  const ofTenant = tenantId === null ? undefined : eq(apiKeys.tenantId, tenantId);
  return tx
    .select()
    .from(apiKeys)
    .where(and(ofTenant, after === null ? undefined : lt(apiKeys.id, after)))
    .orderBy(desc(apiKeys.id))
    .limit(limit);
}

export async function updateApiKey(
  tx: Transaction,
  id: string,
  values: Partial<Omit<ApiKeyRow, 'id' | 'hash' | 'createdAt'>>,
): Promise<ApiKeyRow | null> {
  const [row] = await tx.update(apiKeys).set(values).where(eq(apiKeys.id, id)).returning();
  return row ?? null;
}

/** The row stays, so that the audit can name it. */
export async function revokeApiKey(tx: Transaction, id: string, now: Date): Promise<void> {
  await tx
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)));
}
