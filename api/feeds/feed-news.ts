import type { Context } from '../../runtime/context.ts';
import { EVENTS_TOPIC, isNewsOf } from '../../domain/notify-topics.ts';

/** Streams look at least this often, in ms, should a notification get lost. */
const LOOK_AT_LEAST_EVERY_MS = 15_000;

/** The news of one stream. */
export interface Hearing {
  /** Waits for news since the last call, at most for the interval at which a stream must look. */
  next(): Promise<void>;
  end(): void;
}

/** One LISTEN for all streams of a process: signals which tenants may have new events. */
export class FeedNews {
  readonly #database: Context['database'];
  readonly #hearing = new Map<() => void, string | null>();

  constructor({ database }: Pick<Context, 'database'>) {
    this.#database = database;
  }

  /** Starts listening; returns a function that ends it. */
  listen(): Promise<() => Promise<void>> {
    return this.#database.listen(EVENTS_TOPIC, (payload) => {
      for (const [heard, tenantId] of this.#hearing) if (isNewsOf(payload, tenantId)) heard();
    });
  }

  /** Wakes every stream: the process stops. */
  wakeAll(): void {
    for (const heard of this.#hearing.keys()) heard();
  }

  /** A stream of a tenant, null: of all. Begin it before the rows are read, so that it hears what is settled meanwhile. */
  hear(tenantId: string | null): Hearing {
    let isNew = false;
    let wake: (() => void) | null = null;
    const heard = () => {
      isNew = true;
      wake?.();
    };
    this.#hearing.set(heard, tenantId);
    return {
      async next() {
        if (!isNew) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          const timer = setTimeout(resolve, LOOK_AT_LEAST_EVERY_MS).unref();
          await promise;
          clearTimeout(timer);
        }
        isNew = false;
      },
      end: () => {
        this.#hearing.delete(heard);
        heard();
      },
    };
  }
}
