/** Concurrent attempts at one endpoint, per process. */
const AT_ONCE = 8;
/** The same after a slow attempt: a hanging endpoint must leave the process's slots to others. */
const AT_ONCE_WHEN_SLOW = 2;
const SLOW_MS = 5_000;

/** Limits the concurrent attempts at one endpoint, more tightly while it is slow, so that it holds up no other. */
export class EndpointSlots {
  readonly #running = new Map<string, number>();
  readonly #slow = new Set<string>();

  /** Runs `work`; null, without running it, when the endpoint is at its limit. */
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
