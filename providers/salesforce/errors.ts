import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { isObject, isPage, objectsWithin, oauthRefusal, textOf } from '../answers/text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { classifyGrantedScope } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';

/** What Salesforce says: a code, and a text which often decides. */
interface Failure {
  code: string;
  text: string;
}

interface Rule {
  kind: VerdictKind | 'token_refused';
  reason: StatusReason | null;
  /** Against "code: text". */
  pattern: RegExp;
  vague?: true;
  /** In place of Salesforce's code, where that covers more. */
  code?: string;
}

/** Judged at a refresh: the app's list of addresses, or the ranges of the organization. The bytes do not tell which. */
export const IP_RESTRICTED = 'ip_restricted';

/**
 * The first that fits, of OAuth, REST, SOAP, CometD and Pub/Sub alike: they share their words. The text goes before
 * the code: `invalid_grant` covers a locked organization, and `invalid_client` an app that was not installed.
 */
const RULES: readonly Rule[] = [
  {
    kind: 'cursor_expired',
    reason: null,
    pattern: /replay ?id|INVALID_QUERY_LOCATOR|INVALID_REPLICATION_DATE|query locator/i,
  },
  {
    kind: 'rate_limited',
    reason: 'rate_limited',
    pattern:
      /LIMIT_EXCEEDED|RATE_EXCEEDED|rate (limit|exceeded)|limit[ .]exceeded|too many requests|EXCEEDED_QUOTA|concurrent (user|request)|METERING|RESOURCE_EXHAUSTED|TOO_MANY|quota/i,
  },
  {
    kind: 'admin_action',
    reason: 'admin_consent_required',
    pattern:
      /hasn'?t approved|not (admin )?approved|app(lication)? (must be|is not|not) (installed|approved)|must be installed|OAUTH_APP_BLOCKED|OAUTH_APP_ACCESS|OAUTH_APPROVAL_ERROR|OAUTH_EC_APP|OAUTH_AUTHORIZATION_BLOCKED|blocked by admin|invalid_app_access|cross-org/i,
  },
  // The API is shut for this user by a profile; else the same code is an outage.
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    pattern: /API_CURRENTLY_DISABLED: .{0,200}\b(user|profile|perfil|benutzer|utilisateur)\b/i,
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    pattern:
      /SERVER_UNAVAILABLE|API_CURRENTLY_DISABLED|MAINTENANCE|UNABLE_TO_LOCK_ROW|QUERY_TIMEOUT|REQUEST_RUNNING_TOO_LONG|UNKNOWN_EXCEPTION|unknown_error|retry your request|try again|login hours|RESTRICTED_TIME|PASSWORD_LOCKOUT|server (is )?(too )?busy|temporar|server_error|UNAVAILABLE/i,
  },
  {
    kind: 'account_gone',
    reason: 'account_disabled',
    pattern:
      /inactive (user|org\w*)|(user|org\w*) (is )?(inactive|frozen|locked(?! out)|suspended|deleted|disabled)|ORG_LOCKED|ORG_SUSPENDED|INACTIVE_(ORG|USER)\w*|USER_FROZEN|trial (has )?expired/i,
  },
  {
    kind: 'insufficient_scope',
    reason: 'insufficient_scope',
    pattern: /scopes? (is|are) required|insufficient_scope/i,
  },
  {
    kind: 'admin_action',
    reason: 'conditional_access',
    pattern: /ip (is )?restricted|restricted ip/i,
    code: IP_RESTRICTED,
  },
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    // The message comes in the user's language, with "REST" in it; a session that ended does not speak of it.
    pattern:
      /INVALID_SESSION_ID: .{0,200}\b(REST|SOAP)\b|not valid for use with the (REST|SOAP) API|^FORBIDDEN|do not have access|APEX_REST_SERVICES_DISABLED|FeatureNotEnabled|not enabled for streaming|subscribe to does not exist|denied_by_security_policy|not authorized|RESTRICTED_DOMAIN|API_DISABLED|not enabled for this org|API is (not enabled|disabled)|INSUFFICIENT_ACCESS|FUNCTIONALITY_NOT_ENABLED|NO_ACCESS|insufficient (privileges|permission|access)|permission|INVALID_TYPE|INVALID_FIELD|sObject type .{0,80} is not supported|access denied/i,
  },
  {
    kind: 'token_refused',
    reason: null,
    pattern:
      /INVALID_?SESSION_?ID|Bad_OAuth_Token|Missing_OAuth_Token|Wrong_Org|INVALID_AUTH_HEADER|session (expired|is invalid)|auth\.(error|headers)|UNAUTHENTICATED|401::|requires authentication|Authentication invalid|unknown client/i,
  },
  {
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern:
      /LOGIN_CHALLENGE|EXPIRED_PASSWORD|password (has )?expired|expired password|INVALID_LOGIN|MUST_USE_SECURITY_TOKEN|invalid username/i,
  },
  {
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    pattern:
      /^invalid_client|client identifier invalid|invalid client credentials|redirect_uri|unsupported_grant_type|unsupported_response_type|unauthorized_client|^invalid_request|^invalid_scope|code verifier|invalid assertion|audience|app[_ ]not[_ ]found|MALFORMED_QUERY|(JSON|XML)_PARSER_ERROR|UNSUPPORTED_(API_VERSION|CLIENT|MEDIA_TYPE)|inactive client|INVALID_QUERY_FILTER|QUERY_TOO_COMPLICATED|METHOD_NOT_ALLOWED|MALFORMED_ID|ILLEGAL_QUERY_PARAMETER|EXCEEDED_(ID_LIMIT|MAX)|INVALID_BATCH|ClientInputError|code challenge/i,
  },
  {
    kind: 'reauth_required',
    reason: 'access_revoked',
    pattern:
      /expired access\/refresh token|revoked|parent session|token validity expired|(expired|invalid) (authorization code|refresh token|token)|refresh token|denied authorization|^access_denied|immediate_unsuccessful|login_required|consent_required|interaction_required/i,
  },
  // Username and password were wrong, the user is locked out, the domain is: spaced tries first.
  { kind: 'reauth_required', reason: 'access_revoked', pattern: /^invalid_grant|authentication failure/i, vague: true },
];

/** What Salesforce answers (help.salesforce.com "OAuth 2.0 Authorization Errors"). Total: the rest is `transient`. */
export const classifySalesforce = outagesFirst(classifyWords, (body) => /fault/i.test(body));

function classifyWords(answer: ProviderAnswer): Verdict {
  const lacking = classifyGrantedScope(answer, /\b(api|full)\b/);
  if (lacking !== null) return lacking;
  const failure = failureOf(answer);
  if (failure === null) return classifyBare(answer);
  const said = `${failure.code}: ${failure.text}`;
  const rule = RULES.find(({ pattern }) => pattern.test(said));
  const providerCode = failure.code;
  if (rule?.kind === 'rate_limited') return rateLimited(retryAfterMs(answer), providerCode);
  if (!rule) return answer.httpStatus === 401 ? tokenRefused(providerCode) : unknown(answer, providerCode);
  if (rule.kind === 'token_refused') return tokenRefused(providerCode);
  return verdict(rule.kind, rule.reason, { providerCode: rule.code ?? providerCode, vague: rule.vague ?? false });
}

/** "FORBIDDEN: You do not have access …", "sf:INVALID_LOGIN", "errorCode: 'REQUEST_LIMIT_EXCEEDED'". */
const PRINTED_CODE =
  /\b(?!HTML\b|DOCTYPE\b|PUBLIC\b)[A-Z]{3,}(?:_[A-Z]+)+\b|\b(?:Bad|Missing)_OAuth_Token\b|\bFORBIDDEN(?=:)/;

/** What is left of an OAuth refusal where a client prints the description alone. */
const PHRASES =
  /\b(ip restricted|expired access\/refresh token|inactive (user|organization)|user hasn'?t approved this consumer|app must be installed|invalid client credentials|client identifier invalid|login rate exceeded|unable to find parent session)\b/i;

function failureOf({ body, headers }: ProviderAnswer): Failure | null {
  for (const json of objectsWithin(body)) {
    const found = restFailure(json) ?? bayeuxFailure(json);
    if (found !== null) return found;
  }
  const refusal = oauthRefusal(body);
  if (refusal !== null) return { code: refusal.error, text: refusal.description };
  const code =
    /<(?:\w+:)?(?:exceptionCode|faultcode)>(?:\w+:)?(\w+)<\//.exec(body)?.[1] ??
    /\bsfdc\.platform\.[\w.]+/.exec(body)?.[0] ??
    /\b(\d{3})::\w/.exec(body)?.[1] ??
    (isPage(body) ? undefined : (PRINTED_CODE.exec(body)?.[0] ?? PHRASES.exec(body)?.[0])) ??
    GRPC_STATUSES[headers['grpc-status'] ?? ''];
  return code === undefined ? null : { code, text: body };
}

/** https://grpc.io/docs/guides/status-codes/ */
const GRPC_STATUSES: Record<string, string> = {
  '4': 'SERVER_UNAVAILABLE',
  '7': 'NO_ACCESS',
  '8': 'RESOURCE_EXHAUSTED',
  '14': 'SERVER_UNAVAILABLE',
  '16': 'UNAUTHENTICATED',
};

function restFailure(json: Record<string, unknown>): Failure | null {
  const code = textOf(json['errorCode'] ?? json['exceptionCode'] ?? json['faultcode'])?.replace(/^sf:/, '');
  if (code === undefined) return null;
  const text = textOf(json['message'] ?? json['messageBody'] ?? json['exceptionMessage'] ?? json['faultstring']);
  // An OAuth library's own shape has its text elsewhere.
  return text === null && 'error_description' in json ? null : { code, text: text ?? '' };
}

/** CometD: "403::Handshake denied", with the reason in an extension. */
function bayeuxFailure(json: Record<string, unknown>): Failure | null {
  const error = textOf(json['error']);
  if (error === null || !/^\d{3}:/.test(error)) return null;
  const { ext } = json;
  const sfdc = isObject(ext) && isObject(ext['sfdc']) ? ext['sfdc'] : {};
  return { code: error.slice(0, 3), text: `${textOf(sfdc['failureReason']) ?? ''} ${error}` };
}

function classifyBare(answer: ProviderAnswer): Verdict {
  if (answer.httpStatus === 401) return tokenRefused('401');
  // The organization has moved: the next refresh names its new address.
  if (answer.httpStatus === 404) return tokenRefused('404');
  return classifyNetwork(answer);
}
