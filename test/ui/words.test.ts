import { describe, expect, it } from 'vitest';
import { STATUSES } from '../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { explain } from '../../ui/words/words.ts';
import type { Explained } from '../../ui/words/words.ts';

const ANA: Explained = {
  tenant: 'acme',
  kind: 'individual',
  access: { label: 'Gmail', provider: 'Google', causes: {} },
  account: { email: 'ana@example.com', login: 'ana@example.com', provider_id: '1045' },
  owner: { email: 'ana@example.com', name: 'Ana' },
  status: 'reauth_required',
  status_reason: 'access_revoked',
  action: 'reauthorize',
  import: 'continuous',
};

describe('explain', () => {
  it('has a sentence without a code for every status, reason, provider and action', () => {
    for (const status of STATUSES)
      for (const status_reason of [...STATUS_REASONS, null])
        for (const provider of ['Google', 'the mail server'])
          for (const action of ACTIONS) {
            const access = { ...ANA.access, provider };
            const { cause, next } = explain({ ...ANA, status, status_reason, access, action });
            for (const sentence of [cause, next]) {
              expect(sentence).toMatch(/^[A-Z].*\.$/);
              expect(sentence).not.toMatch(/_|undefined|null|\{/);
            }
          }
  });

  it('lets the provider’s own sentence stand where it has one for the reason', () => {
    const access = { ...ANA.access, causes: { access_revoked: 'The answer leaves the cause open.' } };
    expect(explain({ ...ANA, access }).cause).toBe('The answer leaves the cause open.');
    expect(explain({ ...ANA, access, status_reason: 'network' }).cause).toContain('cannot be reached');
  });

  it('names the account to sign in as, and who must do it', () => {
    expect(explain(ANA)).toMatchObject({ next: expect.stringContaining('ana@example.com') as string, who: 'Ana' });
    expect(explain({ ...ANA, kind: 'shared' }).who).toBe('an admin of acme');
    expect(explain({ ...ANA, owner: null }).who).toBe('ana@example.com');
  });

  it('promises nothing about messages where none are imported', () => {
    expect(explain(ANA).next).toContain('nothing is lost');
    expect(explain({ ...ANA, import: 'off' }).next).toBe('Sign in again as ana@example.com to continue.');
    expect(explain({ ...ANA, status: 'paused', import: 'off' }).next).toBe('Resume it to go on.');
  });

  it('never sends the owner after the operator’s problem', () => {
    const { cause, who } = explain({
      ...ANA,
      status: 'blocked',
      status_reason: 'app_credentials_invalid',
      action: 'fix_app_credentials',
    });
    expect(who).toBe('the operator of Mooring');
    expect(cause).toContain('owner of the channel can do nothing');
  });

  it('asks nobody to act while it heals by itself', () => {
    expect(explain({ ...ANA, status: 'degraded', status_reason: 'network', action: 'none' }).who).toBeNull();
  });
});
