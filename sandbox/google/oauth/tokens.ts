import type { AccessTokenRow, RefreshTokenRow } from '../rows.ts';
import type { GoogleStore } from '../store.ts';
import { accountKey, REMEMBERS_DEAD_TOKENS_MS } from '../store.ts';

/** https://developers.google.com/identity/protocols/oauth2#expiration */
const IDLE_LIFE_MS = 180 * 24 * 3600_000;

/** Why a refresh token is refused; `replayed` is to cost the whole family its life. */
export type RefreshRefusal = 'unknown' | 'revoked' | 'session' | 'replayed';

/** Whose a token is, for the log and the faults, also when it is dead. */
export function ownerOfToken(store: GoogleStore, token: string): string | null {
  const { tables } = store;
  const row = tables.read('refresh_tokens').get(token) ?? tables.read('access_tokens').get(token);
  return row ? (store.account(row.email)?.email ?? row.email) : null;
}

/** The live access token, or undefined: expired, revoked and invented ones are answered alike. */
export function accessToken(store: GoogleStore, token: string): AccessTokenRow | undefined {
  const row = store.tables.read('access_tokens').get(token);
  return row && row.expires_at > store.now() ? row : undefined;
}

/** Sign-ins whose refresh token still works. */
export function liveGrants(store: GoogleStore, email: string): number {
  return liveFamilies(store, email).length;
}

export function liveFamilies(store: GoogleStore, email: string): string[] {
  const key = accountKey(email);
  const families = new Set<string>();
  for (const row of store.tables.read('refresh_tokens').values()) {
    if (row.email === key && isLive(store, row)) families.add(row.family);
  }
  return [...families];
}

export function isLive(store: GoogleStore, row: RefreshTokenRow): boolean {
  return refusalOf(store, row) === undefined;
}

/** Undefined while it works. */
export function refusalOf(store: GoogleStore, row: RefreshTokenRow): RefreshRefusal | undefined {
  const { ended } = row;
  if (!ended) return store.now() - row.used_at > IDLE_LIFE_MS ? 'revoked' : undefined;
  if (ended.how === 'spent') return 'replayed';
  const ageMs = store.now() - ended.at;
  if (ended.how === 'graced' && ageMs <= store.settings().grace_s * 1000) return undefined;
  if (ended.how === 'session') return 'session';
  return ageMs > REMEMBERS_DEAD_TOKENS_MS ? 'unknown' : 'revoked';
}
