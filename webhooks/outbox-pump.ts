import type { Context } from '../runtime/context.ts';
import { turnOutbox } from '../db/across-tenants/outbox.ts';
import { EVENTS_TOPIC } from '../domain/notify-topics.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { WakeUp } from '../runtime/wake-up.ts';
import { startDeliveryQueues } from './delivery-queues.ts';

/** The pause without a notification, and after an error. */
const IDLE_MS = 5_000;
const EVENTS_PER_TURN = 200;

type PumpContext = Pick<Context, 'database' | 'clock' | 'logger' | 'temporal'>;

/**
 * Turns events of the outbox into deliveries in the queues of their endpoints, from where they are started. Runs in every
 * worker process; the row of feed_state admits one turn at a time.
 */
export function startOutboxPump(context: PumpContext): Repetition {
  const events = new WakeUp();
  const stopping = new AbortController();
  const queues = startDeliveryQueues(context);
  const pumping = pump(context, { events, queued: () => queues.ring(), stopping: stopping.signal });
  return {
    async stop() {
      stopping.abort();
      events.ring();
      await Promise.all([pumping, queues.stop()]);
    },
  };
}

interface PumpLoop {
  events: WakeUp;
  /** Deliveries are committed. */
  queued: () => void;
  stopping: AbortSignal;
}

async function pump(context: PumpContext, { events, queued, stopping }: PumpLoop): Promise<void> {
  let stopListening: (() => Promise<void>) | null = null;
  while (!stopping.aborted) {
    let waitMs = IDLE_MS;
    try {
      stopListening ??= await context.database.listen(EVENTS_TOPIC, () => events.ring());
      const turn = await turnOutbox(context.database, await context.clock.now(), EVENTS_PER_TURN);
      if (turn && turn.deliveries.length > 0) queued();
      if (turn?.more) waitMs = 0;
    } catch (error) {
      context.logger.warn({ err: error }, 'A turn of the outbox failed and is repeated');
    }
    await events.wait(waitMs);
  }
  await stopListening?.();
}
