import type { Request, Response } from 'express';
import { identify } from '../auth/authenticate.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem } from '../http/problem.ts';
import type { Principal } from '../http/scopes.ts';

/** An answer without an end is authorised this often, in ms. */
const EVERY_MS = 4_000;
/** Without a word from the database it ends this long after it was last authorised, in ms: within ten seconds. */
const AT_MOST_MS = 9_000;
const TICK_MS = 1_000;
/** What is left to send to a reader that does not take it is dropped after this, in ms. */
const GRACE_MS = 1_000;

interface Answer {
  request: Request;
  response: Response;
  /** Throws a problem or answers false when the caller may not read on. */
  mayRead: (caller: Principal | null) => boolean;
}

/**
 * Ends an answer that goes on and on when its key is revoked, expires or loses what the answer needs, or when its
 * session ends. The reader comes back and is told why.
 */
export function endUnauthorized(context: ApiContext, { request, response, mayRead }: Answer): void {
  let authorizedAtMs = performance.now();
  let isAsking = false;
  const timer = setInterval(() => {
    const sinceMs = performance.now() - authorizedAtMs;
    if (sinceMs >= AT_MOST_MS) end();
    else if (sinceMs >= EVERY_MS && !isAsking) void ask();
  }, TICK_MS);
  response.on('close', () => clearInterval(timer));

  async function ask(): Promise<void> {
    isAsking = true;
    const askedAtMs = performance.now();
    try {
      if (mayRead(await identify(context, request))) authorizedAtMs = askedAtMs;
      else end();
    } catch (error) {
      if (error instanceof Problem) end();
      else context.logger.warn({ err: error }, 'A stream could not be authorised again');
    } finally {
      isAsking = false;
    }
  }

  function end(): void {
    clearInterval(timer);
    response.end();
    setTimeout(() => response.destroy(), GRACE_MS).unref();
  }
}
