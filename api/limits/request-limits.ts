import type { Context } from '../../runtime/context.ts';
import { Places } from './places.ts';
import { RateLimit } from './rate-limit.ts';
import { RefusalLog } from './refusal-log.ts';
import { Turns } from './turns.ts';

const MINUTE_MS = 60_000;

/** The limits that a process of the API keeps for itself; those that hold across processes are rows. */
export interface RequestLimits {
  /** By address: keys, links and sign-ins that do not exist, and pushes that are not the provider's. */
  guesses: RateLimit;
  /** Look-ups of what a stranger names: a flood of them takes no connection that a known key waits for. */
  lookups: Turns;
  /** By address: calls that need no key. */
  publicCalls: RateLimit;
  /** By key: calls that change something. */
  changes: RateLimit;
  /** By link: trips to a provider's page. */
  authorizations: RateLimit;
  /** By link: passwords. */
  passwords: RateLimit;
  /** By banner token and address: reads of the banner's state. */
  bannerReads: RateLimit;
  /** By address: mails with a new link. */
  renewals: RateLimit;
  /** By key: event streams that are open at once. */
  streams: Places;
  refusals: RefusalLog;
}

export function createRequestLimits({ logger }: Pick<Context, 'logger'>): RequestLimits {
  return {
    guesses: new RateLimit({ uses: 100, perMs: MINUTE_MS }),
    lookups: new Turns(2),
    publicCalls: new RateLimit({ uses: 6_000, perMs: MINUTE_MS }),
    changes: new RateLimit({ uses: 30_000, perMs: MINUTE_MS }),
    authorizations: new RateLimit({ uses: 20, perMs: 10 * MINUTE_MS }),
    passwords: new RateLimit({ uses: 20, perMs: 10 * MINUTE_MS }),
    bannerReads: new RateLimit({ uses: 300, perMs: MINUTE_MS }),
    renewals: new RateLimit({ uses: 10, perMs: 10 * MINUTE_MS }),
    streams: new Places(100),
    refusals: new RefusalLog(logger),
  };
}
