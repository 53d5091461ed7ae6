import { and, desc, eq, lt } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { keptMails } from '../schema/kept-mails.ts';

export type KeptMailRow = InferSelectModel<typeof keptMails>;

/** Keeps a mail once, and drops the tenant's mails from before `dropBefore`. */
export async function insertKeptMail(tx: Transaction, row: KeptMailRow, dropBefore: Date): Promise<void> {
  await tx.insert(keptMails).values(row).onConflictDoNothing();
  await tx.delete(keptMails).where(and(eq(keptMails.tenantId, row.tenantId), lt(keptMails.createdAt, dropBefore)));
}

/** Newest first; `tenantId` null: of every tenant that the transaction sees. */
export async function listKeptMails(
  tx: Transaction,
  { tenantId, after, limit }: { tenantId: string | null; after: string | null; limit: number },
): Promise<KeptMailRow[]> {
  return tx
    .select()
    .from(keptMails)
    .where(
      and(
        tenantId === null ? undefined : eq(keptMails.tenantId, tenantId),
        after === null ? undefined : lt(keptMails.id, after),
      ),
    )
    .orderBy(desc(keptMails.id))
    .limit(limit);
}

/** One kept mail; null where the transaction sees none of this id. */
export async function findKeptMail(tx: Transaction, id: string): Promise<KeptMailRow | null> {
  const [row] = await tx.select().from(keptMails).where(eq(keptMails.id, id));
  return row ?? null;
}
