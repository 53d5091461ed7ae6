import { and, desc, eq, gt, inArray, isNull, lte, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Suppression } from '../../domain/notices/notice.ts';
import type { Transaction } from '../client.ts';
import { notices } from '../schema/notices.ts';

export type NoticeRow = InferSelectModel<typeof notices>;

/** A process that sends a notice for longer than this, in ms, is dead: another sends it. */
const SENDING_MS = 60_000;

interface NoticeFilter {
  tenantId: string | null;
  channelId: string | null;
  incidentId: string | null;
  after: string | null;
  limit: number;
}

/** Newest first. */
export async function listNotices(tx: Transaction, filter: NoticeFilter): Promise<NoticeRow[]> {
  const { tenantId, channelId, incidentId, after, limit } = filter;
  return tx
    .select()
    .from(notices)
    .where(
      and(
        tenantId === null ? undefined : eq(notices.tenantId, tenantId),
        channelId === null ? undefined : eq(notices.channelId, channelId),
        incidentId === null ? undefined : eq(notices.incidentId, incidentId),
        after === null ? undefined : sql`${notices.id} < ${after}`,
      ),
    )
    .orderBy(desc(notices.id))
    .limit(limit);
}

/** A person has one notice of each step of an incident (rule 11); returns the new ones. */
export async function insertNotices(tx: Transaction, rows: (typeof notices.$inferInsert)[]): Promise<NoticeRow[]> {
  if (rows.length === 0) return [];
  return tx.insert(notices).values(rows).onConflictDoNothing().returning();
}

const isQueued = eq(notices.state, sql`'queued'`);
const isBeingSent = (now: Date) => gt(notices.attemptedAt, new Date(now.getTime() - SENDING_MS));
const isNotBeingSent = (now: Date) =>
  or(isNull(notices.attemptedAt), lte(notices.attemptedAt, new Date(now.getTime() - SENDING_MS)));

/** The people who have a notice of this incident, or are just being sent one. */
export async function listTold(tx: Transaction, incidentId: string, now: Date): Promise<NoticeRow[]> {
  return tx
    .select()
    .from(notices)
    .where(and(eq(notices.incidentId, incidentId), or(eq(notices.state, 'sent'), and(isQueued, isBeingSent(now)))));
}

/** Which queued notices are not sent after all; the one that is just being sent is not stopped. */
export async function suppressNotices(
  tx: Transaction,
  which: { incidentId: string } | { channelId: string; recipientId: string } | { recipientId: string },
  error: Suppression,
  now: Date,
): Promise<void> {
  await tx
    .update(notices)
    .set({ state: 'suppressed', error, at: now })
    .where(
      and(
        isQueued,
        isNotBeingSent(now),
        'incidentId' in which ? eq(notices.incidentId, which.incidentId) : eq(notices.recipientId, which.recipientId),
        'channelId' in which ? eq(notices.channelId, which.channelId) : undefined,
      ),
    );
}

/** The queued notices of a recipient, held until the transaction ends. */
export async function lockQueued(tx: Transaction, recipientId: string): Promise<NoticeRow[]> {
  return tx
    .select()
    .from(notices)
    .where(and(eq(notices.recipientId, recipientId), isQueued))
    .orderBy(notices.id)
    .for('update');
}

/** The notices of a recipient that were sent after `since`. */
export async function listSentSince(tx: Transaction, recipientId: string, since: Date): Promise<NoticeRow[]> {
  return tx
    .select()
    .from(notices)
    .where(and(eq(notices.recipientId, recipientId), gt(notices.at, since), eq(notices.state, 'sent')));
}

/** Only queued notices change: a late answer never reopens an ended one. */
export async function updateQueued(
  tx: Transaction,
  ids: string[],
  values: Partial<Omit<typeof notices.$inferInsert, 'id' | 'tenantId' | 'channelId'>>,
): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .update(notices)
    .set(values)
    .where(and(inArray(notices.id, ids), isQueued));
}
