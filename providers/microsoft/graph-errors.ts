import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { isObject, isPage, objectsWithin, textOf } from '../answers/text.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';

interface GraphFailure {
  code: string;
  message: string;
}

/** Graph's error: wrapped in `error` or bare, as JSON or as clients print it. */
export function graphFailure({ body, httpStatus }: ProviderAnswer): GraphFailure | null {
  if (isPage(body)) return null;
  for (const json of objectsWithin(body)) {
    const outer = isObject(json['error']) ? json['error'] : json;
    // What Graph tells of a subscription by itself has its word elsewhere.
    const code = innermostCode(outer) ?? textOf(outer['lifecycleEvent']);
    if (code !== null) return { code, message: textOf(outer['message']) ?? '' };
  }
  const [, code, message] =
    /\bcode["']?:\s*["']?([A-Za-z]\w+)["']?[\s,;]+["']?(?:\w+[ _])?message["']?:\s*(.*)/is.exec(body) ?? [];
  if (code !== undefined) return { code, message: message ?? '' };
  const named = GRAPH_NAMES.exec(body)?.[0];
  if (named !== undefined) return { code: named, message: body };
  const isKnown = SUBSCRIPTION_TEXT.test(body) || SPECIAL_TEXT.test(body);
  return isKnown ? { code: String(httpStatus ?? 'message'), message: body } : null;
}

const GRAPH_NAMES =
  /\b(Error[A-Z]\w{5,}|InvalidAuthenticationToken|MailboxNotEnabledForRESTAPI|(?:s|S)yncState(?:NotFound|Invalid)|(?:r|R)esync\w*Required|ResourceNotFound|TooManyRequests|ApplicationThrottled|Authorization_\w+|OrganizationFromTenantGuidNotFound)\b/;
const SUBSCRIPTION_TEXT = /subscription (validation|expiration)|notification endpoint|notificationUrl/i;
/** Messages that a client prints without their code. */
const SPECIAL_TEXT =
  /access to OData is disabled|MailboxConcurrency|sync state|request is throttled|access is denied\. check credentials|insufficient privileges|could not be discovered|mailbox is either inactive|not yet supported for this mailbox|no mailbox with such guid/i;

/** The code of the deepest innerError that has one; ErrorAccessDenied says more than AccessDenied around it. */
function innermostCode(failure: Record<string, unknown>): string | null {
  const inner = failure['innerError'] ?? failure['innererror'];
  const code = textOf(failure['code']);
  return (isObject(inner) ? innermostCode(inner) : null) ?? (code !== null && /^[A-Za-z]/.test(code) ? code : null);
}

interface GraphRule {
  kind: VerdictKind;
  reason: StatusReason | null;
  code: RegExp;
  text?: RegExp;
  vague?: true;
}

/** The first that fits by code, or by text where a code covers too much. */
const GRAPH_RULES: readonly GraphRule[] = [
  {
    kind: 'cursor_expired',
    reason: null,
    code: /^(syncState\w*|resync\w*|subscriptionRemoved|ErrorInvalidSyncStateData)$/i,
    text: /sync ?state|delta ?token|skip ?token|badly formed token|resync required/i,
  },
  {
    kind: 'rate_limited',
    reason: 'rate_limited',
    code: /^(TooManyRequests|\w*Throttled\w*|activityLimitReached|ErrorServerBusy|ErrorExceeded(ConnectionCount|MessageLimit|FindCountLimit|SubscriptionCount)|\w*RateLimit\w*|BandwidthLimitExceeded|ErrorTooManyObjectsOpened)$/i,
    text: /throttled|MailboxConcurrency|too many requests/i,
  },
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    code: /^(\w*AccessPolicy\w*|BlockedByPolicy|ErrorSendAsDenied)$/i,
    text: /access to OData is disabled|blocked by tenant|access ?policy|conditional access|disabled by (your|the|an) admin/i,
  },
  // The app is not there in the tenant any more.
  { kind: 'admin_action', reason: 'admin_consent_required', code: /^Authorization_IdentityNotFound$/i },
  { kind: 'account_gone', reason: 'account_disabled', code: /^(ErrorAccountSuspend\w*|ErrorAccountDisabled)$/i },
  {
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    code: /^(InvalidAudience\w*|ErrorInvalidMailboxItemId)$/i,
    text: /(invalid|wrong) audience|audience claim value is invalid/i,
  },
  {
    kind: 'account_gone',
    reason: 'mailbox_unavailable',
    code: /^(MailboxNotEnabledForRESTAPI|MailboxNotSupportedForRESTAPI|ErrorNonExistentMailbox|ErrorInvalidUser|Request_ResourceNotFound|OrganizationFromTenantGuidNotFound|ErrorMissingEmailAddress)$/i,
    text: /soft-deleted|hosted on-?premise|not yet supported for this mailbox|no mailbox|tenant guid .{0,80} does not exist/i,
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    code: /^(ErrorMailbox(MoveInProgress|StoreUnavailable|Failover)|MailboxInfoStale|ErrorInternalServer(Transient)?Error|ErrorTimeoutExpired|ErrorADUnavailable|serviceNotAvailable|ServiceUnavailable|UnknownError|generalException|internalServerError)$/i,
  },
];

export function classifyGraph(answer: ProviderAnswer, failure: GraphFailure): Verdict {
  const providerCode = failure.code;
  if (failure.code === 'ExtensionError') return classifyExtension(answer, failure);
  const rule = GRAPH_RULES.find(({ code, text }) => code.test(failure.code) || text?.test(failure.message));
  if (rule?.kind === 'rate_limited') return rateLimited(retryAfterMs(answer), providerCode);
  // A 401 is about this access token, unless it says what no other token would change.
  if (answer.httpStatus === 401 && !isBeyondTokens(rule)) return tokenRefused(providerCode);
  const subscription = classifySubscription(answer, failure);
  if (subscription !== null) return subscription;
  if (rule?.kind === 'transient') return unknown(answer, providerCode);
  if (rule) return verdict(rule.kind, rule.reason, { providerCode, vague: rule.vague ?? false });
  return classifyGraphStatus(answer, failure);
}

/** The cursor is gone, the tenant has no Exchange, or the token is meant for another service. */
function isBeyondTokens(rule: GraphRule | undefined): boolean {
  return ['cursor_expired', 'account_gone', 'misconfigured'].includes(rule?.kind ?? '');
}

/** Our own notification address is called while a subscription is made or renewed, and Graph reports how that went. */
function classifySubscription(answer: ProviderAnswer, { code, message }: GraphFailure): Verdict | null {
  if (!SUBSCRIPTION_TEXT.test(message)) return null;
  // Slow, cold or briefly down: worth another try, although it comes as 400.
  if (
    /timed out|status code is '?(ServiceUnavailable|BadGateway|GatewayTimeout|InternalServerError|RequestTimeout)/i.test(
      message,
    )
  ) {
    return unknown(answer, code);
  }
  return verdict('misconfigured', 'subscription_renewal_failed', { providerCode: code });
}

const INNER_STATUSES: Record<string, number> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  TooManyRequests: 429,
};

/** An envelope: "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access is denied.]". */
function classifyExtension(answer: ProviderAnswer, { message }: GraphFailure): Verdict {
  const [, status = '', reason = ''] = /Status Code:\s*(\w+)(?:;\s*Reason:\s*([^\]]*))?/i.exec(message) ?? [];
  const httpStatus = INNER_STATUSES[status] ?? 503;
  return httpStatus < 500
    ? classifyGraph({ ...answer, httpStatus }, { code: status, message: reason })
    : unknown(answer, status || 'ExtensionError');
}

function classifyGraphStatus(answer: ProviderAnswer, { code, message }: GraphFailure): Verdict {
  const providerCode = code;
  const status = answer.httpStatus ?? statusPrinted(answer.body);
  if (status === 403 && /\b(limit|quota)\b/i.test(message)) return rateLimited(retryAfterMs(answer), providerCode);
  if (/^InvalidAuthenticationToken|^Unauthenticated$/i.test(code)) return tokenRefused(providerCode);
  if (
    /AccessDenied|Authorization_RequestDenied|^Forbidden$/i.test(code) ||
    /access is denied|insufficient privileges/i.test(message)
  ) {
    return verdict('insufficient_scope', 'insufficient_scope', { providerCode });
  }
  if (status === 404 && answer.operation === 'subscribe') return verdict('cursor_expired', null, { providerCode });
  if (/could not be discovered/i.test(message)) {
    // Also seen in outages.
    return verdict('account_gone', 'mailbox_unavailable', { providerCode, vague: true });
  }
  if (status === 410) return verdict('cursor_expired', null, { providerCode });
  if (status === 404 && answer.operation === 'import') return verdict('cursor_expired', null, { providerCode });
  if (
    status === 400 &&
    /^(BadRequest|Invalid\w+|InefficientFilter|ValidationError|RequestBroker|Request_\w+|ErrorInvalid\w+)/i.test(code)
  ) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  }
  return unknown(answer, providerCode);
}

function statusPrinted(body: string): number | null {
  const printed = /\b([45]\d\d)\b (?:Forbidden|Not Found|Gone|Bad Request)/.exec(body)?.[1];
  return printed === undefined ? null : Number(printed);
}
