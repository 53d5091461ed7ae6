import { asc, eq, inArray, sql } from 'drizzle-orm';
import type { InferSelectModel, SQL } from 'drizzle-orm';
import { isDelivered } from '../../domain/event.ts';
import type { Database, Transaction } from '../client.ts';
import { isAfter } from '../events/feed.ts';
import type { FeedPosition } from '../events/feed.ts';
import { events, feedState } from '../schema/events.ts';
import { insertDeliveries, takeRedeliveries } from '../events/deliveries.ts';
import type { NewDelivery } from '../events/deliveries.ts';

type EventRow = InferSelectModel<typeof events>;

/** The result of one turn of the outbox. */
export interface OutboxTurn {
  /** Deliveries that are committed with this turn and have no workflow yet. */
  deliveries: NewDelivery[];
  /** More events wait than one turn takes. */
  more: boolean;
}

/** PostgreSQL ends a turn that is silent for longer: a frozen process must not stop every webhook. */
const LONGEST_SILENCE = '20s';

/**
 * One turn: every settled event after the stored position becomes one delivery per endpoint that wants it, in the feed's
 * order. The position moves in the same transaction, so an event is handed over
 * once, also after a kill (rule 12). null while another process has the turn.
 */
export async function turnOutbox(database: Database, now: Date, limit: number): Promise<OutboxTurn | null> {
  return database.acrossTenants(async (tx) => {
    await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', ${LONGEST_SILENCE}, true)`);
    const [position] = await tx.select().from(feedState).where(eq(feedState.name, 'outbox')).for('update', {
      skipLocked: true,
    });
    if (!position) return null;
    const settled = await readEvents(tx, position, limit);
    // First, while no endpoint is locked: a lock that is made stronger would invite a deadlock.
    const redeliveries = await takeRedeliveries(tx, now);
    const handedOver = await handOver(tx, settled, now);
    const deliveries = [...handedOver.deliveries, ...redeliveries];
    await moveTo(tx, settled[handedOver.count - 1]);
    const more = settled.length === limit || handedOver.count < settled.length;
    return { deliveries, more };
  });
}

function readEvents(tx: Transaction, position: Pick<FeedPosition, 'number'>, limit: number) {
  return tx.select().from(events).where(isAfter(events, position)).orderBy(asc(events.number)).limit(limit);
}

/** How many deliveries a turn inserts, unless one event alone has more: its transaction stays short. */
const DELIVERIES_PER_TURN = 2_000;

interface Pair extends Record<string, unknown> {
  eventId: string;
  type: EventRow['type'];
  tenantId: string | null;
  endpointId: string;
}

/** Inserts the deliveries of as many of the events as a turn has room for, in their order; how many events. */
async function handOver(tx: Transaction, settled: EventRow[], now: Date): Promise<HandedOver> {
  const told = settled.filter((event) => isDelivered(event.type)).map((event) => event.id);
  if (told.length === 0) return { deliveries: [], count: settled.length };
  const pairs = await findPairs(tx, told, DELIVERIES_PER_TURN + 1);
  if (pairs.length <= DELIVERIES_PER_TURN) {
    return { deliveries: await insertDeliveries(tx, pairs, now), count: settled.length };
  }
  const cut = pairs.at(-1)?.eventId ?? '';
  const whole = pairs.filter(({ eventId }) => eventId !== cut);
  const cutAt = settled.findIndex(({ id }) => id === cut);
  if (whole.length > 0) return { deliveries: await insertDeliveries(tx, whole, now), count: cutAt };
  return { deliveries: await insertDeliveries(tx, await findPairs(tx, [cut], null), now), count: cutAt + 1 };
}

interface HandedOver {
  deliveries: NewDelivery[];
  count: number;
}

/**
 * Each event with each endpoint that wants it, in the feed's order. An endpoint without `events` or `tenant` gets
 * everything. The index leads to the endpoints of an event's tenant, however many others there are. The lock keeps an
 * endpoint from being deleted before its deliveries are inserted.
 */
async function findPairs(tx: Transaction, eventIds: string[], limit: number | null): Promise<Pair[]> {
  const found = await tx.execute<Pair>(wantedBy(eventIds, limit));
  return [...found];
}

const endpointsWhere = (whose: SQL) => sql`
  select * from (
    select w.id from webhook_endpoints w
    where ${whose} and w.disabled_at is null and (w.events is null or e.type = any(w.events))
    order by w.id for key share of w) endpoints`;

/** The query of `findPairs`. */
export function wantedBy(eventIds: string[], limit: number | null): SQL {
  return sql`
    select e.id as "eventId", e.type, e.tenant_id as "tenantId", wanting.id as "endpointId"
    from (select id, type, tenant_id, number from events where ${inArray(sql`id`, eventIds)} order by number) e
    cross join lateral (
      ${endpointsWhere(sql`w.tenant_id = e.tenant_id`)} union all ${endpointsWhere(sql`w.tenant_id is null`)}
    ) wanting
    order by e.number ${limit === null ? sql`` : sql`limit ${limit}`}`;
}

async function moveTo(tx: Transaction, last: EventRow | undefined): Promise<void> {
  if (!last?.number) return;
  await tx.update(feedState).set({ number: last.number }).where(eq(feedState.name, 'outbox'));
}
