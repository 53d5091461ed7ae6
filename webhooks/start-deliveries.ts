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
    // An earlier run is about to end, or sleeps until its next attempt: the place that it was given serves no delivery.
    const runs = page.filter((_, at) => isAlreadyStarted(ends[at]));
    const isAway = failed.length === page.length;
    await giveBack(context, isAway ? deliveries.slice(first) : [...failed, ...runs]);
    if (failed.length === 0) continue;
    const reason = ends.find((end) => end.status === 'rejected')?.reason as unknown;
    context.logger.warn({ err: reason }, `${failed.length} deliveries were not started and wait again`);
    if (isAway) return false;
  }
  return true;
}

const isAlreadyStarted = (end: PromiseSettledResult<boolean> | undefined) => end?.status === 'fulfilled' && !end.value;

/** A database that is away as well leaves them to the sweep for overdue deliveries. */
async function giveBack({ database, clock }: StartContext, deliveries: NewDelivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  const ids = deliveries.map(({ id }) => id);
  await putBack(database, ids, await clock.now()).catch(() => {});
}
