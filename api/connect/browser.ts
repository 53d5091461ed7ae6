import type { Request, Response } from 'express';
import type { Context } from '../../runtime/context.ts';
import { readCookie, setCookie } from '../http/cookies.ts';
import { isSameSecret, randomText, sha256 } from '../../crypto/random-secrets.ts';

const COOKIE = 'browser';
const LIFE_MS = 24 * 3_600_000;

/** Binds the sign-in to this browser (S-02): gives it a secret unless it has one, and returns the secret's hash. */
export function bindBrowser({ config }: Context, request: Request, response: Response): string {
  const known = readCookie(config, request, COOKIE);
  const secret = known !== null && /^[\w-]{43}$/.test(known) ? known : randomText();
  // Lax: the provider sends the person back to us from another site.
  setCookie(config, response, { name: COOKIE, value: secret, sameSite: 'lax', maxAgeMs: LIFE_MS });
  return sha256(secret);
}

export function isSameBrowser({ config }: Context, request: Request, browserHash: string): boolean {
  const secret = readCookie(config, request, COOKIE);
  return secret !== null && isSameSecret(sha256(secret), browserHash);
}
