import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import type { SessionAccess } from '../../providers/contract.ts';
import { conformance, failureOf } from './contract.ts';
import type { Account } from './subject.ts';
import { Stage } from './stage.ts';
import { secret } from '../support/minting.ts';
import { takeHeads } from '../../credentials/heads.ts';

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const provider = () => stage.providerOf('imap');

async function createAccount(): Promise<Account> {
  const email = `ana.${randomBytes(4).toString('hex')}@imap.example`;
  const password = secret('password');
  const path = `/accounts/imap/${email}`;
  await stage.control('PUT', path, { password });
  return {
    email,
    access: stage.imapAccess(email, password),
    secret: password,
    ...stage.accountAt('imap', email),
  };
}

conformance('IMAP', {
  provider,
  createAccount,
  idOf: ({ provider_id }) => provider_id.split(/\D/).findLast(Boolean) ?? '',
  vouchesForAddress: false,
  cursorExpiry: 'uidvalidity_changed',
  excludedFolders: ['Trash', 'Junk', 'Drafts'],
  optOuts: { push: 'an IMAP server tells of news over a connection that is held (IDLE)' },
});

describe('IMAP', () => {
  it('reads over implicit TLS as over STARTTLS', async () => {
    const account = await createAccount();
    const access = stage.imapAccess(account.email, account.secret, 'tls');
    const session = await provider().openSession(access, NEVER);
    expect((await session.identify()).account.login).toBe(account.email);
    await session.close();
  });

  it('calls a wrong password a refused login, at once', async () => {
    const account = await createAccount();
    const access: SessionAccess = {
      ...account.access,
      password: new Secret(secret('wrong-password')),
    } as SessionAccess;
    const { verdict } = await failureOf(provider().openSession(access, NEVER));
    expect(verdict).toMatchObject({
      kind: 'reauth_required',
      reason: 'password_changed',
      providerCode: 'AUTHENTICATIONFAILED',
      vague: false,
      tokenRefused: false,
    });
  });

  it.each([
    ['account_disabled', 'account_gone', 'account_disabled'],
    ['mfa_required', 'reauth_required', 'mfa_required'],
  ])('calls %s %s', async (fault, kind, reason) => {
    const account = await createAccount();
    await account.fault(fault);
    const { verdict } = await failureOf(provider().openSession(account.access, NEVER));
    expect(verdict).toMatchObject({ kind, reason });
  });

  it('leaves open why Office 365 says "authenticated but not connected"', async () => {
    const account = await createAccount();
    await account.fault('mailbox_unavailable');
    const session = await provider().openSession(account.access, NEVER);
    const { verdict } = await failureOf(session.identify());
    expect(verdict).toMatchObject({ kind: 'admin_action', reason: 'mailbox_unavailable', vague: true });
    await session.close();
  });

  it('notices a password change in the middle of a session as a lost session, and at the next login as what it is', async () => {
    const account = await createAccount();
    const session = await provider().openSession(account.access, NEVER);
    await takeHeads(session);
    await account.fault('password_changed');
    expect((await failureOf(takeHeads(session))).verdict.kind).toBe('transient');
    await session.close();
    const refused = await failureOf(provider().openSession(account.access, NEVER));
    expect(refused.verdict.kind).toBe('reauth_required');
  });

  it('says what failed before the login, and never blames the password', async () => {
    const account = await createAccount();
    const at = (host: string, port: number): SessionAccess =>
      ({ ...account.access, server: { kind: 'imap', host, port, security: 'starttls' } }) as SessionAccess;
    const cases: [SessionAccess, string][] = [
      [at('127.0.0.1', 1), 'connection_refused'],
      [at('no-such-host.invalid', 143), 'dns_failed'],
      [at('10.0.0.1', 143), 'egress_denied'],
    ];
    for (const [access, code] of cases) {
      const { verdict } = await failureOf(provider().openSession(access, NEVER));
      expect([verdict.providerCode, verdict.reason]).toEqual([code, 'network']);
    }
  });
});
