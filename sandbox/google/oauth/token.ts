import { createHash } from 'node:crypto';
import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { clientCredentials, verifierMatches } from '../../oauth/client-authentication.ts';
import type { RegisteredClient } from '../../oauth/client.ts';
import type { IssuedTokens } from '../../oauth/grants.ts';
import { exchangeCode, refresh } from '../../oauth/grants.ts';
import { json, revokeError, tokenError } from '../answers.ts';
import type { GoogleStore } from '../store.ts';
import { revokeByToken } from './grant-endings.ts';
import { identityClaims } from './identity.ts';

export interface TokenRequest {
  readonly body: URLSearchParams;
  /** The Authorization header: client_secret_basic. */
  readonly authorization: string | undefined;
}

/**
 * The token endpoint. https://developers.google.com/identity/protocols/oauth2/web-server
 * Runs in one go from the check of a token to its end, so that of two requests with one token one comes first.
 */
export function answerToken(
  { store, client }: { store: GoogleStore; client: RegisteredClient },
  request: TokenRequest,
  held: ReadonlyMap<string, Condition>,
): HttpAnswer {
  const refused = held.has('app_credentials_invalid') ? tokenError.clientSecretWrong() : refuseClient(client, request);
  if (refused) return refused;
  const grantType = request.body.get('grant_type') ?? '';
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') return tokenError.grantType(grantType);
  if (held.has('account_disabled')) return tokenError.accountGone();
  if (held.has('admin_consent_required')) return tokenError.adminPolicy();
  return grantType === 'refresh_token'
    ? answerRefresh(store, client, request.body)
    : answerCode(store, client, request.body);
}

function answerRefresh(store: GoogleStore, client: RegisteredClient, body: URLSearchParams): HttpAnswer {
  const token = body.get('refresh_token');
  if (!token) return tokenError.parameterMissing('refresh_token');
  const outcome = refresh(store, token);
  if (typeof outcome === 'object') return answerTokens(store, client, outcome, null);
  if (outcome === 'unknown') return tokenError.badRequest();
  return outcome === 'session' ? tokenError.reauthentication() : tokenError.revoked();
}

function answerCode(store: GoogleStore, client: RegisteredClient, body: URLSearchParams): HttpAnswer {
  const code = body.get('code');
  if (!code) return tokenError.parameterMissing('code');
  const row = store.tables.read('codes').get(code);
  if (!row) return code.startsWith('4/0') ? tokenError.badRequest() : tokenError.malformedCode();
  if (row.used || row.expires_at <= store.now()) return tokenError.badRequest();
  if (body.get('redirect_uri') !== row.redirect_uri) return tokenError.redirectMismatch();
  const verifier = body.get('code_verifier');
  if (!verifier) return tokenError.missingVerifier();
  if (!verifierMatches(verifier, row.code_challenge)) return tokenError.wrongVerifier();
  const { refresh_token_life_s: life } = store.settings();
  const grant = life === null ? {} : { grant: { expires_at: store.now() + life * 1000 } };
  return answerTokens(store, client, exchangeCode(store, code, row, grant), row.nonce, life);
}

function answerTokens(
  store: GoogleStore,
  client: RegisteredClient,
  tokens: IssuedTokens,
  nonce: string | null,
  refreshTokenLifeS: number | null = null,
): HttpAnswer {
  const idToken = tokens.scopes.includes('openid')
    ? client.sign({
        ...identityClaims(store.requireAccount(tokens.email), tokens.scopes),
        ...idTokenClaims(client.clientId, tokens.access_token, store.now()),
        ...(nonce === null ? {} : { nonce }),
      })
    : undefined;
  return json(200, {
    access_token: tokens.access_token,
    expires_in: tokens.expires_in,
    refresh_token: tokens.refresh_token,
    ...(refreshTokenLifeS === null ? {} : { refresh_token_expires_in: refreshTokenLifeS }),
    scope: tokens.scopes.join(' '),
    token_type: 'Bearer',
    id_token: idToken,
  });
}

/** OpenID Connect Core section 3.1.3.6 has at_hash. */
function idTokenClaims(clientId: string, accessToken: string, nowMs: number): Record<string, unknown> {
  const iat = Math.floor(nowMs / 1000);
  const atHash = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
  return { iss: 'https://accounts.google.com', azp: clientId, aud: clientId, at_hash: atHash, iat, exp: iat + 3600 };
}

/** Undefined when the client is who it says. */
function refuseClient(client: RegisteredClient, { body, authorization }: TokenRequest): HttpAnswer | undefined {
  const { id, secret } = clientCredentials(body, authorization);
  if (!id) return tokenError.clientMissing();
  if (id !== client.clientId) return tokenError.clientUnknown();
  return client.verifySecret(secret ?? '') ? undefined : tokenError.clientSecretWrong();
}

/** https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke: no client authentication. */
export function answerRevoke(store: GoogleStore, token: string | null): HttpAnswer {
  if (!token) return revokeError.missingToken();
  return revokeByToken(store, token) ? json(200, {}) : revokeError.invalidToken();
}
