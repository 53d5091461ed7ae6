import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import type { VerdictKind } from '../../domain/verdict.ts';
import type { TokenSet } from '../../providers/contract.ts';
import { conformance, failureOf } from './contract.ts';
import type { Account } from './subject.ts';
import { REDIRECT_URI, Stage } from './stage.ts';
import { takeHeads } from '../../credentials/heads.ts';

const READONLY = 'https://www.googleapis.com/auth/gmail.readonly';
const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const provider = () => stage.providerOf('gmail');

interface GoogleAccount extends Account {
  tokens: TokenSet;
}

async function createAccount(): Promise<GoogleAccount> {
  const email = `ana.${randomBytes(4).toString('hex')}@gmail.example`;
  const path = `/accounts/google/${email}`;
  await stage.control('PUT', path, {});
  const tokens = await stage.signInAtGoogle(email);
  return {
    email,
    tokens,
    access: { kind: 'token', mailbox: email, context: {}, accessToken: tokens.accessToken },
    secret: tokens.accessToken.reveal(),
    ...stage.accountAt('google', email),
  };
}

function refreshTokenOf({ tokens }: GoogleAccount): Secret {
  if (tokens.refreshToken === null) throw new Error('no refresh token');
  return tokens.refreshToken;
}

async function refresh(account: GoogleAccount): Promise<TokenSet> {
  return stage.oauth.processTokenAnswer(
    await stage.oauth.refreshRequest({ token: refreshTokenOf(account), context: {} }, NEVER),
  );
}

conformance('Gmail', {
  provider,
  createAccount,
  idOf: ({ provider_id }) => provider_id,
  vouchesForAddress: true,
  cursorExpiry: 'cursor_expired',
  excludedFolders: ['Trash', 'Spam', 'Drafts'],
  optOuts: {},
});

describe('Gmail', () => {
  it('asks for the least scopes, a refresh token and the pinned account', () => {
    const url = stage.oauth.authorizationUrl({
      redirectUri: REDIRECT_URI,
      state: 'st',
      codeChallenge: 'ch',
      uses: ['read', 'send'],
      loginHint: 'ana@gmail.example',
      isShared: false,
      context: {},
    });
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: stage.oauth.clientId,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: `openid email ${READONLY} https://www.googleapis.com/auth/gmail.send`,
      state: 'st',
      code_challenge: 'ch',
      code_challenge_method: 'S256',
      access_type: 'offline',
      prompt: 'select_account consent',
      login_hint: 'ana@gmail.example',
    });
  });

  it('exchanges a code once and refreshes as often as wanted', async () => {
    const account = await createAccount();
    expect(account.tokens.scopes).toContain(READONLY);
    expect(account.tokens.tokenType).toBe('Bearer');
    const again = await refresh(account);
    expect(again.refreshToken).toBeNull();
    expect(again.accessToken.reveal()).not.toBe(account.tokens.accessToken.reveal());
    expect(again.expiresInSeconds).toBeGreaterThan(0);
  });

  it('notices a scope that was not granted', async () => {
    const email = `ben.${randomBytes(4).toString('hex')}@gmail.example`;
    await stage.control('PUT', `/accounts/google/${email}`, {});
    const tokens = await stage.signInAtGoogle(email, ['openid', 'email']);
    expect(stage.oauth.missingScopes(tokens.scopes ?? [], ['read'])).toEqual([READONLY]);
    expect(stage.oauth.missingScopes(['https://mail.google.com/'], ['read', 'send'])).toEqual([]);
    const session = await provider().openSession(
      { kind: 'token', mailbox: email, context: {}, accessToken: tokens.accessToken },
      NEVER,
    );
    expect((await failureOf(takeHeads(session))).verdict.kind).toBe('insufficient_scope');
  });

  it('revokes a grant, and is content with one that is gone already', async () => {
    const account = await createAccount();
    await stage.oauth.revoke({ token: refreshTokenOf(account), context: {} }, NEVER);
    await stage.oauth.revoke({ token: refreshTokenOf(account), context: {} }, NEVER);
    expect((await failureOf(refresh(account))).verdict.kind).toBe('reauth_required');
  });

  const tokenFaults: [string, VerdictKind, string][] = [
    ['password_changed', 'reauth_required', 'access_revoked'],
    ['access_revoked', 'reauth_required', 'access_revoked'],
    ['session_revoked', 'reauth_required', 'session_revoked'],
    ['account_disabled', 'account_gone', 'account_disabled'],
    ['admin_consent_required', 'admin_action', 'admin_policy_enforced'],
    ['app_credentials_invalid', 'misconfigured', 'app_credentials_invalid'],
    ['rate_limited', 'rate_limited', 'rate_limited'],
    ['unavailable', 'transient', 'provider_unavailable'],
    ['rubbish', 'transient', 'provider_unavailable'],
    ['cut_connection', 'transient', 'network'],
    ['lost_response', 'transient', 'network'],
  ];
  it.each(tokenFaults)('calls a refresh with %s %s', async (fault, kind, reason) => {
    const account = await createAccount();
    await account.fault(fault);
    const { verdict } = await failureOf(refresh(account));
    expect(verdict).toMatchObject({ kind, reason });
  });

  it('never believes a 401 of the API: it asks for one refresh', async () => {
    const account = await createAccount();
    await account.fault('access_revoked');
    const session = await provider().openSession(account.access, NEVER);
    for (const work of [() => takeHeads(session), () => session.identify()]) {
      const { verdict } = await failureOf(work());
      expect(verdict).toMatchObject({ kind: 'transient', tokenRefused: true });
    }
  });

  it('names the wait that Gmail writes into its message', async () => {
    const account = await createAccount();
    await account.fault('rate_limited', { retry_after_s: 30, kind: 'api' });
    const session = await provider().openSession(account.access, NEVER);
    const { verdict } = await failureOf(takeHeads(session));
    expect(verdict.retryAfterMs).toBeGreaterThan(27_000);
    expect(verdict.retryAfterMs).toBeLessThanOrEqual(31_000);
  });

  it('reads the mailbox from the start of a listing whose page token is no longer good', async () => {
    const account = await createAccount();
    const session = await provider().openSession(account.access, NEVER);
    const [head] = await takeHeads(session);
    await account.deliver(5);
    if (!head) throw new Error('no scope');
    const page = await session.listChanges(head, head.cursor ?? '', 2);
    const cursor = JSON.parse(page.cursor) as { page: { token: string } };
    const spoiled = JSON.stringify({ ...cursor, page: { ...cursor.page, token: 'no page' } });
    expect((await session.listChanges(head, spoiled, 10)).items).toHaveLength(5);
  });

  it('fails one message that Gmail cannot give, and the whole fetch when Gmail gives none', async () => {
    const account = await createAccount();
    const session = await provider().openSession(account.access, NEVER);
    const [head] = await takeHeads(session);
    if (!head) throw new Error('no scope');
    await account.deliver(1);
    const { items } = await session.listChanges(head, head.cursor ?? '', 10);
    await account.fault('unavailable', { times: 1 });
    const outcomes = [];
    for await (const { outcome } of session.fetchMessages(head, items)) outcomes.push(outcome);
    expect(outcomes).toEqual(['failed']);
    await account.fault('unavailable', { times: 2 });
    const fetched = session.fetchMessages(head, items)[Symbol.asyncIterator]();
    expect((await failureOf(fetched.next())).verdict.kind).toBe('transient');
  });
});
