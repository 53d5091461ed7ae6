import type { Request, Response } from 'express';

/**
 * Lets pages of `origin` read the answer, and of no other (S-37). No cookie goes with such a request: what it names, a
 * token or the address of a link, is all that counts.
 */
export function letOriginRead(request: Request, response: Response, origin: string | null): void {
  response.vary('Origin');
  if (origin !== null && request.get('origin') === origin) response.set('Access-Control-Allow-Origin', origin);
}
