import { and, count, desc, eq, gt, inArray, isNull, lt, lte, ne, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { ASKING } from '../../domain/notices/notice.ts';
import type { NoticeKind, NoticeState, Suppression } from '../../domain/notices/notice.ts';
import type { Transaction } from '../client.ts';
import { notices } from '../schema/notices.ts';

export type NoticeRow = InferSelectModel<typeof notices>;

/** A process that sends a notice repeats `attemptedAt`; one that is silent for longer, in ms, is dead. */
export const SENDING_MS = 20_000;

interface NoticeFilter {
  tenantId: string | null;
  channelId: string | null;
  incidentId: string | null;
  kind: NoticeKind | null;
  state: NoticeState | null;
  after: string | null;
  limit: number;
}

/** Newest first. */
export async function listNotices(tx: Transaction, filter: NoticeFilter): Promise<NoticeRow[]> {
  const { tenantId, channelId, incidentId, kind, state, after, limit } = filter;
  return tx
    .select()
    .from(notices)
    .where(
      and(
        tenantId === null ? undefined : eq(notices.tenantId, tenantId),
        channelId === null ? undefined : eq(notices.channelId, channelId),
        incidentId === null ? undefined : eq(notices.incidentId, incidentId),
        kind === null ? undefined : eq(notices.kind, kind),
        state === null ? undefined : eq(notices.state, state),
        after === null ? undefined : sql`${notices.id} < ${after}`,
      ),
    )
    .orderBy(desc(notices.id))
    .limit(limit);
}

const excluded = (column: string) => sql.raw(`excluded.${column}`);

/**
 * A person has one notice of each step of an incident (rule 11); returns the new ones. One that was not sent because its
 * incident ended or paused is queued again: the incident goes on.
 */
export async function insertNotices(tx: Transaction, rows: (typeof notices.$inferInsert)[]): Promise<NoticeRow[]> {
  if (rows.length === 0) return [];
  return tx
    .insert(notices)
    .values(rows)
    .onConflictDoUpdate({
      target: [notices.incidentId, notices.recipientId, notices.occasion],
      set: {
        state: excluded('state'),
        error: null,
        kind: excluded('kind'),
        why: excluded('why'),
        dueAt: excluded('due_at'),
        heldBy: excluded('held_by'),
        heldUntil: excluded('held_until'),
        at: excluded('at'),
        mailId: null,
        attemptedAt: null,
        attempts: 0,
      },
      setWhere: sql`${notices.state} = 'suppressed' and ${notices.error} in ('repaired', 'paused', 'not_needed') and excluded.state = 'queued'`,
    })
    .returning();
}

/** A person has one notice of each end of a grant; returns the new ones. */
export async function insertWarnings(tx: Transaction, rows: (typeof notices.$inferInsert)[]): Promise<NoticeRow[]> {
  return rows.length === 0 ? [] : tx.insert(notices).values(rows).onConflictDoNothing().returning();
}

/** The warnings about a channel that were planned before `before` are not sent after all. */
export async function suppressWarnings(
  tx: Transaction,
  { channelId, before, error, now }: { channelId: string; before: Date; error: Suppression; now: Date },
): Promise<void> {
  const ofChannel = and(eq(notices.channelId, channelId), eq(notices.kind, 'expiring'), lt(notices.createdAt, before));
  await tx
    .update(notices)
    .set({ state: 'suppressed', error, at: now })
    .where(and(isQueued, isNotBeingSent(now), ofChannel));
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

/** One queued notice, or those of an incident, or of a person about one channel or all. */
export type Suppressed =
  | { id: string }
  | { incidentId: string; asking: true }
  | { channelId: string | null; recipientId: string; asking?: true; exceptId?: string }
  | { recipientId: string };

/** Notices are not sent after all; the one that is just being sent is not stopped. */
export async function suppressNotices(
  tx: Transaction,
  which: Suppressed,
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
        'id' in which ? eq(notices.id, which.id) : undefined,
        'incidentId' in which ? eq(notices.incidentId, which.incidentId) : undefined,
        'recipientId' in which ? eq(notices.recipientId, which.recipientId) : undefined,
        'channelId' in which ? sql`${notices.channelId} is not distinct from ${which.channelId}` : undefined,
        'asking' in which ? inArray(notices.kind, [...ASKING]) : undefined,
        'exceptId' in which && which.exceptId ? ne(notices.id, which.exceptId) : undefined,
      ),
    );
}

/** So many notices are looked at together; the next look takes more. */
const MOST_LOCKED = 500;

/** The next queued notices of a recipient, held until the transaction ends; those of a mail that was tried come first. */
export async function lockQueued(tx: Transaction, recipientId: string): Promise<NoticeRow[]> {
  return tx
    .select()
    .from(notices)
    .where(and(eq(notices.recipientId, recipientId), isQueued))
    .orderBy(sql`${notices.mailId} nulls last`, notices.dueAt, notices.id)
    .limit(MOST_LOCKED)
    .for('update');
}

/** When the product last had a mail about a channel sent: a script must not mail a person again and again. */
export async function lastRequestedMail(tx: Transaction, channelId: string): Promise<Date | null> {
  const [row] = await tx
    .select({ at: notices.at })
    .from(notices)
    .where(and(eq(notices.channelId, channelId), eq(notices.state, 'sent'), sql`${notices.occasion} like 'asked/%'`))
    .orderBy(desc(notices.at))
    .limit(1);
  return row?.at ?? null;
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

/** A notice that was planned too early goes, so that its step can be planned again. */
export async function deleteQueued(tx: Transaction, id: string): Promise<void> {
  await tx.delete(notices).where(and(eq(notices.id, id), isQueued));
}

/** The notices of a recipient, sent or queued: of one channel, or of all. */
export async function listOfRecipient(
  tx: Transaction,
  recipientId: string,
  channelId: string | null = null,
): Promise<NoticeRow[]> {
  return tx
    .select()
    .from(notices)
    .where(
      and(eq(notices.recipientId, recipientId), channelId === null ? undefined : eq(notices.channelId, channelId)),
    );
}

/** Mails that were taken and came back. */
export async function failSent(
  tx: Transaction,
  recipientId: string,
  { since, error, now }: { since: Date; error: string; now: Date },
): Promise<void> {
  await tx
    .update(notices)
    .set({ state: 'failed', error, at: now })
    .where(and(eq(notices.recipientId, recipientId), eq(notices.state, 'sent'), gt(notices.at, since)));
}

/** How often an expired link was asked to be sent anew, in all and since a time. */
export async function countNoticesOfLink(
  tx: Transaction,
  linkId: string,
  since: Date,
): Promise<{ times: number; recently: number }> {
  const [row] = await tx
    .select({
      times: count(),
      recently: sql<number>`(count(*) filter (where ${notices.createdAt} > ${since.toISOString()}))::integer`,
    })
    .from(notices)
    .where(eq(notices.linkId, linkId));
  return row ?? { times: 0, recently: 0 };
}
