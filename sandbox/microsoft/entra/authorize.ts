import { randomBytes, randomUUID } from 'node:crypto';
import { accountKey } from '../../account-key.ts';
import { AuthorizationError, CODE_LIFE_MS, redirectUri } from '../../oauth/authorization.ts';
import type { AccountRow, MicrosoftCodeRow } from '../rows.ts';
import type { MicrosoftStore } from '../store.ts';
import type { EntraError } from './answers.ts';
import { describeError, entraError, errorUri, newTrace } from './answers.ts';
import type { Authority } from './authority.ts';
import { parseAuthority } from './authority.ts';
import { parseClaims } from './claims.ts';
import type { EntraClient } from './client.ts';
import { isKnownScope, parseScopes } from './scopes.ts';

/** An authorization request that may be shown to a person. */
export interface Authorization {
  readonly authority: Authority;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scopes: readonly string[];
  readonly codeChallenge: string;
  readonly nonce: string | null;
  readonly loginHint: string | null;
  readonly prompt: string | null;
  readonly capable: boolean;
}

/** What the browser carries back to the app instead of a code. */
export class RedirectedError extends Error {
  readonly location: string;

  constructor(location: string, message: string) {
    super(message);
    this.name = 'RedirectedError';
    this.location = location;
  }
}

const PROMPTS = ['login', 'none', 'consent', 'select_account'];

/**
 * @throws AuthorizationError for what Entra shows on a page of its own
 * @throws RedirectedError for what it tells the app
 */
export function parseAuthorization(
  { store, client }: { store: MicrosoftStore; client: EntraClient },
  tenant: string,
  query: URLSearchParams,
): Authorization {
  const authority = requireAuthority(store, tenant);
  const required = requiredParameter(query);
  const clientId = required('client_id');
  if (clientId !== client.clientId) throw shown(entraError.clientUnknown(clientId, tenant));
  const uri = required('redirect_uri');
  if (!/^https?:\/\/[^#]+$/.test(uri) || !URL.canParse(uri)) {
    const text = `The redirect URI '${uri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'.`;
    throw shown({ code: 50011, text });
  }
  const back = { redirectUri: uri, state: query.get('state') };
  const told = (error: Pick<EntraError, 'error' | 'code' | 'text'>): never => {
    throw new RedirectedError(errorRedirect(store, back, error), error.text);
  };
  if (required('response_type') !== 'code')
    throw shown({ code: 70007, text: 'The sandbox knows response_type=code alone.' });
  const prompt = query.get('prompt');
  if (prompt !== null && !PROMPTS.includes(prompt)) {
    told({ error: 'invalid_request', code: 90023, text: `Unsupported 'prompt' value.` });
  }
  const claims = parseClaims(query.get('claims')) ?? told(entraError.malformed());
  const scopes = parseScopes(required('scope'));
  const unknown = scopes.find((scope) => !isKnownScope(scope));
  if (unknown !== undefined) told(entraError.scopeUnknown(unknown));
  const codeChallenge = query.get('code_challenge') ?? '';
  if (query.get('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(codeChallenge)) {
    told({
      error: 'invalid_request',
      code: 501491,
      text: 'The sandbox requires PKCE with code_challenge_method=S256.',
    });
  }
  const { capable } = claims;
  const loginHint = query.get('login_hint');
  return { ...back, authority, codeChallenge, scopes, nonce: query.get('nonce'), loginHint, prompt, capable };
}

/** @throws AuthorizationError */
export function requireAuthority(store: MicrosoftStore, tenant: string): Authority {
  const authority = parseAuthority(store, tenant);
  if (authority) return authority;
  throw shown(entraError.tenantUnknown(tenant));
}

/** @throws AuthorizationError */
export function requiredParameter(query: URLSearchParams): (name: string) => string {
  return (name) => {
    const value = query.get(name);
    if (value) return value;
    throw shown({ code: 900144, text: `The request body must contain the following parameter: '${name}'.` });
  };
}

/** An error that keeps the person on Entra's page. */
export function shown({ code, text }: Pick<EntraError, 'code' | 'text'>): AuthorizationError {
  return new AuthorizationError(`AADSTS${code}`, text);
}

/** Where the browser takes a refusal. */
export function errorRedirect(
  store: MicrosoftStore,
  back: Pick<Authorization, 'redirectUri' | 'state'>,
  error: Pick<EntraError, 'error' | 'code' | 'text'>,
  more: Readonly<Record<string, string>> = {},
): string {
  return redirectUri(back, {
    error: error.error,
    error_description: describeError(error, newTrace(store.deps.clock)),
    error_uri: errorUri(error.code),
    ...more,
  });
}

/** The person clicked Cancel. */
export function deny(store: MicrosoftStore, authorization: Authorization, account: AccountRow): string {
  if (account.personal) {
    const description = 'The user has denied access to the scope requested by the client application.';
    return redirectUri(authorization, {
      error: 'access_denied',
      error_description: description,
      error_subcode: 'cancel',
    });
  }
  const text = 'User declined to consent to access the app.';
  return errorRedirect(
    store,
    authorization,
    { error: 'access_denied', code: 65004, text },
    { error_subcode: 'cancel' },
  );
}

/** The person must ask an administrator, and went back to the app without. */
export function returnWithoutConsent(store: MicrosoftStore, authorization: Authorization, account: AccountRow): string {
  rememberNeed(store, account);
  return errorRedirect(store, authorization, { ...entraError.needsAdmin(), error: 'access_denied' });
}

/** Notes which organization has a person waiting for its administrator. */
export function rememberNeed(store: MicrosoftStore, { tid }: AccountRow): void {
  const before = store.tables.read('tenants').get(tid);
  const asked = { tid, admin_scopes: before?.admin_scopes ?? [], asked_at: store.now() };
  store.tables.commit([['tenants', tid, asked]]);
}

/** The person accepted (all of it: no single scope can be refused): remembers the consent, and makes the code. */
export function allow(
  store: MicrosoftStore,
  authorization: Authorization,
  account: AccountRow,
  { scopes, mfa }: { readonly scopes: readonly string[]; readonly mfa: boolean },
): string {
  const key = accountKey(account.email);
  const before = store.tables.read('consents').get(key)?.scopes ?? [];
  const code = `${account.personal ? 'M.C5' : '1.A'}${randomBytes(90).toString('base64url')}`;
  const row: MicrosoftCodeRow = {
    email: key,
    redirect_uri: authorization.redirectUri,
    code_challenge: authorization.codeChallenge,
    scopes,
    nonce: authorization.nonce,
    offline: scopes.includes('offline_access'),
    expires_at: store.now() + CODE_LIFE_MS,
    used: false,
    authority: authorization.authority.name,
    capable: authorization.capable,
    mfa,
  };
  store.tables.commit([
    ['codes', code, row],
    ['consents', key, { email: key, scopes: [...new Set([...before, ...scopes])] }],
  ]);
  return redirectUri(authorization, { code, ...(account.personal ? {} : { session_state: randomUUID() }) });
}
