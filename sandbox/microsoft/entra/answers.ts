import { randomUUID } from 'node:crypto';
import type { SandboxClock } from '../../clock.ts';
import type { HttpAnswer, TransportAnswers } from '../../http-answer.ts';

/**
 * Entra's words. Numbers and texts are as users' reports quote them and
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes lists them.
 */
export interface EntraError {
  readonly status: number;
  readonly error: string;
  /** The AADSTS number. */
  readonly code: number;
  readonly text: string;
  readonly suberror?: string;
  /** What a new sign-in, or the next token request, has to carry. */
  readonly claims?: string;
}

export const entraError = {
  /** An administrator's password reset, or "sign out everywhere". */
  revoked: (issuedAt: Date, revokedAt: Date): EntraError =>
    grant(
      50173,
      `The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '${issuedAt.toISOString().replace('Z', '0000Z')}' and the TokensValidFrom date (before which tokens are not valid) for this user is '${revokedAt.toISOString().replace('Z', '0000Z')}'.`,
    ),
  idle: (issuedAt: Date): EntraError =>
    grant(
      700082,
      `The refresh token has expired due to inactivity. The token was issued on ${issuedAt.toISOString().replace('Z', '0000Z')} and was inactive for 90.00:00:00.`,
      { suberror: 'bad_token' },
    ),
  notConsented: (clientId: string): EntraError =>
    grant(
      65001,
      `The user or administrator has not consented to use the application with ID '${clientId}' named 'Mooring'. Send an interactive authorization request for this user and resource.`,
      { suberror: 'consent_required' },
    ),
  needsAdmin: (): EntraError =>
    grant(90094, 'The grant requires admin permission.', { suberror: 'consent_required', error: 'consent_required' }),
  mfa: (policy: string): EntraError =>
    grant(
      50076,
      "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
      { suberror: 'basic_action', claims: policyClaims(policy) },
    ),
  blocked: (policy: string): EntraError =>
    grant(
      53003,
      'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
      { suberror: 'message_only', claims: policyClaims(policy) },
    ),
  disabled: (): EntraError => grant(50057, 'The user account is disabled.'),
  /** What personal accounts are told at an endpoint other than /consumers since June 2026, and of an ended grant. */
  personalGrantOver: (): EntraError =>
    grant(70000, 'The user could not be authenticated as the grant is expired. The user must sign in again.', {
      suberror: 'bad_token',
    }),
  otherTenant: (): EntraError => grant(7000012, 'The grant was obtained for a different tenant.'),
  garbled: (): EntraError => grant(9002313, 'Invalid request. Request is malformed or invalid.'),
  malformed: (): EntraError => request(9002313, 'Invalid request. Request is malformed or invalid.'),
  codeRedeemed: (): EntraError =>
    grant(
      54005,
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
    ),
  codeExpired: (): EntraError =>
    grant(
      70008,
      'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
    ),
  codeOfOtherTenant: (): EntraError =>
    grant(700005, 'Provided Authorization Code is intended to use against other tenant, thus rejected.'),
  wrongVerifier: (): EntraError =>
    grant(501481, 'The Code_Verifier does not match the code_challenge supplied in the authorization request.'),
  missingVerifier: (): EntraError =>
    grant(50148, 'The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.'),
  otherRedirectUri: (): EntraError =>
    grant(500112, 'The reply address does not match the reply address provided when requesting Authorization code.'),
  parameterMissing: (name: string): EntraError =>
    request(900144, `The request body must contain the following parameter: '${name}'.`),
  grantType: (given: string): EntraError => ({
    status: 400,
    error: 'unsupported_grant_type',
    code: 70003,
    text: `The app requested an unsupported grant type '${given}'.`,
  }),
  tenantUnknown: (name: string): EntraError =>
    request(
      90002,
      `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    ),
  clientUnknown: (id: string, tenant: string): EntraError => ({
    status: 400,
    error: 'unauthorized_client',
    code: 700016,
    text: `Application with identifier '${id}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  }),
  secretWrong: (clientId: string): EntraError =>
    client(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    ),
  secretMissing: (): EntraError =>
    client(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
  assertionWrong: (): EntraError =>
    client(
      700027,
      'The certificate with identifier used to sign the client assertion is not registered on application.',
    ),
  assertionExpired: (): EntraError => client(700024, 'Client assertion is not within its valid time range.'),
  assertionAudience: (): EntraError => client(700023, 'Client assertion audience claim does not match Realm issuer.'),
  scopeUnknown: (scope: string): EntraError => ({
    status: 400,
    error: 'invalid_client',
    code: 650053,
    text: `The application 'Mooring' asked for scope '${scope}' that doesn't exist on the resource '00000003-0000-0000-c000-000000000000'. Contact the app vendor.`,
  }),
  scopeMissing: (): EntraError => request(900144, "The request body must contain the following parameter: 'scope'."),
};

interface MoreOfGrant {
  readonly suberror?: string;
  readonly claims?: string;
  readonly error?: string;
}

function grant(code: number, text: string, { error = 'invalid_grant', ...more }: MoreOfGrant = {}): EntraError {
  return { status: 400, error, code, text, ...more };
}

function request(code: number, text: string): EntraError {
  return { status: 400, error: 'invalid_request', code, text };
}

function client(code: number, text: string): EntraError {
  return { status: 401, error: 'invalid_client', code, text };
}

function policyClaims(policy: string): string {
  return JSON.stringify({ access_token: { capolids: { essential: true, values: [policy] } } });
}

/** `error_description` as every answer of Entra has it, also the ones that the browser carries. */
export function describeError({ code, text }: Pick<EntraError, 'code' | 'text'>, trace: Trace): string {
  return `AADSTS${code}: ${text} Trace ID: ${trace.trace_id} Correlation ID: ${trace.correlation_id} Timestamp: ${trace.timestamp}`;
}

interface Trace {
  readonly trace_id: string;
  readonly correlation_id: string;
  readonly timestamp: string;
}

export function newTrace(clock: SandboxClock): Trace {
  const timestamp = clock
    .now()
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, 'Z');
  return { timestamp, trace_id: randomUUID(), correlation_id: randomUUID() };
}

const JSON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store, no-cache',
  pragma: 'no-cache',
};

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

export function answerError(error: EntraError, clock: SandboxClock): HttpAnswer {
  const trace = newTrace(clock);
  return json(error.status, {
    error: error.error,
    error_description: describeError(error, trace),
    error_codes: [error.code],
    timestamp: trace.timestamp,
    trace_id: trace.trace_id,
    correlation_id: trace.correlation_id,
    error_uri: errorUri(error.code),
    ...(error.suberror === undefined ? {} : { suberror: error.suberror }),
    ...(error.claims === undefined ? {} : { claims: error.claims }),
  });
}

export function errorUri(code: number): string {
  return `https://login.microsoftonline.com/error?code=${code}`;
}

export function entraTransport(clock: SandboxClock): TransportAnswers {
  const answer = (status: number, error: string, code: number, text: string): HttpAnswer =>
    answerError({ status, error, code, text }, clock);
  return {
    unavailable: (status) =>
      answer(status, 'temporarily_unavailable', 90033, 'A transient error has occurred. Please try again.'),
    rateLimited(retryAfterS) {
      const limited = answer(429, 'temporarily_unavailable', 90055, 'There are too many incoming requests.');
      return { ...limited, headers: { ...limited.headers, 'retry-after': String(retryAfterS) } };
    },
    rubbish,
  };
}

/** What a captive portal or a filter puts in an answer's place. */
export function rubbish(): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<!doctype html><html><head><title>OK</title></head><body><h1>Welcome to the guest network</h1><p>Accept the terms to go on.</p></body></html>',
  };
}
