import type { Response } from 'express';
import type { EwsError } from '../soap/answer.ts';
import { envelope, refusal, STATUS, stillThere } from './notification.ts';

/** As Exchange: clients take a stream that is silent for longer as broken. */
const HEARTBEAT_MS = 45_000;

interface StreamTerms {
  readonly login: string;
  /** Told of by heartbeats. */
  readonly ids: readonly string[];
  readonly minutes: number;
  /** A proxy holds everything back until the end. */
  readonly isBuffered: boolean;
}

/** One answer to GetStreamingEvents: envelopes as they come, for so many minutes. */
export class EventStream {
  readonly terms: StreamTerms;
  readonly #response: Response;
  readonly #timers: NodeJS.Timeout[];
  readonly #held: string[] = [];
  isOver = false;

  constructor(response: Response, terms: StreamTerms, ended: () => void) {
    this.#response = response;
    this.terms = terms;
    this.#timers = [
      setInterval(() => terms.ids.forEach((id) => this.write(stillThere(id))), HEARTBEAT_MS).unref(),
      setTimeout(() => this.close(), terms.minutes * 60_000).unref(),
    ];
    response.once('close', () => {
      this.#end();
      ended();
    });
    this.write(STATUS('OK'));
  }

  write(document: string): void {
    if (this.isOver) return;
    if (this.terms.isBuffered) this.#held.push(document);
    else this.#response.write(document);
  }

  /** The end in order: the client comes back for the same subscriptions. */
  close(): void {
    this.#finish(STATUS('Closed'));
  }

  /** The end of some of its subscriptions, and so of the stream. */
  fail(error: EwsError, ids: readonly string[]): void {
    this.#finish(envelope(refusal(error, ids)));
  }

  #finish(last: string): void {
    if (this.isOver) return;
    this.write(last);
    this.#end();
    this.#response.end(this.#held.join(''));
  }

  #end(): void {
    this.isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
