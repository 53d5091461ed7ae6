import type { StatusReason, Verdict } from '../verdict.ts';

/** What a provider says, signed, that happened to an account or to a grant. */
export type SecurityEventKind =
  /** All tokens that our client has of the login. */
  | 'tokens_revoked'
  /** One refresh token. */
  | 'token_revoked'
  | 'sessions_revoked'
  | 'credential_change_required'
  | 'account_disabled'
  | 'account_enabled';

export interface SecurityEvent {
  kind: SecurityEventKind;
  /** The provider's own word for why; null where it gives none. */
  detail: string | null;
  /** When it was received. */
  at: Date;
}

/** Another event about the same account within this time belongs to the same act. */
export const ONE_ACT_MS = 60_000;

/** The cause of a refusal, as security events tell it. */
export interface ToldCause {
  kind: 'reauth_required' | 'account_gone';
  reason: StatusReason;
  detail: string | null;
  /** False while another event of the same act may still name another cause. */
  isCertain: boolean;
}

/**
 * The cause that the events of an account name for the refusal of a grant that worked before them; null: none. A revoked
 * grant is the person's withdrawal only if neither its sessions nor its password ended with it: a new password revokes
 * grants as well. An event proves nothing by itself; it explains what the token endpoint refused.
 */
export function causeOf(events: readonly SecurityEvent[], now: Date): ToldCause | null {
  const disabled = latest(events, ['account_disabled', 'account_enabled']);
  if (disabled?.kind === 'account_disabled') {
    return { kind: 'account_gone', reason: 'account_disabled', detail: disabled.detail, isCertain: true };
  }
  const changed = latest(events, ['sessions_revoked', 'credential_change_required']);
  const revoked = latest(events, ['tokens_revoked', 'token_revoked']);
  const revokedLater = revoked && changed ? revoked.at.getTime() - changed.at.getTime() > ONE_ACT_MS : revoked !== null;
  if (changed && !revokedLater) {
    return { kind: 'reauth_required', reason: 'password_changed', detail: changed.detail, isCertain: true };
  }
  if (revoked === null) return null;
  const isCertain = now.getTime() - revoked.at.getTime() >= ONE_ACT_MS;
  return { kind: 'reauth_required', reason: 'access_revoked', detail: revoked.detail, isCertain };
}

function latest(events: readonly SecurityEvent[], kinds: readonly SecurityEventKind[]): SecurityEvent | null {
  const found = events.filter(({ kind }) => kinds.includes(kind));
  return found.reduce<SecurityEvent | null>((last, event) => (last && last.at > event.at ? last : event), null);
}

/**
 * A refusal with the cause that the provider told. Only a refusal that leaves its cause open is explained: plain words of
 * the token endpoint stand.
 */
export function explained(refusal: Verdict, cause: ToldCause | null): Verdict {
  const isOpen = refusal.reason === 'access_revoked' && refusal.kind === 'reauth_required';
  const isSame = cause?.kind === refusal.kind && cause.reason === refusal.reason;
  if (cause === null || !(isOpen || isSame)) return refusal;
  return {
    ...refusal,
    kind: cause.kind,
    reason: cause.reason,
    providerCode: cause.detail ?? refusal.providerCode,
    vague: false,
    ...(cause.isCertain ? { told: true as const } : {}),
  };
}
