import { jitterOf } from './schedule.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The pause before each attempt of a webhook delivery, 75 h in all (Standard Webhooks, "Deliverability"). */
export const ATTEMPT_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** A receiver that asks for a longer pause does not get one: the event would be stale. */
const LONGEST_PAUSE_MS = 24 * HOUR_MS;

/**
 * How long to wait, in ms, after `attempts` failed ones; null after the last. A hash of the id spreads the wait by a tenth
 * to both sides, so that deliveries that failed together do not return together; never sooner than the receiver asked.
 */
export function retryDelayMs(deliveryId: string, attempts: number, retryAfterMs: number | null): number | null {
  const delayMs = ATTEMPT_DELAYS_MS[attempts];
  if (delayMs === undefined) return null;
  const spreadMs = delayMs * 0.2 * (jitterOf(`${deliveryId}/${attempts}`) - 0.5);
  return Math.round(Math.max(delayMs + spreadMs, Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS)));
}

/**
 * How long a delivery steps aside, in ms, when its endpoint has as many attempts under way as it may: 1 s, 2 s … 30 s,
 * spread over the double.
 */
export function steppingAsideMs(deliveryId: string, times: number): number {
  const growingMs = Math.min(30 * SECOND_MS, SECOND_MS * 2 ** Math.min(10, times));
  return Math.round(growingMs * (1 + jitterOf(`${deliveryId}/aside/${times}`)));
}
