import { describe, expect, it } from 'vitest';
import { ACCESS_TYPES } from '../../domain/access-type.ts';
import { STATUSES } from '../../domain/channel.ts';
import { ACTIONS, STATUS_REASONS } from '../../domain/verdict.ts';
import { explain, needsSomeone, severity } from '../../ui/words/words.ts';
import type { Explained } from '../../ui/words/words.ts';

const ANA: Explained = {
  tenant: 'acme',
  kind: 'individual',
  access_type: 'gmail',
  account: { email: 'ana@example.com', login: 'ana@example.com', provider_id: '1045' },
  owner: { email: 'ana@example.com', name: 'Ana' },
  status: 'reauth_required',
  status_reason: 'access_revoked',
  action: 'reauthorize',
};

describe('explain', () => {
  it('has a sentence without a code for every status, reason, access type and action', () => {
    for (const status of STATUSES)
      for (const status_reason of [...STATUS_REASONS, null])
        for (const access_type of ACCESS_TYPES)
          for (const action of ACTIONS) {
            const { cause, next } = explain({ ...ANA, status, status_reason, access_type, action });
            for (const sentence of [cause, next]) {
              expect(sentence).toMatch(/^[A-Z].*\.$/);
              expect(sentence).not.toMatch(/_|undefined|null|\{/);
            }
          }
  });

  it('offers both causes where Google’s answer is the same for both', () => {
    for (const status_reason of ['access_revoked', 'password_changed'] as const) {
      const { cause } = explain({ ...ANA, status_reason });
      expect(cause).toMatch(/password changed.*withdrew/);
    }
  });

  it('names the account to sign in as, and who must do it', () => {
    expect(explain(ANA)).toMatchObject({ next: expect.stringContaining('ana@example.com') as string, who: 'Ana' });
    expect(explain({ ...ANA, kind: 'shared' }).who).toBe('an admin of acme');
    expect(explain({ ...ANA, owner: null }).who).toBe('ana@example.com');
  });

  it('never sends the owner after the operator’s problem', () => {
    const { cause, who } = explain({
      ...ANA,
      status: 'blocked',
      status_reason: 'app_credentials_invalid',
      action: 'fix_app_credentials',
    });
    expect(who).toBe('whoever runs Mooring');
    expect(cause).toContain('owner of the channel can do nothing');
  });

  it('asks nobody to act while it heals by itself', () => {
    expect(explain({ ...ANA, status: 'degraded', status_reason: 'network', action: 'none' }).who).toBeNull();
  });
});

describe('severity', () => {
  it('puts what needs someone first', () => {
    const sorted = [...STATUSES].sort((a, b) => severity(a) - severity(b));
    expect(sorted.slice(0, 2).every((status) => needsSomeone({ status }))).toBe(true);
    expect(new Set(sorted.map(severity)).size).toBe(STATUSES.length);
  });
});
