import type { Action } from '../../domain/verdict.ts';

interface ProblemKind {
  status: number;
  title: string;
  action: Action;
  /** The same request may succeed later without anybody changing anything. */
  retryable: boolean;
  /** For the person in front of the product; says what to do, not what went wrong inside. */
  display: string;
}

const LATER = 'This is not possible at the moment. Please try again in a minute.';
const NEVER = 'This cannot be done.';
const RELOAD = 'Something has changed meanwhile. Please reload and try again.';
const START_AGAIN = 'Please start again from here.';

const problem = (
  status: number,
  title: string,
  { action = 'none', retryable = false, display = NEVER }: Partial<Omit<ProblemKind, 'status' | 'title'>> = {},
): ProblemKind => ({ status, title, action, retryable, display });

/** Every problem the API can answer with (RFC 9457); the key is its `code`, which is stable. */
export const PROBLEMS = {
  validation_failed: problem(400, 'The request does not validate', { display: 'Please check what you have entered.' }),
  malformed_json: problem(400, 'The body is not JSON'),
  invalid_cursor: problem(400, 'The cursor is none of ours', { display: RELOAD }),
  unauthenticated: problem(401, 'A valid API key or session is needed', { display: 'Please sign in.' }),
  push_not_authentic: problem(401, 'This does not come from the provider, or was not meant for us'),
  key_expired: problem(401, 'This API key has expired', { display: 'Please sign in with another key.' }),
  scope_missing: problem(403, 'A permission is missing', { display: 'A permission is missing for this.' }),
  address_not_allowed: problem(403, 'This API key may not be used from this address'),
  tenant_not_allowed: problem(403, 'This API key is for another tenant'),
  origin_not_allowed: problem(403, 'The request comes from another site'),
  access_type_not_allowed: problem(403, 'This access type is not allowed here', {
    action: 'contact_support',
    display: 'This kind of access is not allowed here. Please ask whoever sent you the link.',
  }),
  not_found: problem(404, 'There is no such thing here'),
  wrong_status: problem(409, 'The channel is not in a state for this', { display: RELOAD }),
  disconnected: problem(409, 'The channel is disconnected', { display: 'This account is no longer connected.' }),
  reauth_required: problem(409, 'The person has to sign in again', {
    action: 'reauthorize',
    display: 'Please sign in again to continue.',
  }),
  blocked: problem(409, 'Somebody has to act before this channel works again', {
    action: 'contact_support',
    display: 'This account is blocked at its provider. Please ask your support.',
  }),
  no_token_for_access_type: problem(409, 'This access type works with a password and has no token'),
  no_oauth_for_access_type: problem(409, 'This access type works with a password, not with a consent page'),
  no_password_for_access_type: problem(409, 'This access type works with a consent page, not with a password'),
  tenant_erasing: problem(409, 'This tenant is being erased'),
  endpoint_disabled: problem(409, 'The webhook endpoint is disabled'),
  idempotency_key_reused: problem(409, 'This Idempotency-Key was used for another request'),
  idempotency_in_progress: problem(409, 'The first request with this Idempotency-Key is still at work', {
    retryable: true,
    display: LATER,
  }),
  account_mismatch: problem(409, 'That was a different account', {
    action: 'reauthorize',
    display: 'You signed in with another account. Nothing was changed.',
  }),
  link_used: problem(410, 'This link has been used', { display: 'This link has been used already.' }),
  link_expired: problem(410, 'This link has expired', { display: 'This link has expired. Please ask for a new one.' }),
  feed_reset: problem(410, 'The feed was restored; cursors from before are void', { display: RELOAD }),
  content_gone: problem(410, 'The content of this message is no longer kept'),
  too_large: problem(413, 'The body is larger than allowed'),
  unsupported_media_type: problem(415, 'The body has to be application/json'),
  host_not_allowed: problem(421, 'This server does not answer under this host name'),
  dns_failed: problem(422, 'No server has this name', { display: 'There is no mail server with this name.' }),
  connection_refused: problem(422, 'The server does not answer on this port', {
    display: 'The mail server does not answer. Please check host and port.',
  }),
  timeout: problem(422, 'The server did not answer in time', { retryable: true, display: LATER }),
  unreachable: problem(422, 'The server cannot be reached', { retryable: true, display: LATER }),
  connection_lost: problem(422, 'The server ended the connection', { retryable: true, display: LATER }),
  tls_untrusted: problem(422, 'The server’s certificate is not trusted', {
    display: 'The mail server cannot be trusted, so nothing was sent to it. Please check its name.',
  }),
  tls_failed: problem(422, 'The server does not speak TLS here', {
    display: 'The mail server offers no encryption this way. Please check the port and the kind of encryption.',
  }),
  starttls_missing: problem(422, 'The server does not offer STARTTLS', {
    display: 'The mail server offers no encryption on this port, so no password was sent.',
  }),
  egress_denied: problem(422, 'Mooring may not connect to this server', {
    action: 'contact_support',
    display: 'Connecting to this server is not allowed. Whoever runs Mooring can allow it.',
  }),
  server_not_found: problem(422, 'No mail server was found for this address', {
    display: 'Please enter the name of the mail server.',
  }),
  authentication_failed: problem(422, 'The user name or password was refused', {
    display: 'The user name or password was refused. Many providers want an app password here.',
  }),
  mailbox_unavailable: problem(422, 'The sign-in worked, but the mailbox cannot be opened'),
  account_disabled: problem(422, 'The account is disabled', { action: 'contact_support' }),
  access_denied: problem(422, 'Access was not given', { display: START_AGAIN }),
  no_refresh_token: problem(422, 'The provider gave no lasting access', { display: START_AGAIN }),
  state_invalid: problem(422, 'This sign-in was started elsewhere, or too long ago', { display: START_AGAIN }),
  provider_error: problem(422, 'The provider could not finish the sign-in', { retryable: true, display: LATER }),
  rate_limited: problem(429, 'Too many attempts', { retryable: true, display: LATER }),
  internal_error: problem(500, 'Something went wrong in Mooring', { retryable: true, display: LATER }),
  token_unavailable: problem(503, 'There is no usable token at the moment', { retryable: true, display: LATER }),
  app_credentials_invalid: problem(503, 'The provider refuses the operator’s own client', {
    action: 'fix_app_credentials',
    display: LATER,
  }),
  provider_unavailable: problem(503, 'The provider does not answer', { retryable: true, display: LATER }),
  adoption_in_progress: problem(503, 'An earlier request with this token is being finished', {
    retryable: true,
    display: LATER,
  }),
  engine_unavailable: problem(503, 'The workflow engine does not answer', { retryable: true, display: LATER }),
  database_unavailable: problem(503, 'The database does not answer', { retryable: true, display: LATER }),
  not_ready: problem(503, 'Mooring is not ready', { retryable: true, display: LATER }),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** One field that did not validate. */
export interface FieldError {
  in: 'body' | 'query' | 'path';
  /** Dotted; empty for the whole. */
  path: string;
  message: string;
}

interface ProblemDetails {
  /** Who must act, where the channel knows better than the kind of problem. */
  action?: Action;
  retryAfterSeconds?: number;
  errors?: FieldError[];
  /** `account_mismatch` names both accounts. */
  expected?: { email: string };
  received?: { email: string };
  status_reason?: string | null;
  provider_code?: string | null;
}

/** Thrown anywhere below a route; becomes the answer. `detail` says what was expected, and never holds a secret. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** The body of `application/problem+json` (RFC 9457 section 3). */
export function problemBody({ code, message, details }: Problem, requestId: string): Record<string, unknown> {
  const kind = PROBLEMS[code];
  const { retryAfterSeconds: _, ...more } = details;
  return {
    type: `urn:mooring:problem:${code}`,
    title: kind.title,
    status: kind.status,
    detail: message,
    code,
    action: kind.action,
    retryable: kind.retryable,
    display_message: kind.display,
    request_id: requestId,
    ...more,
  };
}

export const notFound = (what: string) => new Problem('not_found', `There is no ${what} that this key can see`);
