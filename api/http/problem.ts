import type { Action } from '../../domain/verdict.ts';
import { failureWords } from '../../domain/words/sign-in-failures.ts';
import type { FailureCode } from '../../domain/words/sign-in-failures.ts';

interface ProblemKind {
  status: number;
  title: string;
  action: Action;
  /** The same request may succeed later, unchanged. */
  retryable: boolean;
  /** For the product's user: what to do, not what went wrong inside. */
  display: string;
}

const LATER = 'This is not possible at the moment. Please try again in a minute.';
const NEVER = 'This cannot be done.';
const RELOAD = 'Something has changed in the meantime. Please reload and try again.';

/** The sentence of a failed sign-in, which our own pages say as well. */
const said = (code: FailureCode): string => failureWords(code, 'the provider')?.sentence ?? NEVER;

const problem = (
  status: number,
  title: string,
  { action = 'none', retryable = false, display = NEVER }: Partial<Omit<ProblemKind, 'status' | 'title'>> = {},
): ProblemKind => ({ status, title, action, retryable, display });

/** Every problem the API can answer with (RFC 9457); the key is its `code`, which is stable. */
export const PROBLEMS = {
  validation_failed: problem(400, 'The request is invalid', { display: 'Please check what you have entered.' }),
  malformed_json: problem(400, 'The body is not JSON'),
  idempotency_key_missing: problem(400, 'The call needs an Idempotency-Key'),
  invalid_cursor: problem(400, 'The cursor is invalid', { display: RELOAD }),
  unauthenticated: problem(401, 'A valid API key or session is required', { display: 'Please sign in.' }),
  push_not_authentic: problem(401, 'The push is not authentic'),
  key_expired: problem(401, 'The API key has expired', { display: 'Please sign in with another key.' }),
  scope_missing: problem(403, 'A required scope is missing', { display: 'A required permission is missing.' }),
  address_not_allowed: problem(403, 'The API key may not be used from this address'),
  rights_exceeded: problem(403, 'The API key grants only what it has itself', {
    display: 'A required permission is missing.',
  }),
  tenant_not_allowed: problem(403, 'The API key belongs to another tenant'),
  origin_not_allowed: problem(403, 'The request comes from another site'),
  access_type_not_allowed: problem(403, 'The access type is not allowed', {
    action: 'contact_support',
    display: said('access_type_not_allowed'),
  }),
  not_found: problem(404, 'The resource does not exist'),
  method_not_allowed: problem(405, 'The address knows other methods'),
  nothing_held: problem(409, 'The incident holds no notices', { display: RELOAD }),
  nothing_to_revert: problem(409, 'The channel has no access to go back to', { display: RELOAD }),
  wrong_status: problem(409, 'The status does not allow this', { display: RELOAD }),
  disconnected: problem(409, 'The channel is disconnected', { display: 'This account is no longer connected.' }),
  reauth_required: problem(409, 'The person has to sign in again', {
    action: 'reauthorize',
    display: 'Please sign in again to continue.',
  }),
  blocked: problem(409, 'The channel is blocked until support, an admin or the operator acts', {
    action: 'contact_support',
    display: 'The provider blocks this account. Please contact support.',
  }),
  no_token_for_access_type: problem(409, 'The access type uses a password and has no token'),
  no_oauth_for_access_type: problem(409, 'The access type has no consent page of this provider'),
  no_password_for_access_type: problem(409, 'The access type uses a consent page, not a password'),
  import_not_supported: problem(409, 'Nothing is imported from accounts of this access type'),
  tenant_erasing: problem(409, 'The tenant is being erased'),
  endpoint_disabled: problem(409, 'The webhook endpoint is disabled'),
  endpoint_exists: problem(409, 'An endpoint of this tenant has the address', {
    display: 'This address gets webhooks already.',
  }),
  send_not_granted: problem(409, 'The channel may not send', {
    action: 'reauthorize',
    display: 'This account is connected to read mail only. Please sign in again and allow sending.',
  }),
  send_outcome_unknown: problem(409, 'It is not known whether the message was sent', {
    display: 'It is not known whether the message was sent. Please check the folder of sent messages.',
  }),
  idempotency_key_reused: problem(409, 'The Idempotency-Key was used for another request'),
  idempotency_in_progress: problem(409, 'The first request with this Idempotency-Key is still running', {
    retryable: true,
    display: LATER,
  }),
  account_mismatch: problem(409, 'The sign-in was for another account', {
    action: 'reauthorize',
    display: 'You signed in with another account. Nothing was changed.',
  }),
  attestation_required: problem(409, 'The product has to vouch for the mailbox', {
    action: 'contact_support',
    display: said('attestation_required'),
  }),
  account_connected: problem(409, 'The account has a channel of its own', {
    display: said('account_connected'),
  }),
  link_used: problem(410, 'The link has been used', { display: said('link_used') }),
  link_expired: problem(410, 'The link has expired', { display: said('link_expired') }),
  feed_reset: problem(410, 'The feed was reset; older cursors are void', { display: RELOAD }),
  content_gone: problem(410, 'The content of the message was deleted'),
  too_large: problem(413, 'The body is larger than allowed'),
  unsupported_media_type: problem(415, 'The call takes a body of another media type'),
  host_not_allowed: problem(421, 'This server does not answer under this host name'),
  not_supported_yet: problem(422, 'Mooring does not support this yet'),
  dns_failed: problem(422, 'No server has this name', { display: said('dns_failed') }),
  connection_refused: problem(422, 'The server does not answer on this port', {
    display: said('connection_refused'),
  }),
  timeout: problem(422, 'The server did not answer in time', { retryable: true, display: said('timeout') }),
  unreachable: problem(422, 'The server cannot be reached', { retryable: true, display: said('unreachable') }),
  connection_lost: problem(422, 'The server ended the connection', {
    retryable: true,
    display: said('connection_lost'),
  }),
  tls_untrusted: problem(422, 'The server’s certificate is not trusted', {
    display: said('tls_untrusted'),
  }),
  tls_failed: problem(422, 'The server does not speak TLS here', {
    display: said('tls_failed'),
  }),
  starttls_missing: problem(422, 'The server does not offer STARTTLS', {
    display: said('starttls_missing'),
  }),
  wrong_protocol: problem(422, 'The server speaks another protocol on this port', {
    display: said('wrong_protocol'),
  }),
  wrong_security: problem(422, 'The server uses the other kind of encryption on this port', {
    display: said('wrong_security'),
  }),
  egress_denied: problem(422, 'Mooring may not connect to this server', {
    action: 'contact_support',
    display: said('egress_denied'),
  }),
  server_not_found: problem(422, 'No mail server was found for this address', {
    display: said('server_not_found'),
  }),
  authentication_failed: problem(422, 'The user name or password was refused', {
    display: said('authentication_failed'),
  }),
  web_sign_in_required: problem(422, 'The provider asks for a sign-in on its own page first', {
    display: said('web_sign_in_required'),
  }),
  mailbox_unavailable: problem(422, 'The sign-in worked, but the mailbox cannot be opened'),
  account_disabled: problem(422, 'The account is disabled', { action: 'contact_support' }),
  access_denied: problem(422, 'Access was denied', { display: said('access_denied') }),
  no_refresh_token: problem(422, 'The provider returned no refresh token', { display: said('no_refresh_token') }),
  send_refused: problem(422, 'The provider refuses the message', {
    display: 'The message was not sent: the mail server refuses it. Please check sender and recipients.',
  }),
  state_invalid: problem(422, 'The sign-in began in another browser, or too long ago', {
    display: said('state_invalid'),
  }),
  provider_error: problem(422, 'The provider did not complete the sign-in', {
    retryable: true,
    display: said('provider_error'),
  }),
  rate_limited: problem(429, 'Too many requests', { retryable: true, display: LATER }),
  internal_error: problem(500, 'Mooring failed', { retryable: true, display: LATER }),
  token_unavailable: problem(503, 'No usable token is available', { retryable: true, display: LATER }),
  app_credentials_invalid: problem(503, 'The provider refuses the operator’s client', {
    action: 'fix_app_credentials',
    display: LATER,
  }),
  provider_unavailable: problem(503, 'The provider does not answer', { retryable: true, display: LATER }),
  adoption_in_progress: problem(503, 'An earlier request with this token is still running', {
    retryable: true,
    display: LATER,
  }),
  send_in_progress: problem(503, 'The message is being sent', { retryable: true, display: LATER }),
  engine_unavailable: problem(503, 'The workflow engine does not answer', { retryable: true, display: LATER }),
  database_unavailable: problem(503, 'The database does not answer', { retryable: true, display: LATER }),
  not_ready: problem(503, 'Mooring is not ready', { retryable: true, display: LATER }),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** One invalid field. */
export interface FieldError {
  in: 'body' | 'query' | 'path';
  /** Dotted; empty for the whole body or query. */
  path: string;
  message: string;
}

interface ProblemDetails {
  /** Overrides the kind's action where the channel knows better. */
  action?: Action;
  retryAfterSeconds?: number;
  errors?: FieldError[];
  /** `account_mismatch` names both accounts. */
  expected?: { email: string };
  received?: { email: string };
  /** `web_sign_in_required` names the provider's page. */
  page?: string;
  /** The server that sends has failed; absent: the one that is read. */
  service?: 'smtp';
  /** With this `authentication` the same password may be accepted. */
  alternative?: 'basic';
  /** `endpoint_exists` names it. */
  endpoint?: string;
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

export const notFound = (what: string) => new Problem('not_found', `No ${what} with this id is visible to this key`);
