import { rateLimited } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';

/** The part of an organization's daily requests at which we stop listing and fetching; the rest is for its other programs. */
const OUR_PART = 0.9;
/** How long a count is believed: the 24 hours of the limit move on. */
const BELIEVED_MS = 15 * 60_000;

/** The requests that an organization has used in 24 hours, by its own count, which all programs and processes share. */
export interface Budget {
  /** Keeps what an answer says of it: `api-usage=4500/100000`. */
  read(organization: string, header: string | undefined): void;
  /** Throws `ProviderError` where too little is left to list and fetch. */
  require(organization: string): void;
}

export function createBudget(): Budget {
  const counts = new Map<string, { part: number; atMs: number }>();
  return {
    read(organization, header) {
      const [, used, most] = /api-usage=(\d+)\/(\d+)/.exec(header ?? '') ?? [];
      if (Number(most) > 0) counts.set(organization, { part: Number(used) / Number(most), atMs: performance.now() });
    },
    require(organization) {
      const count = counts.get(organization);
      if (count === undefined) return;
      const waitMs = count.atMs + BELIEVED_MS - performance.now();
      if (waitMs <= 0) counts.delete(organization);
      else if (count.part >= OUR_PART) throw spent(waitMs);
    },
  };
}

function spent(waitMs: number): ProviderError {
  const failure = rateLimited(Math.ceil(waitMs), 'daily_requests_nearly_spent');
  return new ProviderError('the organization has nearly spent its requests of the last 24 hours', failure);
}
