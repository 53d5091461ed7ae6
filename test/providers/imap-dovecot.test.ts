import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import type { Provider, SessionAccess } from '../../providers/contract.ts';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { secret } from '../support/minting.ts';
import { conformance, failureOf } from './contract.ts';
import type { Account } from './subject.ts';
import { takeHeads } from '../../credentials/heads.ts';

const NEVER = new AbortController().signal;

function providerTrusting(authorities: string | null, more: { quietMs?: number } = {}): Provider {
  return createImapProvider({
    egress: createEgressGuard({ allow: ['127.0.0.1'] }),
    certificateAuthorities: authorities,
    timeoutMs: 5_000,
    ...more,
  });
}

/** The adapter against a server that is not ours. */
describe.skipIf(!dovecotInstalled)('with Dovecot', () => {
  let dovecot: Dovecot;
  let imap: Provider;
  beforeAll(async () => {
    dovecot = await Dovecot.start();
    imap = providerTrusting(readFileSync(dovecot.caFile, 'utf8'));
  }, 20_000);
  afterAll(async () => {
    await dovecot.stop();
  });

  function accessOf(user: string, password: string, security: 'tls' | 'starttls' = 'starttls'): SessionAccess {
    const port = security === 'tls' ? dovecot.tlsPort : dovecot.port;
    const server = { kind: 'imap', host: dovecot.host, port, security } as const;
    return {
      kind: 'password',
      mailbox: null,
      context: {},
      email: user,
      username: user,
      password: new Secret(password),
      server,
    };
  }

  async function createAccount(): Promise<Account> {
    const email = `ana.${randomBytes(4).toString('hex')}@dovecot.example`;
    const password = secret('password');
    await dovecot.setPassword(email, password);
    return {
      email,
      secret: password,
      access: accessOf(email, password),
      deliver: async (count, { date, ...more } = {}) => {
        const at = typeof date === 'string' ? { date: new Date(date) } : {};
        const delivered = await dovecot.deliver(email, count, { ...more, ...at });
        return delivered.map(({ messageId, uid, folder }) => ({
          message_id: messageId,
          provider_id: String(uid),
          folder,
        }));
      },
      remove: (uid) =>
        dovecot.as(email, async (client) => {
          await client.mailboxOpen('INBOX');
          await client.messageDelete(uid, { uid: true });
        }),
      fault: () => Promise.resolve(dovecot.renumberInbox(email)),
    };
  }

  conformance('IMAP at Dovecot', {
    provider: () => imap,
    createAccount,
    idOf: ({ provider_id }) => provider_id,
    vouchesForAddress: false,
    cursorExpiry: 'uidvalidity_changed',
    excludedFolders: ['Trash', 'Junk', 'Drafts'],
    optOuts: {
      push: 'an IMAP server tells of news over a connection that is held (IDLE)',
      'malformed messages': 'Dovecot takes no NUL by APPEND',
      'failures of the provider': 'Dovecot does not fail on request; the tests below stop it and change passwords',
    },
  });

  it('knows a refused password by the code of the server', async () => {
    const account = await createAccount();
    const wrong = secret('wrong-password');
    const { verdict, message } = await failureOf(imap.openSession(accessOf(account.email, wrong), NEVER));
    expect(verdict).toMatchObject({ kind: 'reauth_required', providerCode: 'AUTHENTICATIONFAILED', vague: false });
    expect(message).not.toContain(wrong);
  });

  it('sees a changed password at the next login and takes the new one', async () => {
    const account = await createAccount();
    const changed = secret('password');
    await dovecot.setPassword(account.email, changed);
    const refused = await failureOf(imap.openSession(account.access, NEVER));
    expect(refused.verdict.reason).toBe('password_changed');
    const session = await imap.openSession(accessOf(account.email, changed, 'tls'), NEVER);
    expect((await session.identify()).account.email).toBe(account.email);
    await session.close();
  });

  it('does not log in where it does not trust the certificate', async () => {
    const account = await createAccount();
    for (const security of ['tls', 'starttls'] as const) {
      const access = accessOf(account.email, account.secret, security);
      const { verdict } = await failureOf(providerTrusting(null).openSession(access, NEVER));
      expect(verdict).toMatchObject({ kind: 'transient', reason: 'network', providerCode: 'tls_untrusted' });
    }
    expect(dovecot.log()).not.toContain(`user=<${account.email}>, method`);
  });

  it('a held connection tells of mail in other folders too, which IDLE does not', async () => {
    const account = await createAccount();
    await account.deliver(1, { folder: 'Projects' });
    const provider = providerTrusting(readFileSync(dovecot.caFile, 'utf8'), { quietMs: 1_200 });
    const session = await provider.openSession(account.access, NEVER);
    const ending = new AbortController();
    let heard = 0;
    const listening = session.listen!(() => heard++, ending.signal).catch(() => {});
    await vi.waitFor(() => expect(heard).toBe(1), 30_000);
    await account.deliver(1, { folder: 'Projects' });
    await vi.waitFor(() => expect(heard).toBe(2), 30_000);
    await account.deliver(1);
    await vi.waitFor(() => expect(heard).toBeGreaterThan(2), 30_000);
    ending.abort();
    await session.close();
    await listening;
  }, 40_000);

  it('calls a server that went away transient, in the middle of a fetch as well', async () => {
    const account = await createAccount();
    const session = await imap.openSession(account.access, NEVER);
    const [inbox] = await takeHeads(session);
    if (!inbox) throw new Error('no inbox');
    await account.deliver(3, { size: 1_500_000 });
    const { items } = await session.listChanges(inbox, inbox.cursor ?? '', 10);
    const fetching = (async () => {
      for await (const outcome of session.fetchMessages(inbox, items)) {
        if (outcome.outcome !== 'message') throw new Error(outcome.outcome);
        await dovecot.pause();
        for await (const chunk of outcome.raw) void chunk;
      }
    })();
    const failure = await failureOf(fetching);
    expect(failure.verdict).toMatchObject({ kind: 'transient', reason: 'network' });
    await session.close();
    const refused = await failureOf(imap.openSession(account.access, NEVER));
    expect(refused.verdict.providerCode).toBe('connection_refused');
    await dovecot.resume();
    const again = await imap.openSession(account.access, NEVER);
    expect(await takeHeads(again)).not.toHaveLength(0);
    await again.close();
  });

  it('reads folders with names of any script, nested, and one that comes later', async () => {
    const account = await createAccount();
    const names = ['Entwürfe & Pläne', '日本語/受信', 'with "quotes"', '100% {literal}'];
    const before = await account.deliver(1);
    for (const folder of names) await account.deliver(2, { folder });
    const session = await imap.openSession(account.access, NEVER);
    const scopes = await takeHeads(session);
    expect(scopes.map(({ scope }) => scope).sort()).toEqual(['INBOX', 'Sent', ...names].sort());
    for (const scope of scopes.filter(({ scope }) => names.includes(scope))) {
      const { uidvalidity } = JSON.parse(scope.cursor ?? '') as { uidvalidity: string };
      const fromStart = JSON.stringify({ uidvalidity, uid: 0 });
      const { items } = await session.listChanges(scope, fromStart, 10);
      expect(items).toHaveLength(2);
      const folders = [];
      for await (const outcome of session.fetchMessages(scope, items)) {
        folders.push(outcome.outcome === 'message' ? outcome.folder : outcome.outcome);
      }
      expect(folders).toEqual([scope.name, scope.name]);
    }
    expect(before).toHaveLength(1);
    await session.close();
  });

  it('has nothing new in a folder that was deleted', async () => {
    const account = await createAccount();
    await account.deliver(2, { folder: 'Old' });
    const session = await imap.openSession(account.access, NEVER);
    const old = (await takeHeads(session)).find(({ scope }) => scope === 'Old');
    if (!old) throw new Error('no such folder');
    await dovecot.as(account.email, (client) => client.mailboxDelete('Old'));
    expect(await session.listChanges(old, old.cursor ?? '', 10)).toMatchObject({
      items: [],
      cursor: old.cursor,
      more: false,
    });
    await session.close();
  });
});
