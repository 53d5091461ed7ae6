import { and, asc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { isDelivered } from '../../domain/event.ts';
import type { Database, Transaction } from '../client.ts';
import { isAfter, isSettled } from '../events/feed.ts';
import type { FeedPosition } from '../events/feed.ts';
import { tellOfMessages } from '../messages/message-notices.ts';
import { events, feedState, webhookEndpoints } from '../schema/events.ts';
import { insertDeliveries, takeRedeliveries } from '../events/deliveries.ts';
import type { NewDelivery } from '../events/deliveries.ts';

type EventRow = InferSelectModel<typeof events>;

/** The result of one turn of the outbox. */
export interface OutboxTurn {
  /** Deliveries that are committed with this turn and have no workflow yet. */
  deliveries: NewDelivery[];
  /** More events wait than one turn takes. */
  more: boolean;
  /** Committed events wait for an earlier transaction, whose end sends no notification: look again soon. */
  heldBack: boolean;
  /** Notices of messages wait because they are too young to be emitted. */
  noticesWait: boolean;
}

/** PostgreSQL ends a turn that is silent for longer: a frozen process must not stop every webhook. */
const LONGEST_SILENCE = '20s';

/**
 * One turn: notices become `message.received`, and every event after the stored position becomes one delivery per
 * endpoint that wants it, in the feed's order. The position moves in the same transaction, so an event is handed over
 * once, also after a kill (rule 12). null while another process has the turn.
 */
export async function turnOutbox(database: Database, now: Date, limit: number): Promise<OutboxTurn | null> {
  return database.acrossTenants(async (tx) => {
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
  });
}

/** In the feed's order; unsettled events come last, because they wait for an open transaction. */
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
