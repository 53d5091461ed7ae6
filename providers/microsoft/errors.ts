import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { isObject, jsonWithin, oauthRefusal, textOf } from '../answer-text.ts';
import type { OAuthRefusal } from '../answer-text.ts';
import { classifyNetwork } from '../errors.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../verdicts.ts';
import { meaningOf } from './entra-codes.ts';

/**
 * What Entra ID's and Graph's answers mean. Total: what is not known is `transient`. Entra's numbers decide before its
 * words; Graph's innermost code decides before the HTTP status.
 */
export function classifyMicrosoft(answer: ProviderAnswer): Verdict {
  const codes = entraCodes(answer.body);
  const refusal = oauthRefusal(answer.body);
  if (codes.length > 0) return classifyEntra(answer, codes, refusal);
  const failure = graphFailure(answer.body);
  if (failure !== null) return classifyGraph(answer, failure);
  if (refusal !== null) return classifyWord(answer, refusal, refusal.suberror ?? refusal.error);
  return classifyBare(answer);
}

/** `error_codes` where it is there: the description is not for parsing, and may name another number. */
function entraCodes(body: string): number[] {
  const json = jsonWithin(body);
  const listed = isObject(json) ? [json['error_codes'], json['errorNo']].flat().map(Number).filter(Boolean) : [];
  if (listed.length > 0) return listed;
  const uri = isObject(json) ? textOf(json['error_uri']) : null;
  const printed = [...body.matchAll(/AADSTS(\d{5,7})/g)].map(([, digits]) => Number(digits));
  return printed.length > 0 ? printed : [Number(/[?&]code=(\d+)/.exec(uri ?? '')?.[1])].filter(Boolean);
}

/** Of two numbers the one that is known, then the longer: it is the more specific. */
function classifyEntra(answer: ProviderAnswer, codes: number[], refusal: OAuthRefusal | null): Verdict {
  const known = codes.filter((code) => meaningOf(code) !== null).sort((a, b) => b - a);
  const [code] = known.length > 0 ? known : codes;
  const providerCode = `AADSTS${code}`;
  const meaning = code === undefined ? null : meaningOf(code);
  if (meaning === null) {
    const word = refusal ?? { error: '', description: '', suberror: null };
    return classifyWord(answer, word, providerCode);
  }
  if (meaning.kind === 'rate_limited') return rateLimited(retryAfterMs(answer), providerCode);
  // The number of a garbled request: on a refresh it is the stored token that is garbled.
  if (code === 9002313 && refusal !== null && refusal.error !== 'invalid_grant') return misconfigured(providerCode);
  const retry = meaning.kind === 'transient' ? retryAfterMs(answer) : null;
  return verdict(meaning.kind, meaning.reason, { providerCode, vague: meaning.vague ?? false, retryAfterMs: retry });
}

const REAUTHENTICATE = /^(invalid_grant|interaction_required|login_required|consent_required|access_denied)$/;
const SETUP =
  /^(invalid_client|unauthorized_client|invalid_scope|invalid_request|invalid_resource|invalid_instance|invalid_tenant|unsupported_grant_type|unsupported_response_type|client_mismatch)$/;

/** By OAuth's word, which is stable by contract, and the finer `suberror`. */
function classifyWord(answer: ProviderAnswer, { error, suberror }: OAuthRefusal, providerCode: string): Verdict {
  if (answer.httpStatus === 429) return rateLimited(retryAfterMs(answer), providerCode);
  if ((answer.httpStatus ?? 0) >= 500) return unknown(answer, providerCode);
  if (suberror === 'message_only' || suberror === 'protection_policy_required') {
    return verdict('admin_action', 'conditional_access', { providerCode });
  }
  if (suberror === 'user_password_expired') return verdict('reauth_required', 'password_changed', { providerCode });
  if (SETUP.test(suberror ?? '') || SETUP.test(error)) return misconfigured(providerCode);
  if (REAUTHENTICATE.test(error)) {
    // Nothing tells why: spaced tries come first, unless the finer word is there.
    return verdict('reauth_required', 'access_revoked', {
      providerCode,
      vague: suberror === null && error === 'invalid_grant',
    });
  }
  if (error === 'invalid_token') return tokenRefused(providerCode);
  return unknown(answer, providerCode);
}

function misconfigured(providerCode: string): Verdict {
  return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
}

interface GraphFailure {
  code: string;
  message: string;
}

/** Graph's error: wrapped in `error` or bare, as JSON or as clients print it. */
function graphFailure(body: string): GraphFailure | null {
  const json = jsonWithin(body);
  const outer = isObject(json) && isObject(json['error']) ? json['error'] : json;
  if (isObject(outer)) {
    const message = textOf(outer['message']) ?? '';
    const code = innermostCode(outer);
    if (code !== null) return { code, message };
  }
  const [, code, message] = /\bcode:\s*"?(\w+)"?[\s,;]+message:\s*(.*)/is.exec(body) ?? [];
  if (code !== undefined) return { code, message: message ?? '' };
  const named = GRAPH_NAMES.exec(body)?.[0];
  if (named !== undefined) return { code: named, message: body };
  return SUBSCRIPTION_TEXT.test(body) || SPECIAL_TEXT.test(body) ? { code: 'text', message: body } : null;
}

const GRAPH_NAMES =
  /\b(Error[A-Z]\w{5,}|InvalidAuthenticationToken|MailboxNotEnabledForRESTAPI|(?:s|S)yncState(?:NotFound|Invalid)|(?:r|R)esync\w*Required|ResourceNotFound|TooManyRequests|ApplicationThrottled|Authorization_\w+|OrganizationFromTenantGuidNotFound)\b/;
const SUBSCRIPTION_TEXT = /subscription (validation|expiration)|notification endpoint|notificationUrl/i;
const SPECIAL_TEXT = /access to OData is disabled|MailboxConcurrency|sync state|request is throttled/i;

/** The code of the deepest innerError that has one; ErrorAccessDenied says more than AccessDenied around it. */
function innermostCode(failure: Record<string, unknown>): string | null {
  const inner = failure['innerError'] ?? failure['innererror'];
  return (isObject(inner) ? innermostCode(inner) : null) ?? textOf(failure['code']);
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
    code: /^(syncState\w*|resync\w*|ErrorInvalidSyncStateData)$/i,
    text: /sync ?state|delta ?token|skip ?token|badly formed token|resync required/i,
  },
  {
    kind: 'rate_limited',
    reason: 'rate_limited',
    code: /^(TooManyRequests|\w*Throttled\w*|activityLimitReached|ErrorServerBusy|ErrorExceeded(ConnectionCount|MessageLimit|FindCountLimit|SubscriptionCount)|\w*RateLimit\w*|ErrorTooManyObjectsOpened)$/i,
    text: /throttled|MailboxConcurrency|too many requests/i,
  },
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    code: /^(\w*AccessPolicy\w*|BlockedByPolicy)$/i,
    text: /access to OData is disabled|blocked by tenant|access ?policy|conditional access|disabled by (your|the|an) admin/i,
  },
  {
    kind: 'account_gone',
    reason: 'mailbox_unavailable',
    code: /^(MailboxNotEnabledForRESTAPI|MailboxNotSupportedForRESTAPI|ErrorNonExistentMailbox|ErrorAccountDisabled|ErrorInvalidUser|Request_ResourceNotFound|Authorization_IdentityNotFound|OrganizationFromTenantGuidNotFound|ErrorMissingEmailAddress)$/i,
    text: /soft-deleted|hosted on-?premise|no mailbox|tenant guid .* does not exist/i,
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    code: /^(ErrorMailbox(MoveInProgress|StoreUnavailable|Failover)|MailboxInfoStale|ErrorInternalServer(Transient)?Error|ErrorTimeoutExpired|ErrorADUnavailable|serviceNotAvailable|ServiceUnavailable|UnknownError|generalException|internalServerError)$/i,
  },
];

function classifyGraph(answer: ProviderAnswer, failure: GraphFailure): Verdict {
  const providerCode = failure.code;
  // The tenant has no Exchange at all; it comes as 401 or 404.
  if (failure.code === 'OrganizationFromTenantGuidNotFound') {
    return verdict('account_gone', 'mailbox_unavailable', { providerCode });
  }
  if (answer.httpStatus === 401) return tokenRefused(providerCode);
  if (/^(ExtensionError)$/.test(failure.code)) return classifyExtension(answer, failure);
  const subscription = classifySubscription(answer, failure);
  if (subscription !== null) return subscription;
  const rule = GRAPH_RULES.find(({ code, text }) => code.test(failure.code) || text?.test(failure.message));
  if (rule?.kind === 'rate_limited' || answer.httpStatus === 429)
    return rateLimited(retryAfterMs(answer), providerCode);
  if (rule?.kind === 'transient') return unknown(answer, providerCode);
  if (rule) return verdict(rule.kind, rule.reason, { providerCode, vague: rule.vague ?? false });
  return classifyGraphStatus(answer, failure);
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

/** An envelope: "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access is denied.]". */
function classifyExtension(answer: ProviderAnswer, { message }: GraphFailure): Verdict {
  const [, status = '', reason = ''] = /Status Code:\s*(\w+);\s*Reason:\s*([^\]]*)/i.exec(message) ?? [];
  const inner = { Unauthorized: 401, Forbidden: 403, NotFound: 404, TooManyRequests: 429 }[status] ?? 503;
  return classifyGraph({ ...answer, httpStatus: inner }, { code: status || 'Extension', message: reason });
}

function classifyGraphStatus(answer: ProviderAnswer, { code, message }: GraphFailure): Verdict {
  const providerCode = code;
  const status = answer.httpStatus ?? statusPrinted(answer.body);
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
  if (status === 403 && /limit|quota/i.test(message)) return rateLimited(retryAfterMs(answer), providerCode);
  if (
    status === 400 &&
    /^(BadRequest|invalidRequest|ValidationError|RequestBroker|ErrorInvalid(Request|Id\w*|UrlQuery\w*|Property\w*)|Request_BadRequest)/i.test(
      code,
    )
  ) {
    return misconfigured(providerCode);
  }
  return unknown(answer, providerCode);
}

function statusPrinted(body: string): number | null {
  const printed = /\b([45]\d\d)\b (?:Forbidden|Not Found|Gone|Bad Request)/.exec(body)?.[1];
  return printed === undefined ? null : Number(printed);
}

/** No words at all: a status, a page, a challenge in a header. */
function classifyBare(answer: ProviderAnswer): Verdict {
  const challenge = answer.headers['www-authenticate'] ?? '';
  if (answer.httpStatus === 403 && /insufficient_scope/.test(challenge)) {
    return verdict('insufficient_scope', 'insufficient_scope', { providerCode: 'insufficient_scope' });
  }
  if (answer.httpStatus === 401) return tokenRefused('401');
  if (answer.httpStatus === 410) return verdict('cursor_expired', null, { providerCode: '410' });
  if (answer.httpStatus === 404 && answer.operation === 'subscribe') {
    return verdict('cursor_expired', null, { providerCode: '404' });
  }
  return classifyNetwork(answer);
}
