import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import type { FetchedMessage, Provider, SessionAccess } from '../../providers/contract.ts';
import { secret } from '../support/minting.ts';
import { conformance, failureOf } from './contract.ts';
import { Stage } from './stage.ts';
import type { Delivered } from './stage.ts';
import { heads } from './subject.ts';
import type { Account, Subject } from './subject.ts';

const NEVER = new AbortController().signal;
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

function provider(): Provider {
  const exchange = stage.providers.get('exchange');
  if (!exchange) throw new Error('Exchange is not configured');
  return exchange;
}

async function createAccount(): Promise<Account> {
  const email = `ana.${randomBytes(4).toString('hex')}@contoso.example`;
  const password = secret('exchange-password');
  const path = `/accounts/exchange/${email}`;
  await stage.control('PUT', path, { password });
  return {
    email,
    access: stage.exchangeAccess(email, password),
    secret: password,
    deliver: async (count, more = {}) =>
      (await stage.control<{ messages: Delivered[] }>('POST', `${path}/messages`, { count, ...more })).messages,
    remove: (id) => stage.control('DELETE', `${path}/messages/${encodeURIComponent(id)}`),
    fault: (fault, more = {}) => stage.control('POST', '/faults', { provider: 'exchange', email, fault, ...more }),
  };
}

const subject: Subject = {
  provider,
  createAccount,
  idOf: ({ provider_id }) => provider_id,
  cursorExpiry: 'cursor_expired',
  excludedFolders: ['Trash', 'Junk', 'Drafts'],
  optOuts: { push: 'news is asked for; a held connection (streaming notifications) is not built yet' },
};
conformance('Exchange', subject);

interface Login {
  status: number;
  operation: string;
}
const logins = async ({ email }: Account) =>
  (await stage.control<{ data: Login[] }>('GET', `/requests?provider=exchange&kind=login&email=${email}`)).data;

async function identify(access: SessionAccess) {
  const session = await provider().openSession(access, NEVER);
  try {
    return await session.identify();
  } finally {
    await session.close();
  }
}

/** Everything after the first cursors, fetched. */
async function fetchAll(account: Account, deliver: () => Promise<unknown>): Promise<FetchedMessage[]> {
  const [inbox] = await heads(subject, account);
  if (!inbox) throw new Error('no scope');
  await deliver();
  const session = await provider().openSession(account.access, NEVER);
  const { items } = await session.listChanges(inbox, inbox.cursor, 100);
  const outcomes: FetchedMessage[] = [];
  for await (const outcome of session.fetchMessages(inbox, items)) outcomes.push(outcome);
  await session.close();
  return outcomes;
}

describe('Exchange', () => {
  it('signs in once for a session, by NTLM with channel bindings, with any letters in the password', async () => {
    const account = await createAccount();
    const password = `${secret('exchange-password')} für 東京`;
    await stage.control('PUT', `/accounts/exchange/${account.email}`, { password });
    await account.fault('extended_protection_required');
    const username = `CONTOSO\\${account.email.split('@')[0]}`;
    const identity = await identify(stage.exchangeAccess('link@example.com', password, username));
    expect(identity.account).toMatchObject({ email: account.email, login: username });
    expect(await logins(account)).toMatchObject([{ status: 200, operation: 'NTLM' }]);
  });

  it('calls a refused password vague, after one try', async () => {
    const account = await createAccount();
    const access = { ...account.access, password: new Secret(secret('wrong-password')) } as SessionAccess;
    const { verdict } = await failureOf(identify(access));
    expect(verdict).toMatchObject({ kind: 'reauth_required', reason: 'password_changed', vague: true });
    expect(await logins(account)).toMatchObject([{ status: 401 }]);
  });

  it.each([
    ['server_busy_inside', { retry_after_s: 7 }, { kind: 'rate_limited', retryAfterMs: 7_000 }],
    ['mailbox_unavailable', {}, { kind: 'account_gone', reason: 'mailbox_unavailable' }],
    ['unavailable', {}, { kind: 'transient' }],
  ])('understands %s', async (fault, more, expected) => {
    const account = await createAccount();
    await account.fault(fault, { kind: 'api', ...more });
    expect((await failureOf(identify(account.access))).verdict).toMatchObject(expected);
  });

  it('reads the mailbox of its principal as a delegate, and its own where it is none', async () => {
    const [owner, delegate] = [await createAccount(), await createAccount()];
    const access = { ...delegate.access, mailbox: owner.email } as SessionAccess;
    expect((await identify(access)).account.email).toBe(delegate.email);
    await stage.control('PUT', `/accounts/exchange/${owner.email}`, { delegates: [delegate.email] });
    const identity = await identify(access);
    expect(identity.account).toMatchObject({ email: owner.email, login: delegate.email });
    expect(identity.mailboxKey).toBe(owner.email);
  });

  it('goes on after an item that cannot be converted, and where a batch was stopped', async () => {
    const account = await createAccount();
    const outcomes = await fetchAll(account, async () => {
      const sent = await account.deliver(25);
      await account.fault('conversion_failed', { message: sent[3]?.provider_id });
      await account.fault('batch_stopped', { times: 4 });
    });
    const count = (kind: string) => outcomes.filter(({ outcome }) => outcome === kind).length;
    expect([outcomes.length, count('message'), count('failed')]).toEqual([25, 24, 1]);
    expect(new Set(outcomes.map(({ item }) => item.providerId)).size).toBe(25);
  });

  it('signs in anew where its connection was closed, and misses nothing', async () => {
    const account = await createAccount();
    const session = await provider().openSession(account.access, NEVER);
    await session.verify();
    await account.fault('session_revoked');
    await session.verify();
    await session.close();
    expect(await logins(account)).toMatchObject([{ status: 200 }, { status: 200 }]);
  });

  it('finds the server by Autodiscover, and takes no address without TLS or of Exchange Online', async () => {
    const account = await createAccount();
    const way = provider().signIn.password;
    const login = { email: account.email, username: account.email, password: new Secret(account.secret) };
    const url = stage.sandbox.addresses.exchange['url'];
    expect(await way?.discover(login, {}, NEVER)).toEqual({ kind: 'ews', url });
    expect(await way?.discover(login, { url: 'mail.contoso.example' }, NEVER)).toEqual({
      kind: 'ews',
      url: 'https://mail.contoso.example/EWS/Exchange.asmx',
    });
    expect(await way?.discover(login, { url: 'http://mail.contoso.example/' }, NEVER)).toBeNull();
    const online = { url: 'https://outlook.office365.com/EWS/Exchange.asmx' };
    expect(await failureOf(way?.discover(login, online, NEVER) ?? Promise.resolve())).toMatchObject({
      message: expect.stringContaining('connect this mailbox as Microsoft 365') as string,
    });
  });
});
