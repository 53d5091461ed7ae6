import type { Request } from 'express';
import { Problem } from '../../http/problem.ts';

/** The Idempotency-Key, which a send requires. Throws 400. */
export function readSendKey(request: Request): string {
  const key = request.get('idempotency-key');
  if (key === undefined) {
    throw new Problem(
      'idempotency_key_missing',
      'Expected an Idempotency-Key: it keeps a repetition from sending the message twice',
    );
  }
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem('validation_failed', 'Idempotency-Key: expected 1 to 255 visible ASCII characters');
}

export function requireMediaType(request: Request): void {
  if (request.is('message/rfc822')) return;
  throw new Problem('unsupported_media_type', 'Expected content-type: message/rfc822');
}

/** The body as it comes, never held whole. Throws 413 at the first sign that it is too large. */
export function messageOf(request: Request, maxBytes: number): AsyncIterable<Uint8Array> {
  const told = Number(request.get('content-length') ?? 0);
  if (told > maxBytes) throw tooLarge(request, maxBytes);
  return capped(request, maxBytes);
}

async function* capped(request: Request, maxBytes: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  // A destroyed request cannot be answered.
  for await (const bytes of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += bytes.length;
    if (length > maxBytes) throw tooLarge(request, maxBytes);
    yield bytes;
  }
}

/** The rest of the body is not read: the connection ends with the answer. */
function tooLarge(request: Request, maxBytes: number): Problem {
  request.res?.set('Connection', 'close');
  return new Problem('too_large', `Expected a message of at most ${maxBytes} octets: its provider takes no larger one`);
}
