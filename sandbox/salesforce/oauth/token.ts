import { createHmac } from 'node:crypto';
import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { clientCredentials, verifierMatches } from '../../oauth/client-authentication.ts';
import { endTokens } from '../../oauth/grant-endings.ts';
import type { IssuedTokens } from '../../oauth/grants.ts';
import { exchangeCode, refresh } from '../../oauth/grants.ts';
import { accessToken, isLive } from '../../oauth/tokens.ts';
import { json, tokenError } from '../answers.ts';
import { admits, identityUrl } from './hosts.ts';
import type { Salesforce } from './sign-in.ts';

export interface TokenRequest {
  readonly host: string;
  readonly body: URLSearchParams;
  /** The Authorization header: client_secret_basic. */
  readonly authorization: string | undefined;
}

type Held = ReadonlyMap<string, Condition>;

/**
 * The token endpoint, at a login host or an organization's own domain. Runs in one go from the check of a token to its end,
 * so that of two requests with one token one comes first.
 */
export function answerToken(salesforce: Salesforce, request: TokenRequest, held: Held): HttpAnswer {
  const refused = held.has('app_credentials_invalid') ? tokenError.secretWrong() : refuseClient(salesforce, request);
  if (refused) return refused;
  const grantType = request.body.get('grant_type');
  if (grantType === 'authorization_code') return answerCode(salesforce, request, held);
  return grantType === 'refresh_token' ? answerRefresh(salesforce, request, held) : tokenError.grantType();
}

function answerRefresh(salesforce: Salesforce, { host, body }: TokenRequest, held: Held): HttpAnswer {
  const { store } = salesforce;
  const token = body.get('refresh_token');
  if (!token) return tokenError.parameterMissing('refresh_token');
  const row = store.tables.read('refresh_tokens').get(token);
  if (!row) return tokenError.expired();
  if (!admits(host, store.requireAccount(row.email))) return tokenError.otherHost();
  if (held.has('account_disabled')) return tokenError.inactiveUser();
  // The app's list of addresses is judged here, and at no call.
  if (held.has('conditional_access')) return tokenError.ipRestricted();
  if (held.has('admin_consent_required')) return tokenError.notApproved();
  const outcome = refresh(store, token);
  return typeof outcome === 'object' ? answerTokens(salesforce, outcome) : tokenError.expired();
}

function answerCode(salesforce: Salesforce, { host, body }: TokenRequest, held: Held): HttpAnswer {
  const { store } = salesforce;
  const code = body.get('code');
  if (!code) return tokenError.parameterMissing('code');
  const row = store.tables.read('codes').get(code);
  if (!row || !admits(host, store.requireAccount(row.email))) return tokenError.codeInvalid();
  if (row.used || row.expires_at <= store.now()) return tokenError.codeExpired();
  if (body.get('redirect_uri') !== row.redirect_uri) return tokenError.redirectMismatch();
  const verifier = body.get('code_verifier');
  if (!verifier) return tokenError.missingVerifier();
  if (!verifierMatches(verifier, row.code_challenge)) return tokenError.wrongVerifier();
  if (held.has('account_disabled')) return tokenError.inactiveUser();
  return answerTokens(salesforce, exchangeCode(store, code, row));
}

/** No answer says how long the session lives. */
function answerTokens({ store, client, base }: Salesforce, tokens: IssuedTokens): HttpAnswer {
  const account = store.requireAccount(tokens.email);
  const id = identityUrl(base, account);
  const issued_at = String(store.now());
  return json(200, {
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    signature: createHmac('sha256', client.clientSecret)
      .update(id + issued_at)
      .digest('base64'),
    scope: tokens.scopes.join(' '),
    instance_url: `${base}/${account.instance}`,
    id,
    token_type: 'Bearer',
    issued_at,
  });
}

/** RFC 7662; `exp` moves with the session's use. */
export function answerIntrospection(salesforce: Salesforce, request: TokenRequest): HttpAnswer {
  const { store, client, base } = salesforce;
  const refused = refuseClient(salesforce, request);
  if (refused) return refused;
  const token = request.body.get('token') ?? '';
  const access = accessToken(store, token);
  const grant = store.tables.read('refresh_tokens').get(token);
  const row = access ?? (grant && isLive(store, grant) ? grant : undefined);
  const account = row && store.account(row.email);
  // Another host does not know the token.
  if (!row || !account || !admits(request.host, account)) return json(200, { active: false });
  const iat = Math.floor(
    access ? access.expires_at / 1000 - store.settings().token_life_s : (grant?.used_at ?? 0) / 1000,
  );
  return json(200, {
    active: true,
    scope: row.scopes.join(' '),
    client_id: client.clientId,
    username: account.email,
    sub: identityUrl(base, account),
    token_type: access ? 'access_token' : 'refresh_token',
    ...(access ? { exp: Math.floor(access.expires_at / 1000) } : {}),
    iat,
    nbf: iat,
  });
}

/** A refresh token ends with all its sessions, a session alone. */
export function answerRevocation({ store }: Salesforce, token: string | null): HttpAnswer {
  if (!token) return tokenError.parameterMissing('token');
  const grant = store.tables.read('refresh_tokens').get(token);
  const access = accessToken(store, token);
  if (grant && isLive(store, grant)) {
    endTokens(store, { matches: (row) => row.family === grant.family, how: 'revoked' });
  } else if (access) store.tables.commit([['access_tokens', token, null]]);
  else return tokenError.tokenInvalid();
  return { status: 200, headers: { 'content-type': 'text/html' }, body: '' };
}

function refuseClient({ client }: Salesforce, { body, authorization }: TokenRequest): HttpAnswer | undefined {
  const { id, secret } = clientCredentials(body, authorization);
  if (!id) return tokenError.parameterMissing('client_id');
  if (id !== client.clientId) return tokenError.clientUnknown();
  return client.verifySecret(secret ?? '') ? undefined : tokenError.secretWrong();
}
