import type { StatusReason, Verdict } from '../verdict.ts';

/** The kinds of security events, each about an account or a grant. */
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
  /** When the provider issued it, at most when it was received. */
  at: Date;
  receivedAt: Date;
}

/** Another event about the same account within this time belongs to the same act. */
export const ONE_ACT_MS = 60_000;
/** An older event has no effect; a stored one is deleted. */
export const EVENT_COUNTS_FOR_MS = 30 * 86_400_000;
/** The provider issues the event that names a refusal's cause this long after the refusal at most. */
const AFTER_REFUSAL_MS = 5 * 60_000;
/** Providers do not always tell that they enabled an account again. */
const DISABLED_COUNTS_FOR_MS = 86_400_000;

/** The cause of a refusal, as security events name it. */
export interface ToldCause {
  kind: 'reauth_required' | 'account_gone';
  reason: StatusReason;
  detail: string | null;
  /** When the event that names it was issued. */
  at: Date;
  /** False while another event of the same act may still name another cause. */
  isCertain: boolean;
}

interface Refused {
  /** When the refusal was first met. */
  refusedAt: Date;
  /** The last proof that the account is served; null: there is none. */
  lastVerifiedAt: Date | null;
  now: Date;
}

/**
 * The cause that the events of an account name for the refusal of a grant that worked before them; null: none. A revoked
 * grant is the person's withdrawal only if neither its sessions nor its password ended with it: a new password revokes
 * grants as well. An event proves nothing by itself; it explains what the token endpoint refused.
 */
export function causeOf(events: readonly SecurityEvent[], refused: Refused): ToldCause | null {
  const disabled = disabledBy(events, refused);
  if (disabled) {
    const { detail, at } = disabled;
    return { kind: 'account_gone', reason: 'account_disabled', detail, at, isCertain: true };
  }
  const ofRefusal = events.filter((event) => isOfRefusal(event, refused));
  const changed = latest(ofRefusal, CHANGES);
  const revoked = latest(ofRefusal, REVOCATIONS);
  if (changed && !(revoked && isLaterAct(revoked.at, changed))) {
    const { detail, at } = changed;
    return { kind: 'reauth_required', reason: 'password_changed', detail, at, isCertain: true };
  }
  if (revoked === null) return null;
  const { detail, at, receivedAt } = revoked;
  const isCertain = refused.now.getTime() - receivedAt.getTime() >= ONE_ACT_MS;
  return { kind: 'reauth_required', reason: 'access_revoked', detail, at, isCertain };
}

/** Whether an event was issued in time to be about the refusal. */
export function isOfRefusal({ at }: { at: Date }, { refusedAt }: Pick<Refused, 'refusedAt'>): boolean {
  return at.getTime() - refusedAt.getTime() <= AFTER_REFUSAL_MS;
}

const CHANGES = ['sessions_revoked', 'credential_change_required'] as const;
const REVOCATIONS = ['tokens_revoked', 'token_revoked'] as const;

/** Whether another event of the same act may still name another cause. */
export const isRevocation = (kind: SecurityEventKind): boolean => REVOCATIONS.some((one) => one === kind);

/** An account that served us since, or whose owner changed its sign-in since, is enabled again. */
function disabledBy(
  events: readonly SecurityEvent[],
  { lastVerifiedAt, now }: Pick<Refused, 'lastVerifiedAt' | 'now'>,
): SecurityEvent | null {
  const last = latest(events, ['account_disabled', 'account_enabled']);
  if (last?.kind !== 'account_disabled') return null;
  if (now.getTime() - last.at.getTime() >= DISABLED_COUNTS_FOR_MS) return null;
  const signs = [lastVerifiedAt, latest(events, CHANGES)?.at];
  return signs.some((at) => at && isLaterAct(at, last)) ? null : last;
}

const isLaterAct = (at: Date, event: SecurityEvent) => at.getTime() - event.at.getTime() > ONE_ACT_MS;

/** Providers tell whole seconds: of two events of one second the later to arrive is the later. */
function latest(events: readonly SecurityEvent[], kinds: readonly SecurityEventKind[]): SecurityEvent | null {
  const isLater = (one: SecurityEvent, other: SecurityEvent) =>
    (one.at.getTime() - other.at.getTime() || one.receivedAt.getTime() - other.receivedAt.getTime()) > 0;
  return events
    .filter(({ kind }) => kinds.includes(kind))
    .reduce<SecurityEvent | null>((last, event) => (last && isLater(last, event) ? last : event), null);
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
