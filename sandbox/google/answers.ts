import { STATUS_CODES } from 'node:http';
import type { SandboxClock } from '../clock.ts';
import type { HttpAnswer, TransportAnswers } from '../http-answer.ts';

/**
 * Google's answers, byte for byte where real ones are known. Sources per answer: what the reports of users quote
 * (issue threads) and https://developers.google.com/identity/protocols/oauth2 and /workspace/gmail/api.
 */

const JSON_HEADERS = {
  'content-type': 'application/json; charset=UTF-8',
  'cache-control': 'no-cache, no-store, max-age=0, must-revalidate',
};

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body, null, 2) };
}

/** The shape of the OAuth endpoints' errors. */
function oauthError(
  status: number,
  error: string,
  description?: string,
  more: Record<string, string> = {},
): HttpAnswer {
  return json(status, { error, ...(description === undefined ? {} : { error_description: description }), ...more });
}

export const tokenError = {
  /**
   * Changed password, withdrawn access, long idle: the same bytes. https://github.com/porjo/youtubeuploader/issues/163
   */
  revoked: () => oauthError(400, 'invalid_grant', 'Token has been expired or revoked.'),
  /** What was never issued, was used, or was revoked half a day ago. https://github.com/googleapis/signet/issues/184 */
  badRequest: () => oauthError(400, 'invalid_grant', 'Bad Request'),
  malformedCode: () => oauthError(400, 'invalid_grant', 'Malformed auth code.'),
  missingVerifier: () => oauthError(400, 'invalid_grant', 'Missing code verifier.'),
  wrongVerifier: () => oauthError(400, 'invalid_grant', 'Invalid code verifier.'),
  redirectMismatch: () => oauthError(400, 'redirect_uri_mismatch', 'Bad Request'),
  /** Session control. https://support.google.com/a/answer/9368756 */
  reauthentication: () =>
    oauthError(400, 'invalid_grant', 'reauth related error (invalid_rapt)', {
      error_uri: 'https://support.google.com/a/answer/9368756',
      error_subtype: 'invalid_rapt',
    }),
  accountGone: () => oauthError(400, 'invalid_grant', 'Account has been deleted'),
  /** https://github.com/oauthlib/oauthlib/issues/707 */
  adminPolicy: () =>
    oauthError(
      400,
      'admin_policy_enforced',
      'Access to your account data is restricted by policies within your organization. Please contact administrator for more information.',
    ),
  clientUnknown: () => oauthError(401, 'invalid_client', 'The OAuth client was not found.'),
  clientSecretWrong: () => oauthError(401, 'invalid_client', 'Unauthorized'),
  clientMissing: () => oauthError(400, 'invalid_request', 'Could not determine client ID from request.'),
  parameterMissing: (name: string) => oauthError(400, 'invalid_request', `Missing required parameter: ${name}`),
  grantType: (given: string) => oauthError(400, 'unsupported_grant_type', `Invalid grant_type: ${given}`),
};

export const revokeError = {
  invalidToken: () => oauthError(400, 'invalid_token', 'Token expired or revoked'),
  missingToken: () => oauthError(400, 'invalid_request', 'Missing required parameter: token'),
};

export function userinfoUnauthorized(): HttpAnswer {
  return json(
    401,
    { error: 'invalid_request', error_description: 'Invalid Credentials' },
    { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error=invalid_token' },
  );
}

interface ApiErrorDetail {
  readonly reason: string;
  readonly domain?: string;
  readonly status: string;
  readonly entryMessage?: string;
  readonly location?: { readonly location: string; readonly locationType: string };
}

/** The envelope of every Google API error. */
function apiError(code: number, message: string, detail: ApiErrorDetail): HttpAnswer {
  const { reason, domain = 'global', status, entryMessage = message, location } = detail;
  const errors = [{ message: entryMessage, domain, reason, ...location }];
  const answer = json(code, { error: { code, message, errors, status } });
  return { ...answer, body: `${answer.body}\n` };
}

const UNAUTHENTICATED =
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';
const INVALID_TOKEN = 'Bearer realm="https://accounts.google.com/", error="invalid_token"';

export const gmailError = {
  /** https://github.com/dacastro4/laravel-gmail/issues/273 */
  unauthenticated: () => {
    const answer = apiError(401, UNAUTHENTICATED, {
      reason: 'authError',
      entryMessage: 'Invalid Credentials',
      status: 'UNAUTHENTICATED',
      location: { location: 'Authorization', locationType: 'header' },
    });
    return { ...answer, headers: { ...answer.headers, 'www-authenticate': INVALID_TOKEN } };
  },
  /** https://github.com/googleworkspace/apps-script-oauth2/issues/177 */
  insufficientScope: (needed: string): HttpAnswer => ({
    status: 403,
    headers: {
      ...JSON_HEADERS,
      'www-authenticate': `Bearer realm="https://accounts.google.com/", error=insufficient_scope, scope="${needed}"`,
    },
    body: '{\n "error": {\n  "errors": [\n   {\n    "domain": "global",\n    "reason": "insufficientPermissions",\n    "message": "Insufficient Permission"\n   }\n  ],\n  "code": 403,\n  "message": "Insufficient Permission"\n }\n}',
  }),
  /** https://github.com/LogicLabs-OU/OpenArchiver/issues/443 */
  notFound: () => {
    const answer = apiError(404, 'Requested entity was not found.', { reason: 'notFound', status: 'NOT_FOUND' });
    return { ...answer, body: answer.body.trimEnd() };
  },
  /** https://github.com/WPManageNinja/fluent-smtp/issues/152 */
  mailServiceOff: () =>
    apiError(400, 'Mail service not enabled', { reason: 'failedPrecondition', status: 'FAILED_PRECONDITION' }),
  domainPolicy: () =>
    apiError(403, 'The domain administrators have disabled Gmail apps.', {
      reason: 'domainPolicy',
      status: 'PERMISSION_DENIED',
    }),
  delegationDenied: (login: string) =>
    apiError(403, `Delegation denied for ${login}`, { reason: 'forbidden', status: 'PERMISSION_DENIED' }),
  /** https://github.com/dacastro4/laravel-gmail/issues/285 */
  watchRefused: (topic: string) =>
    apiError(403, `Error sending test message to Cloud PubSub ${topic} : User not authorized to perform this action.`, {
      reason: 'forbidden',
      status: 'PERMISSION_DENIED',
    }),
  invalidArgument: (message: string) =>
    apiError(400, message, { reason: 'invalidArgument', status: 'INVALID_ARGUMENT' }),
};

/** Gmail says when to come back in the text alone, never in a Retry-After header. */
export function gmailTransport(clock: SandboxClock): TransportAnswers {
  return {
    unavailable: (status) =>
      apiError(status, 'The service is currently unavailable.', { reason: 'backendError', status: 'UNAVAILABLE' }),
    rateLimited: (retryAfterS) => {
      const until = new Date(clock.now().getTime() + retryAfterS * 1000).toISOString();
      return apiError(429, `User-rate limit exceeded.  Retry after ${until}`, {
        reason: 'rateLimitExceeded',
        status: 'RESOURCE_EXHAUSTED',
      });
    },
    rubbish,
  };
}

export const oauthTransport: TransportAnswers = {
  unavailable: (status) => oauthError(status, 'internal_failure', 'Backend Error'),
  rateLimited: (retryAfterS) => {
    const answer = oauthError(429, 'rate_limit_exceeded', 'Rate limit exceeded.');
    return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterS) } };
  },
  rubbish,
};

/** What a captive portal or a filter puts in an answer's place. */
function rubbish(): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><html><head><title>${STATUS_CODES[200]}</title></head><body><h1>Welcome to the guest network</h1><p>Accept the terms to go on.</p></body></html>`,
  };
}
