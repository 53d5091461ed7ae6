import { asc, inArray, lte, sql } from 'drizzle-orm';
import { EVENTS_TOPIC } from '../../domain/notify-topics.ts';
import type { Transaction } from '../client.ts';
import { insertEvent } from '../events/events.ts';
import { feedCursor } from '../events/feed.ts';
import { channels } from '../schema/channels.ts';
import { messageNotices } from '../schema/messages.ts';

/** `message.received` is emitted at most once in this time per channel, in ms, for any number of messages. */
export const NOTICE_INTERVAL_MS = 1000;

/**
 * Notes, in the transaction that stores them, that a channel has `count` new messages. Call it last: from here to the
 * commit other transactions that store messages of the channel wait.
 */
export async function noticeMessages(
  tx: Transaction,
  notice: { tenantId: string; channelId: string; count: number; now: Date },
): Promise<void> {
  if (notice.count === 0) return;
  const [row] = await tx
    .insert(messageNotices)
    .values({ tenantId: notice.tenantId, channelId: notice.channelId, count: notice.count, since: notice.now })
    .onConflictDoUpdate({
      target: messageNotices.channelId,
      set: {
        count: sql`${messageNotices.count} + excluded.count`,
        firstXact: sql`least(${messageNotices.firstXact}, excluded.first_xact)`,
      },
    })
    .returning({ isNew: sql<boolean>`xmax = 0` });
  if (row?.isNew) await tx.execute(sql`select pg_notify(${EVENTS_TOPIC}, '')`);
}

/**
 * Turns notices that are old enough into one `message.received` each. Its cursor is the feed's, just before the first
 * of these messages: `GET /v1/messages?channel=…&after=<cursor>` begins with them. True when notices are left.
 *
 * A locked channel is skipped: waiting for it here could be a deadlock, because an import holds
 * its channel and then waits for the notice.
 */
export async function tellOfMessages(tx: Transaction, epoch: string, now: Date, limit: number): Promise<boolean> {
  const noticed = await tx
    .select()
    .from(messageNotices)
    .where(lte(messageNotices.since, new Date(now.getTime() - NOTICE_INTERVAL_MS)))
    .orderBy(asc(messageNotices.since))
    .limit(limit)
    .for('update', { skipLocked: true });
  const free = await holdChannels(
    tx,
    noticed.map((notice) => notice.channelId),
  );
  const due = noticed.filter((notice) => free.has(notice.channelId));
  for (const notice of due) {
    await insertEvent(tx, {
      tenantId: notice.tenantId,
      channelId: notice.channelId,
      type: 'message.received',
      incidentId: null,
      data: { count: notice.count, cursor: feedCursor({ epoch, xact: notice.firstXact, seq: 0n }) },
      at: now,
    });
  }
  if (due.length > 0) {
    const told = due.map((notice) => notice.channelId);
    await tx.delete(messageNotices).where(inArray(messageNotices.channelId, told));
  }
  const [left] = await tx.select({ channelId: messageNotices.channelId }).from(messageNotices).limit(1);
  return left !== undefined;
}

/** Of these channels, the unlocked ones; they cannot be erased until this transaction ends. */
async function holdChannels(tx: Transaction, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const held = await tx
    .select({ id: channels.id })
    .from(channels)
    .where(inArray(channels.id, ids))
    .for('key share', { skipLocked: true });
  return new Set(held.map(({ id }) => id));
}
