import { asc, eq, gt, inArray, lte, or, sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { insertEvents } from '../events/events.ts';
import { feedCursor } from '../events/feed.ts';
import { channels } from '../schema/channels.ts';
import { messageNotices } from '../schema/messages.ts';
import { tenants } from '../schema/tenants.ts';

/** `message.received` is emitted at most once in this time per channel, in ms, for any number of messages. */
const NOTICE_INTERVAL_MS = 1000;

/** A message that has just got its number. */
export interface Settled {
  tenantId: string | null;
  channelId: string;
  number: bigint;
}

/**
 * Notes that a channel has new messages in the feed. The order of channels is the same in every transaction, so that two
 * never wait for each other.
 */
export async function noticeMessages(tx: Transaction, settled: readonly Settled[], now: Date): Promise<void> {
  const byChannel = [...Map.groupBy(settled, ({ channelId }) => channelId)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (byChannel.length === 0) return;
  const rows = byChannel.map(([channelId, messages]) => ({
    channelId,
    tenantId: messages[0]?.tenantId ?? '',
    count: messages.length,
    since: now,
    after: messages.reduce((least, { number }) => (number < least ? number : least), messages[0]?.number ?? 0n) - 1n,
  }));
  await tx
    .insert(messageNotices)
    .values(rows)
    .onConflictDoUpdate({
      target: messageNotices.channelId,
      set: { count: sql`${messageNotices.count} + excluded.count` },
    });
}

/** Of one turn, so that it stays short. */
const MOST_TOLD = 200;

interface Told {
  /** The events. */
  ids: string[];
  /** More notices are old enough. */
  isFull: boolean;
  /** Notices are left. */
  wait: boolean;
}

/**
 * Turns notices that are old enough into one `message.received` each. Its cursor is the feed's, just before the first
 * of these messages: `GET /v1/messages?channel=…&after=<cursor>` begins with them.
 *
 * A locked channel is passed over and comes again a second later: an import may hold it for long, and every feed would wait
 * for that.
 */
export async function tellOfMessages(tx: Transaction, epoch: string, now: Date): Promise<Told> {
  const earlier = new Date(now.getTime() - NOTICE_INTERVAL_MS);
  // A clock that was set back must not hold a notice for as long.
  const later = new Date(now.getTime() + NOTICE_INTERVAL_MS);
  const noticed = await tx
    .select()
    .from(messageNotices)
    .where(or(lte(messageNotices.since, earlier), gt(messageNotices.since, later)))
    .orderBy(asc(messageNotices.since))
    .limit(MOST_TOLD)
    .for('update', { skipLocked: true });
  const ids = noticed.map((notice) => notice.channelId);
  const [free, known] = [await holdChannels(tx, ids), await listKnown(tx, ids)];
  const due = noticed.filter((notice) => free.has(notice.channelId));
  const told = await insertEvents(
    tx,
    due.map((notice) => ({
      tenantId: notice.tenantId,
      channelId: notice.channelId,
      type: 'message.received',
      incidentId: null,
      data: { count: notice.count, cursor: feedCursor('messages', { epoch, number: notice.after }) },
      at: now,
    })),
  );
  const over = ids.filter((id) => free.has(id) || !known.has(id));
  if (over.length > 0) await tx.delete(messageNotices).where(inArray(messageNotices.channelId, over));
  const held = ids.filter((id) => !free.has(id) && known.has(id));
  if (held.length > 0) {
    await tx.update(messageNotices).set({ since: now }).where(inArray(messageNotices.channelId, held));
  }
  const [left] = await tx.select({ channelId: messageNotices.channelId }).from(messageNotices).limit(1);
  return { ids: told, isFull: noticed.length === MOST_TOLD, wait: left !== undefined };
}

/** Of these channels, the unlocked ones of unlocked tenants; neither can be erased until this transaction ends. */
async function holdChannels(tx: Transaction, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const held = await tx
    .select({ id: channels.id })
    .from(channels)
    .innerJoin(tenants, eq(tenants.id, channels.tenantId))
    .where(inArray(channels.id, ids))
    .for('key share', { skipLocked: true });
  return new Set(held.map(({ id }) => id));
}

/** Of these channels, those that are not erased. */
async function listKnown(tx: Transaction, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const known = await tx.select({ id: channels.id }).from(channels).where(inArray(channels.id, ids));
  return new Set(known.map(({ id }) => id));
}
