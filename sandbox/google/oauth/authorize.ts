import { randomBytes } from 'node:crypto';
import { accountKey } from '../../account-key.ts';
import { AuthorizationError, CODE_LIFE_MS, redirectUri as redirectTo } from '../../oauth/authorization.ts';
import type { RegisteredClient } from '../../oauth/client.ts';
import type { CodeRow } from '../../oauth/rows.ts';
import type { AccountRow } from '../rows.ts';
import type { GoogleStore } from '../store.ts';
import { isSignInScope, parseScopes } from './scopes.ts';

/** An authorization request that may be shown to a person. */
export interface Authorization {
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scopes: readonly string[];
  readonly codeChallenge: string;
  readonly nonce: string | null;
  readonly loginHint: string | null;
  /**
   * Offline access on a forced consent screen: here the only way to a refresh token. (Google shows that screen at the
   * first sign-in unasked; an app that counts on it loses its refresh token at the second.)
   */
  readonly offline: boolean;
  readonly includeGrantedScopes: boolean;
}

/** @throws AuthorizationError for what Google refuses on a page of its own (RFC 6749 section 4.1.2.1, RFC 7636). */
export function parseAuthorization(client: RegisteredClient, query: URLSearchParams): Authorization {
  const required = (name: string): string => {
    const value = query.get(name);
    if (value) return value;
    throw new AuthorizationError('invalid_request', `Required parameter is missing: ${name}`);
  };
  if (required('client_id') !== client.clientId) {
    throw new AuthorizationError('invalid_client', 'The OAuth client was not found.');
  }
  const redirectUri = required('redirect_uri');
  if (!/^https?:\/\/[^#]+$/.test(redirectUri) || !URL.canParse(redirectUri)) {
    throw new AuthorizationError('redirect_uri_mismatch', `Invalid redirect_uri: ${redirectUri}`);
  }
  if (required('response_type') !== 'code') {
    throw new AuthorizationError('unsupported_response_type', 'The sandbox knows response_type=code alone.');
  }
  const codeChallenge = required('code_challenge');
  if (query.get('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(codeChallenge)) {
    throw new AuthorizationError('invalid_request', 'The sandbox requires PKCE with code_challenge_method=S256.');
  }
  return {
    redirectUri,
    codeChallenge,
    scopes: parseScopes(required('scope')),
    state: query.get('state'),
    nonce: query.get('nonce'),
    loginHint: query.get('login_hint'),
    offline: query.get('access_type') === 'offline' && (query.get('prompt') ?? '').split(' ').includes('consent'),
    includeGrantedScopes: query.get('include_granted_scopes') === 'true',
  };
}

/** The person clicked Cancel. */
export function deny(authorization: Authorization): string {
  return redirectTo(authorization, { error: 'access_denied' });
}

/**
 * The person clicked Continue, with `ticked` left of the scopes that have a box (granular consent): remembers the
 * consent, makes the code, and says where the browser goes.
 */
export function allow(
  store: GoogleStore,
  authorization: Authorization,
  account: AccountRow,
  ticked: readonly string[],
): string {
  const key = accountKey(account.email);
  const chosen = authorization.scopes.filter((scope) => isSignInScope(scope) || ticked.includes(scope));
  const before = store.tables.read('consents').get(key)?.scopes ?? [];
  const together = [...new Set([...before, ...chosen])];
  const scopes = authorization.includeGrantedScopes ? together : chosen;
  const code = `4/0A${randomBytes(48).toString('base64url')}`;
  const row: CodeRow = {
    email: key,
    redirect_uri: authorization.redirectUri,
    code_challenge: authorization.codeChallenge,
    scopes,
    nonce: authorization.nonce,
    offline: authorization.offline,
    expires_at: store.now() + CODE_LIFE_MS,
    used: false,
  };
  store.tables.commit([
    ['codes', code, row],
    ['consents', key, { email: key, scopes: together }],
  ]);
  return redirectTo(authorization, {
    code,
    scope: scopes.join(' '),
    authuser: '0',
    ...(account.tenant === null ? {} : { hd: account.tenant }),
    prompt: 'consent',
  });
}
