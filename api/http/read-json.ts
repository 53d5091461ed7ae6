import express from 'express';
import type { Request, RequestHandler } from 'express';
import { Problem } from './problem.ts';

export const LIMIT_BYTES = 100_000;
export const TOO_LARGE = 'Expected a body of at most 100 kB';

/** PostgreSQL stores neither NUL nor half a surrogate pair, so they are refused here. */
function refuseUnstorable(_key: string, value: unknown): unknown {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw new SyntaxError('Text contains NUL or half a surrogate pair');
  }
  return value;
}

const lengthOf = (request: Request) => Number(request.get('content-length') ?? 0);

/** Refused at once: a parser would first read all of it, as slowly as it is sent (S-38). */
export const refuseTooLarge: RequestHandler = (request, response, next) => {
  if (lengthOf(request) > LIMIT_BYTES) {
    response.set('Connection', 'close');
    throw new Problem('too_large', TOO_LARGE);
  }
  next();
};

/** Reads JSON bodies. A body of another kind is refused: a form posted by another site can never be JSON. */
export const readJson: RequestHandler[] = [
  (request, _response, next) => {
    const hasBody = request.get('transfer-encoding') !== undefined || lengthOf(request) > 0;
    if (hasBody && !request.is('application/json')) {
      throw new Problem('unsupported_media_type', 'Expected content-type: application/json');
    }
    next();
  },
  refuseTooLarge,
  (request, _response, next) => {
    if (/%00|%u0000/i.test(request.url)) throw new Problem('validation_failed', 'Expected an address without NUL');
    next();
  },
  express.json({ limit: LIMIT_BYTES, reviver: refuseUnstorable }),
];
