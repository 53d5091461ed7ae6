import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits for an address, a cookie or a key. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored in place of a random secret; with 256 bits of it, a plain hash needs no salt. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares in a time that tells nothing about where the two differ. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(expected)));
}
