import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { clientCredentials, verifierMatches } from '../../oauth/client-authentication.ts';
import type { IssuedTokens } from '../../oauth/grants.ts';
import { exchangeCode, refresh } from '../../oauth/grants.ts';
import type { AccountRow, MicrosoftCodeRow, MicrosoftRefreshTokenRow } from '../rows.ts';
import type { EntraError } from './answers.ts';
import { answerError, entraError, json } from './answers.ts';
import type { Authority } from './authority.ts';
import { admits, parseAuthority } from './authority.ts';
import type { RequestedClaims } from './claims.ts';
import { parseClaims } from './claims.ts';
import type { EntraAddress } from './identity.ts';
import { idTokenClaims } from './identity.ts';
import { refusedRefresh } from './refresh-refusals.ts';
import { isSignInScope, parseScopes, resourceOf } from './scopes.ts';
import type { Entra } from './sign-in.ts';
import { adminConsented } from './sign-in.ts';

export interface TokenRequest {
  readonly tenant: string;
  readonly body: URLSearchParams;
  /** The Authorization header: client_secret_basic. */
  readonly authorization: string | undefined;
}

type Held = ReadonlyMap<string, Condition>;
/** The policy that asks for more, as `claims` name it. */
const POLICY = 'a9d2c4ee-6a1b-4d39-8d2c-9f0a7f7f2b11';

/**
 * The token endpoint. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
 * Runs in one go from the check of a token to its end, so that of two requests with one token one comes first.
 */
export function answerToken(entra: Entra, address: EntraAddress, request: TokenRequest, held: Held): HttpAnswer {
  const { clock } = entra.store.deps;
  const outcome = redeem(entra, address, request, held);
  return 'error' in outcome ? answerError(outcome, clock) : json(200, outcome.body);
}

type Outcome = EntraError | { readonly body: unknown };

function redeem(entra: Entra, address: EntraAddress, request: TokenRequest, held: Held): Outcome {
  const { body } = request;
  const authority = parseAuthority(entra.store, request.tenant);
  if (!authority) return entraError.tenantUnknown(request.tenant);
  const refused = refuseClient(entra, address, request, held);
  if (refused) return refused;
  const claims = parseClaims(body.get('claims'));
  if (!claims) return entraError.malformed();
  const grantType = body.get('grant_type') ?? '';
  if (grantType === '') return entraError.parameterMissing('grant_type');
  const of = { entra, address, authority, body, claims, held };
  if (grantType === 'refresh_token') return redeemRefreshToken(of);
  return grantType === 'authorization_code' ? redeemCode(of) : entraError.grantType(grantType);
}

interface Redemption {
  readonly entra: Entra;
  readonly address: EntraAddress;
  readonly authority: Authority;
  readonly body: URLSearchParams;
  readonly claims: RequestedClaims;
  readonly held: Held;
}

function redeemRefreshToken(of: Redemption): Outcome {
  const { entra, authority, body, claims } = of;
  const { store, client } = entra;
  const token = body.get('refresh_token');
  if (!token) return entraError.parameterMissing('refresh_token');
  const row: MicrosoftRefreshTokenRow | undefined = store.tables.read('refresh_tokens').get(token);
  if (!row) return entraError.garbled();
  const account = store.requireAccount(row.email);
  if (account.personal && authority.kind !== 'consumers') return entraError.personalGrantOver();
  if (!admits(authority, account)) return entraError.otherTenant();
  const refusal = refusedByPolicy(of, row, account);
  if (refusal) return refusal;
  const asked = parseScopes(body.get('scope') ?? '');
  const granted = asked.filter((scope) => !isSignInScope(scope)).every((scope) => row.scopes.includes(scope));
  if (!granted) return entraError.notConsented(client.clientId);
  const { scopes, resource } = scopesOfToken(row.scopes, asked);
  const { signed_in_at } = row;
  const outcome = refresh(store, token, { scopes, ...accessFacts(claims, resource), signed_in_at });
  if (typeof outcome !== 'object') return refusedRefresh(entra, row, outcome);
  return answerTokens(of, outcome, { account, nonce: null, granted: row.scopes, asked });
}

/** What an organization's policy, or the account itself, refuses at a refresh. */
function refusedByPolicy(
  { entra, held }: Redemption,
  row: MicrosoftRefreshTokenRow,
  account: AccountRow,
): EntraError | undefined {
  if (held.has('account_disabled')) return account.personal ? entraError.personalGrantOver() : entraError.disabled();
  if (held.has('mfa_required')) return entraError.mfa(POLICY);
  if (held.has('conditional_access')) return entraError.blocked(POLICY);
  const needsAdmin = held.has('admin_consent_required') && !adminConsented(entra.store, account.tid, row.scopes);
  return needsAdmin ? entraError.needsAdmin() : undefined;
}

function redeemCode(of: Redemption): Outcome {
  const { entra, authority, body, claims, held } = of;
  const { store } = entra;
  const code = body.get('code');
  if (!code) return entraError.parameterMissing('code');
  const row: MicrosoftCodeRow | undefined = store.tables.read('codes').get(code);
  if (!row) return entraError.garbled();
  const flaw = flawOfCode(row, of, store.now());
  if (flaw) return flaw;
  if (held.has('account_disabled')) return entraError.disabled();
  const account = store.requireAccount(row.email);
  const asked = parseScopes(body.get('scope') ?? '');
  const { scopes, resource } = scopesOfToken(row.scopes, asked);
  const signed_in_at = store.now();
  const capable = claims.capable || row.capable === true;
  const issued = exchangeCode(store, code, row, {
    grant: { authority: authority.name, signed_in_at, mfa: row.mfa === true },
    access: { scopes, ...accessFacts({ ...claims, capable }, resource), signed_in_at },
  });
  return answerTokens(of, issued, { account, nonce: row.nonce, granted: row.scopes, asked });
}

function flawOfCode(row: MicrosoftCodeRow, { authority, body }: Redemption, nowMs: number): EntraError | undefined {
  if (row.authority !== authority.name) return entraError.codeOfOtherTenant();
  if (row.used) return entraError.codeRedeemed();
  if (row.expires_at <= nowMs) return entraError.codeExpired();
  if (body.get('redirect_uri') !== row.redirect_uri) return entraError.otherRedirectUri();
  const verifier = body.get('code_verifier');
  if (!verifier) return entraError.missingVerifier();
  return verifierMatches(verifier, row.code_challenge) ? undefined : entraError.wrongVerifier();
}

/** A token is good for one API: the one of the first scope that names one. */
function scopesOfToken(
  granted: readonly string[],
  asked: readonly string[],
): { readonly scopes: readonly string[]; readonly resource: string } {
  const pick = asked.some((scope) => !isSignInScope(scope)) ? asked : granted;
  const resource = pick.map(resourceOf).find((found) => found !== null) ?? '';
  return { resource, scopes: granted.filter((scope) => resourceOf(scope) === resource) };
}

function accessFacts({ capable, nbf }: RequestedClaims, resource: string): object {
  return {
    ...(resource === '' ? {} : { resource }),
    ...(capable ? { capable } : {}),
    ...(nbf === null ? {} : { nbf }),
  };
}

interface Answered {
  readonly account: AccountRow;
  readonly nonce: string | null;
  readonly granted: readonly string[];
  readonly asked: readonly string[];
}

function answerTokens({ entra, address }: Redemption, tokens: IssuedTokens, of: Answered): Outcome {
  const { account, nonce, granted, asked } = of;
  const signInScopes = granted.filter((scope) => isSignInScope(scope) && scope !== 'offline_access');
  const wantsIdToken = granted.includes('openid') && (asked.length === 0 || asked.includes('openid'));
  const claims = { scopes: granted, nonce, nowMs: entra.store.now() };
  return {
    body: {
      token_type: 'Bearer',
      scope: [...tokens.scopes, ...signInScopes].join(' '),
      expires_in: tokens.expires_in,
      ext_expires_in: tokens.expires_in,
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token,
      id_token: wantsIdToken ? entra.client.sign(idTokenClaims(address, account, claims)) : undefined,
    },
  };
}

/** A secret by form or header, or an assertion signed with the certificate; undefined when the client proves itself. */
function refuseClient(
  { client, store }: Entra,
  { base }: EntraAddress,
  { tenant, body, authorization }: TokenRequest,
  held: Held,
): EntraError | undefined {
  const { id, secret } = clientCredentials(body, authorization);
  if (!id) return entraError.parameterMissing('client_id');
  if (id !== client.clientId) return entraError.clientUnknown(id, tenant);
  const assertion = body.get('client_assertion');
  if (assertion === null) {
    if (held.has('app_credentials_invalid')) return entraError.secretWrong(id);
    if (secret === null) return entraError.secretMissing();
    return client.verifySecret(secret) ? undefined : entraError.secretWrong(id);
  }
  if (held.has('app_credentials_invalid')) return entraError.assertionWrong();
  const audiences = [`${base}/${tenant}/oauth2/v2.0/token`, `${base}/${tenant}/v2.0`];
  const flaw = client.refuseAssertion(assertion, audiences, store.deps.clock.now());
  if (flaw === 'time') return entraError.assertionExpired();
  if (flaw === 'audience') return entraError.assertionAudience();
  return flaw && entraError.assertionWrong();
}
