import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { isObject, isPage, objectsWithin, textOf } from '../answers/text.ts';
import { classifyChallenge } from '../answers/oauth-errors.ts';
import { msUntil, rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';

/** An error of a Google API (cloud.google.com/apis/design/errors), and of the older form that Gmail still sends. */
export interface ApiFailure {
  /** The words that decide: `errors[].reason`, `details[].reason`. */
  reasons: string[];
  /** `PERMISSION_DENIED`; null in the older form. */
  status: string | null;
  code: number | null;
  message: string;
  /** "12.5s" (google.rpc.RetryInfo). */
  retryDelay: string | null;
}

/** null when the answer is none: no JSON object `error`, and none of the forms in which clients print one. */
export function apiFailure({ body }: ProviderAnswer): ApiFailure | null {
  if (isPage(body)) return null;
  const objects = objectsWithin(body);
  // The Java client prints what is inside `error` only.
  const error =
    objects.map((object) => object['error']).find(isObject) ??
    objects.find((object) => Array.isArray(object['errors']));
  if (error === undefined) return printedFailure(body);
  const listed = [error['errors'], error['details']].flat().filter(isObject);
  return {
    reasons: listed.flatMap((entry) => textOf(entry['reason']) ?? []),
    status: textOf(error['status']),
    code: typeof error['code'] === 'number' ? error['code'] : null,
    message: textOf(error['message']) ?? '',
    retryDelay: listed.map((entry) => textOf(entry['retryDelay'])).find((delay) => delay !== null) ?? null,
  };
}

/** `reason: 'insufficientPermissions'`, `'reason' => "…"`, and "googleapi: Error 403: …, insufficientPermissions". */
const PRINTED_REASONS =
  /['"]?\breason['"]?\s*(?::|=>?)\s*['"]?(\w+)|\bgoogleapi: Error \d{3}: [^\n]{0,1000}, (\w+)\s{0,9}$/gim;

/**
 * `<HttpError 403 when requesting … returned "…". Details: "[{'reason': 'insufficientPermissions'}]">` and the like.
 */
function printedFailure(body: string): ApiFailure | null {
  if (/\binvalid_grant\b/.test(body)) return null;
  const reasons = [...body.matchAll(PRINTED_REASONS)].flatMap(([, listed, last]) => listed ?? last ?? []);
  const code = /\b(?:HttpError|googleapi: Error|GaxiosError:?|status(?: code)?:?|code"?:?)\s*\(?([45]\d\d)\b/i.exec(
    body,
  )?.[1];
  const status =
    /\b(RESOURCE_EXHAUSTED|PERMISSION_DENIED|UNAUTHENTICATED|FAILED_PRECONDITION|NOT_FOUND|UNAVAILABLE)\b/.exec(
      body,
    )?.[1];
  const known = KNOWN_TEXTS.some((pattern) => pattern.test(body));
  if (reasons.length === 0 && code === undefined && status === undefined && !known) return null;
  return {
    reasons,
    status: status ?? null,
    code: code === undefined ? null : Number(code),
    message: body,
    retryDelay: null,
  };
}

interface ApiRule {
  kind: VerdictKind;
  statusReason: StatusReason;
  reason: RegExp;
  text: RegExp;
}

/** The first rule that matches one of the reasons, or the message where a client prints only that. */
const RULES: readonly ApiRule[] = [
  {
    // The operator's project: the API is off, the project deleted, unpaid or suspended, the key wrong.
    kind: 'misconfigured',
    statusReason: 'app_credentials_invalid',
    reason:
      /^(accessNotConfigured|dailyLimitExceededUnreg|rateLimitExceededUnreg|keyInvalid|keyExpired|ipRefererBlocked|projectNotLinked|SERVICE_DISABLED|SECURITY_POLICY_VIOLATED|API_KEY_\w+|CONSUMER_\w+|BILLING_DISABLED|USER_PROJECT_DENIED|UNREGISTERED_CALLERS)$/,
    text: /vpcServiceControls|unregistered callers|has not been used in project|is not found and cannot be used/i,
  },
  {
    kind: 'rate_limited',
    statusReason: 'rate_limited',
    reason:
      /limitExceeded$|rateLimit|RATE_LIMIT_EXCEEDED|^quotaExceeded$|RESOURCE_EXHAUSTED|QUOTA_EXCEEDED|concurrentLimit/i,
    text: /rate limit exceeded|too many (concurrent )?requests|quota exceeded for|retry after \d{4}-/i,
  },
  {
    kind: 'insufficient_scope',
    statusReason: 'insufficient_scope',
    reason: /^(insufficientPermissions|insufficientScopes?|ACCESS_TOKEN_SCOPE_INSUFFICIENT)$/,
    text: /insufficient (authentication scopes?|permission)|metadata scope (does not|doesn't)/i,
  },
  {
    kind: 'admin_action',
    statusReason: 'admin_policy_enforced',
    reason: /^(domainPolicy|ADMIN_POLICY\w*|ORG_RESTRICTION\w*|POLICY_ENFORCED)$/,
    text: /administrators? ha(s|ve) disabled|domain policy|disabled by (the|your) (domain )?admin/i,
  },
];
const NO_MAILBOX_TEXT = /mail service not enabled/i;
const NOT_FOUND_TEXT = /requested entity was not found/i;
/** Messages that a client may print without a code. */
const KNOWN_TEXTS = [...RULES.map(({ text }) => text), NO_MAILBOX_TEXT, NOT_FOUND_TEXT];

export function classifyApi(answer: ProviderAnswer, failure: ApiFailure): Verdict {
  const { reasons, message } = failure;
  const status = failure.code ?? answer.httpStatus;
  const rule = RULES.find(({ reason, text }) => reasons.some((said) => reason.test(said)) || text.test(message));
  const telling = reasons.find((said) => rule?.reason.test(said)) ?? reasons[0];
  const providerCode = telling ?? failure.status ?? String(status ?? 'error');
  if (rule?.kind === 'rate_limited' || failure.status === 'RESOURCE_EXHAUSTED' || status === 429) {
    return rateLimited(waitNamed(answer, failure), providerCode);
  }
  if ((status ?? 0) >= 500) return unknown(answer, providerCode);
  if (rule) return verdict(rule.kind, rule.statusReason, { providerCode });
  const challenged = classifyChallenge(answer);
  if (challenged !== null) return challenged;
  if (status === 401 || failure.status === 'UNAUTHENTICATED') return tokenRefused(providerCode);
  return classifyRequest(answer, failure, providerCode) ?? unknown(answer, providerCode);
}

/** Gmail names the time in the message only: "User-rate limit exceeded.  Retry after 2026-11-05T10:00:00.000Z". */
function waitNamed(answer: ProviderAnswer, { message, retryDelay }: ApiFailure): number | null {
  const delay = /^(\d+(?:\.\d+)?)s$/.exec(retryDelay ?? '')?.[1];
  const until = /retry after (\d{4}-\d{2}-\d{2}T[\d:.]+Z?)/i.exec(message)?.[1];
  return (
    retryAfterMs(answer) ??
    (delay === undefined ? null : Math.ceil(Number(delay) * 1000)) ??
    (until === undefined ? null : msUntil(until, answer.headers))
  );
}

/** Verdicts that depend on the operation; null: undecided. */
function classifyRequest(answer: ProviderAnswer, failure: ApiFailure, providerCode: string): Verdict | null {
  const { message } = failure;
  const status = failure.code ?? answer.httpStatus ?? 400;
  if (NO_MAILBOX_TEXT.test(message)) return noMailbox(providerCode, false);
  // The topic and its rights, or a second push client of the same project.
  if (/pub\/?sub|topic|push notification client/i.test(message) || (answer.operation === 'subscribe' && status < 404)) {
    return verdict('misconfigured', 'subscription_renewal_failed', { providerCode });
  }
  if (answer.operation === 'import' && (status === 404 || status === 410)) return cursorExpired(providerCode);
  if (/startHistoryId|page_?token/i.test(message)) return cursorExpired(providerCode);
  // "Precondition check failed." is the same for an account without a mailbox and for one that is just being moved.
  if (failure.status === 'FAILED_PRECONDITION' || providerCode === 'failedPrecondition') {
    return noMailbox(providerCode, true);
  }
  if (
    /delegation denied/i.test(message) ||
    /^(invalidArgument|invalid|badRequest|required|parseError|INVALID_ARGUMENT)$/.test(providerCode)
  ) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
  }
  return null;
}

function noMailbox(providerCode: string, vague: boolean): Verdict {
  return verdict('account_gone', 'mailbox_unavailable', { providerCode, vague });
}

function cursorExpired(providerCode: string): Verdict {
  return verdict('cursor_expired', null, { providerCode });
}
