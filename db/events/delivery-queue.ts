import { and, eq, sql } from 'drizzle-orm';
import { attemptsAllowed, circuitAfter, isSameCircuit } from '../../domain/limits/circuit.ts';
import type { AttemptEnd, Circuit } from '../../domain/limits/circuit.ts';
import { DELIVERY_LANES } from '../../domain/event.ts';
import type { DeliveryLane } from '../../domain/event.ts';
import type { Transaction } from '../client.ts';
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
interface LockedQueue extends Circuit {
  id: string;
  disabledAt: Date | null;
  servedTenant: string;
}

/** null when there is no such endpoint. The lock lets the outbox insert deliveries meanwhile. */
export async function lockQueue(tx: Transaction, endpointId: string): Promise<LockedQueue | null> {
  const { id, disabledAt, servedTenant, failures, failingSince, openUntil, atOnce } = webhookEndpoints;
  const [row] = await tx
    .select({ id, disabledAt, servedTenant, failures, failingSince, openUntil, atOnce })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, endpointId))
    .for('no key update');
  return row ?? null;
}

interface QueueState extends Record<string, unknown> {
  underWay: number;
  lifecycle: boolean;
  messages: boolean;
}

/** How many attempts are under way, and in which lanes deliveries wait. */
async function stateOf(tx: Transaction, endpointId: string, now: Date): Promise<QueueState> {
  const waits = (lane: DeliveryLane) => sql`exists (select from webhook_deliveries d
    where d.state = 'pending' and d.start_at is not null and d.lane = ${lane} and d.endpoint_id = ${endpointId})`;
  const [row] = await tx.execute<QueueState>(sql`
    select count(*)::integer as "underWay", ${waits('lifecycle')} as lifecycle, ${waits('messages')} as messages
    from webhook_deliveries
    where endpoint_id = ${endpointId} and state = 'pending' and under_way_until > ${now.toISOString()}::timestamptz`);
  return row ?? { underWay: 0, lifecycle: false, messages: false };
}

/** Whether a delivery that was taken from its queue still has its place for as long as an attempt may take. */
export const holdsPlace = ({ underWayUntil }: { underWayUntil: Date | null }, now: Date) =>
  underWayUntil !== null && underWayUntil.getTime() - now.getTime() > ATTEMPT_MS;

/** Whether a delivery may be attempted now; else it waits in the queue, without a workflow. */
export async function takePlace(
  tx: Transaction,
  queue: LockedQueue,
  delivery: { id: string; underWayUntil: Date | null },
  now: Date,
): Promise<boolean> {
  const isCounted = (delivery.underWayUntil ?? now) > now;
  const hasPlace = isCounted || (await stateOf(tx, queue.id, now)).underWay < attemptsAllowed(queue, now);
  const after = (ms: number) => new Date(now.getTime() + ms);
  await tx
    .update(webhookDeliveries)
    .set({ startAt: hasPlace ? null : after(PARK_MS), underWayUntil: hasPlace ? after(ATTEMPT_LEASE_MS) : null })
    .where(and(eq(webhookDeliveries.id, delivery.id), eq(webhookDeliveries.state, sql`'pending'`)));
  return hasPlace;
}

/** What an attempt makes of its endpoint's circuit. */
export async function recordEnd(tx: Transaction, queue: LockedQueue, end: AttemptEnd, now: Date): Promise<LockedQueue> {
  const circuit = circuitAfter(queue, end, now);
  if (isSameCircuit(circuit, queue)) return queue;
  const { failures, failingSince, openUntil, atOnce } = circuit;
  await tx
    .update(webhookEndpoints)
    .set({ failures, failingSince, openUntil, atOnce })
    .where(eq(webhookEndpoints.id, queue.id));
  return { ...queue, ...circuit };
}

/**
 * Takes as many deliveries from an endpoint's queue as it has places for: lifecycle events first, and in each lane the
 * tenants in turn, the oldest of each first. Their workflows are started after the commit.
 */
export async function takeWaiting(tx: Transaction, queue: LockedQueue, now: Date): Promise<NewDelivery[]> {
  const allowed = queue.disabledAt === null ? attemptsAllowed(queue, now) : 0;
  if (allowed === 0) return [];
  const state = await stateOf(tx, queue.id, now);
  let room = allowed - state.underWay;
  const taken: TakenRow[] = [];
  for (const lane of DELIVERY_LANES) {
    if (room <= 0) break;
    if (!state[lane]) continue;
    const rows = await takeOfLane(tx, { queue, lane, room, now });
    taken.push(...rows);
    room -= rows.length;
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
