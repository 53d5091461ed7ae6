import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProviderName } from '../../domain/access-type.ts';
import type { OAuthAdapter, SessionAccess, TokenSet } from '../../providers/contract.ts';
import { pageNamed } from '../../providers/imap/errors.ts';
import { conformance, failureOf } from './contract.ts';
import type { Account } from './subject.ts';
import { Stage } from './stage.ts';
import type { Delivered } from './stage.ts';

/* IMAP with access tokens of Google and Microsoft (XOAUTH2), at the sandbox's servers of both. */

const NEVER = new AbortController().signal;
const EVENTS = ['uidvalidity_changed', 'password_changed', 'access_revoked'];
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

function oauthAt(issuer: ProviderName): OAuthAdapter {
  const oauth = stage.tokenImap.signIn.oauth.find(({ provider }) => provider === issuer);
  if (!oauth) throw new Error(`no tokens of ${issuer} open mailboxes`);
  return oauth;
}

interface TokenAccount extends Account {
  tokens: TokenSet;
  access: SessionAccess & { kind: 'token' };
}

/** The numbers that IMAP gives: 1 for the first message of a mailbox. */
const uids = new Map<string, string>();

async function createAccount(issuer: ProviderName, details: object = {}): Promise<TokenAccount> {
  const email = `ana.${randomBytes(4).toString('hex')}@${issuer}.example`;
  const path = `/accounts/${issuer}/${email}`;
  await stage.control('PUT', path, details);
  const tokens = await stage.signIn('imap', email, { oauth: oauthAt(issuer) });
  const { accessToken, idToken = null } = tokens;
  let delivered = 0;
  return {
    email,
    tokens,
    access: { kind: 'token', issuer, mailbox: email, context: {}, accessToken, idToken },
    secret: accessToken.reveal(),
    async deliver(count, more = {}) {
      const body = { count, ...more };
      const { messages } = await stage.control<{ messages: Delivered[] }>('POST', `${path}/messages`, body);
      for (const { provider_id } of messages) uids.set(provider_id, String(++delivered));
      return messages;
    },
    remove: (id) => stage.control('DELETE', `${path}/messages/${encodeURIComponent(id)}`),
    // Conditions are the mail server's: its logins meet them.
    fault: (fault, more = {}) =>
      stage.control('POST', '/faults', {
        provider: issuer,
        email,
        fault,
        ...(EVENTS.includes(fault) ? {} : { kind: 'login' }),
        ...more,
      }),
  };
}

const CASES = [
  { issuer: 'google', excludedFolders: ['Trash', 'Spam', 'Drafts'] },
  { issuer: 'microsoft', excludedFolders: ['Deleted Items', 'Junk Email', 'Drafts'] },
] as const;

for (const { issuer, excludedFolders } of CASES) {
  conformance(`IMAP with tokens of ${issuer}`, {
    provider: () => stage.tokenImap,
    createAccount: () => createAccount(issuer),
    idOf: ({ provider_id }) => uids.get(provider_id) ?? '',
    vouchesForAddress: true,
    cursorExpiry: 'uidvalidity_changed',
    excludedFolders: [...excludedFolders],
    optOuts: { push: 'an IMAP server tells of news over a connection that is held (IDLE)' },
  });
}

const open = (access: SessionAccess) => stage.tokenImap.openSession(access, NEVER);

async function identify(access: SessionAccess) {
  const session = await open(access);
  const identity = await session.identify();
  await session.close();
  return identity;
}

const bySmtp = (address: string) =>
  `534-5.7.14 <${address}> Please log in via your web browser and\n534-5.7.14 then try again.`;
const webAlert = (address: string) => `A2 NO [WEBALERT ${address}] Web login required. (Failure)`;

describe('IMAP with tokens', () => {
  it.each([
    // After a challenge.
    ['google', 'AUTHENTICATIONFAILED'],
    // Without one.
    ['microsoft', 'NO'],
  ] as const)('a token of %s that is refused with %s says nothing of the grant', async (issuer, providerCode) => {
    const account = await createAccount(issuer);
    const { context = {} } = await identify(account.access);
    await account.fault('access_revoked');
    // As a channel's session has it: the name that opens the mailbox is known.
    const { verdict, message } = await failureOf(open({ ...account.access, context }));
    expect(verdict).toMatchObject({ reason: 'access_revoked', tokenRefused: true, providerCode });
    expect(message).not.toContain(account.secret);
  });

  it('a token never goes to another provider’s server, also where its own is no longer configured', async () => {
    const { access } = await createAccount('google');
    const { context = {} } = await identify(access);
    const open = (issuer: ProviderName | null) =>
      stage.tokenImapWithout('google').openSession({ ...access, issuer, context }, NEVER);
    await expect(open('google')).rejects.toThrow('no provider is configured whose token opens this mailbox');
    // Of two, the issuer has to be known.
    await expect(stage.tokenImap.openSession({ ...access, issuer: null, context }, NEVER)).rejects.toThrow(TypeError);
  });

  it('a token without the scope of IMAP does not open the mailbox', async () => {
    const account = await createAccount('google');
    const { context = {} } = await identify(account.access);
    const { accessToken } = await stage.signInAtGoogle(account.email);
    const { verdict } = await failureOf(open({ ...account.access, context, accessToken }));
    expect(verdict).toMatchObject({ tokenRefused: true, providerCode: 'AUTHENTICATIONFAILED' });
  });

  it('a grant is a client and a login, of any access type', async () => {
    const { email, access } = await createAccount('google');
    const { accessToken } = await stage.signInAtGoogle(email);
    const gmail = await stage.providers.get('gmail')?.openSession({ ...access, accessToken }, NEVER);
    const [byApi, byImap] = [await gmail?.identify(), await identify(access)];
    expect(byImap).toMatchObject({ grantKey: byApi?.grantKey, account: byApi?.account, serverKey: null });
  });

  it('the mailbox is the token owner’s, also where another address is wanted', async () => {
    const [one, other] = [await createAccount('google'), await createAccount('google')];
    const identity = await identify({ ...one.access, mailbox: other.email });
    expect(identity).toMatchObject({ account: { email: one.email }, vouchesForAddress: true });
  });

  it('a delegate opens a shared mailbox of Microsoft’s by its address, and another login its own', async () => {
    const [delegate, stranger] = [await createAccount('microsoft'), await createAccount('microsoft')];
    const shared = await createAccount('microsoft', { delegates: [delegate.email] });
    const [one] = await shared.deliver(1);
    const identity = await identify({ ...delegate.access, mailbox: shared.email });
    expect(identity.account).toMatchObject({ email: shared.email, login: delegate.email });
    expect(identity.vouchesForAddress).toBe(true);
    const context = identity.context ?? {};
    const session = await open({ ...delegate.access, mailbox: shared.email, context });
    const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
    const page = await session.listWindow({ scope: 'INBOX', name: 'INBOX' }, window, null, 10);
    await session.close();
    expect(page.items.map(({ providerId }) => providerId)).toEqual([uids.get(one?.provider_id ?? '')]);
    expect((await identify({ ...stranger.access, mailbox: shared.email })).account.email).toBe(stranger.email);
  });

  it('a mailbox of Microsoft’s has the address that its link names, where the server opens it by that', async () => {
    const upn = `u${randomBytes(4).toString('hex')}@contoso.example`;
    const { email, access } = await createAccount('microsoft', { upn });
    const identity = await identify({ ...access, mailbox: null, address: email });
    expect(identity.account).toMatchObject({ email, login: upn });
    const context = identity.context ?? {};
    expect((await identify({ ...access, context })).account).toEqual(identity.account);
  });

  it('Microsoft does not vouch for an address of a personal account that it did not give out itself', async () => {
    const { access } = await createAccount('microsoft', { personal: true });
    expect((await identify(access)).vouchesForAddress).toBe(false);
  });

  it('a held connection hears of news, and ends with the grant', async () => {
    const account = await createAccount('google');
    const session = await open(account.access);
    let heard = 0;
    const ended = failureOf(Promise.resolve(session.listen?.(() => heard++, NEVER)));
    await expect.poll(() => heard).toBe(1);
    await account.deliver(1);
    await expect.poll(() => heard).toBe(2);
    await account.fault('access_revoked');
    expect((await ended).verdict).toMatchObject({ kind: 'transient', reason: 'network' });
    await session.close();
  });

  it('shows the page that Google’s server asks to be visited, and no other server’s', () => {
    const page = 'https://accounts.google.com/signin/continue';
    expect(pageNamed(webAlert(`${page}?plt=AKgnsb`))).toBe(page);
    expect(pageNamed(bySmtp(`${page}?sarp=1&scc=1`))).toBe(page);
    for (const address of [
      'https://google.com.evil.example/',
      'https://sites.google.com/view/sign-in',
      'http://accounts.google.com/',
      'nonsense',
    ]) {
      expect(pageNamed(webAlert(address))).toBeNull();
      expect(pageNamed(bySmtp(address))).toBeNull();
    }
  });
});
