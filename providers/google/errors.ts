import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { jsonWithin } from '../answer-text.ts';
import { classifyNetwork } from '../errors.ts';
import { msUntil, rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../verdicts.ts';
import { apiError, oauthError } from './schema.ts';

/**
 * What Google's answers mean (knowledge: developers.google.com/identity/protocols/oauth2#expiration, and
 * /workspace/gmail/api/guides/handle-errors). Total: what is not known is `transient`. The OAuth endpoints answer with
 * a word, the APIs with an object whose `reason` decides; the HTTP status alone decides nothing.
 */
export function classifyGoogle(answer: ProviderAnswer): Verdict {
  const json = jsonWithin(answer.body);
  const refusal = oauthError.safeParse(json);
  if (refusal.success) return classifyOAuth(answer, refusal.data);
  const failure = apiError.safeParse(json);
  if (failure.success) return classifyApi(answer, failure.data.error);
  const page = wordOnPage(answer);
  if (page !== null) return classifyOAuth(answer, { error: page, error_description: answer.body });
  if (answer.httpStatus === 401) return tokenRefused('401');
  return classifyNetwork(answer);
}

type OAuthRefusal = { error: string; error_description: string; error_subtype?: string | undefined };

/** The operator's client, or our own request. */
const CLIENT_WORDS = new Set([
  'deleted_client',
  'disabled_client',
  'invalid_client',
  'invalid_request',
  'invalid_scope',
  'org_internal',
  'redirect_uri_mismatch',
  'restricted_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
]);
const REAUTHENTICATE_WORDS = new Set(['interaction_required', 'login_required', 'consent_required', 'access_denied']);
const ADMIN_WORDS = new Set(['admin_policy_enforced', 'policy_enforced', 'account_restricted']);

/** Google's error pages name the same words ("Error: disabled_client", "Error 400: redirect_uri_mismatch"). */
function wordOnPage({ body }: ProviderAnswer): string | null {
  const word = /\bError(?: \d{3})?:\s*([a-z]+(?:_[a-z]+)+)/.exec(body)?.[1];
  return word !== undefined && (CLIENT_WORDS.has(word) || ADMIN_WORDS.has(word) || word === 'invalid_grant')
    ? word
    : null;
}

function classifyOAuth(answer: ProviderAnswer, refusal: OAuthRefusal): Verdict {
  const providerCode = refusal.error_subtype ?? refusal.error;
  // The revocation and userinfo endpoints speak of the token that they were given.
  if (refusal.error === 'invalid_token') return tokenRefused(providerCode);
  if (answer.httpStatus === 401 && answer.operation === 'api') return tokenRefused(providerCode);
  if (refusal.error === 'invalid_grant') return classifyGrant(refusal, providerCode);
  if (/rapt/.test(providerCode)) return verdict('reauth_required', 'session_revoked', { providerCode });
  if (ADMIN_WORDS.has(refusal.error) || /restricted by .*polic|account restricted/i.test(refusal.error_description)) {
    return verdict('admin_action', 'admin_policy_enforced', { providerCode });
  }
  if (REAUTHENTICATE_WORDS.has(refusal.error)) return verdict('reauth_required', 'access_revoked', { providerCode });
  if (/rate_?limit|slow_down|quota/.test(refusal.error) || answer.httpStatus === 429) {
    return rateLimited(retryAfterMs(answer), providerCode);
  }
  if ((answer.httpStatus ?? 500) < 500 && CLIENT_WORDS.has(refusal.error)) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  }
  return unknown(answer, providerCode);
}

/** `invalid_grant` covers a person's doing, an operator's mistake and a closed account: the description tells. */
function classifyGrant({ error_description: text }: OAuthRefusal, providerCode: string): Verdict {
  if (/rapt|reauth related/i.test(`${providerCode} ${text}`)) {
    return verdict('reauth_required', 'session_revoked', { providerCode });
  }
  if (/account (has been |is )?(deleted|disabled|suspended)|user (has been )?(deleted|suspended)/i.test(text)) {
    return verdict('account_gone', 'account_disabled', { providerCode });
  }
  // Service accounts (JWT grant), the clock of our machine, the request of a code: none of them the person's.
  if (
    /robot|\bjwt\b|\biat\b|account not found|user id|code verifier|malformed auth code|redirect|audience/i.test(text)
  ) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  }
  // "Bad Request" is also what the same token answers half a day later, and what a wrong one of ours would.
  const vague = !/expired or revoked|revoked/i.test(text);
  return verdict('reauth_required', 'access_revoked', { providerCode, vague });
}

type ApiFailure = ReturnType<typeof apiError.parse>['error'];

const RATE_REASONS =
  /rateLimitExceeded|RATE_LIMIT_EXCEEDED|^quotaExceeded$|^dailyLimitExceeded$|limitExceeded$|RESOURCE_EXHAUSTED|QUOTA_EXCEEDED/i;
/** The operator's project: the API is off, the project deleted, unpaid or suspended, the key wrong. */
const PROJECT_REASONS =
  /^(accessNotConfigured|dailyLimitExceededUnreg|keyInvalid|keyExpired|ipRefererBlocked|projectNotLinked|SERVICE_DISABLED|API_KEY_\w+|CONSUMER_\w+|BILLING_DISABLED|USER_PROJECT_DENIED|LIBRARY_\w+|UNREGISTERED_CALLERS|usageLimitsUnreg)$/;
const SCOPE_REASONS = /^(insufficientPermissions|insufficientScopes?|ACCESS_TOKEN_SCOPE_INSUFFICIENT)$/;
const SCOPE_TEXT = /insufficient (authentication scopes|permission)|metadata scope (does not|doesn't)/i;

function classifyApi(answer: ProviderAnswer, failure: ApiFailure): Verdict {
  const reasons = [...failure.errors, ...failure.details].flatMap(({ reason }) => reason ?? []);
  const providerCode = reasons[0] ?? failure.status ?? String(failure.code ?? answer.httpStatus ?? 'error');
  const status = failure.code ?? answer.httpStatus;
  const has = (pattern: RegExp): boolean => reasons.some((reason) => pattern.test(reason));
  if (has(PROJECT_REASONS)) return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  if (has(RATE_REASONS) || failure.status === 'RESOURCE_EXHAUSTED' || status === 429) {
    return rateLimited(waitNamed(answer, failure.message), providerCode);
  }
  if (has(SCOPE_REASONS) || SCOPE_TEXT.test(failure.message) || /insufficient_scope/.test(challenge(answer))) {
    return verdict('insufficient_scope', 'insufficient_scope', { providerCode });
  }
  if (
    has(/^(domainPolicy|ADMIN_POLICY\w*|ORG_RESTRICTION\w*)$/) ||
    /administrators? ha(s|ve) disabled/i.test(failure.message)
  ) {
    return verdict('admin_action', 'admin_policy_enforced', { providerCode });
  }
  if (status === 401) return tokenRefused(providerCode);
  return classifyRequest(answer, failure, providerCode) ?? unknown(answer, providerCode);
}

function challenge({ headers }: ProviderAnswer): string {
  return headers['www-authenticate'] ?? '';
}

/** Gmail names the time in the message only: "User-rate limit exceeded.  Retry after 2026-11-05T10:00:00.000Z". */
function waitNamed(answer: ProviderAnswer, message: string): number | null {
  const until = /retry after (\d{4}-\d{2}-\d{2}T[\d:.]+Z?)/i.exec(message)?.[1];
  return retryAfterMs(answer) ?? (until === undefined ? null : msUntil(until, answer.headers));
}

/** What depends on what we had asked; null when it says nothing sure. */
function classifyRequest(answer: ProviderAnswer, failure: ApiFailure, providerCode: string): Verdict | null {
  const status = failure.code ?? answer.httpStatus ?? 500;
  if (status >= 500) return null;
  if (/mail service not enabled/i.test(failure.message)) {
    return verdict('account_gone', 'mailbox_unavailable', { providerCode });
  }
  // The topic and its rights, or a second push client of the same project.
  if (answer.operation === 'subscribe' || /pub\/?sub|topicName|push notification client/i.test(failure.message)) {
    return verdict('misconfigured', 'subscription_renewal_failed', { providerCode });
  }
  if (answer.operation === 'import' && (status === 404 || status === 410)) return cursorExpired(providerCode);
  if (/startHistoryId|page_?token/i.test(failure.message)) return cursorExpired(providerCode);
  // "Precondition check failed." is the same for an account without a mailbox and for one that is just being moved.
  if (failure.status === 'FAILED_PRECONDITION' || providerCode === 'failedPrecondition') {
    return verdict('account_gone', 'mailbox_unavailable', { providerCode, vague: true });
  }
  if (/delegation denied/i.test(failure.message) || (status === 400 && answer.operation !== 'refresh')) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  }
  return null;
}

function cursorExpired(providerCode: string): Verdict {
  return verdict('cursor_expired', null, { providerCode });
}
