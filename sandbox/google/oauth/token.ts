import { createHash } from 'node:crypto';
import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { json, revokeError, tokenError } from '../answers.ts';
import type { GoogleClient } from './client.ts';
import type { IssuedTokens } from './grants.ts';
import { revokeByToken } from './grant-endings.ts';
import { exchangeCode, refresh } from './grants.ts';
import { identityClaims } from './identity.ts';
import type { GoogleStore } from '../store.ts';

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
  { store, client }: { store: GoogleStore; client: GoogleClient },
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

function answerRefresh(store: GoogleStore, client: GoogleClient, body: URLSearchParams): HttpAnswer {
  const token = body.get('refresh_token');
  if (!token) return tokenError.parameterMissing('refresh_token');
  const outcome = refresh(store, token);
  if (typeof outcome === 'object') return answerTokens(store, client, outcome, null);
  if (outcome === 'unknown') return tokenError.badRequest();
  return outcome === 'session' ? tokenError.reauthentication() : tokenError.revoked();
}

function answerCode(store: GoogleStore, client: GoogleClient, body: URLSearchParams): HttpAnswer {
  const code = body.get('code');
  if (!code) return tokenError.parameterMissing('code');
  const row = store.tables.read('codes').get(code);
  if (!row) return code.startsWith('4/0') ? tokenError.badRequest() : tokenError.malformedCode();
  if (row.used || row.expires_at <= store.now()) return tokenError.badRequest();
  if (body.get('redirect_uri') !== row.redirect_uri) return tokenError.redirectMismatch();
  const verifier = body.get('code_verifier');
  if (!verifier) return tokenError.missingVerifier();
  // RFC 7636 section 4.6
  if (createHash('sha256').update(verifier).digest('base64url') !== row.code_challenge)
    return tokenError.wrongVerifier();
  return answerTokens(store, client, exchangeCode(store, code, row), row.nonce);
}

function answerTokens(
  store: GoogleStore,
  client: GoogleClient,
  tokens: IssuedTokens,
  nonce: string | null,
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

/** client_secret_post and client_secret_basic (RFC 6749 section 2.3.1); undefined when the client is who it says. */
function refuseClient(client: GoogleClient, { body, authorization }: TokenRequest): HttpAnswer | undefined {
  const [id, secret] = basicCredentials(authorization) ?? [body.get('client_id'), body.get('client_secret')];
  if (!id) return tokenError.clientMissing();
  if (id !== client.clientId) return tokenError.clientUnknown();
  return client.verifySecret(secret ?? '') ? undefined : tokenError.clientSecretWrong();
}

function basicCredentials(authorization: string | undefined): [string, string] | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString();
  const colon = decoded.indexOf(':');
  return [formDecode(decoded.slice(0, colon)), formDecode(decoded.slice(colon + 1))];
}

function formDecode(text: string): string {
  return new URLSearchParams(`v=${text}`).get('v') ?? '';
}

/** https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke: no client authentication. */
export function answerRevoke(store: GoogleStore, token: string | null): HttpAnswer {
  if (!token) return revokeError.missingToken();
  return revokeByToken(store, token) ? json(200, {}) : revokeError.invalidToken();
}
