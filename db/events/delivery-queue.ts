import { and, eq, sql } from 'drizzle-orm';
import { attemptsAllowed, circuitAfter, isSameCircuit } from '../../domain/limits/circuit.ts';
import type { AttemptEnd, Circuit } from '../../domain/limits/circuit.ts';
import { DELIVERY_LANES } from '../../domain/event.ts';
import type { DeliveryLane } from '../../domain/event.ts';
import type { Transaction } from '../client.ts';
import { CIRCUIT_COLUMNS, circuitValues } from './circuits.ts';
import { webhookDeliveries, webhookEndpoints } from '../schema/events.ts';
import type { NewDelivery } from './deliveries.ts';

/** Long enough for a start, the way to a worker and an attempt, in s; it doubles with each start without an attempt. */
const START_LEASE_S = 45;
/** Longer than an attempt may take, in ms. */
const ATTEMPT_MS = 22_000;
const ATTEMPT_LEASE_MS = 45_000;
/** A workflow that found no place ends first, and its delivery is started again after this, in ms. */
const PARK_MS = 2_000;

/** An endpoint whose row is locked: what follows counts and starts its deliveries one transaction after another. */
interface LockedQueue {
  id: string;
  circuits: Record<DeliveryLane, Circuit>;
  disabledAt: Date | null;
  servedTenant: string;
}

/** null when there is no such endpoint. The lock lets the outbox insert deliveries meanwhile. */
export async function lockQueue(tx: Transaction, endpointId: string): Promise<LockedQueue | null> {
  const { id, disabledAt, servedTenant } = webhookEndpoints;
  const [row] = await tx
    .select({ id, disabledAt, servedTenant, ...CIRCUIT_COLUMNS })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, endpointId))
    .for('no key update');
  if (!row) return null;
  const { lifecycle, messages, ...queue } = row;
  return { ...queue, circuits: { lifecycle, messages } };
}

interface LaneState {
  /** Attempts under way. */
  underWay: number;
  /** Deliveries wait. */
  waits: boolean;
}

const countOf = (lane: DeliveryLane) => sql`(count(*) filter (where lane = ${lane}))::integer`;

/** The state of each lane of an endpoint. */
async function stateOf(tx: Transaction, endpointId: string, now: Date): Promise<Record<DeliveryLane, LaneState>> {
  const waits = (lane: DeliveryLane) => sql`exists (select from webhook_deliveries d
    where d.state = 'pending' and d.start_at is not null and d.lane = ${lane} and d.endpoint_id = ${endpointId})`;
  const [row] = await tx.execute<Record<'first' | 'second', number> & Record<DeliveryLane, boolean>>(sql`
    select ${countOf('lifecycle')} as first, ${countOf('messages')} as second,
      ${waits('lifecycle')} as lifecycle, ${waits('messages')} as messages
    from webhook_deliveries
    where endpoint_id = ${endpointId} and state = 'pending' and under_way_until > ${now.toISOString()}::timestamptz`);
  return {
    lifecycle: { underWay: row?.first ?? 0, waits: row?.lifecycle ?? false },
    messages: { underWay: row?.second ?? 0, waits: row?.messages ?? false },
  };
}

/** Whether a delivery that was taken from its queue still has its place for as long as an attempt may take. */
export const holdsPlace = ({ underWayUntil }: { underWayUntil: Date | null }, now: Date) =>
  underWayUntil !== null && underWayUntil.getTime() - now.getTime() > ATTEMPT_MS;

/** Whether a delivery may be attempted now; else it waits in the queue, without a workflow. */
export async function takePlace(
  tx: Transaction,
  queue: LockedQueue,
  delivery: { id: string; lane: DeliveryLane; underWayUntil: Date | null },
  now: Date,
): Promise<boolean> {
  const { lane } = delivery;
  const isCounted = (delivery.underWayUntil ?? now) > now;
  const isFree = async () =>
    (await stateOf(tx, queue.id, now))[lane].underWay < attemptsAllowed(queue.circuits[lane], now);
  const hasPlace = isCounted || (await isFree());
  const after = (ms: number) => new Date(now.getTime() + ms);
  await tx
    .update(webhookDeliveries)
    .set({ startAt: hasPlace ? null : after(PARK_MS), underWayUntil: hasPlace ? after(ATTEMPT_LEASE_MS) : null })
    .where(and(eq(webhookDeliveries.id, delivery.id), eq(webhookDeliveries.state, sql`'pending'`)));
  return hasPlace;
}

/** Records the end of an attempt in the circuit of its lane. */
export async function recordEnd(
  tx: Transaction,
  queue: LockedQueue,
  { lane, end }: { lane: DeliveryLane; end: AttemptEnd },
  now: Date,
): Promise<LockedQueue> {
  const circuit = circuitAfter(queue.circuits[lane], end, now);
  if (isSameCircuit(circuit, queue.circuits[lane])) return queue;
  await tx.update(webhookEndpoints).set(circuitValues(lane, circuit)).where(eq(webhookEndpoints.id, queue.id));
  return { ...queue, circuits: { ...queue.circuits, [lane]: circuit } };
}

/**
 * Takes as many deliveries from an endpoint's queue as it has places for: lifecycle events first, and in each lane the
 * tenants in turn, the oldest of each first. Their workflows are started after the commit.
 */
export async function takeWaiting(tx: Transaction, queue: LockedQueue, now: Date): Promise<NewDelivery[]> {
  if (queue.disabledAt !== null) return [];
  const open = DELIVERY_LANES.filter((lane) => attemptsAllowed(queue.circuits[lane], now) > 0);
  if (open.length === 0) return [];
  const state = await stateOf(tx, queue.id, now);
  const taken: TakenRow[] = [];
  for (const lane of open.filter((one) => state[one].waits)) {
    const room = attemptsAllowed(queue.circuits[lane], now) - state[lane].underWay;
    if (room > 0) taken.push(...(await takeOfLane(tx, { queue, lane, room, now })));
  }
  const servedTenant = taken.toSorted((one, other) => one.place - other.place).at(-1)?.tenant;
  if (servedTenant !== undefined && servedTenant !== queue.servedTenant) {
    await tx.update(webhookEndpoints).set({ servedTenant }).where(eq(webhookEndpoints.id, queue.id));
  }
  return taken.map(({ id, lane }) => ({ id, endpointId: queue.id, lane }));
}

interface TakenRow extends Record<string, unknown> {
  id: string;
  lane: DeliveryLane;
  tenant: string;
  place: number;
}

interface Taking {
  queue: LockedQueue;
  lane: DeliveryLane;
  room: number;
  now: Date;
}

/** Two walks along the index from tenant to tenant, as far as there is room: however many wait, few rows are read. */
async function takeOfLane(tx: Transaction, { queue, lane, room, now }: Taking): Promise<TakenRow[]> {
  const at = sql`${now.toISOString()}::timestamptz`;
  const waits = sql`d.state = 'pending' and d.start_at is not null and d.lane = ${lane} and d.endpoint_id = ${queue.id}`;
  const next = (from: ReturnType<typeof sql>) => sql`(
    select coalesce(d.tenant_id, '') from webhook_deliveries d
    where ${waits} and d.start_at <= ${at} and coalesce(d.tenant_id, '') ${from}
    order by coalesce(d.tenant_id, '') limit 1)`;
  const rows = await tx.execute<TakenRow>(sql`
    with recursive later (tenant, place) as (
      select ${next(sql`> ${queue.servedTenant}`)}, 1
      union all
      select ${next(sql`> later.tenant`)}, place + 1 from later where tenant is not null and place < ${room}
    ), earlier (tenant, place) as (
      select ${next(sql`>= ''`)}, 1
      union all
      select ${next(sql`> earlier.tenant`)}, place + 1 from earlier where tenant is not null and place < ${room}
    ), tenants (tenant, place) as (
      select tenant, place from later where tenant is not null
      union all
      select tenant, place + ${room} from earlier where tenant <= ${queue.servedTenant}
    ), chosen as (
      select w.id, t.tenant, t.place from tenants t cross join lateral (
        select d.id, row_number() over (order by d.start_at, d.id) as turn from webhook_deliveries d
        where ${waits} and coalesce(d.tenant_id, '') = t.tenant and d.start_at <= ${at}
        order by d.start_at, d.id limit ${room}) w
      order by w.turn, t.place limit ${room}
    )
    update webhook_deliveries d set start_at = null, starts = starts + 1,
      under_way_until = ${at} + make_interval(secs => ${START_LEASE_S} * power(2, least(starts, 5)))
    from chosen where d.id = chosen.id
    returning d.id, d.lane, chosen.tenant, chosen.place::integer`);
  return [...rows];
}
