import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';
import type { Context } from '../../runtime/context.ts';
import { Problem, problemBody } from './problem.ts';
import { TOO_DEEP, TOO_LARGE } from './read-json.ts';

/** What a limit is answered with that does not say when it ends, such as a provider's, in seconds. */
const LATER_S = 60;

/** Turns every error into problem details; an unforeseen one is logged and says nothing of its cause. */
export function answerProblem(logger: Context['logger']): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const requestId = String(response.locals['requestId'] ?? '');
    const problem = toProblem(error);
    // A foreseen problem has its status in the request's own line.
    if (!(error instanceof Problem) && problem.status >= 500) {
      logger.error({ err: error, requestId, code: problem.code }, 'A request failed');
    }
    if (response.headersSent) return next(error);
    const { retryAfterSeconds = problem.status === 429 ? LATER_S : undefined } = problem.details;
    if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
    if (problem.code === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer realm="Mooring"');
    response.status(problem.status).type('application/problem+json');
    response.send(JSON.stringify(problemBody(problem, requestId)));
  };
}

export const answerNotFound: RequestHandler = () => {
  throw new Problem('not_found', 'No call has this address');
};

/** The errors that `body-parser` and the router throw before a route is reached. */
const thrownByExpress = z.object({ status: z.number(), type: z.string().optional() });
/** Away, without a place for another connection, or with a statement that took too long or waited too long for a lock. */
const DATABASE_AWAY =
  /^(CONNECT_TIMEOUT|CONNECTION_(CLOSED|ENDED|DESTROYED)|ECONNREFUSED|ECONNRESET|57P0[1-5]|53300|57014|55P03|40P01|40001|25P0[34])$/;

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const express = thrownByExpress.safeParse(error);
  if (express.success && express.data.status < 500) return fromExpress(express.data);
  if (isDatabaseAway(error)) {
    return new Problem('database_unavailable', 'The database does not answer; the request changed nothing', {
      retryAfterSeconds: 2,
    });
  }
  return new Problem('internal_error', 'Mooring failed; its log has the details under the request id');
}

function fromExpress({ status, type }: z.infer<typeof thrownByExpress>): Problem {
  if (status === 413) return new Problem('too_large', TOO_LARGE);
  if (status === 415) return new Problem('unsupported_media_type', 'Expected UTF-8 without or with gzip encoding');
  if (type === 'json.too.deep') return new Problem('malformed_json', TOO_DEEP);
  if (type === 'entity.parse.failed')
    return new Problem(
      'malformed_json',
      'Expected a JSON object in UTF-8, its text without NUL and half surrogate pairs',
    );
  return new Problem('validation_failed', 'The request could not be read');
}

function isDatabaseAway(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && DATABASE_AWAY.test(code)) return true;
  }
  return false;
}
