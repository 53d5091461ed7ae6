import { randomBytes } from 'node:crypto';
import type { Change } from '../tables.ts';
import { endFamily } from './grant-endings.ts';
import type { GrantStore } from './grant-store.ts';
import type { AccessTokenRow, CodeRow, OAuthRows, RefreshTokenRow } from './rows.ts';
import type { RefreshRefusal } from './tokens.ts';
import { liveFamilies, refusalOf } from './tokens.ts';

export interface IssuedTokens {
  readonly email: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
  /** Of the access token. */
  readonly scopes: readonly string[];
}

/** What a provider's own rows say of the tokens beside the shared part. */
interface Particulars {
  /** Of the grant, kept with each of its refresh tokens. */
  readonly grant?: object;
  /** Of the access token; its `scopes` may be a part of the grant's. */
  readonly access?: object;
}

/** A code becomes tokens; the code is used up in the same commit. */
export function exchangeCode(
  store: GrantStore,
  code: string,
  row: CodeRow,
  { grant, access: particulars }: Particulars = {},
): IssuedTokens {
  const family = randomBytes(8).toString('hex');
  const access = newAccessToken(store, { email: row.email, family, scopes: row.scopes }, particulars);
  const changes: Change<OAuthRows>[] = [
    ['codes', code, { ...row, used: true }],
    ['access_tokens', access.token, access.row],
    ...expiredAccessTokens(store),
  ];
  if (!row.offline) {
    store.tables.commit(changes);
    return issued(store, row.email, access);
  }
  const refresh = store.grantRules.newRefreshToken();
  const live = { email: row.email, family, scopes: row.scopes, ...grant, used_at: store.now(), ended: null };
  changes.push(['refresh_tokens', refresh, live]);
  changes.push(...grantsOverTheLimit(store, row.email));
  store.tables.commit(changes);
  return { ...issued(store, row.email, access), refresh_token: refresh };
}

/** A refresh under the rotation that is set: new tokens and the end of the old one are one commit. */
export function refresh(store: GrantStore, token: string, particulars?: object): IssuedTokens | RefreshRefusal {
  const row = store.tables.read('refresh_tokens').get(token);
  if (!row) return 'unknown';
  const refusal = refusalOf(store, row);
  if (refusal === 'replayed') endFamily(store, row.family);
  if (refusal) return refusal;
  const access = newAccessToken(store, row, particulars);
  const changes: Change<OAuthRows>[] = [['access_tokens', access.token, access.row], ...expiredAccessTokens(store)];
  const { refresh_rotation: rotation } = store.settings();
  if (rotation === 'none') {
    store.tables.commit([...changes, ['refresh_tokens', token, { ...row, used_at: store.now() }]]);
    return issued(store, row.email, access);
  }
  const successor = store.grantRules.newRefreshToken();
  const ended = { none: null, tolerant: null, grace: 'graced' as const, strict: 'spent' as const }[rotation];
  store.tables.commit([
    ...changes,
    ['refresh_tokens', successor, { ...row, used_at: store.now(), ended: null }],
    // Within a grace period the old token may be used again; its end stays where the first use put it.
    ['refresh_tokens', token, { ...row, ended: row.ended ?? (ended && { how: ended, at: store.now() }) }],
  ]);
  return { ...issued(store, row.email, access), refresh_token: successor };
}

/** The oldest sign-in dies silently where one more than the limit would live. */
function grantsOverTheLimit(store: GrantStore, email: string): Change<OAuthRows>[] {
  const families = liveFamilies(store, email);
  if (families.length < store.grantRules.liveGrantsPerAccount) return [];
  const ended = { how: 'revoked' as const, at: store.now() };
  return [...store.tables.read('refresh_tokens')]
    .filter(([, row]) => row.family === families[0] && row.ended === null)
    .map(([token, row]): ['refresh_tokens', string, RefreshTokenRow] => ['refresh_tokens', token, { ...row, ended }]);
}

function expiredAccessTokens(store: GrantStore): Change<OAuthRows>[] {
  const tokens = store.tables.read('access_tokens');
  if (tokens.size < 2000) return [];
  return [...tokens]
    .filter(([, row]) => row.expires_at <= store.now())
    .map(([token]): ['access_tokens', string, null] => ['access_tokens', token, null]);
}

function newAccessToken(
  store: GrantStore,
  { email, family, scopes }: Pick<AccessTokenRow, 'email' | 'family' | 'scopes'>,
  particulars: object = {},
): { token: string; row: AccessTokenRow } {
  const expires_at = store.now() + store.settings().token_life_s * 1000;
  return { token: store.grantRules.newAccessToken(), row: { email, family, scopes, ...particulars, expires_at } };
}

function issued(store: GrantStore, email: string, access: { token: string; row: AccessTokenRow }): IssuedTokens {
  return {
    email,
    access_token: access.token,
    expires_in: store.settings().token_life_s,
    scopes: access.row.scopes,
  };
}
