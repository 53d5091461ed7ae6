/**
 * What a provider's answer means for a channel: who must act. Every adapter maps every answer it can get, known or
 * not, to one of these (`providers/<name>/errors.ts`).
 *
 * The asymmetry: calling something `transient` that a person has to heal delays the alert; calling something
 * `reauth_required` that would have healed sends a person to sign in for nothing. The second is worse, so an unknown
 * answer is `transient`.
 */
export const VERDICT_KINDS = [
  'reauth_required',
  'transient',
  'rate_limited',
  'misconfigured',
  'insufficient_scope',
  'cursor_expired',
  'account_gone',
  'admin_action',
] as const;
export type VerdictKind = (typeof VERDICT_KINDS)[number];

export const STATUS_REASONS = [
  'password_changed',
  'access_revoked',
  'session_revoked',
  'token_idle_expired',
  'refresh_token_expired',
  'mfa_required',
  'conditional_access',
  'admin_consent_required',
  'admin_policy_enforced',
  'insufficient_scope',
  'account_disabled',
  'mailbox_unavailable',
  'subscription_renewal_failed',
  'app_credentials_invalid',
  'refresh_outcome_unknown',
  'provider_unavailable',
  'rate_limited',
  'network',
] as const;
export type StatusReason = (typeof STATUS_REASONS)[number];

export const ACTIONS = [
  'none',
  'reauthorize',
  'change_access',
  'admin_consent',
  'fix_app_credentials',
  'contact_support',
] as const;
export type Action = (typeof ACTIONS)[number];

/** What the provider was asked. */
export const OPERATIONS = ['refresh', 'api', 'subscribe', 'import', 'login'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One answer of a provider, before it is understood. */
export interface ProviderAnswer {
  operation: Operation;
  /** null where there was no HTTP answer: IMAP, or the network itself. */
  httpStatus: number | null;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string;
}

export interface Verdict {
  kind: VerdictKind;
  reason: StatusReason | null;
  /** How long the provider asked us to wait, in milliseconds; null when it did not say. */
  retryAfterMs: number | null;
  /** The provider's own word or number for it, to be shown and copied: AADSTS number, Google subtype, IMAP code. */
  providerCode: string | null;
  /** The bytes leave the cause open; spaced tries confirm it before a person is asked. */
  vague: boolean;
  /** Only this access token was refused: a refresh and a second call decide. */
  tokenRefused: boolean;
  /**
   * A claims challenge (Entra's continuous access evaluation), decoded: the next refresh has to answer it, and the next
   * sign-in where the refresh is refused too.
   */
  claims?: string;
  /** The account is locked after wrong passwords: further tries by ourselves would prolong it. */
  lockedOut?: true;
  /** The page of the provider that a person has to visit before the next sign-in. */
  page?: string;
  /** The provider told the reason by a security event, where the bytes of its answers leave it open. */
  told?: true;
}

/** Who must act on a verdict. */
export function actionOf(kind: VerdictKind): Action {
  switch (kind) {
    case 'reauth_required':
    case 'insufficient_scope':
      return 'reauthorize';
    case 'account_gone':
      return 'contact_support';
    case 'admin_action':
      return 'admin_consent';
    case 'misconfigured':
      return 'fix_app_credentials';
    case 'transient':
    case 'rate_limited':
    case 'cursor_expired':
      return 'none';
  }
}

/** A provider refused or did not answer; `verdict` says what that means. The message holds no secret and no body. */
export class ProviderError extends Error {
  readonly verdict: Verdict;
  /** Another way to present the same password, which may be accepted; a person decides about it. */
  readonly alternative: 'basic' | null;

  constructor(message: string, verdict: Verdict, alternative: 'basic' | null = null) {
    super(message);
    this.name = 'ProviderError';
    this.verdict = verdict;
    this.alternative = alternative;
  }
}

/**
 * A part of the account is refused while others are given; the session can still be used. It sets the part aside, and
 * says nothing of the account.
 */
export class PartRefused extends ProviderError {}

/**
 * The session ended without an answer while one part of the account was asked for: that part may be why, and the next
 * session leaves it alone. The verdict is that of the lost connection.
 */
export class PartUnanswered extends ProviderError {
  readonly part: { scope: string; name: string | null };

  constructor({ message, verdict }: ProviderError, part: PartUnanswered['part']) {
    super(message, verdict);
    this.part = part;
  }
}
