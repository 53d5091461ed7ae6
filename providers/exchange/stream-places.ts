/** The streams of one login that a server holds, for all its clients together (HangingConnectionLimit). */
const MOST_STREAMS = 10;
const MOST_STREAMS_OF_2013 = 3;
/** Major and minor version of Exchange 2013, as an answer's header tells it. */
const EXCHANGE_2013 = '15.0';

/**
 * The streams that this process holds, by login and server: a login may read several mailboxes. One that is beyond the
 * server's limit is not asked for. Other processes and clients count there as well, and the server declines for them.
 */
export class StreamPlaces {
  readonly #taken = new Map<string, number>();

  /** @param version of the server; null where it is not told */
  isFull(login: string, version: string | null): boolean {
    return (this.#taken.get(login) ?? 0) >= (version === EXCHANGE_2013 ? MOST_STREAMS_OF_2013 : MOST_STREAMS);
  }

  /** Holds a place until `work` has ended. */
  async during<Result>(login: string, work: () => Promise<Result>): Promise<Result> {
    this.#add(login, 1);
    try {
      return await work();
    } finally {
      this.#add(login, -1);
    }
  }

  #add(login: string, change: 1 | -1): void {
    const taken = (this.#taken.get(login) ?? 0) + change;
    if (taken === 0) this.#taken.delete(login);
    else this.#taken.set(login, taken);
  }
}
