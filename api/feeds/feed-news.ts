import type { Context } from '../../runtime/context.ts';
import { EVENTS_TOPIC, isNewsOf } from '../../domain/notify-topics.ts';

/** Streams look at least this often, in ms, should a notification get lost. */
const LOOK_AT_LEAST_EVERY_MS = 15_000;

/** One LISTEN for all streams of a process: signals which tenants may have new events. */
export class FeedNews {
  readonly #database: Context['database'];
  readonly #waiting = new Map<() => void, string | null>();

  constructor({ database }: Pick<Context, 'database'>) {
    this.#database = database;
  }

  /** Starts listening; returns a function that ends it. */
  listen(): Promise<() => Promise<void>> {
    return this.#database.listen(EVENTS_TOPIC, (payload) => {
      for (const [wake, tenantId] of this.#waiting) if (isNewsOf(payload, tenantId)) wake();
    });
  }

  /** Wakes every stream: the process stops. */
  wakeAll(): void {
    for (const wake of this.#waiting.keys()) wake();
  }

  /**
   * Waits for news of a tenant (null: of any), at most for the interval at which a stream must look. Call it before the
   * rows are read, so that it hears what is settled meanwhile.
   */
  async next(tenantId: string | null): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(resolve, tenantId);
    const timer = setTimeout(resolve, LOOK_AT_LEAST_EVERY_MS).unref();
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}
