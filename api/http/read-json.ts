import express from 'express';
import type { Request, RequestHandler } from 'express';
import { Problem } from './problem.ts';

export const LIMIT_BYTES = 100_000;
export const TOO_LARGE = 'Expected a body of at most 100 kB';

/** No body of ours nests as deep; what does would exhaust the stack of each step that walks it. */
const MOST_LEVELS = 64;
export const TOO_DEEP = `Expected JSON of at most ${MOST_LEVELS} levels`;

/** PostgreSQL stores neither NUL nor half a surrogate pair, so they are refused here, in names as in values. */
function refuseUnstorable(name: string, value: unknown): unknown {
  for (const text of [name, value]) {
    if (typeof text === 'string' && (text.includes('\0') || !text.isWellFormed())) {
      throw new SyntaxError('Text contains NUL or half a surrogate pair');
    }
  }
  return value;
}

/** Before it is parsed: a parser goes down as many levels as there are. */
function refuseDeep(_request: unknown, _response: unknown, body: Buffer): void {
  let level = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (isText && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isText = !isText;
    else if (!isText && (byte === BRACE || byte === BRACKET)) level += 1;
    else if (!isText && (byte === BRACE_END || byte === BRACKET_END)) level -= 1;
    if (level > MOST_LEVELS) throw Object.assign(new SyntaxError(TOO_DEEP), { status: 400, type: 'json.too.deep' });
  }
}

const [QUOTE, BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END] = Buffer.from('"\\{}[]');

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
  express.json({ limit: LIMIT_BYTES, reviver: refuseUnstorable, verify: refuseDeep }),
];
