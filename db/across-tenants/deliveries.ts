import { and, eq, gt, inArray, isNotNull, sql } from 'drizzle-orm';
import { BACKOFF, LONGEST_WAIT_MS } from '../../domain/backoff.ts';
import type { AttemptEnd } from '../../domain/limits/circuit.ts';
import { DELIVERY_LANES } from '../../domain/event.ts';
import type { DeliveryLane } from '../../domain/event.ts';
import type { Database, Transaction } from '../client.ts';
import { CIRCUIT_COLUMNS } from '../events/circuits.ts';
import { findConsignment } from '../events/deliveries.ts';
import type { Consignment, DeliveryRow, NewDelivery } from '../events/deliveries.ts';
import { holdsPlace, lockQueue, recordEnd, takePlace, takeWaiting } from '../events/delivery-queue.ts';
import { disableEndpoint } from '../events/endpoints.ts';
import { webhookDeliveries, webhookEndpoints } from '../schema/events.ts';

/** Records a delivery's progress; fields left out stay. */
type DeliveryProgress = Partial<
  Pick<
    DeliveryRow,
    'state' | 'attempts' | 'lastStatus' | 'lastError' | 'lastAttemptAt' | 'nextAttemptAt' | 'deliveredAt' | 'attemptLog'
  >
>;

/** A delivery's endpoint may be the product's own and belong to no tenant. */
export async function readConsignment(database: Database, deliveryId: string): Promise<Consignment | null> {
  return database.acrossTenants((tx) => findConsignment(tx, deliveryId));
}

/** Whether the delivery may be attempted now; if not, it is back in the queue of its endpoint. */
export async function takePlaceAtEndpoint(
  database: Database,
  { delivery, endpoint }: Consignment,
  now: Date,
): Promise<boolean> {
  if (holdsPlace(delivery, now)) return true;
  return database.acrossTenants(async (tx) => {
    const queue = await lockQueue(tx, endpoint.id);
    return queue !== null && takePlace(tx, queue, delivery, now);
  });
}

/** Records a delivery's progress without an attempt. */
export async function recordDelivery(
  database: Database,
  { delivery }: Consignment,
  progress: DeliveryProgress,
): Promise<void> {
  await database.acrossTenants((tx) => recordProgress(tx, delivery.id, progress));
}

/**
 * Records an attempt and what it says about the endpoint (`isGone`: it answered 410), and takes the next deliveries from
 * the endpoint's queue: their workflows have to be started.
 */
export async function settleAttempt(
  database: Database,
  { delivery, endpoint }: Consignment,
  { progress, end, isGone, now }: { progress: DeliveryProgress; end: AttemptEnd; isGone: boolean; now: Date },
): Promise<NewDelivery[]> {
  return database.acrossTenants(async (tx) => {
    // In one trip, in this order.
    const [queue] = await Promise.all([lockQueue(tx, endpoint.id), recordProgress(tx, delivery.id, progress)]);
    if (isGone) await disableEndpoint(tx, endpoint.id, now);
    if (!queue || isGone) return [];
    return takeWaiting(tx, await recordEnd(tx, queue, { lane: delivery.lane, end }, now), now);
  });
}

/** Only a pending delivery takes it: a late answer never reopens an ended one. */
async function recordProgress(tx: Transaction, deliveryId: string, progress: DeliveryProgress): Promise<void> {
  await tx
    .update(webhookDeliveries)
    .set({ ...progress, startAt: null, starts: 0, underWayUntil: null })
    .where(and(eq(webhookDeliveries.id, deliveryId), eq(webhookDeliveries.state, sql`'pending'`)));
}

/** A walk along the index from endpoint to endpoint: however many deliveries wait, few rows are read. */
export async function listQueues(
  database: Database,
  { lane, after, now, limit }: { lane: DeliveryLane; after: string; now: Date; limit: number },
): Promise<{ open: string[]; last: string | null }> {
  const next = (from: ReturnType<typeof sql>) => sql`(
    select d.endpoint_id from webhook_deliveries d
    where d.state = 'pending' and d.start_at is not null and d.lane = ${lane} and d.endpoint_id > ${from}
    order by d.endpoint_id limit 1)`;
  const rows = await database.acrossTenants((tx) =>
    tx.execute<{ id: string; waits: boolean }>(sql`
      with recursive queues (id, place) as (
        select ${next(sql`${after}`)}, 1
        union all
        select ${next(sql`queues.id`)}, place + 1 from queues where id is not null and place < ${limit}
      )
      select id, exists (
        select from ${webhookEndpoints} where ${webhookEndpoints.id} = queues.id and ${CIRCUIT_COLUMNS[lane].openUntil} > ${now.toISOString()}::timestamptz
      ) as waits from queues where id is not null order by place`),
  );
  const open = rows.filter(({ waits }) => !waits).map(({ id }) => id);
  return { open, last: rows.length === limit ? (rows.at(-1)?.id ?? null) : null };
}

/** Takes what an endpoint has places for from its queue. The queue of a disabled endpoint ends, batch by batch. */
export async function takeFromQueue(database: Database, endpointId: string, now: Date): Promise<NewDelivery[]> {
  return database.acrossTenants(async (tx) => {
    const queue = await lockQueue(tx, endpointId);
    if (!queue) return [];
    if (queue.disabledAt !== null)
      for (const lane of DELIVERY_LANES) await failWaiting(tx, { endpointId, lane }, { words: DISABLED, before: now });
    return takeWaiting(tx, queue, now);
  });
}

/** Deliveries whose workflows did not start go back to their queues, each for a gap that grows with its starts. */
export async function putBack(database: Database, deliveryIds: string[], now: Date): Promise<void> {
  const { firstMs, factor, longestMs } = BACKOFF.deliveryStart;
  await database.acrossTenants((tx) =>
    tx.execute(sql`
      update webhook_deliveries set under_way_until = null, start_at = ${now.toISOString()}::timestamptz
        + make_interval(secs => least(${longestMs}, ${firstMs} * power(${factor}, least(starts, 20) - 1)) / 1000)
      where ${inArray(sql`id`, deliveryIds)} and state = 'pending' and under_way_until is not null`),
  );
}

/**
 * Deliveries that were due before `dueBefore` and are neither under way nor in a queue have lost their workflow: ended in
 * Temporal's tools, or never started by a process that died. They go to their queues; how many.
 */
export async function queueOverdue(
  database: Database,
  { dueBefore, now, limit }: { dueBefore: Date; now: Date; limit: number },
): Promise<number> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const rows = await database.acrossTenants((tx) =>
    tx.execute(sql`
      update webhook_deliveries set start_at = ${at}, under_way_until = null where id in (
        select id from webhook_deliveries
        where state = 'pending' and start_at is null and next_attempt_at <= ${dueBefore.toISOString()}::timestamptz
          and (under_way_until is null or under_way_until <= ${at})
        order by next_attempt_at limit ${limit} for update skip locked)
      returning id`),
  );
  return rows.length;
}

const DISABLED = 'The endpoint is disabled; enable it and redeliver';
const GIVEN_UP = 'The endpoint failed for three days; redeliver once it is mended';

/**
 * Gives up deliveries that have waited for an open circuit as long as all attempts of one would have lasted, by the
 * time of the last probe.
 */
export async function giveUpWaiting(database: Database): Promise<number> {
  let failed = 0;
  for (const lane of DELIVERY_LANES) {
    const { openUntil, failingSince } = CIRCUIT_COLUMNS[lane];
    const before = sql`(${openUntil} - make_interval(secs => ${LONGEST_WAIT_MS / 1000}))`;
    const failing = await database.acrossTenants((tx) =>
      tx
        .select({ endpointId: webhookEndpoints.id, before: sql<string>`${before}::text` })
        .from(webhookEndpoints)
        .where(and(isNotNull(openUntil), gt(before, failingSince))),
    );
    // A transaction each: the feeds show nothing newer than the oldest one that is open.
    for (const { endpointId, before } of failing)
      failed += await database.acrossTenants((tx) =>
        failWaiting(tx, { endpointId, lane }, { words: GIVEN_UP, before }),
      );
  }
  return failed;
}

const AT_ONCE = 1_000;

async function failWaiting(
  tx: Transaction,
  { endpointId, lane }: { endpointId: string; lane: DeliveryLane },
  { words, before }: { words: string; before: Date | string },
): Promise<number> {
  const rows = await tx.execute(sql`
    update webhook_deliveries set state = 'failed', last_error = ${words}, next_attempt_at = null, start_at = null
    where id in (
      select id from webhook_deliveries
      where state = 'pending' and start_at <= ${typeof before === 'string' ? before : before.toISOString()}::timestamptz
        and lane = ${lane} and endpoint_id = ${endpointId}
      limit ${AT_ONCE} for update skip locked)
    returning id`);
  return rows.length;
}
