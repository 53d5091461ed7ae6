import { and, desc, eq, isNull } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from './client.ts';
import { newId } from './ids.ts';
import { credentials, refreshAttempts } from './schema/credentials.ts';

export type RefreshAttemptRow = InferSelectModel<typeof refreshAttempts>;

export async function findAttempt(tx: Transaction, id: string): Promise<RefreshAttemptRow | null> {
  const [row] = await tx.select().from(refreshAttempts).where(eq(refreshAttempts.id, id));
  return row ?? null;
}

/** The newest attempt on this version that has no outcome yet. */
export async function findUnsettledAttempt(
  tx: Transaction,
  channelId: string,
  version: number,
): Promise<RefreshAttemptRow | null> {
  const [row] = await tx
    .select()
    .from(refreshAttempts)
    .where(
      and(
        eq(refreshAttempts.channelId, channelId),
        eq(refreshAttempts.version, version),
        isNull(refreshAttempts.outcome),
        isNull(refreshAttempts.abandonedAt),
      ),
    )
    .orderBy(desc(refreshAttempts.id))
    .limit(1);
  return row ?? null;
}

/** The attempt of this version whose outcome nobody knows, newest first; null when there is none. */
export async function findUnknownAttempt(
  tx: Transaction,
  channelId: string,
  version: number,
): Promise<RefreshAttemptRow | null> {
  const [row] = await tx
    .select()
    .from(refreshAttempts)
    .where(
      and(
        eq(refreshAttempts.channelId, channelId),
        eq(refreshAttempts.version, version),
        eq(refreshAttempts.outcome, 'unknown'),
      ),
    )
    .orderBy(desc(refreshAttempts.id))
    .limit(1);
  return row ?? null;
}

/** Takes the lease and writes down the intent, before anything is sent. */
export async function insertAttempt(
  tx: Transaction,
  attempt: { tenantId: string; channelId: string; version: number; probe: boolean; now: Date; leaseUntil: Date },
): Promise<string> {
  const { now, leaseUntil, ...values } = attempt;
  const id = newId('att');
  await tx.insert(refreshAttempts).values({ id, ...values, startedAt: now });
  await tx.update(credentials).set({ leaseOwner: id, leaseUntil }).where(eq(credentials.channelId, attempt.channelId));
  return id;
}

/** Keeps the lease while working; false when somebody else has taken it. */
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

/** Marks the attempt sent, just before the socket is written; false when somebody has abandoned or settled it. */
export async function markSent(tx: Transaction, attemptId: string, now: Date): Promise<boolean> {
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

/** The provider provably never saw it: another attempt with the same token is safe. */
export async function abandonAttempt(tx: Transaction, attemptId: string, now: Date): Promise<void> {
  await tx
    .update(refreshAttempts)
    .set({ abandonedAt: now })
    .where(and(eq(refreshAttempts.id, attemptId), isNull(refreshAttempts.sealedAnswer)));
}

/** Keeps the raw answer, sealed, whatever has become of the lease (rule 4). */
export async function storeAnswer(tx: Transaction, attemptId: string, sealedAnswer: string, now: Date): Promise<void> {
  await tx
    .update(refreshAttempts)
    .set({ sealedAnswer, answeredAt: now, outcome: null, abandonedAt: null })
    .where(eq(refreshAttempts.id, attemptId));
}

export async function settleAttempt(
  tx: Transaction,
  attemptId: string,
  outcome: NonNullable<RefreshAttemptRow['outcome']>,
): Promise<void> {
  await tx
    .update(refreshAttempts)
    .set({ outcome, ...(outcome === 'unknown' ? {} : { sealedAnswer: null }) })
    .where(eq(refreshAttempts.id, attemptId));
}
