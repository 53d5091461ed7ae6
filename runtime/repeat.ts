import type { Context } from './context.ts';
import { WakeUp } from './wake-up.ts';

/** A loop of a worker process. */
export interface Repetition {
  /** Resolves once the turn under way has ended. */
  stop(): Promise<void>;
}

/**
 * Runs `turn` now and again `everyMs` after it ended. An error is logged with `trouble` as its message, and the loop
 * goes on. The signal given to `turn` aborts when the process stops.
 */
export function repeat(
  { logger }: Pick<Context, 'logger'>,
  { everyMs, turn, trouble }: { everyMs: number; turn: (stopping: AbortSignal) => Promise<void>; trouble: string },
): Repetition {
  const alarm = new WakeUp();
  const stopping = new AbortController();
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      alarm.ring();
      await running;
    },
  };

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await turn(stopping.signal).catch((error: unknown) => logger.warn({ err: error }, trouble));
      await alarm.wait(everyMs);
    }
  }
}
