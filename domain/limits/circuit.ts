import { BACKOFF, gapMs } from '../backoff.ts';

/**
 * The circuit of a webhook endpoint. Closed, its deliveries are attempted as they come, a few at once. After some
 * failures in a row it opens: the deliveries wait in their queue, and one of them is attempted at growing gaps. Its
 * success closes the circuit, and the number of attempts at once grows from one on, so that what has waited does not
 * arrive all at once.
 */
export interface Circuit {
  /** Failures in a row. */
  failures: number;
  /** When the first of them was; null: the last attempt succeeded. */
  failingSince: Date | null;
  /** null: closed. In the past: the next attempt is a probe. */
  openUntil: Date | null;
  /** How many attempts may be under way while it is closed. */
  atOnce: number;
}

/** A new endpoint's, or one whose address has changed. */
export const CLOSED_CIRCUIT: Circuit = { failures: 0, failingSince: null, openUntil: null, atOnce: 8 };

/** A single event that its receiver cannot digest must hold up no other; fewer would let it. */
const OPENS_AFTER = 5;
/** A place is held from the start of a workflow to the end of its attempt; fewer would slow a quick endpoint's burst. */
const MOST_AT_ONCE = 32;
/** An endpoint that needs longer gets fewer attempts at once, so that it leaves the slots of a process to others. */
const SLOW_MS = 5_000;
const AT_ONCE_WHEN_SLOW = 2;

/** A receiver that asks for a pause gets that pause. */
const NO_GAP = { ...BACKOFF.circuit, firstMs: 0 };

/** The end of an attempt as its circuit sees it. */
export interface AttemptEnd {
  isDelivered: boolean;
  tookMs: number;
  /** The pause that the receiver asked for, with 429 or 503, in ms; null: none. */
  pauseMs: number | null;
}

export function circuitAfter(circuit: Circuit, { isDelivered, tookMs, pauseMs }: AttemptEnd, now: Date): Circuit {
  if (isDelivered) {
    const atOnce = Math.min(circuit.atOnce * 2, tookMs > SLOW_MS ? AT_ONCE_WHEN_SLOW : MOST_AT_ONCE);
    return { ...CLOSED_CIRCUIT, atOnce };
  }
  // An attempt that began before the circuit opened says nothing that the circuit does not know.
  if (circuit.openUntil !== null && circuit.openUntil > now) return circuit;
  const failures = circuit.failures + 1;
  const opens = circuit.openUntil !== null || failures >= OPENS_AFTER || pauseMs !== null;
  const growing = circuit.openUntil !== null || failures >= OPENS_AFTER ? BACKOFF.circuit : NO_GAP;
  const openForMs = gapMs(growing, failures - OPENS_AFTER + 1, { retryAfterMs: pauseMs });
  return {
    failures,
    failingSince: circuit.failingSince ?? now,
    openUntil: opens ? new Date(now.getTime() + openForMs) : null,
    atOnce: opens ? 1 : Math.max(1, Math.floor(circuit.atOnce / 2)),
  };
}

/** How many attempts may be under way now. */
export function attemptsAllowed({ openUntil, atOnce }: Pick<Circuit, 'openUntil' | 'atOnce'>, now: Date): number {
  if (openUntil === null) return atOnce;
  return openUntil > now ? 0 : 1;
}

export const isSameCircuit = (one: Circuit, other: Circuit) =>
  one.failures === other.failures &&
  one.atOnce === other.atOnce &&
  one.failingSince?.getTime() === other.failingSince?.getTime() &&
  one.openUntil?.getTime() === other.openUntil?.getTime();
