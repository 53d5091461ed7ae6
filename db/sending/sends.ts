import { and, eq, isNull } from 'drizzle-orm';
import type { InferInsertModel, InferSelectModel } from 'drizzle-orm';
import { outcomeOf } from '../../domain/sending/send.ts';
import type { SendEnd } from '../../domain/sending/send.ts';
import type { Transaction } from '../client.ts';
import { deleteContent } from '../messages/content.ts';
import { sends } from '../schema/sends.ts';

export type SendRow = InferSelectModel<typeof sends>;
type NewSend = Omit<InferInsertModel<typeof sends>, 'state' | 'attempt'>;

/** One try of a send; a late process of an earlier one changes nothing. */
export interface SendTry {
  sendId: string;
  attempt: number;
}

/** Inserts a send under its key; null: the key has a row already. */
export async function insertSend(tx: Transaction, send: NewSend): Promise<SendRow | null> {
  const [row] = await tx
    .insert(sends)
    .values({ ...send, state: 'started' })
    .onConflictDoNothing()
    .returning();
  return row ?? null;
}

export async function findSendByKey(tx: Transaction, channelId: string, keyHash: string): Promise<SendRow | null> {
  const [row] = await tx
    .select()
    .from(sends)
    .where(and(eq(sends.channelId, channelId), eq(sends.keyHash, keyHash)));
  return row ?? null;
}

export async function findSend(tx: Transaction, id: string): Promise<SendRow | null> {
  const [row] = await tx.select().from(sends).where(eq(sends.id, id));
  return row ?? null;
}

/** Tries a message again that was not sent, with the content of the repeated request. null: another request does. */
export async function restartSend(
  tx: Transaction,
  { id, attempt }: Pick<SendRow, 'id' | 'attempt'>,
  message: Pick<NewSend, 'messageId' | 'contentId' | 'size'>,
): Promise<SendRow | null> {
  const [row] = await tx
    .update(sends)
    .set({ ...message, state: 'started', attempt: attempt + 1, transmittedAt: null, settledAt: null, outcome: null })
    .where(and(eq(sends.id, id), eq(sends.attempt, attempt), eq(sends.state, 'not_sent')))
    .returning();
  return row ?? null;
}

/** Commits that the message leaves now; false: another process has settled the send, or sends it. */
export async function markTransmitted(tx: Transaction, one: SendTry, now: Date): Promise<boolean> {
  const marked = await tx
    .update(sends)
    .set({ transmittedAt: now })
    .where(and(underWay(one), isNull(sends.transmittedAt)))
    .returning({ id: sends.id });
  return marked.length > 0;
}

/**
 * Ends a send and deletes the message. `untransmitted`: only if nothing has left. false: it has ended already, or goes on.
 */
export async function settleSend(
  tx: Transaction,
  one: SendTry,
  { end, now, untransmitted = false }: { end: SendEnd; now: Date; untransmitted?: boolean },
): Promise<boolean> {
  const contentId = (await findSend(tx, one.sendId))?.contentId ?? null;
  const settled = await tx
    .update(sends)
    .set({ state: end.state, outcome: outcomeOf(end), settledAt: now, contentId: null })
    .where(and(underWay(one), untransmitted ? isNull(sends.transmittedAt) : undefined))
    .returning({ id: sends.id });
  if (settled.length > 0 && contentId !== null) await deleteContent(tx, [contentId]);
  return settled.length > 0;
}

const underWay = ({ sendId, attempt }: SendTry) =>
  and(eq(sends.id, sendId), eq(sends.attempt, attempt), eq(sends.state, 'started'));
