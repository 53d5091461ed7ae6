import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { classifyNetwork } from '../errors.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../verdicts.ts';

interface Rule {
  kind: VerdictKind;
  reason: StatusReason | null;
  code: RegExp;
}

/** EWS response codes (learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode). */
const RULES: readonly Rule[] = [
  {
    kind: 'reauth_required',
    reason: 'password_changed',
    code: /^Error(PasswordExpired|PasswordChangeRequired|InvalidCredentials|LogonFailure)$/,
  },
  { kind: 'account_gone', reason: 'account_disabled', code: /^ErrorAccountDisabled$/ },
  {
    kind: 'account_gone',
    reason: 'mailbox_unavailable',
    code: /^Error(NonExistentMailbox|MissingEmailAddress|MailboxGuidNotFound|CannotFindUser|InvalidUserPrincipalName)$/,
  },
  {
    kind: 'rate_limited',
    reason: 'rate_limited',
    code: /^Error(ServerBusy|Exceeded(ConnectionCount|SubscriptionCount|FindCountLimit|MessageLimit)|TooManyObjectsOpened|MessagePerFolderCountReceiveQuotaExceeded|DataSizeLimitExceeded)$/,
  },
  {
    kind: 'cursor_expired',
    reason: null,
    code: /^Error(InvalidSyncStateData|SyncFolderNotFound|SubscriptionNotFound|InvalidSubscription|ExpiredSubscription|SubscriptionUnsubscribed|ReadEventsFailed|InvalidWatermark|EventNotFound|MissedNotificationEvents|InvalidPullSubscriptionId)$/,
  },
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    code: /^Error(AccessDenied|Impersonat\w+|EwsDisabled|FolderPermission\w*|TokenSerializationDenied|CrossMailbox\w*|Proxy(RequestNotAllowed|GroupSidLimitExceeded)|CallerIsInvalidADAccount|ApplicationNotAllowed|DelegateNoUser|DelegateCannotAddOwner|NotDelegate)$/,
  },
  {
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    code: /^Error(SchemaValidation|IncorrectSchemaVersion|InvalidServerVersion|InvalidRequest|InvalidArgument|InvalidOperation|MissingArgument|InvalidIdMalformed|InvalidId\w*|InvalidProperty\w*|InvalidSmtpAddress|InvalidExchangeImpersonationHeaderData|SubscriptionDelegateAccessNotSupported|SubscriptionAccessDenied|Unsupported\w+|InvalidSubscriptionRequest|InvalidPushSubscriptionUrl)$/,
  },
];

/** Words of Exchange that say nothing without what is inside them. */
const ENVELOPES = new Set(['ErrorInternalServerError', 'ErrorBatchProcessingStopped', 'ErrorResponseSchemaValidation']);

/**
 * What an on-premises Exchange answers over EWS. Total: what is not known is `transient`. The code inside the answer
 * decides before the HTTP status, which is 200 for most errors and 500 for throttling.
 */
export function classifyExchange(answer: ProviderAnswer): Verdict {
  const code = responseCode(answer.body);
  if (code === null) return classifyStatus(answer);
  const rule = RULES.find((rule) => rule.code.test(code));
  if (!rule) return unknown(answer, code);
  if (rule.kind === 'rate_limited') return rateLimited(backOffMs(answer), code);
  return verdict(rule.kind, rule.reason, { providerCode: code });
}

/** The inner code where there is one; else the first that is an error, however it is written down. */
function responseCode(body: string): string | null {
  const inner = /InnerErrorResponseCode["']?\s*[>:=]\s*["']?(Error\w+)/.exec(body)?.[1];
  if (inner !== undefined) return inner;
  const codes = [...body.matchAll(/\bError[A-Z][A-Za-z]{3,}\b/g)].map(([code]) => code);
  return codes.find((code) => !ENVELOPES.has(code)) ?? codes[0] ?? null;
}

/** https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange */
function backOffMs(answer: ProviderAnswer): number | null {
  const named = /BackOffMilliseconds["']?\s*[>:=]\s*(\d+)/i.exec(answer.body)?.[1];
  return named === undefined ? retryAfterMs(answer) : Number(named);
}

/** Exchange refuses logins to shed load: closing the connection, or with an ASP.NET error page. */
const LOAD_SHEDDING = /Server Error in '\/EWS' Application|genericerrorpage/i;
const WRONG_CREDENTIALS =
  /invalid credentials|wrong (user ?name|password)|(user ?name|password) (is |was )?(incorrect|invalid|wrong)|UnauthorizedError/i;

function classifyStatus(answer: ProviderAnswer): Verdict {
  const { httpStatus, headers, body } = answer;
  const challenge = headers['www-authenticate'] ?? '';
  // The front end has found no mailbox to pass the request on to.
  const frontEnd = headers['x-caserrorcode'] ?? '';
  if (/NotFound|Unknown/i.test(frontEnd)) {
    return verdict('account_gone', 'mailbox_unavailable', { providerCode: frontEnd, vague: true });
  }
  const shedding =
    LOAD_SHEDDING.test(`${body}${headers['location'] ?? ''}`) || /close/i.test(headers['connection'] ?? '');
  if (/too many requests|throttl|server busy|requested back ?off|RateLimitError/i.test(body) || httpStatus === 429)
    return rateLimited(backOffMs(answer), String(httpStatus ?? 'busy'));
  if (httpStatus === 401 && /error="?invalid_token/.test(challenge)) return tokenRefused('invalid_token');
  // Office 365 before it went away: the account has to be unblocked, the password has run out.
  if (httpStatus === 456 || httpStatus === 457) return passwordRefused(String(httpStatus), false);
  if (WRONG_CREDENTIALS.test(body) && !shedding) return passwordRefused(String(httpStatus ?? 'credentials'), true);
  if (httpStatus === 401) {
    // The first leg of NTLM looks the same as a refusal: a login that was answered so is believed when it repeats.
    return answer.operation === 'login' && !shedding ? passwordRefused('401', true) : tokenRefused('401');
  }
  if (httpStatus === 403) return verdict('admin_action', 'admin_policy_enforced', { providerCode: '403' });
  if (httpStatus === 404 || httpStatus === 405)
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode: String(httpStatus) });
  return classifyNetwork(answer);
}

function passwordRefused(providerCode: string, vague: boolean): Verdict {
  return verdict('reauth_required', 'password_changed', { providerCode, vague });
}
