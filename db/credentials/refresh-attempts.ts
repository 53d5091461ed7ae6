import { and, desc, eq, gt, gte, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Doubt } from '../../domain/doubt.ts';
import type { CredentialRow } from './credentials.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { credentials, refreshAttempts } from '../schema/credentials.ts';

export type RefreshAttemptRow = InferSelectModel<typeof refreshAttempts>;

/**
 * Attempts that sent the live refresh token. Not by version: a version that kept the old secret (a reauthorization or a
 * refresh without a new one) still rests on earlier attempts.
 */
function onLiveSecret(channelId: string) {
  const secretVersion = sql`(select ${credentials.secretVersion} from ${credentials} where ${credentials.channelId} = ${channelId})`;
  const isLive = isNull(refreshAttempts.formerAccessId);
  return and(eq(refreshAttempts.channelId, channelId), isLive, gte(refreshAttempts.version, secretVersion));
}

/** An attempt without an outcome: first one with a stored answer, else the newest. */
export async function findUnsettledAttempt(
  tx: Transaction,
  { channelId }: Pick<CredentialRow, 'channelId'>,
): Promise<RefreshAttemptRow | null> {
  const [row] = await tx
    .select()
    .from(refreshAttempts)
    .where(and(onLiveSecret(channelId), isNull(refreshAttempts.outcome), isNull(refreshAttempts.abandonedAt)))
    .orderBy(desc(isNotNull(refreshAttempts.sealedAnswer)), desc(refreshAttempts.startedAt), desc(refreshAttempts.id))
    .limit(1);
  return row ?? null;
}

/**
 * Uses of the live refresh token without an answer since the provider last answered it with a new access token; null
 * when the outcome of every use is known.
 */
export async function findDoubt(
  tx: Transaction,
  { channelId }: Pick<CredentialRow, 'channelId'>,
): Promise<Doubt | null> {
  const answered = tx
    .select({ at: sql`coalesce(max(${refreshAttempts.startedAt}), '-infinity')` })
    .from(refreshAttempts)
    .where(and(onLiveSecret(channelId), eq(refreshAttempts.outcome, 'stored')));
  const rows = await tx
    .select()
    .from(refreshAttempts)
    .where(
      and(
        onLiveSecret(channelId),
        eq(refreshAttempts.outcome, 'unknown'),
        sql`${refreshAttempts.startedAt} > (${answered})`,
      ),
    )
    .orderBy(desc(refreshAttempts.startedAt), desc(refreshAttempts.id));
  const [attempt] = rows;
  if (!attempt) return null;
  return { sentAt: attempt.sentAt ?? attempt.startedAt, probed: rows.some(({ probe }) => probe) };
}

/** Acquires the lease and writes the intent, before anything is sent. */
export async function insertAttempt(
  tx: Transaction,
  attempt: { tenantId: string; channelId: string; version: number; probe: boolean; now: Date; leaseUntil: Date },
): Promise<string> {
  const { now, leaseUntil, ...values } = attempt;
  const id = newId('att');
  await Promise.all([
    tx.insert(refreshAttempts).values({ id, ...values, startedAt: now }),
    tx.update(credentials).set({ leaseOwner: id, leaseUntil }).where(eq(credentials.channelId, attempt.channelId)),
  ]);
  return id;
}

/** Renews the lease; false when another process has it. */
export async function renewLease(
  tx: Transaction,
  channelId: string,
  attemptId: string,
  leaseUntil: Date,
): Promise<boolean> {
  const rows = await tx
    .update(credentials)
    .set({ leaseUntil })
    .where(and(eq(credentials.channelId, channelId), eq(credentials.leaseOwner, attemptId)))
    .returning({ channelId: credentials.channelId });
  return rows.length > 0;
}

export async function releaseLease(tx: Transaction, channelId: string, attemptId: string): Promise<void> {
  await tx
    .update(credentials)
    .set({ leaseOwner: null, leaseUntil: null })
    .where(and(eq(credentials.channelId, channelId), eq(credentials.leaseOwner, attemptId)));
}

/** Marks the attempt as sent, just before the socket is written; false when it was abandoned or settled. */
export async function markAttemptSent(tx: Transaction, attemptId: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(refreshAttempts)
    .set({ sentAt: now })
    .where(
      and(
        eq(refreshAttempts.id, attemptId),
        isNull(refreshAttempts.sentAt),
        isNull(refreshAttempts.abandonedAt),
        isNull(refreshAttempts.outcome),
      ),
    )
    .returning({ id: refreshAttempts.id });
  return rows.length > 0;
}

/** The channel has left the access: an attempt that has not sent its token sends none any more. */
export async function abandonUnsent(tx: Transaction, channelId: string, now: Date): Promise<void> {
  const isOpen = and(
    isNull(refreshAttempts.sentAt),
    isNull(refreshAttempts.abandonedAt),
    isNull(refreshAttempts.outcome),
  );
  await tx
    .update(refreshAttempts)
    .set({ abandonedAt: now })
    .where(and(eq(refreshAttempts.channelId, channelId), isOpen));
}

/** The former access whose token an attempt has sent; null: the live credential's. */
export async function findFormerAccessOf(tx: Transaction, attemptId: string): Promise<string | null> {
  const [row] = await tx
    .select({ id: refreshAttempts.formerAccessId })
    .from(refreshAttempts)
    .where(eq(refreshAttempts.id, attemptId));
  return row?.id ?? null;
}

/** An answer to the token of a former access that no process has read. */
export async function findAnswerAtRest(tx: Transaction, formerAccessId: string): Promise<StoredAnswer | null> {
  const isUnread = and(isNull(refreshAttempts.outcome), isNotNull(refreshAttempts.sealedAnswer));
  const [row] = await tx
    .select()
    .from(refreshAttempts)
    .where(and(eq(refreshAttempts.formerAccessId, formerAccessId), isUnread))
    .orderBy(desc(refreshAttempts.startedAt))
    .limit(1);
  return row ? storedAnswer(row) : null;
}

/** An attempt that sent the token of a former access after `since` and has no answer yet; null: none is awaited. */
export async function findUnansweredAtRest(
  tx: Transaction,
  formerAccessId: string,
  since: Date,
): Promise<Pick<RefreshAttemptRow, 'id'> | null> {
  const isOpen = and(
    gt(refreshAttempts.sentAt, since),
    isNull(refreshAttempts.abandonedAt),
    isNull(refreshAttempts.outcome),
    // Stored with the answer, which the server may not read.
    isNull(refreshAttempts.answeredAt),
  );
  const [row] = await tx
    .select({ id: refreshAttempts.id })
    .from(refreshAttempts)
    .where(and(eq(refreshAttempts.formerAccessId, formerAccessId), isOpen))
    .orderBy(desc(refreshAttempts.sentAt))
    .limit(1);
  return row ?? null;
}

/** Gives an attempt the lease of its channel's credential. */
export async function giveLease(
  tx: Transaction,
  channelId: string,
  attemptId: string,
  leaseUntil: Date,
): Promise<void> {
  await tx.update(credentials).set({ leaseOwner: attemptId, leaseUntil }).where(eq(credentials.channelId, channelId));
}

/** The provider provably never saw the token, even if another process assumed it did: a new attempt is safe. */
export async function abandonAttempt(tx: Transaction, attemptId: string, now: Date): Promise<void> {
  await tx
    .update(refreshAttempts)
    .set({ abandonedAt: now, outcome: null })
    .where(and(eq(refreshAttempts.id, attemptId), isNull(refreshAttempts.sealedAnswer)));
}

/** The raw answer of an attempt, sealed, as its row has it. */
export interface StoredAnswer {
  attemptId: string;
  /** The version whose refresh token it answers. */
  version: number;
  sealedAnswer: string;
  answeredAt: Date;
}

/** null when there is no answer, or it is settled. */
export function storedAnswer({ id, version, sealedAnswer, ...attempt }: RefreshAttemptRow): StoredAnswer | null {
  if (sealedAnswer === null) return null;
  return { attemptId: id, version, sealedAnswer, answeredAt: attempt.answeredAt ?? attempt.startedAt };
}

/** Stores the raw answer, sealed, also when the lease is lost (rule 4). False: the attempt is gone with its secret. */
export async function storeAttemptAnswer(
  tx: Transaction,
  attemptId: string,
  answer: Pick<StoredAnswer, 'sealedAnswer' | 'answeredAt'>,
): Promise<boolean> {
  const rows = await tx
    .update(refreshAttempts)
    .set({ ...answer, outcome: null, abandonedAt: null })
    .where(eq(refreshAttempts.id, attemptId))
    .returning({ id: refreshAttempts.id });
  return rows.length > 0;
}

/** Ends an attempt; false when it already has an outcome, which stays. */
export async function settleAttempt(
  tx: Transaction,
  attemptId: string,
  outcome: NonNullable<RefreshAttemptRow['outcome']>,
): Promise<boolean> {
  const rows = await tx
    .update(refreshAttempts)
    .set({ outcome, ...(outcome === 'unknown' ? {} : { sealedAnswer: null }) })
    .where(and(eq(refreshAttempts.id, attemptId), isNull(refreshAttempts.outcome)))
    .returning({ id: refreshAttempts.id });
  return rows.length > 0;
}

/**
 * Deletes attempts that no longer matter: those on earlier secrets, and settled ones before `version`. Attempts on the
 * live secret that may still be answered stay.
 */
export async function dropOldAttempts(
  tx: Transaction,
  { channelId, version, secretVersion }: { channelId: string; version: number; secretVersion: number },
): Promise<void> {
  const settled = or(isNotNull(refreshAttempts.abandonedAt), isNotNull(refreshAttempts.outcome));
  await tx
    .delete(refreshAttempts)
    .where(
      and(
        eq(refreshAttempts.channelId, channelId),
        isNull(refreshAttempts.formerAccessId),
        or(lt(refreshAttempts.version, secretVersion), and(lt(refreshAttempts.version, version), settled)),
      ),
    );
}
