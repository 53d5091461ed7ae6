import express from 'express';
import type { Request, RequestHandler } from 'express';
import { LIMIT_BYTES, refuseTooLarge } from './read-json.ts';

/** Takes a body of any kind as it comes: a proof may be about its bytes. */
export const keepRaw: RequestHandler[] = [refuseTooLarge, express.raw({ type: () => true, limit: LIMIT_BYTES })];

/** A request whose body was taken as it came; the last of a repeated header counts. */
export function readRaw(request: Request): {
  body: Uint8Array;
  query: URLSearchParams;
  headers: Record<string, string>;
} {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat().at(-1) ?? '']);
  return {
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    query: new URL(request.originalUrl, 'http://localhost').searchParams,
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}
