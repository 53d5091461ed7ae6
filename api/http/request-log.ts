import type { RequestHandler } from 'express';
import { newId } from '../../db/ids.ts';
import type { Context } from '../../runtime/context.ts';
import type { Principal } from './scopes.ts';

/**
 * Gives every request an id, and one line when it is done. The line has the route's pattern, never the address: a
 * connect link is a secret, and so is what stands in a query (`code`, `state`, `token`).
 */
export function requestLog(logger: Context['logger']): RequestHandler {
  return (request, response, next) => {
    const id = newId('req');
    response.locals['requestId'] = id;
    response.set('X-Request-Id', id);
    const began = performance.now();
    response.on('close', () => {
      const principal = response.locals['principal'] as Principal | null | undefined;
      logger.info({
        msg: 'A request was answered',
        requestId: id,
        method: request.method,
        route: response.locals['route'] ?? 'other',
        status: response.statusCode,
        ms: Math.round(performance.now() - began),
        principalId: principal?.id,
      });
    });
    next();
  };
}
