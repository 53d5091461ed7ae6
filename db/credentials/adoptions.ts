import { and, eq, getTableColumns, isNotNull, isNull } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { adoptions } from '../schema/adoptions.ts';
import type { AdoptionFailure, AdoptionRequest } from '../schema/adoptions.ts';
import { channels } from '../schema/channels.ts';
import { HOLDS_GRANT, isOneOf } from '../../domain/channel.ts';

export type AdoptionRow = InferSelectModel<typeof adoptions>;
export type { AdoptionFailure, AdoptionRequest };

const { sealedToken: _, sealedAnswer: __, ...stateColumns } = getTableColumns(adoptions);
/** An adoption without what is sealed of it, which only a worker reads. */
export type AdoptionState = Omit<AdoptionRow, 'sealedToken' | 'sealedAnswer'>;

/** Which adoption, and the holder of its lease. */
export type HeldAdoption = Pick<AdoptionRow, 'tenantId' | 'tokenHash' | 'holder'>;

type AdoptionKey = Pick<AdoptionRow, 'tenantId' | 'tokenHash'>;

const isOne = ({ tenantId, tokenHash }: AdoptionKey) =>
  and(eq(adoptions.tenantId, tenantId), eq(adoptions.tokenHash, tokenHash));
const isHeld = (held: HeldAdoption) => and(isOne(held), eq(adoptions.holder, held.holder), isNull(adoptions.channelId));

/**
 * Writes the row of an adoption whose token is about to be sent. null: it is ours to send. Otherwise the row of an
 * earlier request: its answer is stored or may still come, or its channel rests on it.
 */
export async function takeAdoption(
  tx: Transaction,
  fresh: Omit<AdoptionRow, 'tries' | 'sentAt' | 'answeredAt' | 'sealedAnswer' | 'failure' | 'channelId'>,
): Promise<AdoptionState | null> {
  const row = {
    ...fresh,
    tries: 0,
    sentAt: null,
    answeredAt: null,
    sealedAnswer: null,
    failure: null,
    channelId: null,
  };
  const inserted = await tx
    .insert(adoptions)
    .values(row)
    .onConflictDoNothing()
    .returning({ tokenHash: adoptions.tokenHash });
  if (inserted.length > 0) return null;
  const earlier = await lockAdoption(tx, fresh);
  if (earlier === null) return takeAdoption(tx, fresh); // it was dropped between the two
  if (!(await isOver(tx, earlier, fresh.createdAt))) return earlier;
  await tx.update(adoptions).set(row).where(isOne(fresh));
  return null;
}

/**
 * A statement of its own, after the row is locked: one that waited for the transaction which finishes the row would not
 * see the channel of that transaction.
 */
async function isOver(tx: Transaction, row: AdoptionState, now: Date): Promise<boolean> {
  if (row.expiresAt <= now) return true;
  if (row.channelId === null) return row.answeredAt === null && row.dueAt !== null && row.dueAt <= now;
  const [channel] = await tx.select({ status: channels.status }).from(channels).where(eq(channels.id, row.channelId));
  return !channel || !isOneOf(HOLDS_GRANT, channel.status);
}

/**
 * Marks the token as sent, just before the socket is written. False: another holder took it over, or an answer came.
 */
export async function markAdoptionSent(tx: Transaction, held: HeldAdoption, now: Date): Promise<boolean> {
  const rows = await tx
    .update(adoptions)
    .set({ sentAt: now })
    .where(and(isHeld(held), isNull(adoptions.answeredAt)))
    .returning({ tokenHash: adoptions.tokenHash });
  return rows.length > 0;
}

/** Renews the lease, unless it is lost. */
export async function holdAdoption(tx: Transaction, held: HeldAdoption, dueAt: Date): Promise<void> {
  await tx
    .update(adoptions)
    .set({ dueAt })
    .where(and(isHeld(held), isNull(adoptions.failure)));
}

/**
 * Stores the raw answer, sealed, also when the lease is lost (rule 4). False when another answer is stored already: of
 * two requests with one token, the first is the one that a strict provider accepted.
 */
export async function storeAdoptionAnswer(
  tx: Transaction,
  key: AdoptionKey,
  answer: { sealedAnswer: string; answeredAt: Date },
): Promise<boolean> {
  const rows = await tx
    .update(adoptions)
    .set(answer)
    .where(and(isOne(key), isNull(adoptions.channelId), isNull(adoptions.answeredAt)))
    .returning({ tokenHash: adoptions.tokenHash });
  return rows.length > 0;
}

/** Says why it is not finished; `dueAt` null: it rests until the product asks again. */
export async function failAdoption(
  tx: Transaction,
  held: HeldAdoption,
  failed: { failure: AdoptionFailure; dueAt: Date | null; expiresAt: Date },
): Promise<void> {
  await tx.update(adoptions).set(failed).where(isHeld(held));
}

/** The token is as good as it was. An answer that an earlier holder stored meanwhile stays (rule 4). */
export async function withdrawAdoption(tx: Transaction, held: HeldAdoption): Promise<void> {
  await tx.delete(adoptions).where(and(isHeld(held), isNull(adoptions.answeredAt)));
}

/** Nothing rests on it: the next request with this token is as good as the first. */
export async function dropAdoption(tx: Transaction, held: HeldAdoption): Promise<void> {
  await tx.delete(adoptions).where(isHeld(held));
}

/** The product has come back, perhaps with another account's name: a worker tries again at once. */
export async function resumeAdoption(
  tx: Transaction,
  key: AdoptionKey,
  { request, now }: { request: AdoptionRequest; now: Date },
): Promise<void> {
  await tx
    .update(adoptions)
    .set({ request, failure: null, dueAt: now })
    .where(and(isOne(key), isNotNull(adoptions.failure)));
}

/** Reads an adoption and locks it until the transaction ends: of two that finish it, the second finds its channel. */
export async function lockAdoption(tx: Transaction, key: AdoptionKey): Promise<AdoptionState | null> {
  const [row] = await tx.select(stateColumns).from(adoptions).where(isOne(key)).for('update');
  return row ?? null;
}

/** Ends it, in the transaction that stores its channel: nothing sealed is left, and a repetition finds the channel. */
export async function endAdoption(
  tx: Transaction,
  key: AdoptionKey,
  { channelId, expiresAt }: { channelId: string; expiresAt: Date },
): Promise<void> {
  await tx
    .update(adoptions)
    .set({ channelId, expiresAt, sealedToken: null, sealedAnswer: null, failure: null, dueAt: null })
    .where(isOne(key));
}

/** A channel rests on another credential from now on. */
export async function forgetAdoptionsOf(tx: Transaction, channelId: string): Promise<void> {
  await tx.delete(adoptions).where(eq(adoptions.channelId, channelId));
}

/** A tenant is being erased. */
export async function dropAdoptionsOfTenant(tx: Transaction, tenantId: string): Promise<void> {
  await tx.delete(adoptions).where(eq(adoptions.tenantId, tenantId));
}
