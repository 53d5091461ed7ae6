import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createGraphProvider } from '../../providers/microsoft/adapter.ts';
import { microsoftConfig, microsoftVariables } from '../../providers/microsoft/configuration.ts';
import { createProviders, PROVIDER_VARIABLES } from '../../providers/registry.ts';
import type { Secret } from '../../domain/secret.ts';
import type { VerdictKind } from '../../domain/verdict.ts';
import type { OAuthAdapter, SessionAccess, TokenSet } from '../../providers/contract.ts';
import { conformance, failureOf } from './contract.ts';
import { heads } from './subject.ts';
import type { Account, Subject } from './subject.ts';
import { Stage } from './stage.ts';
import type { Delivered } from './stage.ts';

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const provider = () => stage.providerOf('microsoft');

const oauth = (): OAuthAdapter => stage.oauthOf('microsoft');

interface MicrosoftAccount extends Account {
  tokens: TokenSet;
  access: SessionAccess & { kind: 'token' };
}

const newEmail = () => `ana.${randomBytes(4).toString('hex')}@contoso.example`;

async function createAccount(email = newEmail(), details: Record<string, unknown> = {}): Promise<MicrosoftAccount> {
  const path = `/accounts/microsoft/${email}`;
  await stage.control('PUT', path, details);
  const tokens = await stage.signIn('microsoft', email);
  const { accessToken, idToken = null } = tokens;
  return {
    email,
    tokens,
    access: { kind: 'token', mailbox: null, context: {}, accessToken, idToken },
    secret: accessToken.reveal(),
    ...stage.accountAt('microsoft', email),
  };
}

function refreshTokenOf({ tokens }: MicrosoftAccount): Secret {
  if (!tokens.refreshToken) throw new Error('no refresh token');
  return tokens.refreshToken;
}

async function contextOf(account: MicrosoftAccount) {
  const session = await provider().openSession(account.access, NEVER);
  return (await session.identify()).context ?? {};
}

async function refresh(account: MicrosoftAccount, context?: Record<string, string>): Promise<TokenSet> {
  const grant = { token: refreshTokenOf(account), context: context ?? (await contextOf(account)) };
  return oauth().processTokenAnswer(await oauth().refreshRequest(grant, NEVER));
}

const subject: Subject = {
  provider,
  createAccount: () => createAccount(),
  idOf: ({ provider_id }) => provider_id,
  vouchesForAddress: true,
  cursorExpiry: 'cursor_expired',
  excludedFolders: ['Deleted Items', 'Junk Email', 'Drafts'],
  optOuts: {},
};
conformance('Microsoft 365', subject);

const parametersOf = (isShared: boolean) =>
  oauth().authorizationUrl({
    redirectUri: 'http://127.0.0.1:9/oauth/microsoft/callback',
    state: 'st',
    codeChallenge: 'ch',
    uses: ['read', 'send'],
    isShared,
    loginHint: 'ana@contoso.example',
    context: {},
    claims: '{"access_token":{}}',
  }).searchParams;

describe('signing in at Microsoft', () => {
  it('asks for the least scopes, the shared ones only for a shared mailbox', () => {
    expect(Object.fromEntries(parametersOf(false))).toMatchObject({
      scope: 'openid profile email offline_access User.Read Mail.Read Mail.Send',
      code_challenge_method: 'S256',
      login_hint: 'ana@contoso.example',
      prompt: 'select_account',
      claims: '{"access_token":{}}',
    });
    expect(parametersOf(true).get('scope')).toContain('Mail.Read.Shared Mail.Send.Shared');
  });

  it('pins a login by oid and tid, and refreshes at its tenant', async () => {
    const account = await createAccount();
    const session = await provider().openSession(account.access, NEVER);
    const { account: named, mailboxKey, context } = await session.identify();
    expect(named.providerId).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(named.providerId).toBe(mailboxKey);
    expect(named.providerId.endsWith(`.${context?.['entra_tenant']}`)).toBe(true);
    const again = await refresh(account);
    expect(again.refreshToken?.reveal()).not.toBe(refreshTokenOf(account).reveal());
    expect(again.accessToken.reveal()).not.toBe(account.tokens.accessToken.reveal());
  });

  it.each([
    ['its principal name', {}, true],
    ['an address beside its principal name, which any administrator may set', { upn: 'mallory@evil.example' }, false],
    ['an address in a domain that its tenant has proved', { upn: 'ana@contoso.example', edov: true }, true],
    ['an address in a domain that its tenant has not proved', { upn: 'mallory@evil.example', edov: false }, false],
    ['an address of a personal account, whose mail lies elsewhere', { personal: true }, false],
  ])('says whether it vouches for a login’s address: %s', async (_what, details, vouches) => {
    const account = await createAccount(newEmail(), details);
    const session = await provider().openSession(account.access, NEVER);
    expect(await session.identify()).toMatchObject({ account: { email: account.email }, vouchesForAddress: vouches });
  });

  it('vouches for a personal account’s address at Outlook.com', async () => {
    const account = await createAccount(`ben.${randomBytes(4).toString('hex')}@outlook.com`);
    const session = await provider().openSession(account.access, NEVER);
    expect((await session.identify()).vouchesForAddress).toBe(true);
  });

  it('refreshes a personal account at consumers, where alone it is good', async () => {
    const account = await createAccount(`ben.${randomBytes(4).toString('hex')}@outlook.example`, { personal: true });
    expect((await contextOf(account))['entra_tenant']).toBe('9188040d-6c67-4c5b-b112-36a304b66dad');
    expect((await refresh(account)).accessToken.reveal()).toBeTruthy();
    expect((await failureOf(refresh(account, {}))).verdict.kind).toBe('reauth_required');
  });

  it('believes no id_token of another app, and none that was changed', async () => {
    const account = await createAccount();
    const other = await createAccount();
    const [head, , signature] = account.tokens.idToken!.reveal().split('.');
    const mixed = [head, other.tokens.idToken!.reveal().split('.')[1], signature].join('.');
    const idToken = Object.assign(Object.create(Object.getPrototypeOf(account.tokens.idToken) as object) as Secret, {
      reveal: () => mixed,
    });
    const session = await provider().openSession({ ...account.access, idToken }, NEVER);
    const { verdict } = await failureOf(session.identify());
    expect(verdict).toMatchObject({ kind: 'transient', providerCode: 'id_token_unverified' });
  });

  it('proves the app by its certificate, without a secret', async () => {
    const account = await createAccount();
    const { environment, microsoft } = stage.sandbox.addresses;
    const { MICROSOFT_CLIENT_SECRET: _secret, ...named } = Object.assign({}, ...Object.values(environment)) as Record<
      string,
      string
    >;
    const MICROSOFT_CLIENT_CERTIFICATE_FILE = String(microsoft['client_certificate_file']);
    const variables = z.object(PROVIDER_VARIABLES).parse({ ...named, MICROSOFT_CLIENT_CERTIFICATE_FILE });
    const surroundings = { publicUrl: 'http://127.0.0.1:9', egress: { allow: [] }, certificateAuthorities: null };
    const [certified] = createProviders({ ...surroundings, variables }).get('microsoft')?.signIn.oauth ?? [];
    const grant = { token: refreshTokenOf(account), context: await contextOf(account) };
    const answer = await certified!.refreshRequest(grant, NEVER);
    expect(certified!.processTokenAnswer(answer).accessToken.reveal()).toBeTruthy();
  });

  const tokenFaults: [string, VerdictKind, string][] = [
    ['access_revoked', 'reauth_required', 'access_revoked'],
    ['session_revoked', 'reauth_required', 'session_revoked'],
    ['account_disabled', 'account_gone', 'account_disabled'],
    ['admin_consent_required', 'admin_action', 'admin_consent_required'],
    ['mfa_required', 'reauth_required', 'mfa_required'],
    ['conditional_access', 'admin_action', 'conditional_access'],
    ['app_credentials_invalid', 'misconfigured', 'app_credentials_invalid'],
    ['unavailable', 'transient', 'provider_unavailable'],
    ['rubbish', 'transient', 'provider_unavailable'],
    ['cut_connection', 'transient', 'network'],
    ['lost_response', 'transient', 'network'],
  ];
  it.each(tokenFaults)('calls a refresh with %s %s', async (fault, kind, reason) => {
    const account = await createAccount();
    const context = await contextOf(account);
    await account.fault(fault);
    const { verdict } = await failureOf(refresh(account, context));
    expect(verdict).toMatchObject({ kind, reason });
  });
});

describe('a shared mailbox', () => {
  it('is read by a delegate, and refused to any other login', async () => {
    const shared = newEmail();
    await stage.control('PUT', `/accounts/microsoft/${shared}`, { delegates: [] });
    const delegate = newEmail();
    await stage.control('PUT', `/accounts/microsoft/${delegate}`, {});
    await stage.control('PUT', `/accounts/microsoft/${shared}`, { delegates: [delegate] });
    const identify = async (email: string) => {
      const { accessToken, idToken = null } = await stage.signIn('microsoft', email, { isShared: true });
      const access = { kind: 'token', mailbox: shared, context: {}, accessToken, idToken } as const;
      const session = await provider().openSession(access, NEVER);
      return { access, identity: await session.identify() };
    };
    const { access, identity } = await identify(delegate);
    expect(identity.account).toMatchObject({ email: shared, login: delegate });
    expect(identity.vouchesForAddress).toBe(true);
    expect(identity.context).toMatchObject({ shared_mailbox: shared });
    const stranger = await createAccount();
    expect((await identify(stranger.email)).identity.account.email).toBe(stranger.email);
    const path = `/accounts/microsoft/${shared}/messages`;
    const account = {
      ...stranger,
      access: { ...access, context: identity.context ?? {} },
    };
    const positions = await heads(subject, account);
    const { messages } = await stage.control<{ messages: Delivered[] }>('POST', path, { count: 2 });
    const session = await provider().openSession(account.access, NEVER);
    const listed = [];
    for (const position of positions) {
      listed.push(...(await session.listChanges(position, position.cursor, 10)).items);
    }
    expect(listed.map(({ providerId }) => providerId).sort()).toEqual(messages.map(subject.idOf).sort());
    // Graph has no subscriptions to a shared mailbox.
    expect('subscribe' in session).toBe(false);
  });
});

describe('listing at Graph', () => {
  it('finds by the window what delta never tells', async () => {
    const account = await createAccount();
    const positions = await heads(subject, account);
    const [message] = await account.deliver(1, { unannounced: true });
    const session = await provider().openSession(account.access, NEVER);
    const inbox = positions.find(({ name }) => name === 'INBOX')!;
    expect((await session.listChanges(inbox, inbox.cursor, 10)).items).toEqual([]);
    const now = Date.now();
    const window = { from: new Date(now - 3_600_000), to: new Date(now + 3_600_000) };
    const page = await session.listWindow(inbox, window, null, 10);
    expect(page.items.map(({ providerId }) => providerId)).toEqual([message!.provider_id]);
  });

  it('lists a message at its place though it was moved away and back between two rounds', async () => {
    const account = await createAccount();
    const [message] = await account.deliver(1);
    const positions = await heads(subject, account);
    const path = `/accounts/microsoft/${account.email}/messages/${encodeURIComponent(message!.provider_id)}`;
    for (const folder of ['Archive', 'INBOX']) await stage.control('PATCH', path, { folder });
    const session = await provider().openSession(account.access, NEVER);
    const inbox = positions.find(({ name }) => name === 'INBOX')!;
    // Delta tells that it has left, and never that it is back.
    expect((await session.listChanges(inbox, inbox.cursor, 10)).items).toEqual([]);
    const now = Date.now();
    const window = { from: new Date(now - 3_600_000), to: new Date(now + 3_600_000) };
    expect((await session.listWindow(inbox, window, null, 10)).items).toHaveLength(1);
  });

  it('pages a window of many messages of one second', async () => {
    const account = await createAccount();
    const date = '2026-05-01T08:00:00Z';
    await account.deliver(230, { date });
    const session = await provider().openSession(account.access, NEVER);
    const [inbox] = await session.parts();
    const window = { from: new Date('2026-05-01T00:00:00Z'), to: new Date('2026-05-02T00:00:00Z') };
    const seen: string[] = [];
    for (let position: string | null = null, first = true; first || position !== null; first = false) {
      const page: Awaited<ReturnType<typeof session.listWindow>> = await session.listWindow(
        inbox!,
        window,
        position,
        40,
      );
      seen.push(...page.items.map(({ providerId }) => providerId));
      position = page.position;
    }
    expect(new Set(seen).size).toBe(230);
  });

  it('leads no token to another server by a link', async () => {
    const account = await createAccount();
    const [position] = await heads(subject, account);
    const session = await provider().openSession(account.access, NEVER);
    const elsewhere = JSON.stringify({ link: 'http://127.0.0.1:9/v1.0/me/messages' });
    const { verdict } = await failureOf(session.listChanges(position!, elsewhere, 10));
    expect(verdict).toMatchObject({ kind: 'cursor_expired', providerCode: 'unexpected_link' });
  });

  it('spends one quota for each mailbox, and never asks for more at a time than Graph gives', async () => {
    const { environment } = stage.sandbox.addresses;
    const named = Object.assign({}, ...Object.values(environment)) as Record<string, string>;
    const config = microsoftConfig(z.object(microsoftVariables).parse(named), 'http://127.0.0.1:9')!;
    const reserved = new Map<string, number>();
    // 12,000 a minute are 5 ms each.
    const paced = createGraphProvider({ ...config, requestsPerMinute: 12_000 }, (key, { ms }) => {
      reserved.set(key, (reserved.get(key) ?? 0) + ms);
      return Promise.resolve(0);
    });
    const [one, other] = [await createAccount(), await createAccount()];
    await one.deliver(40);
    const [inbox] = await heads(subject, one);
    const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
    const before = await requestsOf(one);
    const session = await paced.openSession({ ...one.access, mailbox: one.email }, NEVER);
    const { items } = await session.listWindow(inbox!, window, null, 100);
    let [fetched, bytes] = [0, 0];
    for await (const message of session.fetchMessages(inbox!, items)) {
      expect(message.outcome).toBe('message');
      if (message.outcome !== 'message') continue;
      for await (const part of message.raw) bytes += part.length;
      fetched++;
    }
    const asked = (await requestsOf(one)).slice(before.length);
    expect(asked.filter((status) => status === 429)).toEqual([]);
    expect(fetched).toBe(40);
    expect(bytes).toBeGreaterThan(40 * 100);
    const second = await paced.openSession({ ...one.access, mailbox: one.email }, NEVER);
    await second.verify();
    const third = await paced.openSession({ ...other.access, mailbox: other.email }, NEVER);
    await third.verify();
    expect([...reserved.keys()]).toHaveLength(2);
    expect([...reserved.keys()][0]).toContain(one.email);
    // Every request is paid for.
    expect([...reserved.values()][0]).toBeGreaterThanOrEqual(5 * (asked.length + 1));
  });
});

const requestsOf = async ({ email }: MicrosoftAccount) =>
  (
    await stage.control<{ data: { status: number }[] }>('GET', `/requests?provider=microsoft&kind=api&email=${email}`)
  ).data.map(({ status }) => status);
