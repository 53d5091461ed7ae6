import type { Request } from 'express';
import { takeQuota } from '../../db/quotas.ts';
import type { ApiContext } from '../api-context.ts';
import { clientNetwork } from '../http/client-address.ts';
import { Problem } from '../http/problem.ts';
import type { Principal } from '../http/scopes.ts';
import type { RateLimit } from '../limits/rate-limit.ts';

/** Takes one use of a limit. Throws 429 with the time until there is one. */
export function requireLeft(limit: RateLimit, name: string, detail: string): void {
  refuseFor(limit.take(name), detail);
}

/** Counts a request that named what is not there. Throws 429 once its address has named too much of it. */
export function countGuess({ limits }: ApiContext, request: Request): void {
  const detail = `This address named more than ${limits.guesses.uses} keys, links or sign-ins in a minute that do not exist`;
  requireLeft(limits.guesses, clientNetwork(request), detail);
}

/** Throws `problem`, or 429 once the address has been refused too often. */
export function refuseGuess(context: ApiContext, request: Request, problem: Problem): never {
  countGuess(context, request);
  throw problem;
}

/** Counts a read of a key that has a limit of its own, across all processes. Throws 429. */
export async function limitReads(context: ApiContext, { id, readsPerMinute }: Principal): Promise<void> {
  if (readsPerMinute === null) return;
  const waitMs = await takeQuota(context, `reads of ${id}`, readsPerMinute);
  refuseFor(waitMs, `The key may read ${readsPerMinute} tokens and messages in a minute`);
}

function refuseFor(waitMs: number, detail: string): void {
  if (waitMs > 0) throw new Problem('rate_limited', detail, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
}
