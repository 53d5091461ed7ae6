import { describe, expect, it } from 'vitest';
import { causeOf } from '../../domain/security/security-event.ts';
import type { SecurityEventKind } from '../../domain/security/security-event.ts';

const REFUSED_AT = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** An event `afterMs` after the refusal, received when it was issued. */
const event = (kind: SecurityEventKind, afterMs: number, lateMs = 0) => ({
  kind,
  detail: null,
  at: new Date(REFUSED_AT + afterMs),
  receivedAt: new Date(REFUSED_AT + afterMs + lateMs),
});
const cause = (
  events: ReturnType<typeof event>[],
  { nowMs = 0, verifiedMs = null as number | null } = {},
): [string, boolean] | null => {
  const found = causeOf(events, {
    refusedAt: new Date(REFUSED_AT),
    lastVerifiedAt: verifiedMs === null ? null : new Date(REFUSED_AT + verifiedMs),
    now: new Date(REFUSED_AT + nowMs),
  });
  return found && [found.reason, found.isCertain];
};

describe('the cause that events name for a refusal', () => {
  it('is none that was issued minutes after it', () => {
    const revoked = event('tokens_revoked', -2 * HOUR_MS);
    const later = event('sessions_revoked', 6 * MINUTE_MS);
    expect(cause([revoked, later], { nowMs: HOUR_MS })).toEqual(['access_revoked', true]);
    expect(cause([later], { nowMs: HOUR_MS })).toBeNull();
    expect(cause([revoked, event('account_disabled', HOUR_MS)], { nowMs: HOUR_MS })).toEqual([
      'account_disabled',
      true,
    ]);
  });

  it('goes by when events were issued, and is certain a minute after they came', () => {
    const revoked = event('tokens_revoked', -10 * MINUTE_MS, 10 * MINUTE_MS);
    expect(cause([revoked], { nowMs: 1_000 })).toEqual(['access_revoked', false]);
    expect(cause([revoked], { nowMs: MINUTE_MS })).toEqual(['access_revoked', true]);
    const lateSessions = event('sessions_revoked', -10 * MINUTE_MS, 20 * MINUTE_MS);
    expect(cause([revoked, lateSessions], { nowMs: HOUR_MS })).toEqual(['password_changed', true]);
    const [disabled, enabled] = [event('account_disabled', -MINUTE_MS), event('account_enabled', -MINUTE_MS, 1)];
    expect(cause([enabled, disabled])).toBeNull();
  });

  it('is a disabled account for a day, unless it was served or its sign-in changed since', () => {
    const disabled = event('account_disabled', -2 * HOUR_MS);
    const revoked = event('tokens_revoked', -2 * HOUR_MS);
    expect(cause([disabled, revoked])).toEqual(['account_disabled', true]);
    expect(cause([disabled, event('sessions_revoked', -2 * HOUR_MS + 1_000)])).toEqual(['account_disabled', true]);
    expect(cause([disabled, revoked], { verifiedMs: -HOUR_MS })).toEqual(['access_revoked', true]);
    expect(cause([disabled, event('credential_change_required', -HOUR_MS)])).toEqual(['password_changed', true]);
    expect(cause([disabled, revoked], { nowMs: 22 * HOUR_MS })).toEqual(['access_revoked', true]);
  });
});
