import { giveUpWaiting, listQueues, queueOverdue, takeFromQueue } from '../db/across-tenants/deliveries.ts';
import { DELIVERY_LANES } from '../domain/event.ts';
import type { DeliveryLane } from '../domain/event.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { WakeUp } from '../runtime/wake-up.ts';
import { startDeliveries } from './start-deliveries.ts';

/** The pause without new deliveries; an open circuit is probed up to this late. */
const IDLE_MS = 2_000;
/** The pause after Temporal has refused a start. */
const TROUBLE_MS = 5_000;
const QUEUES_PER_PAGE = 200;
/** Queues that are served at once: transactions of a small pool. */
const QUEUES_AT_ONCE = 2;
/** Temporal counts as away when it took nothing of so many queues in a row; less would let one queue stop the others. */
const AWAY_AFTER = 6;
/** How often deliveries that have lost their workflow are looked for. */
const SWEEP_MS = 10_000;
/** A delivery this far past its due time counts as overdue. Too short costs a needless start. */
const OVERDUE_MS = 10_000;
const OVERDUE_PER_PAGE = 500;
const GIVE_UP_MS = 10 * 60_000;

type QueueContext = Pick<Context, 'database' | 'clock' | 'logger' | 'temporal'>;

/** The queues of webhook endpoints in a worker process. */
interface DeliveryQueues extends Repetition {
  /** Looks at the queues now: deliveries were committed. */
  ring(): void;
}

/**
 * Starts the deliveries that wait in the queues of their endpoints. Each lane has a loop of its own, so that a flood of
 * messages delays no start of a lifecycle event. A queue is served in turns of as many deliveries as its endpoint has
 * places; the end of an attempt starts the next ones, and these loops start what such a chain has left: new deliveries,
 * probes of open circuits, and what a killed process took.
 */
export function startDeliveryQueues(context: QueueContext): DeliveryQueues {
  const stopping = new AbortController();
  const lanes = DELIVERY_LANES.map((lane) => {
    const alarm = new WakeUp();
    return { alarm, running: serveLane(context, { lane, alarm, stopping: stopping.signal }) };
  });
  const sweeps = [
    repeat(context, {
      everyMs: SWEEP_MS,
      turn: (signal) => sweepOverdue(context, signal),
      trouble: 'Overdue deliveries could not be looked for; it is tried again',
    }),
    repeat(context, {
      everyMs: GIVE_UP_MS,
      turn: async (signal) => {
        while (!signal.aborted && (await giveUpWaiting(context.database)) > 0);
      },
      trouble: 'Deliveries to failing endpoints could not be given up; it is tried again',
    }),
  ];
  const ring = () => lanes.forEach(({ alarm }) => alarm.ring());
  return {
    ring,
    async stop() {
      stopping.abort();
      ring();
      await Promise.all([...lanes.map(({ running }) => running), ...sweeps.map((sweep) => sweep.stop())]);
    },
  };
}

interface LaneLoop {
  lane: DeliveryLane;
  alarm: WakeUp;
  stopping: AbortSignal;
}

async function serveLane(context: QueueContext, { lane, alarm, stopping }: LaneLoop): Promise<void> {
  while (!stopping.aborted) {
    let waitMs = IDLE_MS;
    try {
      if (!(await serveQueues(context, lane, stopping))) waitMs = TROUBLE_MS;
    } catch (error) {
      waitMs = TROUBLE_MS;
      context.logger.warn({ err: error }, 'The queues of webhook endpoints could not be served; it is tried again');
    }
    await alarm.wait(waitMs);
  }
}

/** One turn of each queue; false when Temporal took nothing of several queues one after another. */
async function serveQueues(context: QueueContext, lane: DeliveryLane, stopping: AbortSignal): Promise<boolean> {
  const { database, clock } = context;
  let refused = 0;
  for (let after: string | null = ''; after !== null && !stopping.aborted;) {
    const page = await listQueues(database, { lane, after, now: await clock.now(), limit: QUEUES_PER_PAGE });
    for (let first = 0; first < page.open.length; first += QUEUES_AT_ONCE) {
      const served = page.open.slice(first, first + QUEUES_AT_ONCE).map(async (endpointId) => {
        return startDeliveries(context, await takeFromQueue(database, endpointId, await clock.now()));
      });
      for (const isStarted of await Promise.all(served)) refused = isStarted ? 0 : refused + 1;
      if (refused >= AWAY_AFTER) return false;
    }
    after = page.last;
  }
  return refused === 0;
}

async function sweepOverdue({ database, clock }: QueueContext, stopping: AbortSignal): Promise<void> {
  for (let found = OVERDUE_PER_PAGE; found === OVERDUE_PER_PAGE && !stopping.aborted;) {
    const now = await clock.now();
    const dueBefore = new Date(now.getTime() - OVERDUE_MS);
    found = await queueOverdue(database, { dueBefore, now, limit: OVERDUE_PER_PAGE });
  }
}
