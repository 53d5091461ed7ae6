import { and, eq, gt, sql } from 'drizzle-orm';
import { DELIVERY_LANES, laneOf } from '../../domain/event.ts';
import type { EventType } from '../../domain/event.ts';
import { EVENTS_TOPIC, tenantsAsPayload } from '../../domain/notify-topics.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { events, webhookDeliveries, webhookEndpoints } from '../schema/events.ts';
import { CIRCUIT_COLUMNS, circuitValues } from './circuits.ts';
import type { DeliveryRow } from './deliveries.ts';
import type { EndpointRow } from './endpoints.ts';

interface TestEvent {
  endpoint: EndpointRow;
  type: EventType;
  data: Record<string, unknown>;
  now: Date;
}

/**
 * An event for one endpoint alone, and its delivery, which the next turn of the outbox starts. Its number is before every
 * feed's beginning: no reader and no other endpoint meets it.
 */
export async function insertTestDelivery(
  tx: Transaction,
  { endpoint, type, data, now }: TestEvent,
): Promise<{ delivery: DeliveryRow; event: { id: string; type: EventType } }> {
  const id = newId('evt');
  const { tenantId } = endpoint;
  await tx.insert(events).values({ id, tenantId, channelId: null, type, data, at: now, number: 0n });
  const [delivery] = await tx
    .insert(webhookDeliveries)
    .values({
      id: newId('whd'),
      eventId: id,
      endpointId: endpoint.id,
      tenantId,
      lane: laneOf(type),
      state: 'pending',
      createdAt: now,
      nextAttemptAt: null,
    })
    .returning();
  if (!delivery) throw new Error('An insert returned no row');
  await tx.execute(sql`select pg_notify(${EVENTS_TOPIC}, ${tenantsAsPayload([])})`);
  return { delivery, event: { id, type } };
}

export interface ReplayPage {
  /** When the last delivery of an event was made: from `since` on, before `until`. */
  window: { since: Date; until: Date };
  states: ('delivered' | 'failed')[];
  /** The last id of the page before; empty: the first page. */
  after: string;
  limit: number;
  now: Date;
}

export interface Replayed {
  count: number;
  /** Where the next page begins; null: there is none. */
  last: string | null;
}

interface Ended extends Record<string, unknown> {
  id: string;
  eventId: string;
  tenantId: string | null;
  lane: DeliveryRow['lane'];
  redelivery: number;
}

/**
 * Puts a page of ended deliveries into the endpoint's queue again, oldest first. They follow a repair, so the endpoint is
 * tried at once.
 */
export async function replayDeliveries(
  tx: Transaction,
  endpointId: string,
  { window: { since, until }, states, after, limit, now }: ReplayPage,
): Promise<Replayed> {
  for (const lane of DELIVERY_LANES) {
    await tx
      .update(webhookEndpoints)
      .set(circuitValues(lane, { openUntil: now }))
      .where(and(eq(webhookEndpoints.id, endpointId), gt(CIRCUIT_COLUMNS[lane].openUntil, now)));
  }
  const ended = await tx.execute<Ended>(sql`
    select d.id, d.event_id as "eventId", d.tenant_id as "tenantId", d.lane, d.redelivery from webhook_deliveries d
    where d.endpoint_id = ${endpointId} and d.id > ${after}
      and d.created_at >= ${since.toISOString()}::timestamptz and d.created_at < ${until.toISOString()}::timestamptz
      and d.state in (${sql.join(
        states.map((state) => sql`${state}`),
        sql`, `,
      )})
      and not exists (select from webhook_deliveries later where later.event_id = d.event_id
        and later.endpoint_id = d.endpoint_id and later.redelivery > d.redelivery)
    order by d.id limit ${limit}`);
  const due = { state: 'pending' as const, createdAt: now, nextAttemptAt: now, startAt: now };
  const rows = ended.map(({ eventId, tenantId, lane, redelivery }) => {
    return { id: newId('whd'), eventId, endpointId, tenantId, lane, redelivery: redelivery + 1, ...due };
  });
  // Another replay at the same time may have been first.
  const made =
    rows.length === 0 ? [] : await tx.insert(webhookDeliveries).values(rows).onConflictDoNothing().returning();
  return { count: made.length, last: ended.length === limit ? (ended.at(-1)?.id ?? null) : null };
}
