import type { Request, Response } from 'express';
import type { Context } from '../../runtime/context.ts';

type Where = Pick<Context['config'], 'publicUrl'>;

interface Cookie {
  name: string;
  value: string;
  /** `lax` where a provider sends the person back to us: that navigation starts on another site. */
  sameSite: 'strict' | 'lax';
  maxAgeMs: number;
}

/** Over TLS the name says what the browser then enforces: this host alone, the whole path, never in the clear. */
function fullName({ publicUrl }: Where, name: string): string {
  return publicUrl.startsWith('https:') ? `__Host-mooring_${name}` : `mooring_${name}`;
}

export function setCookie(where: Where, response: Response, { name, value, sameSite, maxAgeMs }: Cookie): void {
  response.cookie(fullName(where, name), value, {
    httpOnly: true,
    sameSite,
    secure: where.publicUrl.startsWith('https:'),
    path: '/',
    maxAge: maxAgeMs,
  });
}

export function clearCookie(where: Where, response: Response, name: string): void {
  response.clearCookie(fullName(where, name), {
    httpOnly: true,
    sameSite: 'strict',
    secure: where.publicUrl.startsWith('https:'),
    path: '/',
  });
}

/** null when the browser did not send it. */
export function readCookie(where: Where, request: Request, name: string): string | null {
  const wanted = `${fullName(where, name)}=`;
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const found = pairs.find((pair) => pair.startsWith(wanted));
  return found === undefined ? null : found.slice(wanted.length);
}
