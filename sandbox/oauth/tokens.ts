import { accountKey } from '../account-key.ts';
import type { GrantStore } from './grant-store.ts';
import type { AccessTokenRow, RefreshTokenEnd, RefreshTokenRow } from './rows.ts';

/** Why a refresh token is refused; `replayed` is to cost the whole family its life. */
export type RefreshRefusal = 'unknown' | 'replayed' | Exclude<RefreshTokenEnd, 'spent' | 'graced'>;

/** Whose a token is, for the log and the faults, also when it is dead. */
export function ownerOfToken(store: GrantStore, token: string): string | null {
  const { tables } = store;
  const row = tables.read('refresh_tokens').get(token) ?? tables.read('access_tokens').get(token);
  return row ? (store.account(row.email)?.email ?? row.email) : null;
}

/** Whose code or refresh token a token request brings, and its grant type, for the log and the faults. */
export function detailsOfTokenRequest(
  store: GrantStore,
  form: URLSearchParams,
): { email: string | null; grant_type?: string } {
  const grantType = form.get('grant_type');
  const ofCode = store.tables.read('codes').get(form.get('code') ?? '')?.email;
  const email = ofCode === undefined ? ownerOfToken(store, form.get('refresh_token') ?? '') : ofCode;
  return {
    email: email === null ? null : (store.account(email)?.email ?? email),
    ...(grantType === null ? {} : { grant_type: grantType }),
  };
}

/** The live access token, or undefined: expired, revoked and invented ones are answered alike. */
export function accessToken(store: GrantStore, token: string): AccessTokenRow | undefined {
  const row = store.tables.read('access_tokens').get(token);
  return row && row.expires_at > store.now() ? row : undefined;
}

/** Sign-ins whose refresh token still works. */
export function liveGrants(store: GrantStore, email: string): number {
  return liveFamilies(store, email).length;
}

export function liveFamilies(store: GrantStore, email: string): string[] {
  const key = accountKey(email);
  const families = new Set<string>();
  for (const row of store.tables.read('refresh_tokens').values()) {
    if (row.email === key && isLive(store, row)) families.add(row.family);
  }
  return [...families];
}

export function isLive(store: GrantStore, row: RefreshTokenRow): boolean {
  return refusalOf(store, row) === undefined;
}

/** Undefined while it works. */
export function refusalOf(store: GrantStore, row: RefreshTokenRow): RefreshRefusal | undefined {
  const { ended } = row;
  if (!ended && row.expires_at !== undefined && row.expires_at <= store.now()) return 'revoked';
  if (!ended) return store.now() - row.used_at > store.grantRules.idleLifeMs ? 'idle' : undefined;
  if (ended.how === 'spent') return 'replayed';
  const ageMs = store.now() - ended.at;
  if (ended.how === 'graced' && ageMs <= store.settings().grace_s * 1000) return undefined;
  if (ended.how !== 'graced' && ended.how !== 'revoked') return ended.how;
  return ageMs > store.grantRules.remembersDeadTokensMs ? 'unknown' : 'revoked';
}
