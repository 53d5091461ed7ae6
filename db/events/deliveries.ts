import { and, asc, desc, eq, getTableColumns, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import { laneOf } from '../../domain/event.ts';
import type { DeliveryLane, EventType } from '../../domain/event.ts';
import { EVENTS_TOPIC, tenantsAsPayload } from '../../domain/notify-topics.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { events, webhookDeliveries, webhookEndpoints } from '../schema/events.ts';
import { CIRCUIT_COLUMNS, circuitValues } from './circuits.ts';
import type { SigningEndpoint } from './endpoints.ts';

export type DeliveryRow = InferSelectModel<typeof webhookDeliveries>;

/** A delivery whose workflow has to be started, after the commit. */
export interface NewDelivery {
  id: string;
  endpointId: string;
  lane: DeliveryLane;
}

/** A delivery with its event and endpoint. */
export interface Consignment {
  delivery: DeliveryRow;
  endpoint: SigningEndpoint;
  event: InferSelectModel<typeof events>;
}

/** A statement takes 65,535 parameters; a delivery has nine. */
const ROWS_PER_INSERT = 5_000;

const newColumns = {
  id: webhookDeliveries.id,
  endpointId: webhookDeliveries.endpointId,
  lane: webhookDeliveries.lane,
};

/** The deliveries of a turn of the outbox. An event and endpoint with a delivery keep it. */
export async function insertDeliveries(
  tx: Transaction,
  pairs: { eventId: string; type: EventType; endpointId: string; tenantId: string | null }[],
  now: Date,
): Promise<NewDelivery[]> {
  const inserted: NewDelivery[] = [];
  for (let first = 0; first < pairs.length; first += ROWS_PER_INSERT) {
    const rows = pairs.slice(first, first + ROWS_PER_INSERT).map((pair) => ({
      ...newDelivery({ ...pair, lane: laneOf(pair.type) }, 0, now),
      startAt: now,
    }));
    inserted.push(...(await tx.insert(webhookDeliveries).values(rows).onConflictDoNothing().returning(newColumns)));
  }
  return inserted;
}

function newDelivery(
  { eventId, endpointId, tenantId, lane }: Pick<DeliveryRow, 'eventId' | 'endpointId' | 'tenantId' | 'lane'>,
  redelivery: number,
  now: Date,
) {
  const due = { state: 'pending' as const, createdAt: now, nextAttemptAt: now };
  return { id: newId('whd'), eventId, endpointId, tenantId, lane, redelivery, ...due };
}

/**
 * A requested repetition of an event's delivery to the same endpoint. It has no due time yet: the next turn of the
 * outbox starts it, also after a crash.
 */
export async function insertRedelivery(tx: Transaction, first: DeliveryRow, now: Date): Promise<DeliveryRow> {
  const { eventId, endpointId } = first;
  // Two concurrent requests would get the same number; the second waits here for the first to commit.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${eventId}/${endpointId}`}, 0))`);
  const [counted] = await tx
    .select({ last: sql<number>`max(${webhookDeliveries.redelivery})` })
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.eventId, eventId), eq(webhookDeliveries.endpointId, endpointId)));
  const [row] = await tx
    .insert(webhookDeliveries)
    .values({ ...newDelivery(first, (counted?.last ?? 0) + 1, now), nextAttemptAt: null })
    .returning();
  if (!row) throw new Error('An insert returned no row');
  await tx.execute(sql`select pg_notify(${EVENTS_TOPIC}, ${tenantsAsPayload([])})`);
  return row;
}

const isAskedFor = and(
  eq(webhookDeliveries.state, sql`'pending'`),
  isNull(webhookDeliveries.startAt),
  isNull(webhookDeliveries.nextAttemptAt),
);

/**
 * The deliveries that were asked for since the last turn. They follow a repair, so their endpoints are tried at once. An
 * endpoint is locked before its deliveries, as by every other writer: its deletion takes both.
 */
export async function takeRedeliveries(tx: Transaction, now: Date): Promise<NewDelivery[]> {
  const asked = tx.select({ id: webhookDeliveries.endpointId }).from(webhookDeliveries).where(isAskedFor);
  const locked = await tx
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(inArray(webhookEndpoints.id, asked))
    .orderBy(asc(webhookEndpoints.id))
    .for('no key update');
  if (locked.length === 0) return [];
  const endpointIds = locked.map(({ id }) => id);
  const taken = await tx
    .update(webhookDeliveries)
    .set({ nextAttemptAt: now, startAt: now })
    .where(and(isAskedFor, inArray(webhookDeliveries.endpointId, endpointIds)))
    .returning(newColumns);
  for (const [lane, ofLane] of Map.groupBy(taken, (delivery) => delivery.lane)) {
    const ids = ofLane.map(({ endpointId }) => endpointId);
    await tx
      .update(webhookEndpoints)
      .set(circuitValues(lane, { openUntil: now }))
      .where(and(inArray(webhookEndpoints.id, ids), gt(CIRCUIT_COLUMNS[lane].openUntil, now)));
  }
  return taken;
}

/** A delivery with its event, without the endpoint's secret, which the server may not read. */
export async function findDelivery(tx: Transaction, deliveryId: string): Promise<Omit<Consignment, 'endpoint'> | null> {
  const [row] = await tx
    .select({ delivery: webhookDeliveries, event: events })
    .from(webhookDeliveries)
    .innerJoin(events, eq(events.id, webhookDeliveries.eventId))
    .where(eq(webhookDeliveries.id, deliveryId));
  return row ?? null;
}

export async function findConsignment(tx: Transaction, deliveryId: string): Promise<Consignment | null> {
  const [row] = await tx
    .select({ delivery: webhookDeliveries, endpoint: webhookEndpoints, event: events })
    .from(webhookDeliveries)
    .innerJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpointId))
    .innerJoin(events, eq(events.id, webhookDeliveries.eventId))
    .where(eq(webhookDeliveries.id, deliveryId));
  return row ?? null;
}

/** A list does not need what endpoints answered. */
export type ListedRow = Omit<DeliveryRow, 'attemptLog'>;
const { attemptLog: _, ...listedColumns } = getTableColumns(webhookDeliveries);

export interface ListedDelivery {
  delivery: ListedRow;
  event: { id: string; type: EventType };
}

/** Newest first; `after` is the last id of the page before. */
export async function listDeliveries(
  tx: Transaction,
  { endpointId, after, limit }: { endpointId: string; after: string | null; limit: number },
): Promise<ListedDelivery[]> {
  return tx
    .select({ delivery: listedColumns, event: { id: events.id, type: events.type } })
    .from(webhookDeliveries)
    .innerJoin(events, eq(events.id, webhookDeliveries.eventId))
    .where(
      and(eq(webhookDeliveries.endpointId, endpointId), after === null ? undefined : lt(webhookDeliveries.id, after)),
    )
    .orderBy(desc(webhookDeliveries.id))
    .limit(limit);
}
