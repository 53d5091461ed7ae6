import { countPasswordAttempt } from '../../db/access/links.ts';
import type { LinkRow } from '../../db/access/links.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';

/** Attempts at a password form within this time, in ms: a person mistypes, a machine guesses. */
const ATTEMPTS = 20;
const WINDOW_MS = 10 * 60_000;
const MOST_REMEMBERED = 10_000;
/** Attempts in the whole life of a link, counted in its row, across restarts and servers (S-51). */
const ATTEMPTS_OF_A_LINK = 50;

const attempts = new Map<string, number[]>();

/** Counts an attempt at a link. Throws 429 when there were too many, recently or in all. */
export async function limitAttempts({ database }: ApiContext, link: LinkRow, now: Date): Promise<void> {
  limitRecentAttempts(link.id, now);
  const counted = await database.inTenant(link.tenantId, (tx) => countPasswordAttempt(tx, link.id, ATTEMPTS_OF_A_LINK));
  if (counted) return;
  throw new Problem('rate_limited', `The link has had ${ATTEMPTS_OF_A_LINK} attempts; make a new one`);
}

/** With the time until the oldest attempt no longer counts. */
function limitRecentAttempts(linkId: string, now: Date): void {
  const nowMs = now.getTime();
  const recent = (attempts.get(linkId) ?? []).filter((at) => at > nowMs - WINDOW_MS);
  const [oldest] = recent;
  if (recent.length >= ATTEMPTS && oldest !== undefined) {
    const retryAfterSeconds = Math.ceil((oldest + WINDOW_MS - nowMs) / 1000);
    throw new Problem('rate_limited', `The link had more than ${ATTEMPTS} attempts in ten minutes`, {
      retryAfterSeconds,
    });
  }
  if (attempts.size >= MOST_REMEMBERED) attempts.clear();
  attempts.set(linkId, [...recent, nowMs]);
}
