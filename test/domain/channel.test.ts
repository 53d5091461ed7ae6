import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusAfter, transition } from '../../domain/channel.ts';
import type { ChannelState, Happening, Status, Transition } from '../../domain/channel.ts';
import { STATUS_REASONS, VERDICT_KINDS, actionOf } from '../../domain/verdict.ts';
import type { Verdict } from '../../domain/verdict.ts';

/** Every edge of the drawing in domain/channel.ts, and no other. */
const LEGAL: Record<Status, readonly Status[]> = {
  connected: ['degraded', 'reauth_required', 'blocked', 'paused', 'disconnecting', 'disconnected'],
  degraded: ['connected', 'reauth_required', 'blocked', 'paused', 'disconnecting', 'disconnected'],
  reauth_required: ['connected', 'blocked', 'paused', 'disconnecting', 'disconnected'],
  blocked: ['connected', 'reauth_required', 'paused', 'disconnecting', 'disconnected'],
  paused: ['connected', 'reauth_required', 'blocked', 'disconnecting', 'disconnected'],
  disconnecting: ['disconnected'],
  disconnected: [],
};
const TROUBLE: readonly Status[] = ['degraded', 'reauth_required', 'blocked'];

const NEW: ChannelState = {
  status: 'connected',
  reason: null,
  action: 'none',
  providerCode: null,
  paused: false,
  credentialVersion: 1,
};

const verdicts: fc.Arbitrary<Verdict> = fc.record({
  kind: fc.constantFrom(...VERDICT_KINDS),
  reason: fc.option(fc.constantFrom(...STATUS_REASONS)),
  retryAfterMs: fc.option(fc.nat(86_400_000)),
  providerCode: fc.option(fc.constantFrom('invalid_grant', 'AUTHENTICATIONFAILED')),
  vague: fc.boolean(),
  tokenRefused: fc.boolean(),
});

/** What happens next, about the live credential, an older one or a newer one. */
type Step = (state: ChannelState) => Happening;
const offset = fc.constantFrom(-1, 0, 0, 0, 1);
const steps: fc.Arbitrary<Step> = fc.oneof(
  offset.map((by): Step => (state) => ({ type: 'worked', credentialVersion: state.credentialVersion + by })),
  fc.record({ by: offset, verdict: verdicts }).map(({ by, verdict }): Step => (state) => ({
    type: 'refused',
    credentialVersion: state.credentialVersion + by,
    verdict,
  })),
  fc.constant<Step>((state) => ({ type: 'reauthorized', credentialVersion: state.credentialVersion + 1 })),
  fc.boolean().map((reversal): Step => (state) => ({
    type: 'access_changed',
    credentialVersion: state.credentialVersion + 1,
    from: 'imap',
    to: 'gmail',
    reversal,
  })),
  fc.constantFrom('paused' as const, 'resumed' as const).map((type): Step => () => ({ type })),
  { weight: 1, arbitrary: fc.constant<Step>(() => ({ type: 'disconnect_requested' })) },
  { weight: 1, arbitrary: fc.constant<Step>(() => ({ type: 'disconnected' })) },
);
const lives = fc.array(steps, { maxLength: 40 });

interface Change extends Transition {
  before: ChannelState;
  happening: Happening;
}

function live(life: Step[]): Change[] {
  const changes: Change[] = [];
  let before = NEW;
  for (const step of life) {
    const happening = step(before);
    const change = transition(before, happening);
    changes.push({ before, happening, ...change });
    before = change.state;
  }
  return changes;
}

/** Checks every change of any life. */
function always(check: (change: Change) => void): void {
  fc.assert(
    fc.property(lives, (life) => live(life).forEach(check)),
    { numRuns: 500 },
  );
}

describe('any sequence of happenings', () => {
  it('takes only the drawn edges', () => {
    always(({ before, state }) => {
      if (state.status !== before.status) expect(LEGAL[before.status]).toContain(state.status);
    });
  });

  it('disconnected is final, and disconnecting is left for disconnected alone', () => {
    always(({ before, state, event, incident }) => {
      if (before.status === 'disconnected') expect({ state, event, incident }).toEqual(nothing(before));
      if (before.status === 'disconnecting') expect(['disconnecting', 'disconnected']).toContain(state.status);
    });
  });

  it('a pause lasts until it is resumed: a sign-in, a repair or trouble in between does not end it', () => {
    fc.assert(
      fc.property(lives, (life) => {
        let wanted = false;
        for (const { before, happening, state } of live(life)) {
          if (before.status === 'disconnecting' || before.status === 'disconnected') return;
          if (happening.type === 'paused') wanted = true;
          if (happening.type === 'resumed') wanted = false;
          if (wanted) expect(['connected', 'degraded']).not.toContain(state.status);
          else expect(state.status).not.toBe('paused');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('rule 2: a verdict about an older credential changes nothing', () => {
    always(({ before, happening, state, event, incident }) => {
      if (happening.type !== 'refused' && happening.type !== 'worked') return;
      if (happening.credentialVersion < before.credentialVersion) {
        expect({ state, event, incident }).toEqual(nothing(before));
      }
    });
  });

  it('rule 2: the credential’s version only grows', () => {
    always(({ before, state }) => expect(state.credentialVersion).toBeGreaterThanOrEqual(before.credentialVersion));
  });

  it('rule 5: only a verdict that names a person sends a person to sign in', () => {
    always(({ before, happening, state }) => {
      if (state.status !== 'reauth_required' || before.status === 'reauth_required') return;
      expect(happening.type === 'refused' && actionOf(happening.verdict.kind)).toBe('reauthorize');
    });
  });

  it('rule 11: an incident is open exactly while there is trouble, and opens once', () => {
    fc.assert(
      fc.property(lives, (life) => {
        let open = false;
        for (const { before, state, incident } of live(life)) {
          if (incident === 'open') open = true;
          if (incident === 'close') open = false;
          expect(open).toBe(TROUBLE.includes(state.status));
          // A change of status opens an incident; a lasting failure raises no second alert.
          if (incident === 'open') expect(state.status).not.toBe(before.status);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tells one event for each change of status, and none without one but a sign-in', () => {
    always(({ before, happening, state, event }) => {
      const changed = state.status !== before.status;
      if (state.status === 'disconnecting' && changed) expect(event).toBeNull();
      else if (
        (happening.type === 'reauthorized' || happening.type === 'access_changed') &&
        before.status !== 'disconnecting' &&
        before.status !== 'disconnected'
      )
        expect(event).toBe(`channel.${happening.type}`);
      else expect(event !== null).toBe(changed);
    });
  });

  it('names a reason and who must act while there is trouble, and neither without', () => {
    always(({ before, happening, state }) => {
      if (!TROUBLE.includes(state.status)) {
        expect(state).toMatchObject({ reason: null, action: 'none', providerCode: null });
      }
      if (happening.type !== 'refused' || state === before) return;
      const { verdict } = happening;
      if (statusAfter(verdict) !== state.status) return;
      expect(state).toMatchObject({
        reason: verdict.reason,
        action: actionOf(verdict.kind),
        providerCode: verdict.providerCode,
      });
    });
  });

  it('trouble that heals by itself never takes a person’s task away', () => {
    always(({ before, happening, state }) => {
      if (happening.type !== 'refused' || actionOf(happening.verdict.kind) !== 'none') return;
      if (before.status === 'reauth_required' || before.status === 'blocked') expect(state).toEqual(before);
    });
  });
});

const nothing = (state: ChannelState): Transition => ({ state, event: null, incident: 'keep' });
