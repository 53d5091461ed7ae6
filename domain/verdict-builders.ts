import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from './verdict.ts';

type Details = Partial<Omit<Verdict, 'kind' | 'reason'>>;

/** A verdict with defaults: no wait, no code, believed at once. */
export function verdict(kind: VerdictKind, reason: StatusReason | null, details: Details = {}): Verdict {
  return { kind, reason, retryAfterMs: null, providerCode: null, vague: false, tokenRefused: false, ...details };
}

/** An unknown answer: a retry may heal it, a person cannot. */
export function unknown(answer: ProviderAnswer, providerCode: string | null): Verdict {
  return verdict('transient', 'provider_unavailable', { providerCode, retryAfterMs: retryAfterMs(answer) });
}

/** An answer that lacks what was asked for, by a code of ours: the same as an unknown one. */
export const incomplete = (code: string): Verdict =>
  verdict('transient', 'provider_unavailable', { providerCode: code });

/** The code of a token endpoint's success without a token. */
export const NO_TOKEN_ANSWER = 'not_a_token_answer';

/** The grant is alive, and has lost OAuth scopes. */
export function scopesRemoved(missing: readonly string[]): Verdict {
  return verdict('insufficient_scope', 'insufficient_scope', { providerCode: missing.join(' ').slice(0, 200) });
}

/** Only this access token was refused: a refresh decides what that means (rule 5). */
export function tokenRefused(providerCode: string | null): Verdict {
  return verdict('transient', 'provider_unavailable', { providerCode, tokenRefused: true });
}

export function rateLimited(waitMs: number | null, providerCode: string | null): Verdict {
  return verdict('rate_limited', 'rate_limited', { retryAfterMs: waitMs, providerCode });
}

/** Headers that name the wait in milliseconds; the first is Azure's. */
const WAITS_IN_MS = ['x-ms-retry-after-ms', 'retry-after-ms'] as const;

/**
 * Retry-After (RFC 9110 section 10.2.3), in milliseconds: seconds, or a date, which is measured against the answer's
 * own Date, so that our clock has no part in it. null when there is none, or it makes no sense.
 */
export function retryAfterMs({ headers }: Pick<ProviderAnswer, 'headers'>): number | null {
  const named = WAITS_IN_MS.map((name) => headers[name]?.trim()).find((value) => /^\d+(\.\d+)?$/.test(value ?? ''));
  if (named !== undefined) return Math.ceil(Number(named));
  const value = headers['retry-after']?.trim();
  if (value === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  return msUntil(value, headers);
}

/** Milliseconds from the answer's Date to `when`, at least 0; null when either is not a date. */
export function msUntil(when: string, headers: Record<string, string>): number | null {
  const untilMs = Date.parse(when) - Date.parse(headers['date'] ?? '');
  return Number.isFinite(untilMs) ? Math.max(0, untilMs) : null;
}
