import { accountKey } from '../account-key.ts';
import type { Change } from '../tables.ts';
import type { GrantStore } from './grant-store.ts';
import type { AccessTokenRow, OAuthRows, RefreshTokenEnd, RefreshTokenRow } from './rows.ts';

interface Ending {
  readonly matches: (row: RefreshTokenRow | AccessTokenRow) => boolean;
  readonly how: RefreshTokenEnd;
  /** What is committed with it. */
  readonly more?: readonly Change<OAuthRows>[];
  /** What becomes of an access token: gone when absent, else the row that this makes of it; undefined leaves it. */
  readonly accessToken?: (row: AccessTokenRow) => AccessTokenRow | null | undefined;
}

/** A spent token was used again: what came from that sign-in ends (RFC 9700 section 4.14.2). */
export function endFamily(store: GrantStore, family: string): void {
  endTokens(store, { matches: (row) => row.family === family, how: 'revoked' });
}

/** Ends all tokens that `matches` picks: refresh tokens keep how they ended, access tokens stop working at once. */
export function endTokens(store: GrantStore, { matches, how, more = [], accessToken = () => null }: Ending): void {
  const changes: Change<OAuthRows>[] = [...more];
  const concerned = new Set<string>();
  const ended = { how, at: store.now() };
  for (const [token, row] of store.tables.read('refresh_tokens')) {
    const alreadyDead = row.ended !== null && row.ended.how !== 'spent' && row.ended.how !== 'graced';
    if (!matches(row) || alreadyDead) continue;
    changes.push(['refresh_tokens', token, { ...row, ended }]);
    concerned.add(row.email);
  }
  for (const [token, row] of store.tables.read('access_tokens')) {
    const changed = matches(row) ? accessToken(row) : undefined;
    if (changed !== undefined) changes.push(['access_tokens', token, changed]);
  }
  if (changes.length > 0) store.tables.commit(changes);
  for (const key of concerned) store.grantsEnded(key);
}

/**
 * Takes a scope out of everything that exists; false when nothing had it.
 * @param find the one of these scopes that is meant
 */
export function removeScope(
  store: GrantStore,
  email: string,
  find: (scopes: readonly string[]) => string | undefined,
): boolean {
  const key = accountKey(email);
  const without = <Row extends { email: string; scopes: readonly string[] }>(row: Row): Row | undefined => {
    const scope = row.email === key ? find(row.scopes) : undefined;
    return scope === undefined ? undefined : { ...row, scopes: row.scopes.filter((other) => other !== scope) };
  };
  const changes: Change<OAuthRows>[] = [];
  for (const [token, row] of store.tables.read('refresh_tokens')) {
    const less = without(row);
    if (less) changes.push(['refresh_tokens', token, less]);
  }
  for (const [token, row] of store.tables.read('access_tokens')) {
    const less = without(row);
    if (less) changes.push(['access_tokens', token, less]);
  }
  const consent = store.tables.read('consents').get(key);
  const lessConsent = consent && without(consent);
  if (lessConsent) changes.push(['consents', key, lessConsent]);
  if (changes.length > 0) store.tables.commit(changes);
  return changes.length > 0;
}
