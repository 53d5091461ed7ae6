import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUSES } from '../../domain/channel.ts';
import { nextDue, nextRefreshAt } from '../../domain/due.ts';
import type { ChannelFacts } from '../../domain/due.ts';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

const around = fc.integer({ min: -48 * HOUR_MS, max: 48 * HOUR_MS }).map((ms) => NOW + ms);
const past = fc.integer({ min: 0, max: 48 * HOUR_MS }).map((ms) => NOW - ms);
const tokens: fc.Arbitrary<NonNullable<ChannelFacts['token']>> = fc
  .record({
    issuedAt: past,
    lifeMs: fc.integer({ min: 10_000, max: 48 * HOUR_MS }),
    refused: fc.boolean(),
    strict: fc.boolean(),
    recovered: fc.boolean(),
    keepAliveMs: fc.constantFrom(24 * HOUR_MS, 720 * HOUR_MS),
  })
  .map(({ lifeMs, ...token }) => ({ ...token, expiresAt: token.issuedAt + lifeMs }));

const anyFacts: fc.Arbitrary<ChannelFacts> = fc
  .record({
    channelId: fc.uuid(),
    status: fc.constantFrom(...STATUSES),
    trouble: fc.constantFrom(null, 'credential' as const, 'access' as const),
    suspected: fc.constantFrom(null, null, 'credential' as const, 'access' as const),
    retryAt: fc.option(around),
    waitsForCanary: fc.boolean(),
    refreshRequestedAt: fc.option(past),
    checkRequestedAt: fc.option(past),
    pollRequestedAt: fc.option(past),
    nextPollAt: fc.option(around),
    nextAuditAt: fc.option(around),
    subscription: fc.option(fc.record({ renewAt: fc.option(around) })),
    importMode: fc.constantFrom('continuous' as const, 'gap' as const, 'off' as const),
    keepWarm: fc.constantFrom('always' as const, 'when_used' as const),
    importRunning: fc.boolean(),
    cursorLaneTaken: fc.boolean(),
    token: fc.option(tokens),
    passwordRetryAt: fc.option(around),
    reminderAt: fc.option(around),
    probeAt: fc.option(around.filter((at) => at > NOW)),
  })
  .map((facts) => ({ ...facts, importRunning: facts.importRunning || facts.cursorLaneTaken }));

const facts = (given: Partial<ChannelFacts> = {}): ChannelFacts => ({
  channelId: 'chn_1',
  status: 'connected',
  trouble: null,
  suspected: null,
  retryAt: null,
  waitsForCanary: false,
  refreshRequestedAt: null,
  checkRequestedAt: null,
  pollRequestedAt: null,
  nextPollAt: NOW + HOUR_MS,
  nextAuditAt: NOW + 20 * HOUR_MS,
  subscription: null,
  importMode: 'continuous',
  keepWarm: 'always',
  importRunning: false,
  cursorLaneTaken: false,
  token: {
    issuedAt: NOW,
    expiresAt: NOW + HOUR_MS,
    refused: false,
    strict: false,
    recovered: false,
    keepAliveMs: 720 * HOUR_MS,
  },
  passwordRetryAt: null,
  reminderAt: null,
  probeAt: null,
  ...given,
});

/** Checks any channel that `applies`. */
function always(check: (facts: ChannelFacts) => void, applies: (facts: ChannelFacts) => boolean = () => true): void {
  fc.assert(
    fc.property(anyFacts.filter(applies), (facts) => {
      check(facts);
    }),
    { numRuns: 500 },
  );
}

describe('what is due next', () => {
  it('a channel that waits for a person tries a refused password when planned, reminds, and asks for nothing else', () => {
    always(
      (facts) => {
        const tries = { deed: 'check', at: Math.max(NOW, facts.passwordRetryAt ?? Infinity) };
        const reminds = { deed: 'remind', at: Math.max(NOW, facts.reminderAt ?? Infinity) };
        expect(nextRefreshAt(facts, NOW)).toBeNull();
        const first = tries.at <= reminds.at ? tries : reminds;
        expect(nextDue(facts, NOW)).toEqual(first.at === Infinity ? null : first);
      },
      ({ status }) => status === 'reauth_required',
    );
  });

  it('only a channel that waits for a person reminds, and not before its time', () => {
    always((facts) => {
      const due = nextDue(facts, NOW);
      if (due?.deed !== 'remind') return;
      expect(['reauth_required', 'blocked']).toContain(facts.status);
      expect(due.at).toBeGreaterThanOrEqual(facts.reminderAt ?? Infinity);
    });
  });

  it('a disconnected channel has nothing to do, one that is disconnecting only that', () => {
    always(
      (facts) => expect(nextDue(facts, NOW)).toBeNull(),
      ({ status }) => status === 'disconnected',
    );
    always(
      (facts) => expect(nextDue(facts, NOW)).toEqual({ deed: 'disconnect', at: Math.max(NOW, facts.retryAt ?? NOW) }),
      ({ status }) => status === 'disconnecting',
    );
  });

  it('no refresh comes before the retry time while the credential is in trouble: a sick provider is not hammered', () => {
    always(
      (facts) => {
        const at = nextRefreshAt(facts, NOW);
        if (at !== null) expect(at).toBeGreaterThanOrEqual(facts.retryAt ?? 0);
      },
      ({ trouble, suspected }) => trouble === 'credential' || suspected === 'credential',
    );
  });

  it('a refresh that an event has requested for later comes then, and no later than its planned time', () => {
    const [soon, late] = [NOW + 40_000, NOW + 2 * HOUR_MS];
    expect(nextRefreshAt(facts({ refreshRequestedAt: soon }), NOW)).toBe(soon);
    expect(nextRefreshAt(facts({ refreshRequestedAt: soon }), soon)).toBe(soon);
    expect(nextRefreshAt(facts({ refreshRequestedAt: late }), NOW)).toBe(nextRefreshAt(facts(), NOW));
  });

  it('no refresh comes before the time of the one probe', () => {
    always((facts) => {
      const at = nextRefreshAt(facts, NOW);
      if (at !== null) expect(at).toBeGreaterThanOrEqual(facts.probeAt ?? 0);
    });
  });

  it('no poll and no check of its own accord comes before the retry time while the account is in trouble', () => {
    always(
      (facts) => {
        const due = nextDue(facts, NOW);
        if (due?.deed === 'poll' || due?.deed === 'check') expect(due.at).toBeGreaterThanOrEqual(facts.retryAt ?? 0);
      },
      ({ status, trouble, checkRequestedAt }) =>
        status !== 'reauth_required' && trouble === 'access' && checkRequestedAt === null,
    );
  });

  it('no poll comes before the retry time while the token is spent and cannot be renewed', () => {
    always(
      (facts) => {
        const due = nextDue(facts, NOW);
        if (due?.deed === 'poll') expect(due.at).toBeGreaterThanOrEqual(facts.retryAt ?? 0);
      },
      ({ trouble, token }) => trouble === 'credential' && token !== null && (token.refused || token.expiresAt <= NOW),
    );
  });

  it('a channel that waits for the canary refreshes at its retry time, and not before', () => {
    always(
      (facts) => expect(nextRefreshAt(facts, NOW)).toBeGreaterThanOrEqual(facts.retryAt!),
      ({ status, waitsForCanary, token, retryAt }) =>
        (status === 'connected' || status === 'blocked') && waitsForCanary && token !== null && retryAt !== null,
    );
  });

  it('a reader’s request is not put off, unless by trouble or a probe', () => {
    always(
      (facts) => expect(nextRefreshAt({ ...facts, refreshRequestedAt: NOW + 1 }, NOW + 2)).toBe(NOW + 2),
      ({ status, trouble, suspected, token, probeAt, checkRequestedAt, waitsForCanary }) =>
        (status === 'connected' || status === 'degraded' || status === 'paused') &&
        trouble !== 'credential' &&
        !waitsForCanary &&
        suspected !== 'credential' &&
        token !== null &&
        !(token.refused && checkRequestedAt !== null) &&
        probeAt === null,
    );
  });

  it('a report that the token is refused is looked into before anything is refreshed for it', () => {
    const token = {
      issuedAt: NOW,
      expiresAt: NOW + HOUR_MS,
      refused: true,
      strict: false,
      recovered: false,
      keepAliveMs: 720 * HOUR_MS,
    };
    const reported = { token, checkRequestedAt: NOW + 1, refreshRequestedAt: NOW + 1 };
    expect(nextDue(facts(reported), NOW + 1)).toEqual({ deed: 'check', at: NOW + 1 });
    expect(nextDue(facts({ ...reported, checkRequestedAt: null }), NOW + 1)?.deed).toBe('refresh');
    // A check that was put off keeps its request, and no refresh waiting.
    expect(nextDue(facts({ ...reported, checkRequestedAt: NOW + 5_000 }), NOW + 1)?.deed).toBe('refresh');
    const putOff = { checkRequestedAt: NOW + 5_000 };
    expect(nextDue(facts(putOff), NOW)).toEqual({ deed: 'check', at: NOW + 5_000 });
    const suspected = { ...putOff, suspected: 'access' as const, retryAt: NOW + 2_000 };
    expect(nextDue(facts(suspected), NOW)).toEqual({ deed: 'check', at: NOW + 2_000 });
    expect(nextDue(facts(reported), NOW + HOUR_MS)?.deed).toBe('refresh');
  });

  it('a live channel with a token is never without a next refresh', () => {
    always(
      (facts) => expect(nextRefreshAt(facts, NOW)).not.toBeNull(),
      ({ status, token }) => (status === 'connected' || status === 'degraded') && token !== null,
    );
  });

  it('nothing is polled while an import holds the cursor, nor where importing is off, nor in trouble of a person', () => {
    always(
      (facts) => expect(nextDue(facts, NOW)?.deed).not.toBe('poll'),
      ({ cursorLaneTaken, importMode, status }) =>
        cursorLaneTaken || importMode === 'off' || !['connected', 'degraded'].includes(status),
    );
  });

  it('is the earliest of all, and never in the past', () => {
    always((facts) => {
      const due = nextDue(facts, NOW);
      const refreshAt = nextRefreshAt(facts, NOW);
      if (due) expect(due.at).toBeGreaterThanOrEqual(NOW);
      if (refreshAt !== null) expect(due?.at).toBeLessThanOrEqual(Math.max(NOW, refreshAt));
    });
  });
});

describe('the daily comparison', () => {
  it('is made of continuous channels alone, never while anything is imported, and not before the retry time', () => {
    always((facts) => {
      const due = nextDue(facts, NOW);
      if (due?.deed !== 'audit') return;
      expect(facts).toMatchObject({ importMode: 'continuous', importRunning: false });
      expect(['connected', 'degraded']).toContain(facts.status);
      if (facts.trouble === 'access') expect(due.at).toBeGreaterThanOrEqual(facts.retryAt ?? 0);
    });
  });

  it('is due only when a listener has asked for it, and lets a poll of the same time go first', () => {
    const asleep = { token: null, nextPollAt: NOW + 30 * HOUR_MS } as const;
    expect(nextDue(facts({ ...asleep, nextPollAt: null, nextAuditAt: null }), NOW)).toBeNull();
    expect(nextDue(facts({ ...asleep, nextPollAt: NOW, nextAuditAt: NOW }), NOW)?.deed).toBe('poll');
    expect(nextDue(facts({ ...asleep, nextAuditAt: NOW }), NOW)?.deed).toBe('audit');
    expect(nextDue(facts({ ...asleep, nextAuditAt: NOW, importMode: 'gap' }), NOW)?.deed).toBe('poll');
  });
});

describe('a subscription to news', () => {
  const asleep = { nextPollAt: NOW + HOUR_MS } as const;
  const subscribed = (renewAt: number | null, more: Partial<ChannelFacts> = {}) =>
    nextDue(facts({ ...asleep, ...more, subscription: { renewAt } }), NOW);

  it('is asked for by a live channel that is imported continuously, and by no other', () => {
    always(
      (facts) => expect(nextDue(facts, NOW)?.deed).not.toBe('renew'),
      ({ subscription, status, importMode }) =>
        subscription === null ||
        (status !== 'connected' && status !== 'degraded') ||
        (subscription.renewAt === null && importMode !== 'continuous'),
    );
    expect(subscribed(null)).toEqual({ deed: 'renew', at: NOW });
  });

  it('is renewed in its time, and before a poll of the same time', () => {
    expect(subscribed(NOW + 60_000)).toEqual({ deed: 'renew', at: NOW + 60_000 });
    expect(subscribed(NOW, { nextPollAt: NOW })?.deed).toBe('renew');
    const token = { ...facts().token!, issuedAt: NOW - 1 };
    expect(subscribed(NOW, { token, refreshRequestedAt: NOW })?.deed).toBe('refresh');
  });

  it('is ended in a mode that needs none', () => {
    expect(subscribed(NOW, { importMode: 'off' })).toEqual({ deed: 'renew', at: NOW });
    expect(subscribed(NOW, { importMode: 'gap' })?.deed).toBe('renew');
  });

  it('waits while trouble leaves the channel without its account', () => {
    always(
      (facts) => {
        const due = nextDue(facts, NOW);
        if (due?.deed === 'renew') expect(due.at).toBeGreaterThanOrEqual(facts.retryAt ?? 0);
      },
      ({ trouble, suspected }) => trouble === 'access' || suspected === 'access',
    );
  });
});

describe('what a channel does in each state', () => {
  it('connected: refreshes before its token expires, polls in due time', () => {
    expect(nextDue(facts(), NOW)?.deed).toBe('refresh');
    expect(nextDue(facts({ nextPollAt: NOW + 60_000 }), NOW)).toEqual({ deed: 'poll', at: NOW + 60_000 });
  });

  it('a token comes before what needs one', () => {
    expect(nextDue(facts({ refreshRequestedAt: NOW + 1, nextPollAt: NOW + 1 }), NOW + 1)?.deed).toBe('refresh');
    const longAsleep = facts({ nextPollAt: NOW - HOUR_MS, checkRequestedAt: NOW - HOUR_MS });
    expect(nextDue(longAsleep, NOW + HOUR_MS)).toEqual({ deed: 'refresh', at: NOW + HOUR_MS });
  });

  it('a request that is older than the token has been answered by it', () => {
    const asked = facts({ refreshRequestedAt: NOW - 1 });
    expect(nextRefreshAt(asked, NOW)).toBe(nextRefreshAt(facts(), NOW));
  });

  it('keep_warm when_used, and paused: the keep-alive alone', () => {
    const keepAlive = NOW + 720 * HOUR_MS;
    expect(nextRefreshAt(facts({ keepWarm: 'when_used' }), NOW)).toBe(keepAlive);
    expect(nextRefreshAt(facts({ status: 'paused' }), NOW)).toBe(keepAlive);
  });

  it('blocked: tried again at its retry time, whether the credential or the account is in trouble', () => {
    const retryAt = NOW + HOUR_MS;
    const blocked = { status: 'blocked', retryAt } as const;
    expect(nextDue(facts({ ...blocked, trouble: 'access', token: null }), NOW)).toEqual({ deed: 'check', at: retryAt });
    const spent = {
      issuedAt: NOW - HOUR_MS,
      expiresAt: NOW,
      refused: false,
      strict: false,
      recovered: false,
      keepAliveMs: HOUR_MS,
    };
    expect(nextDue(facts({ ...blocked, trouble: 'credential', token: spent }), NOW)).toEqual({
      deed: 'refresh',
      at: retryAt,
    });
  });

  it('a password whose refusal has to be seen again is tried at its retry time, and not before', () => {
    const suspected = { token: null, suspected: 'access' as const, retryAt: NOW + 5_000 };
    expect(nextDue(facts(suspected), NOW)).toEqual({ deed: 'check', at: NOW + 5_000 });
    expect(nextDue(facts({ ...suspected, importMode: 'off' }), NOW)).toEqual({ deed: 'check', at: NOW + 5_000 });
    expect(nextDue(facts({ ...suspected, nextPollAt: NOW }), NOW)).toEqual({ deed: 'check', at: NOW + 5_000 });
  });
});
