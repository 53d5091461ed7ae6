import type { Operation, StatusReason, VerdictKind } from '../../domain/verdict.ts';
import { isPage } from '../answers/text.ts';

interface Rule {
  kind: VerdictKind;
  reason: StatusReason | null;
  code: RegExp;
  /** Only there; everywhere when it is absent. */
  operation?: Operation;
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
    code: /^Error(NonExistentMailbox|MissingEmailAddress|MailboxGuidNotFound|CannotFindUser|InvalidUserPrincipalName|NameResolutionNoMailbox)$/,
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
  // A folder that is listed was deleted; elsewhere the word may be about any folder.
  { kind: 'cursor_expired', reason: null, code: /^Error(Folder|ManagedFolder)NotFound$/, operation: 'import' },
  // An app's token that names no mailbox.
  { kind: 'misconfigured', reason: 'app_credentials_invalid', code: /^ErrorImpersonationRequired$/ },
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    code: /^Error(AccessDenied|Impersonat\w+|UserNotAllowedByPolicy|OrganizationAccessBlocked|InvalidLicense|EwsDisabled|FolderPermission\w*|TokenSerializationDenied|CrossMailbox\w*|Proxy(RequestNotAllowed|GroupSidLimitExceeded)|CallerIsInvalidADAccount|ApplicationNotAllowed|DelegateNoUser|DelegateCannotAddOwner|NotDelegate)$/,
  },
  {
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    code: /^Error(SchemaValidation|IncorrectSchemaVersion|InvalidSchemaVersion\w*|InvalidServerVersion|WrongServerVersion\w*|DuplicateSOAPHeader|InvalidRequest|InvalidArgument|InvalidOperation|MissingArgument|InvalidIdMalformed|InvalidId\w*|InvalidProperty\w*|InvalidSmtpAddress|InvalidExchangeImpersonationHeaderData|SubscriptionDelegateAccessNotSupported|SubscriptionAccessDenied|Unsupported\w+|InvalidSubscriptionRequest|InvalidPushSubscriptionUrl)$/,
  },
];

/** What a response code means where it was sent; null for one that is not known. */
export function meaningOf(code: string, operation: Operation): Pick<Rule, 'kind' | 'reason'> | null {
  return RULES.find((rule) => rule.code.test(code) && (rule.operation ?? operation) === operation) ?? null;
}

/** Words of Exchange that say nothing without what is inside them. */
const ENVELOPES = new Set(['ErrorInternalServerError', 'ErrorBatchProcessingStopped', 'ErrorResponseSchemaValidation']);

/** The elements of a SOAP answer that hold codes; the words of a mail in the same answer are no codes. */
const SOAP_CODES = /<(?:\w+:)?(?:ResponseCode|faultcode)\b[^>]*>\s*(?:\w+:)?(Error\w+)/g;
const PRINTED_CODES = /\b(Error[A-Z][A-Za-z]{3,})\b/g;

/** The inner code where there is one; else the first that is an error, however it is written down. */
export function responseCode(body: string): string | null {
  if (isPage(body)) return null;
  const inner = /InnerErrorResponseCode["']?\s*[>:=]\s*["']?(Error\w+)/.exec(body)?.[1];
  if (inner !== undefined) return inner;
  const isSoap = /<(?:\w+:)?(?:Envelope|ResponseCode|faultcode)\b/.test(body);
  const codes = [...body.matchAll(isSoap ? SOAP_CODES : PRINTED_CODES)].flatMap(([, code]) => code ?? []);
  const found = codes.find((code) => !ENVELOPES.has(code)) ?? codes[0];
  return found ?? (isSoap ? null : (TEXTS.find(([text]) => body.includes(text))?.[1] ?? null));
}

/**
 * The code behind a message: Microsoft's own client throws the message alone, in English unless it is asked otherwise.
 */
const TEXTS: readonly (readonly [string, string])[] = [
  ['does not have permission to impersonate', 'ErrorImpersonateUserDenied'],
  ['has no mailbox associated with it', 'ErrorNonExistentMailbox'],
  ['Mailbox does not exist', 'ErrorNonExistentMailbox'],
  ['No mailbox with such guid', 'ErrorNonExistentMailbox'],
  ['cannot service this request right now', 'ErrorServerBusy'],
  ['exceeded the available concurrent connections', 'ErrorExceededConnectionCount'],
  ['exceeded the available subscriptions', 'ErrorExceededSubscriptionCount'],
  ['Synchronization state data is corrupt', 'ErrorInvalidSyncStateData'],
  ['specified subscription was not found', 'ErrorSubscriptionNotFound'],
  ['subscription must be recreated', 'ErrorReadEventsFailed'],
  ['watermark used for creating this subscription', 'ErrorInvalidWatermark'],
  ['Access is denied. Check credentials', 'ErrorAccessDenied'],
  ['must change your password', 'ErrorPasswordChangeRequired'],
  ['request failed schema validation', 'ErrorSchemaValidation'],
];
