import type { Context } from '../../runtime/context.ts';
import { EVENTS_TOPIC } from '../../domain/notify-topics.ts';

/** Streams look at least this often, in ms: an event becomes final only when older transactions have ended. */
const LOOK_AT_LEAST_EVERY_MS = 1_000;

/** One LISTEN for all streams of a process: signals that there may be new events. */
export class FeedNews {
  readonly #database: Context['database'];
  #news = Promise.withResolvers<void>();

  constructor({ database }: Pick<Context, 'database'>) {
    this.#database = database;
  }

  /** Starts listening; returns a function that ends it. */
  listen(): Promise<() => Promise<void>> {
    return this.#database.listen(EVENTS_TOPIC, () => {
      const { resolve } = this.#news;
      this.#news = Promise.withResolvers();
      resolve();
    });
  }

  /** Waits for news, at most for the interval at which a stream must look. */
  async next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LOOK_AT_LEAST_EVERY_MS);
    await Promise.race([this.#news.promise, promise]);
    clearTimeout(timer);
  }
}
