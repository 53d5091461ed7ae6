import type { Context } from '../runtime/context.ts';
import { listOverdueDeliveries } from '../db/across-tenants/deliveries.ts';
import { turnOutbox } from '../db/across-tenants/outbox.ts';
import { NOTICE_INTERVAL_MS } from '../db/messages/message-notices.ts';
import type { OutboxTurn } from '../db/across-tenants/outbox.ts';
import type { NewDelivery } from '../db/events/deliveries.ts';
import { EVENTS_TOPIC } from '../domain/notify-topics.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { WakeUp } from '../runtime/wake-up.ts';

/** The pause without a notification, and after an error. */
const IDLE_MS = 5_000;
/** The pause between two looks at events that wait for an older transaction, whose end sends no notification. */
const HELD_BACK_MS = { first: 10, longest: 250 };
/** How often deliveries without a workflow are looked for: never started, or ended in Temporal's tools. */
const SWEEP_MS = 10_000;
/** A delivery this far past its due time counts as overdue. Too short costs a needless start. */
const OVERDUE_MS = 10_000;
const EVENTS_PER_TURN = 200;
const STARTS_AT_ONCE = 20;
const OVERDUE_PER_SWEEP = 500;

type PumpContext = Pick<Context, 'database' | 'clock' | 'logger' | 'temporal'>;

/**
 * Turns events of the outbox into deliveries and starts their workflows. Runs in every worker process; the row of
 * feed_state admits one turn at a time. A delivery is committed before its workflow is started, and the sweep starts
 * the deliveries of a process that died between the two.
 */
export function startOutboxPump(context: PumpContext): Repetition {
  const events = new WakeUp();
  const stopping = new AbortController();
  const pumping = pump(context, events, stopping.signal);
  const trouble = 'Overdue deliveries could not be looked for; it is tried again';
  const sweeping = repeat(context, { everyMs: SWEEP_MS, turn: sweepOf(context), trouble });
  return {
    async stop() {
      stopping.abort();
      events.ring();
      await Promise.all([pumping, sweeping.stop()]);
    },
  };
}

async function pump(context: PumpContext, alarm: WakeUp, stopping: AbortSignal): Promise<void> {
  let stopListening: (() => Promise<void>) | null = null;
  let heldBackMs = HELD_BACK_MS.first;
  while (!stopping.aborted) {
    let waitMs = IDLE_MS;
    try {
      stopListening ??= await context.database.listen(EVENTS_TOPIC, () => alarm.ring());
      const turn = await turnOutbox(context.database, await context.clock.now(), EVENTS_PER_TURN);
      if (turn) await startDeliveries(context, turn.deliveries);
      heldBackMs = turn?.heldBack ? Math.min(heldBackMs * 2, HELD_BACK_MS.longest) : HELD_BACK_MS.first;
      waitMs = pauseAfter(turn, heldBackMs);
    } catch (error) {
      context.logger.warn({ err: error }, 'A turn of the outbox failed and is repeated');
    }
    await alarm.wait(waitMs);
  }
  await stopListening?.();
}

function pauseAfter(turn: OutboxTurn | null, heldBackMs: number): number {
  if (!turn) return IDLE_MS;
  if (turn.more) return 0;
  if (turn.heldBack) return heldBackMs;
  return turn.noticesWait ? NOTICE_INTERVAL_MS / 4 : IDLE_MS;
}

/**
 * Each turn takes a page of overdue deliveries; after a full page the next continues there, so that waiting ones hide
 * none.
 */
function sweepOf(context: PumpContext): () => Promise<void> {
  let afterId = '';
  return async () => {
    const dueBefore = new Date((await context.clock.now()).getTime() - OVERDUE_MS);
    const overdue = await listOverdueDeliveries(context.database, { dueBefore, afterId, limit: OVERDUE_PER_SWEEP });
    await startDeliveries(context, overdue);
    afterId = overdue.length === OVERDUE_PER_SWEEP ? (overdue.at(-1)?.id ?? '') : '';
  };
}

/** Starts the deliveries' workflows; a delivery that cannot be started stays pending until the sweep. */
async function startDeliveries(context: PumpContext, deliveries: NewDelivery[]): Promise<void> {
  for (let first = 0; first < deliveries.length; first += STARTS_AT_ONCE) {
    const some = deliveries.slice(first, first + STARTS_AT_ONCE);
    const started = await Promise.allSettled(some.map((delivery) => context.temporal.startDelivery(delivery)));
    const failed = started.filter((result) => result.status === 'rejected');
    if (failed.length > 0) {
      context.logger.warn(
        { err: failed[0]?.reason },
        `${failed.length} deliveries could not be started; the sweep starts them`,
      );
    }
    // Temporal is away. A single one that always fails keeps no later one from its start.
    if (failed.length === some.length) return;
  }
}
