import { and, desc, eq, gt, inArray, isNull, lt, ne, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { links } from '../schema/links.ts';
import type { LinkResult, LinkSpec } from '../schema/links.ts';

export type LinkRow = InferSelectModel<typeof links>;
export type { LinkResult, LinkSpec };

export async function insertLink(tx: Transaction, row: typeof links.$inferInsert): Promise<LinkRow> {
  const [inserted] = await tx.insert(links).values(row).returning();
  if (!inserted) throw new Error('An insert returned no row');
  return inserted;
}

export async function findLink(tx: Transaction, id: string): Promise<LinkRow | null> {
  const [row] = await tx.select().from(links).where(eq(links.id, id));
  return row ?? null;
}

/** Reads a link and holds it until the transaction ends: of two sign-ins at once, the second finds it used. */
export async function lockLink(tx: Transaction, id: string): Promise<LinkRow | null> {
  const [row] = await tx.select().from(links).where(eq(links.id, id)).for('update');
  return row ?? null;
}

/** The banner's unused links of these channels for pages of `origin`, that are good for longer than `until`; newest first. */
export async function listBannerLinks(
  tx: Transaction,
  { channelIds, origin, until }: { channelIds: string[]; origin: string | null; until: Date },
): Promise<LinkRow[]> {
  if (channelIds.length === 0) return [];
  return tx
    .select()
    .from(links)
    .where(
      and(
        eq(links.forBanner, true),
        inArray(links.channelId, channelIds),
        gt(links.expiresAt, until),
        isNull(links.usedAt),
        origin === null ? isNull(links.origin) : eq(links.origin, origin),
      ),
    )
    .orderBy(desc(links.expiresAt));
}

/** Whether a sign-in at another link has renewed the channel since this link was made. */
export async function isRenewedByOther(
  tx: Transaction,
  { id, channelId, createdAt }: LinkRow & { channelId: string },
): Promise<boolean> {
  const others = and(eq(links.channelId, channelId), gt(links.usedAt, createdAt), ne(links.id, id));
  const rows = await tx.select({ id: links.id }).from(links).where(others).limit(1);
  return rows.length > 0;
}

/** A completed sign-in uses the link up. Call it in the transaction that stores the credential (rule 8). */
export async function useLink(tx: Transaction, id: string, channelId: string, now: Date): Promise<void> {
  await tx
    .update(links)
    .set({ usedAt: now, channelId, result: { status: 'connected', channel: channelId } })
    .where(eq(links.id, id));
}

/** A new sign-in begins: the failure of the last one is no longer the link's result. */
export async function clearFailure(tx: Transaction, id: string): Promise<void> {
  await tx
    .update(links)
    .set({ result: null })
    .where(and(eq(links.id, id), isNull(links.usedAt)));
}

/** Counts an attempt with a password; false when the link has none left. */
export async function countPasswordAttempt(tx: Transaction, id: string, most: number): Promise<boolean> {
  const counted = await tx
    .update(links)
    .set({ passwordAttempts: sql`${links.passwordAttempts} + 1` })
    .where(and(eq(links.id, id), lt(links.passwordAttempts, most)))
    .returning({ id: links.id });
  return counted.length > 0;
}

/** A failed sign-in leaves the link usable and says why; a used link keeps the result that used it. */
export async function failLink(
  tx: Transaction,
  id: string,
  result: Extract<LinkResult, { status: 'failed' }>,
): Promise<void> {
  await tx
    .update(links)
    .set({ result })
    .where(and(eq(links.id, id), isNull(links.usedAt)));
}
