import type { Context } from '../../runtime/context.ts';
import { CHANNELS_TOPIC } from '../../domain/notify-topics.ts';

/** A channel that shows something else, for which there is no event. */
export interface ChangedChannel {
  tenantId: string;
  channelId: string;
}

/** One LISTEN for all streams of a process that tell pages of such channels. */
export class ChannelNews {
  readonly #database: Context['database'];
  readonly #heard = new Set<(changed: ChangedChannel) => void>();

  constructor({ database }: Pick<Context, 'database'>) {
    this.#database = database;
  }

  /** Starts listening; returns a function that ends it. */
  listen(): Promise<() => Promise<void>> {
    return this.#database.listen(CHANNELS_TOPIC, (payload) => {
      // Empty after a lost connection: a page that was open meanwhile learns of it by the next event.
      if (payload === '') return;
      const [tenantId, channelId] = JSON.parse(payload) as [string, string];
      for (const hear of this.#heard) hear({ tenantId, channelId });
    });
  }

  /** Calls `hear` with each; returns a function that ends it. */
  subscribe(hear: (changed: ChangedChannel) => void): () => void {
    this.#heard.add(hear);
    return () => void this.#heard.delete(hear);
  }
}
