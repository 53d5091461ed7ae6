import { putBack } from '../db/across-tenants/deliveries.ts';
import type { NewDelivery } from '../db/events/deliveries.ts';
import type { Context } from '../runtime/context.ts';

const STARTS_AT_ONCE = 20;

type StartContext = Pick<Context, 'database' | 'clock'> & {
  logger: Pick<Context['logger'], 'warn'>;
  temporal: Pick<Context['temporal'], 'startDelivery'>;
};

/**
 * Starts the workflows of deliveries that were taken from their queues; the ones that Temporal does not take go back. False
 * when it took none of a page: it is away. A single delivery that always fails keeps no later one from its start.
 */
export async function startDeliveries(context: StartContext, deliveries: NewDelivery[]): Promise<boolean> {
  for (let first = 0; first < deliveries.length; first += STARTS_AT_ONCE) {
    const page = deliveries.slice(first, first + STARTS_AT_ONCE);
    const ends = await Promise.allSettled(page.map((delivery) => context.temporal.startDelivery(delivery)));
    const failed = page.filter((_, at) => ends[at]?.status === 'rejected');
    if (failed.length === 0) continue;
    const isAway = failed.length === page.length;
    const left = isAway ? deliveries.slice(first) : failed;
    const reason = ends.find((end) => end.status === 'rejected')?.reason as unknown;
    context.logger.warn({ err: reason }, `${left.length} deliveries were not started and wait again`);
    const ids = left.map(({ id }) => id);
    // A database that is away as well leaves them to the sweep for overdue deliveries.
    await putBack(context.database, ids, await context.clock.now()).catch(() => {});
    if (isAway) return false;
  }
  return true;
}
