import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace } from '../../domain/access-type.ts';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import type { FetchedMessage, ListedItem, Session } from '../../providers/contract.ts';
import { secret } from '../support/minting.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { takeHeads } from '../../credentials/heads.ts';

const INBOX = { scope: 'INBOX', name: 'INBOX' };
const FROM_START = JSON.stringify({ uidvalidity: '7', uid: 0 });
const LARGE = 1_200_000;

/** The bytes of a name in UTF-8, one character each. */
const utf8 = (name: string) => Buffer.from(name).toString('latin1');
const idsOf = (items: ListedItem[]) => items.map(({ providerId }) => providerId);

/** Another mail program marks messages as read meanwhile, and the server reports it in the middle of its answer. */
const withFlagsTold = (answer: string) =>
  answer.replaceAll(/^\* (\d+) FETCH \(UID (\d+) /gm, '* $1 FETCH (UID $2 FLAGS (\\Seen))\r\n$&');

/* Answers that servers in the wild give and the sandbox and Dovecot do not. */
describe('an IMAP server that answers strangely', () => {
  let server: WrittenImap;
  let session: Session;
  beforeAll(async () => {
    server = await WrittenImap.start();
  });
  beforeEach(async () => {
    server.folders.clear();
    server.folder('INBOX');
    session = await open();
  });
  afterEach(async () => {
    server.twist = (_asked, answer) => answer;
    server.capabilities = '';
    server.charset = 'utf8';
    await session.close();
  });
  afterAll(() => server.stop());

  async function open(namespaces?: Namespace[]): Promise<Session> {
    const authorities = readFileSync(server.caFile, 'utf8');
    const provider = createImapProvider({
      egress: createEgressGuard({ allow: ['127.0.0.1'] }),
      certificateAuthorities: authorities,
      timeoutMs: 3_000,
    });
    const password = new Secret(secret('password'));
    const { host, port } = server;
    const access = {
      email: 'a@b.example',
      username: 'ana',
      password,
      server: { kind: 'imap', host, port, security: 'tls' },
    } as const;
    return provider.openSession(
      { kind: 'password', mailbox: null, context: {}, ...access, ...(namespaces ? { namespaces } : {}) },
      new AbortController().signal,
    );
  }

  const news = async () => (await session.listChanges(INBOX, FROM_START, 100)).items;

  /** What was fetched, with whole contents. */
  async function fetched(items: ListedItem[]) {
    const all: { id: string; outcome: FetchedMessage['outcome']; raw: string; receivedAt?: Date }[] = [];
    for await (const message of session.fetchMessages(INBOX, items)) {
      const { outcome, item } = message;
      const chunks: Uint8Array[] = [];
      if (message.outcome === 'message') for await (const chunk of message.raw) chunks.push(chunk);
      const dated = message.outcome === 'message' ? { receivedAt: message.receivedAt } : {};
      all.push({ id: item.providerId, outcome, raw: Buffer.concat(chunks).toString(), ...dated });
    }
    return all;
  }

  const contents = () => [...server.folder('INBOX').messages].map(([uid, { raw }]) => ({ id: String(uid), raw }));

  it('gives each message once, whole, while flags are told in the middle of a fetch', async () => {
    server.deliver('INBOX', 3);
    const large = `Subject: large\r\n\r\n${'0123456789abcde\n'.repeat(LARGE / 16)}`;
    server.deliver('INBOX', 1);
    const last = server.folder('INBOX').messages.get(4);
    if (last) last.raw = large;
    server.twist = ({ command }, answer) => (command === 'UID FETCH' ? withFlagsTold(answer) : answer);
    const items = await news();
    expect(idsOf(items)).toEqual(['1', '2', '3', '4']);
    const got = await fetched(items);
    expect(got.map(({ id, raw }) => ({ id, raw }))).toEqual(contents());
  });

  it('gives each message once when an answer names it twice', async () => {
    server.deliver('INBOX', 3);
    server.twist = ({ command }, answer) => {
      if (command === 'UID SEARCH') return answer.replace('* SEARCH 1', '* SEARCH 1 2 1 3 3');
      if (command !== 'UID FETCH') return answer;
      const end = answer.lastIndexOf('%T');
      return answer.slice(0, end).repeat(2) + answer.slice(end);
    };
    const items = await news();
    expect(idsOf(items)).toEqual(['1', '2', '3']);
    expect((await fetched(items)).map(({ id, raw }) => ({ id, raw }))).toEqual(contents());
    expect(idsOf((await session.stillThere?.(INBOX, items)) ?? [])).toEqual(['1', '2', '3']);
  });

  it('is not confused by EXPUNGE, EXISTS and answers about others in the middle', async () => {
    server.deliver('INBOX', 4);
    const items = await news();
    server.twist = ({ command }, answer) =>
      command === 'UID FETCH'
        ? `* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 9 FETCH (UID 99 FLAGS ())\r\n* 2 FETCH (FLAGS ())\r\n${answer}`
        : answer;
    const got = await fetched(items);
    expect(got.map(({ id, raw }) => ({ id, raw }))).toEqual(contents());
  });

  it.each(['NIL', '"yesterday"', '""'])('keeps a message whose INTERNALDATE is %s, undated', async (internalDate) => {
    server.deliver('INBOX', 2);
    const second = server.folder('INBOX').messages.get(2);
    if (second) second.internalDate = internalDate;
    const window = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
    const { items } = await session.listWindow(INBOX, window, null, 10);
    expect(idsOf(items)).toEqual(['1', '2']);
    const got = await fetched(items);
    expect(got.map(({ raw }) => raw)).toEqual(contents().map(({ raw }) => raw));
    expect(got.map(({ receivedAt }) => receivedAt?.getTime() === 0)).toEqual([false, true]);
  });

  it('brings what lies beyond a UIDNEXT that lags once it has caught up', async () => {
    server.deliver('INBOX', 3);
    const inbox = server.folder('INBOX');
    inbox.uidNext = 2;
    const first = await session.listChanges(INBOX, FROM_START, 10);
    expect(idsOf(first.items)).toEqual(['1']);
    inbox.uidNext = 4;
    expect(idsOf((await session.listChanges(INBOX, first.cursor, 10)).items)).toEqual(['2', '3']);
  });

  it('is read up to its last message where it tells no UIDNEXT when a folder is opened', async () => {
    server.deliver('INBOX', 3);
    server.twist = ({ command }, answer) =>
      command === 'EXAMINE' ? answer.replace(/\* OK \[UIDNEXT \d+\]\r\n/, '') : answer;
    expect(idsOf(await news())).toEqual(['1', '2', '3']);
  });

  it('numbers by UIDVALIDITY 0 as by any other', async () => {
    const inbox = server.folder('INBOX');
    inbox.uidValidity = 0;
    server.deliver('INBOX', 2);
    const [head] = await takeHeads(session);
    const from = JSON.stringify({ ...(JSON.parse(head?.cursor ?? '{}') as object), uid: 0 });
    expect(idsOf((await session.listChanges(INBOX, from, 10)).items)).toEqual(['1', '2']);
  });

  it('without UIDVALIDITY is in trouble, and no folder of it is read as if it had one', async () => {
    server.deliver('INBOX', 2);
    server.twist = ({ command }, answer) =>
      command === 'EXAMINE' ? answer.replace(/\* OK \[UIDVALIDITY \d+\]\r\n/, '') : answer;
    const window = { from: new Date(0), to: new Date() };
    await expect(news()).rejects.toMatchObject({ verdict: { kind: 'transient' } });
    const listing = session.listWindow(INBOX, window, null, 10);
    await expect(listing).rejects.toMatchObject({ verdict: { kind: 'transient' } });
  });

  it('has folders of all kinds: only what can be opened is read, under any name', async () => {
    server.folder('Parent', { attributes: '\\Noselect \\HasChildren' });
    server.folder('Parent/Child');
    server.folder('Ghost', { attributes: '\\NonExistent' });
    server.folder('Trash');
    server.folder('Trash/old');
    server.folder('Trashnull and void', { delimiter: 'NIL' });
    server.folder('Flat', { delimiter: 'NIL' });
    const names = ['back\\slash', 'a "quoted" name', '{5}', 'x(y)', '100% *'];
    for (const name of names) server.folder(name);
    const heads = await takeHeads(session);
    expect(heads.map(({ scope }) => scope).toSorted()).toEqual(
      ['INBOX', 'Parent/Child', 'Trashnull and void', 'Flat', ...names].toSorted(),
    );
    for (const name of ['Flat', ...names]) {
      server.deliver(name, 1);
      const { items } = await session.listChanges({ scope: name, name }, FROM_START, 10);
      expect([name, idsOf(items)]).toEqual([name, ['1']]);
    }
  });

  it('may send a folder’s name as a literal', async () => {
    server.folder('Projects');
    server.twist = ({ command }, answer) =>
      command === 'LIST' ? answer.replace('"Projects"', '{8}\r\nProjects') : answer;
    expect((await takeHeads(session)).map(({ scope }) => scope)).toContain('Projects');
  });

  it('is asked for a folder by the very bytes of its name', async () => {
    server.charset = 'latin1';
    const named = {
      R: 'R',
      'R&D': 'R&D',
      'R&-D&-R': 'R&D&R',
      'Caf&AOk-': 'Café',
      [utf8('Gelöscht ✓')]: 'Gelöscht ✓',
      [utf8('R&D ✓')]: 'R&D ✓',
      'Caf\xe9': 'Café',
      '&AEE-': 'A',
      '&2D0-': '&2D0-',
      'a "q" \\ &': 'a "q" \\ &',
      NIL: 'NIL',
    };
    for (const [i, wire] of Object.keys(named).entries()) {
      server.folder(wire);
      server.deliver(wire, i + 1);
    }
    const heads = await takeHeads(session);
    expect(new Set(heads.map(({ scope }) => scope)).size).toBe(1 + Object.keys(named).length);
    expect(new Set(heads.map(({ name }) => name))).toEqual(new Set(['INBOX', ...Object.values(named)]));
    const found: [string | null, number][] = [];
    for (const head of heads) {
      const { items } = await session.listChanges(head, FROM_START, 100);
      found.push([head.name, items.length]);
    }
    const expected = Object.values(named).map((name, i) => [name, i + 1]);
    expect(found.toSorted(byCount)).toEqual([['INBOX', 0], ...expected]);
  });

  it('may send a name that is not UTF-8 as a literal, and with LIST-STATUS', async () => {
    server.charset = 'latin1';
    server.capabilities = 'LIST-STATUS SPECIAL-USE';
    await session.close();
    session = await open();
    server.folder('B\xfcro & Co');
    server.deliver('B\xfcro & Co', 2);
    server.twist = ({ command }, answer) =>
      command === 'LIST' ? answer.replaceAll('"B\xfcro & Co"', '{9}\r\nB\xfcro & Co') : answer;
    server.takeCounts();
    const head = (await takeHeads(session)).find(({ name }) => name === 'Büro & Co');
    expect(JSON.parse(head?.cursor ?? '')).toEqual({ uidvalidity: '7', uid: 2 });
    expect(server.takeCounts()['STATUS']).toBeUndefined();
    const { items } = await session.listChanges(head ?? INBOX, FROM_START, 10);
    expect(idsOf(items)).toEqual(['1', '2']);
  });

  it.each(['NIL NIL NIL', '', '(("" "/"))', '"nonsense"'])('answers NAMESPACE with %s, and is read', async (told) => {
    server.capabilities = 'NAMESPACE';
    server.folder('Work');
    server.twist = ({ command }, answer) =>
      command === 'NAMESPACE' ? `* NAMESPACE ${told}\r\n%T OK done\r\n` : answer;
    await session.close();
    session = await open();
    expect(await scopesOf()).toEqual(['INBOX', 'Work']);
  });

  const scopesOf = async () => (await takeHeads(session)).map(({ scope }) => scope).toSorted();

  it('has a Trash, a Junk and a Drafts of every mail program: none is read, and a person’s own are', async () => {
    const made = ['Trash', 'Deleted Items', 'Deleted Messages', 'Papierkorb', 'Corbeille', 'INBOX/Cestino'];
    const junk = ['Junk', 'Junk E-mail', 'Spam', 'Drafts', 'Entwürfe', 'Brouillons'].map((name) => encoded(name));
    for (const name of [...made, ...junk, 'Work', 'Customers/Trash']) server.folder(name);
    expect(await scopesOf()).toEqual(['Customers/Trash', 'INBOX', 'Work']);
  });

  it('shows drafts among all mail: they are skipped there too', async () => {
    const folder = server.folder('All', { attributes: '\\All' });
    server.deliver('All', 3);
    Object.assign(folder.messages.get(2) ?? {}, { flags: '\\Draft \\Seen' });
    expect(await scopesOf()).toEqual(['All', 'INBOX']);
    const all = { scope: 'All', name: 'All' };
    const { items } = await session.listChanges(all, FROM_START, 100);
    const outcomes: string[] = [];
    for await (const message of session.fetchMessages(all, items)) {
      outcomes.push(`${message.item.providerId} ${message.outcome === 'skipped' ? message.reason : message.outcome}`);
      if (message.outcome === 'message') for await (const _ of message.raw);
    }
    expect(outcomes.toSorted()).toEqual(['1 message', '2 excluded_folder', '3 message']);
    const window = { from: new Date(0), to: new Date(Date.now() + 3_600_000) };
    expect(idsOf((await session.within?.(all, items, window)) ?? [])).toEqual(['1', '3']);
  });

  it('has folders of other users and public ones: only the mailbox’s own are read', async () => {
    const all = ['INBOX', 'Other Users/bob', 'Public/News', 'Work'];
    const answers = {
      '(("" "/")) (("Other Users/" "/")) (("Public/" "/"))': ['INBOX', 'Work'],
      '(("" "/")) NIL (("Public/" "/"))': ['INBOX', 'Other Users/bob', 'Work'],
    };
    for (const name of all) server.folder(name);
    server.capabilities = 'NAMESPACE';
    for (const [namespaces, expected] of Object.entries(answers)) {
      server.twist = ({ command }, answer) =>
        command === 'NAMESPACE' ? `* NAMESPACE ${namespaces}\r\n%T OK done\r\n` : answer;
      await session.close();
      session = await open();
      expect([namespaces, await scopesOf()]).toEqual([namespaces, expected]);
    }
    server.capabilities = '';
    await session.close();
    session = await open();
    expect(await scopesOf()).toEqual(all);
  });

  it('has folders of others that are read where the link asks for them', async () => {
    for (const name of ['Other Users/bob', 'Public/News', 'Work']) server.folder(name);
    server.capabilities = 'NAMESPACE';
    const namespaces = '(("" "/")) (("Other Users/" "/")) (("Public/" "/"))';
    server.twist = ({ command }, answer) =>
      command === 'NAMESPACE' ? `* NAMESPACE ${namespaces}\r\n%T OK done\r\n` : answer;
    await session.close();
    session = await open(['personal', 'other']);
    expect(await scopesOf()).toEqual(['INBOX', 'Other Users/bob', 'Work']);
    await session.close();
    session = await open(['personal', 'other', 'shared']);
    expect(await scopesOf()).toEqual(['INBOX', 'Other Users/bob', 'Public/News', 'Work']);
  });

  it.each(['INBOX', 'Work'])('tells no UIDNEXT of %s: its last message tells where it stands', async (name) => {
    server.folders.clear();
    server.folder('INBOX', name === 'INBOX' ? { uidNext: null } : {});
    server.folder('Work', name === 'Work' ? { uidNext: null } : {});
    server.deliver(name, 2);
    const heads = new Map((await takeHeads(session)).map(({ scope, cursor }) => [scope, cursor]));
    expect(heads.get(name)).toBe(JSON.stringify({ uidvalidity: '7', uid: 2 }));
    server.deliver(name, 1);
    const { items } = await session.listChanges({ scope: name, name }, heads.get(name) ?? '', 10);
    expect(idsOf(items)).toEqual(['3']);
  });

  it('refuses to open one folder: the others are read', async () => {
    server.folder('Broken', { uidNext: null });
    server.folder('Work');
    server.twist = ({ command, rest }, answer) =>
      ['EXAMINE', 'STATUS'].includes(command) && rest.includes('Broken')
        ? '%T NO [SERVERBUG] Internal error\r\n'
        : answer;
    expect(await scopesOf()).toEqual(['INBOX', 'Work']);
  });
});

const byCount = ([, one]: [unknown, number], [, other]: [unknown, number]) => one - other;

/** Modified UTF-7 (RFC 3501 section 5.1.3), for the few names of this file. */
const encoded = (name: string) => name.replaceAll('ü', '&APw-');
