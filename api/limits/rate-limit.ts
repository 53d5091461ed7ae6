/** Names that are remembered at once. Beyond them the one that was used least recently starts anew. */
const MOST_NAMES = 10_000;

/**
 * Allows each name so many uses at once and as many again in the course of `perMs` (GCRA). It counts in this process
 * alone.
 */
export class RateLimit {
  readonly uses: number;
  readonly #costMs: number;
  readonly #perMs: number;
  /** Until when the time of a name is used up, on the monotonic clock. In the order of the last use. */
  readonly #usedUntilMs = new Map<string, number>();

  constructor({ uses, perMs }: { uses: number; perMs: number }) {
    this.uses = uses;
    this.#perMs = perMs;
    this.#costMs = perMs / uses;
  }

  /** Takes one use. Answers 0, or without taking it in how many ms there is one. */
  take(name: string): number {
    const nowMs = performance.now();
    const usedMs = Math.max(this.#usedUntilMs.get(name) ?? -Infinity, nowMs - this.#perMs) + this.#costMs;
    // A millionth of a ms may be left over from adding up parts of one.
    if (usedMs > nowMs + 1e-6) return usedMs - nowMs;
    this.#usedUntilMs.delete(name);
    this.#usedUntilMs.set(name, usedMs);
    if (this.#usedUntilMs.size > MOST_NAMES) this.#forgetOldest();
    return 0;
  }

  #forgetOldest(): void {
    const [oldest] = this.#usedUntilMs.keys();
    if (oldest !== undefined) this.#usedUntilMs.delete(oldest);
  }
}
