import express from 'express';
import type { RequestHandler } from 'express';
import { Problem } from './problem.ts';

const LIMIT_BYTES = 100_000;
export const TOO_LARGE = 'Expected a body of at most 100 kB';

/** PostgreSQL stores neither NUL nor half a surrogate pair; better said here than failed there. */
function refuseUnstorable(_key: string, value: unknown): unknown {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw new SyntaxError('Text with NUL or half a surrogate pair');
  }
  return value;
}

/** Reads JSON bodies. A body of another kind is refused: a form posted by another site can never be JSON. */
export const readJson: RequestHandler[] = [
  (request, response, next) => {
    const length = Number(request.get('content-length') ?? 0);
    const hasBody = request.get('transfer-encoding') !== undefined || length > 0;
    if (hasBody && !request.is('application/json')) {
      throw new Problem('unsupported_media_type', 'Expected content-type: application/json');
    }
    // Said at once: the parser would first take all of it in, as slowly as it is sent (S-38).
    if (length > LIMIT_BYTES) {
      response.set('Connection', 'close');
      throw new Problem('too_large', TOO_LARGE);
    }
    if (/%00|%u0000/i.test(request.url)) throw new Problem('validation_failed', 'Expected an address without NUL');
    next();
  },
  express.json({ limit: LIMIT_BYTES, reviver: refuseUnstorable }),
];
