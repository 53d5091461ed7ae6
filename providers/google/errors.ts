import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { isPage, oauthRefusal } from '../answers/text.ts';
import type { OAuthRefusal } from '../answers/text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { classifyChallenge, classifyGrantedScope } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';
import { apiFailure, classifyApi } from './api-errors.ts';

/**
 * What Google's answers mean (developers.google.com/identity/protocols/oauth2#expiration,
 * /workspace/gmail/api/guides/handle-errors). Total: an unknown answer is `transient`. The OAuth endpoints answer with
 * a word, the APIs with an object whose `reason` decides; the HTTP status alone decides nothing.
 */
export const classifyGoogle = outagesFirst(classifyWords);

function classifyWords(answer: ProviderAnswer): Verdict {
  const unticked = classifyGrantedScope(answer, MAIL_SCOPE);
  if (unticked !== null) return unticked;
  const failure = apiFailure(answer);
  if (failure !== null) return classifyApi(answer, failure);
  const refusal = oauthRefusal(answer.body) ?? pageRefusal(answer);
  if (refusal !== null) return classifyRefusal(answer, refusal);
  return classifyChallenge(answer) ?? (answer.httpStatus === 401 ? tokenRefused('401') : classifyNetwork(answer));
}

const MAIL_SCOPE = /mail\.google\.com|auth\/gmail\./;
/** The operator's client, or our own request. */
const CLIENT_WORDS =
  /^(invalid_client|deleted_client|disabled_client|restricted_client|unauthorized_client|invalid_request|invalid_scope|invalid_audience|invalid_app|org_internal|redirect_uri_mismatch|disallowed_useragent|origin_mismatch|unsupported_grant_type|unsupported_response_type)$/;
const REAUTHENTICATE_WORDS =
  /^(interaction_required|login_required|consent_required|access_denied|account_selection_required|immediate_failed)$/;
/** `access_not_configured`: a school's administrator has not looked at the app yet. */
const ADMIN_WORDS =
  /^(admin_policy_enforced|policy_enforced|account_restricted|access_not_configured|app_not_configured_for_user)$/;
const ADMIN_TEXT =
  /restricted by [^"]{0,80}polic|account restricted|contact (your )?administrator|not been verified by your organization/i;
/** The operator must publish an app that only testers may use, and grant a service account its rights. */
const OPERATORS_TEXT =
  /being tested|access to the app|not completed the [^"]{0,80}verification|developer hasn|client not authorized/i;

/** "Error 400: redirect_uri_mismatch", "Error: disabled_client", and what comes without a word for it. */
function pageRefusal({ body, operation }: ProviderAnswer): OAuthRefusal | null {
  const error = /\bError(?: \d{3})?:\s*([a-z]+(?:_[a-z]+)+)/.exec(body)?.[1];
  if (error !== undefined) return { error, description: body, suberror: null };
  if (operation === 'refresh' && /token has been (expired or )?revoked/i.test(body) && !isPage(body)) {
    return { error: 'invalid_grant', description: body, suberror: null };
  }
  return /this app is blocked|hasn.t verified this app/i.test(body)
    ? { error: 'invalid_app', description: body, suberror: null }
    : null;
}

function classifyRefusal(answer: ProviderAnswer, { error, description, suberror }: OAuthRefusal): Verdict {
  const providerCode = suberror ?? error;
  if (/rate_?limit|slow_down|quota/.test(error)) return rateLimited(retryAfterMs(answer), providerCode);
  // The revocation and userinfo endpoints mean the token of the request.
  if (error === 'invalid_token') return tokenRefused(providerCode);
  if (answer.httpStatus === 401 && answer.operation === 'api') return tokenRefused(providerCode);
  if (/rapt|reauth related/i.test(`${providerCode} ${description}`)) {
    return verdict('reauth_required', 'session_revoked', { providerCode });
  }
  if (error === 'invalid_grant') return classifyGrant(description, providerCode);
  if (ADMIN_WORDS.test(error) || ADMIN_TEXT.test(description)) {
    return verdict('admin_action', 'admin_policy_enforced', { providerCode });
  }
  if (CLIENT_WORDS.test(error) || (error === 'access_denied' && OPERATORS_TEXT.test(description))) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  }
  if (REAUTHENTICATE_WORDS.test(error)) return verdict('reauth_required', 'access_revoked', { providerCode });
  return unknown(answer, providerCode);
}

const ACCOUNT_ENDED = /(account|user) (has been |is |was )?(deleted|disabled|suspended|closed)/i;
/** Service accounts (JWT grant), our machine's clock, the request of a code: no task for a person. */
const NOT_THE_PERSONS =
  /robot|\bjwt\b|\biat\b|account not found|user id|code verifier|malformed auth code|redirect|audience|assertion|not a valid email/i;

/**
 * `invalid_grant` covers an act of the person, a mistake of the operator and a closed account; the description decides.
 */
function classifyGrant(description: string, providerCode: string): Verdict {
  if (ACCOUNT_ENDED.test(description)) return verdict('account_gone', 'account_disabled', { providerCode });
  if (NOT_THE_PERSONS.test(description)) return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  // "Bad Request" is also the answer to the same dead token half a day later, and to a token that we damaged.
  return verdict('reauth_required', 'access_revoked', { providerCode, vague: !/revoked/i.test(description) });
}
