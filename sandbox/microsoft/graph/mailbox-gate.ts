import { setTimeout as sleep } from 'node:timers/promises';

/** Requests at a time of one app at one mailbox. https://learn.microsoft.com/graph/throttling-limits */
export const MAILBOX_CONCURRENCY = 4;
/** How long a call takes: without it no two would ever meet. */
const LATENCY_MS = 3;

/** Counts what is under way at each mailbox. */
export class MailboxGate {
  readonly #inside = new Map<string, number>();

  free(mailbox: string | null): number {
    return mailbox === null ? Number.POSITIVE_INFINITY : MAILBOX_CONCURRENCY - (this.#inside.get(mailbox) ?? 0);
  }

  /** Holds so many places at a mailbox for as long as they work one after the other. */
  async hold(mailbox: string | null, places: number, rounds = 1): Promise<void> {
    if (mailbox !== null) this.#inside.set(mailbox, (this.#inside.get(mailbox) ?? 0) + places);
    try {
      await sleep(LATENCY_MS * rounds, undefined, { ref: false });
    } finally {
      if (mailbox !== null) this.#leave(mailbox, places);
    }
  }

  #leave(mailbox: string, places: number): void {
    const left = (this.#inside.get(mailbox) ?? 0) - places;
    if (left > 0) this.#inside.set(mailbox, left);
    else this.#inside.delete(mailbox);
  }
}
