/** About a page of every folder of a large mailbox; of the others the date is asked for again. */
const MOST = 10_000;

/** When the listed messages came. Listings tell it, so that a fetch needs no call of its own for it. */
export class Dates {
  readonly #known = new Map<string, Date>();

  keep(id: string, receivedAt: Date): void {
    this.#known.set(id, receivedAt);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }

  of(id: string): Date | undefined {
    return this.#known.get(id);
  }
}
