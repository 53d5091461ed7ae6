import { and, asc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { isDelivered } from '../../domain/event.ts';
import type { Transaction } from '../client.ts';
import { isAfter, isSettled } from '../events/feed.ts';
import type { FeedPosition } from '../events/feed.ts';
import { tellOfMessages } from '../messages/message-notices.ts';
import { events, feedState, webhookEndpoints } from '../schema/events.ts';
import { insertDeliveries, takeRedeliveries } from '../events/deliveries.ts';
import type { NewDelivery } from '../events/deliveries.ts';

type EventRow = InferSelectModel<typeof events>;

/** What one turn of the outbox did. */
export interface OutboxTurn {
  /** Deliveries that are committed with this turn and have no workflow yet. */
  deliveries: NewDelivery[];
  /** There is more than one turn takes. */
  more: boolean;
  /** Events that are committed wait for a transaction that began before them: look again soon, nothing will tell. */
  heldBack: boolean;
  /** Messages are noticed that are too young to be told of. */
  noticesWait: boolean;
}

/** Whoever stops for so long in the middle of a turn loses it; a frozen process must not stop every webhook. */
const LONGEST_SILENCE = '20s';

/**
 * One turn: notices become `message.received`, and every event after the stored position becomes one delivery per
 * endpoint that wants it, in the feed's order; the position moves in the same transaction, so an event is handed
 * over once whatever is killed (rule 12). null when another process is at it.
 */
export async function turnOutbox(tx: Transaction, now: Date, limit: number): Promise<OutboxTurn | null> {
  await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', ${LONGEST_SILENCE}, true)`);
  const [position] = await tx.select().from(feedState).where(eq(feedState.name, 'outbox')).for('update', {
    skipLocked: true,
  });
  if (!position) return null;
  const noticesWait = await tellOfMessages(tx, position.epoch, now, limit);
  const read = await readEvents(tx, position, limit);
  const settled = read.filter((row) => row.isSettled).map((row) => row.event);
  const deliveries = [...(await handOver(tx, settled, now)), ...(await takeRedeliveries(tx, now))];
  await moveTo(tx, settled.at(-1));
  const more = settled.length === limit;
  return { deliveries, more, heldBack: settled.length < read.length, noticesWait };
}

/** In the feed's order; what is not settled yet comes last, because it waits for a transaction that is still open. */
function readEvents(tx: Transaction, position: Pick<FeedPosition, 'xact' | 'seq'>, limit: number) {
  return tx
    .select({ event: events, isSettled: isSettled(events) })
    .from(events)
    .where(isAfter(events, position))
    .orderBy(asc(events.xact), asc(events.seq))
    .limit(limit);
}

/** An endpoint without `events` or `tenant` gets everything. */
const isWanted = and(
  isNull(webhookEndpoints.disabledAt),
  or(isNull(webhookEndpoints.tenantId), eq(webhookEndpoints.tenantId, events.tenantId)),
  or(isNull(webhookEndpoints.events), sql`${events.type} = any(${webhookEndpoints.events})`),
);

async function handOver(tx: Transaction, settled: EventRow[], now: Date): Promise<NewDelivery[]> {
  const told = settled.filter((event) => isDelivered(event.type)).map((event) => event.id);
  if (told.length === 0) return [];
  const pairs = await tx
    .select({ eventId: events.id, endpointId: webhookEndpoints.id, tenantId: events.tenantId })
    .from(events)
    .innerJoin(webhookEndpoints, isWanted)
    .where(inArray(events.id, told))
    .orderBy(asc(events.xact), asc(events.seq))
    .for('key share');
  return insertDeliveries(tx, pairs, now);
}

async function moveTo(tx: Transaction, last: EventRow | undefined): Promise<void> {
  if (!last) return;
  await tx.update(feedState).set({ xact: last.xact, seq: last.seq }).where(eq(feedState.name, 'outbox'));
}
