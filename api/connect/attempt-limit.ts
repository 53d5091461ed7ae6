import { Problem } from '../problem.ts';

/** So many tries of a password form within this time, in ms: a person mistypes, a machine guesses. */
const ATTEMPTS = 20;
const WINDOW_MS = 10 * 60_000;
const MOST_REMEMBERED = 10_000;

const attempts = new Map<string, number[]>();

/** Counts an attempt at a link. Throws 429 when there were too many, with the time until the oldest is forgotten. */
export function limitAttempts(linkId: string, now: Date): void {
  const nowMs = now.getTime();
  const recent = (attempts.get(linkId) ?? []).filter((at) => at > nowMs - WINDOW_MS);
  const [oldest] = recent;
  if (recent.length >= ATTEMPTS && oldest !== undefined) {
    const retryAfterSeconds = Math.ceil((oldest + WINDOW_MS - nowMs) / 1000);
    throw new Problem('rate_limited', `More than ${ATTEMPTS} attempts in ten minutes`, { retryAfterSeconds });
  }
  if (attempts.size >= MOST_REMEMBERED) attempts.clear();
  attempts.set(linkId, [...recent, nowMs]);
}
