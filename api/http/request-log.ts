import type { RequestHandler } from 'express';
import { newId } from '../../db/ids.ts';
import type { ApiContext } from '../api-context.ts';
import { clientNetwork } from './client-address.ts';
import type { Principal } from './scopes.ts';

/**
 * Gives every request an id, and one line when it is done; of refused ones the first of its kind in a minute. The line has the route's pattern, never the address: a
 * connect link is a secret, and so is what stands in a query (`code`, `state`, `token`).
 */
export function requestLog({ logger, limits }: Pick<ApiContext, 'logger' | 'limits'>): RequestHandler {
  return (request, response, next) => {
    const id = newId('req');
    response.locals['requestId'] = id;
    response.set('X-Request-Id', id);
    const address = clientNetwork(request); // a socket that was closed has none
    const began = performance.now();
    response.on('close', () => {
      const route = String(response.locals['route'] ?? 'other');
      const { statusCode: status } = response;
      const isRefused = status >= 400 && status < 500;
      if (isRefused && !limits.refusals.isFirst(address, `${status} ${request.method} ${route}`)) return;
      const principal = response.locals['principal'] as Principal | null | undefined;
      logger.info({
        msg: 'A request was answered',
        requestId: id,
        method: request.method,
        route,
        status,
        ms: Math.round(performance.now() - began),
        principalId: principal?.id,
      });
    });
    next();
  };
}
