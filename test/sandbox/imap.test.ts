import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { imapFlow, signedIn, startImapServer, type TestImapServer } from './imap-server.ts';

let server: TestImapServer;
let accounts = 0;

beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server.stop());

function newAccount(): string {
  const email = `person${++accounts}@mail.example`;
  server.provider.putAccount(email, { password: 'correct horse' });
  return email;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a mail client over STARTTLS', () => {
  it('signs in and finds the folders with their roles', async () => {
    const client = await signedIn(server, newAccount());
    const folders = await client.list();
    expect(folders.map(({ path, specialUse }) => [path, specialUse])).toEqual(
      expect.arrayContaining([
        ['INBOX', '\\Inbox'],
        ['Sent', '\\Sent'],
        ['Drafts', '\\Drafts'],
        ['Trash', '\\Trash'],
        ['Junk', '\\Junk'],
        ['Archive', '\\Archive'],
      ]),
    );
    await client.logout();
  });

  it('reads what was delivered, byte for byte', async () => {
    const email = newAccount();
    const delivered = server.provider.deliver(email, {
      count: 3,
      date: new Date('2026-03-05T10:11:12Z'),
      size: 20_000,
    });
    const client = await signedIn(server, email);
    const mailbox = await client.mailboxOpen('INBOX');
    expect(mailbox).toMatchObject({ exists: 3, uidNext: 4 });
    const messages = await collect(
      client.fetch(
        '1:*',
        { uid: true, flags: true, envelope: true, size: true, internalDate: true, source: true, bodyStructure: true },
        { uid: true },
      ),
    );
    expect(messages.map(({ uid }) => `INBOX/${mailbox.uidValidity}/${uid}`)).toEqual(
      delivered.map(({ provider_id: id }) => id),
    );
    for (const [index, message] of messages.entries()) {
      expect(message.envelope?.messageId).toBe(delivered[index]?.message_id);
      expect(message.source?.length).toBe(message.size);
      expect(message.size).toBeGreaterThan(19_900);
      expect(new Date(message.internalDate as Date).toISOString()).toBe('2026-03-05T10:11:12.000Z');
      expect(message.envelope?.to?.[0]?.address).toBe(email);
      expect(message.bodyStructure?.type).toBe('multipart/alternative');
      expect(message.bodyStructure?.childNodes?.map(({ type }) => type)).toEqual(['text/plain', 'text/html']);
      expect(message.source?.toString('utf8')).toContain(`Message-ID: ${message.envelope?.messageId}`);
    }
    await client.logout();
  });

  it('puts mail into the folder of a role, under any name', async () => {
    const email = newAccount();
    const folders = ['Spam', 'SENT', 'inbox', 'Projects/2026'].map(
      (folder) => server.provider.deliver(email, { count: 1, folder })[0]?.folder,
    );
    expect(folders).toEqual(['Junk', 'Sent', 'INBOX', 'Projects/2026']);
    expect(() => server.provider.deliver(email, { count: 1, folder: 'a//b' })).toThrow(/a\/\/b/);
  });

  it('searches by date, header and flag', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 2, date: new Date('2026-01-10T23:59:59Z') });
    const [wanted] = server.provider.deliver(email, {
      count: 1,
      date: new Date('2026-01-11T00:00:00Z'),
      subject: 'Grüße',
    });
    const client = await signedIn(server, email);
    await client.mailboxOpen('INBOX');
    expect(await client.search({ since: '2026-01-11' }, { uid: true })).toEqual([3]);
    expect(await client.search({ before: '2026-01-11' }, { uid: true })).toEqual([1, 2]);
    expect(await client.search({ sentOn: '2026-01-11' }, { uid: true })).toEqual([3]);
    expect(await client.search({ header: { 'message-id': wanted?.message_id ?? '' } }, { uid: true })).toEqual([3]);
    expect(await client.search({ subject: 'GRÜSSE'.replace('SS', 'ß') }, { uid: true })).toEqual([3]);
    expect(await client.search({ uid: '2:*' }, { uid: true })).toEqual([2, 3]);
    expect(await client.search({ or: [{ uid: '1' }, { seen: true }] }, { uid: true })).toEqual([1]);
    expect(await client.search({ not: { uid: '1' } }, { uid: true })).toEqual([2, 3]);
    await client.messageFlagsAdd('2', ['\\Seen', '$Work'], { uid: true });
    expect(await client.search({ seen: true }, { uid: true })).toEqual([2]);
    expect(await client.search({ keyword: '$work' }, { uid: true })).toEqual([2]);
    expect(await client.search({ seen: false }, { uid: true })).toEqual([1, 3]);
    await client.logout();
  });

  it('appends, copies, moves and expunges with the UIDs of RFC 4315', async () => {
    const email = newAccount();
    const client = await signedIn(server, email);
    const text = 'From: a@b.example\r\nSubject: own\r\nMessage-ID: <own@b.example>\r\n\r\nHello\r\n';
    const appended = await client.append('Archive', Buffer.from(text), ['\\Seen'], new Date('2025-12-31T12:00:00Z'));
    expect(appended).toMatchObject({ uid: 1 });
    await client.mailboxOpen('Archive');
    const copied = await client.messageCopy('1', 'Sent', { uid: true });
    expect([...(copied as { uidMap: Map<number, number> }).uidMap]).toEqual([[1, 1]]);
    const moved = await client.messageMove('1', 'Trash', { uid: true });
    expect([...(moved as { uidMap: Map<number, number> }).uidMap]).toEqual([[1, 1]]);
    expect(client.mailbox).toMatchObject({ exists: 0 });
    await client.mailboxOpen('Trash');
    const message = await client.fetchOne('1', { source: true, flags: true, internalDate: true }, { uid: true });
    expect(message).toMatchObject({ flags: new Set(['\\Seen']) });
    expect(message && message.source?.toString()).toBe(text);
    await client.messageDelete('1', { uid: true });
    expect(await client.status('Trash', { messages: true, uidNext: true })).toMatchObject({ messages: 0, uidNext: 2 });
    expect(server.provider.list(email).map(({ message_id: id, folder }) => [id, folder])).toEqual([
      ['<own@b.example>', 'Sent'],
    ]);
    await client.logout();
  });

  it('makes, renames and deletes folders, also with names outside ASCII', async () => {
    const email = newAccount();
    const client = await signedIn(server, email);
    await client.mailboxCreate('Entwürfe & Pläne/Juli');
    server.provider.deliver(email, { count: 1, folder: 'Entwürfe & Pläne/Juli' });
    const paths = async (): Promise<string[]> => (await client.list()).map(({ path }) => path);
    expect(await paths()).toEqual(expect.arrayContaining(['Entwürfe & Pläne', 'Entwürfe & Pläne/Juli']));
    await client.mailboxRename('Entwürfe & Pläne', 'Pläne');
    expect(await client.status('Pläne/Juli', { messages: true })).toMatchObject({ messages: 1 });
    const before = await client.status('Pläne/Juli', { uidValidity: true });
    await client.mailboxDelete('Pläne/Juli');
    await client.mailboxCreate('Pläne/Juli');
    const after = await client.status('Pläne/Juli', { uidValidity: true });
    expect(after && before && (after.uidValidity ?? 0n) > (before.uidValidity ?? 0n)).toBe(true);
    await client.logout();
  });

  it('hears of new mail while it idles, and of what another client removed', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 2 });
    const client = await signedIn(server, email);
    await client.mailboxOpen('INBOX');
    const exists = new Promise((resolve) => client.once('exists', resolve));
    const idling = client.idle();
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.provider.deliver(email, { count: 3 });
    expect(await exists).toMatchObject({ count: 5, prevCount: 2 });
    const expunged = new Promise((resolve) => client.once('expunge', resolve));
    expect(server.provider.remove(email, server.provider.list(email)[1]?.provider_id ?? '')).toBe(true);
    expect(await expunged).toMatchObject({ seq: 2 });
    await client.noop();
    await idling;
    await client.logout();
  });

  it('lists what changed since a mod-sequence', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 5 });
    const client = await signedIn(server, email);
    const { highestModseq } = await client.mailboxOpen('INBOX');
    await client.messageFlagsAdd('3', ['\\Flagged'], { uid: true });
    const changed = await collect(
      client.fetch('1:*', { uid: true, flags: true }, { uid: true, changedSince: highestModseq ?? 0n }),
    );
    expect(changed.map(({ uid }) => uid)).toEqual([3]);
    await client.logout();
  });
});

describe('what survives', () => {
  it('keeps accounts, folders, flags and messages over a restart', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 3, folder: 'Work' });
    server.provider.deliver(email, { count: 1, malformed: true });
    let client = await signedIn(server, email);
    await client.append('Sent', 'Subject: x\r\n\r\ny\r\n');
    await client.mailboxOpen('Work');
    await client.messageFlagsAdd('2', ['\\Seen'], { uid: true });
    await client.messageDelete('3', { uid: true });
    const source = await client.fetchOne('1', { source: true }, { uid: true });
    const before = server.provider.list(email);
    await server.restart();
    expect(server.provider.list(email)).toEqual(before);
    client = await signedIn(server, email);
    await client.mailboxOpen('Work');
    expect(client.mailbox).toMatchObject({ exists: 2, uidNext: 4 });
    const again = await client.fetchOne('1', { source: true }, { uid: true });
    expect(again && again.source).toEqual(source && source.source);
    expect(await client.search({ seen: true }, { uid: true })).toEqual([2]);
    await client.logout();
  });

  it('renumbers everything under a new UIDVALIDITY', async () => {
    const email = newAccount();
    server.provider.deliver(email, { count: 3 });
    const client = await signedIn(server, email);
    const before = await client.mailboxOpen('INBOX');
    await client.messageDelete('1', { uid: true });
    const closed = new Promise((resolve) => client.once('close', resolve));
    server.provider.event('uidvalidity_changed', { email });
    await closed;
    const again = await signedIn(server, email);
    const after = await again.mailboxOpen('INBOX');
    expect(after.uidValidity > before.uidValidity).toBe(true);
    expect(after).toMatchObject({ exists: 2, uidNext: 3 });
    await again.logout();
  });
});

describe('passwords', () => {
  it('are void at once after a change, until the next is set', async () => {
    const email = newAccount();
    const client = await signedIn(server, email);
    const closed = new Promise((resolve) => client.once('close', resolve));
    server.provider.event('password_changed', { email });
    await closed;
    await expect(imapFlow(server, email).connect()).rejects.toMatchObject({
      authenticationFailed: true,
      serverResponseCode: 'AUTHENTICATIONFAILED',
    });
    server.provider.putAccount(email, { password: 'another one' });
    await expect(imapFlow(server, email).connect()).rejects.toMatchObject({ authenticationFailed: true });
    const renewed = await signedIn(server, email, { auth: { user: email, pass: 'another one' } });
    await renewed.logout();
    const logins = server.deps.requests.list({ provider: 'imap', email, kind: 'login' });
    expect(logins.map(({ status }) => status)).toEqual([200, 401, 401, 200]);
  });

  it('are refused the same way for an account that does not exist', async () => {
    await expect(imapFlow(server, 'nobody@mail.example').connect()).rejects.toMatchObject({
      serverResponseCode: 'AUTHENTICATIONFAILED',
    });
  });
});
