/** Attempts to one endpoint under way in this process. */
const AT_ONCE = 8;
/** The same after an attempt that took long: an endpoint that hangs must leave the process's slots to the others. */
const AT_ONCE_WHEN_SLOW = 2;
const SLOW_MS = 5_000;

/** Keeps one endpoint from holding up the others: it gets so many attempts at a time, fewer while it is slow. */
export class EndpointSlots {
  readonly #running = new Map<string, number>();
  readonly #slow = new Set<string>();

  /** Runs `work`; null, without running it, when the endpoint has as many under way as it may. */
  async run<T>(endpointId: string, work: () => Promise<T>): Promise<T | null> {
    const running = this.#running.get(endpointId) ?? 0;
    if (running >= (this.#slow.has(endpointId) ? AT_ONCE_WHEN_SLOW : AT_ONCE)) return null;
    this.#running.set(endpointId, running + 1);
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#release(endpointId, performance.now() - began);
    }
  }

  #release(endpointId: string, tookMs: number): void {
    if (tookMs > SLOW_MS) this.#slow.add(endpointId);
    else this.#slow.delete(endpointId);
    const left = (this.#running.get(endpointId) ?? 1) - 1;
    if (left > 0) this.#running.set(endpointId, left);
    else this.#running.delete(endpointId);
  }
}
