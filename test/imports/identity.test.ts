import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openChannelSession, readAccess } from '../../credentials/access.ts';
import { messageLocations, messageParts } from '../../db/schema/messages.ts';
import type { FetchedMessage } from '../../providers/contract.ts';
import { channelOf, connectGmail, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, TENANT, withSessions } from './importing.ts';
import { takeHeads } from '../../credentials/heads.ts';

const PASSWORD = secret('password');

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

const places = (channelId: string) =>
  stage.context.database.inTenant(TENANT, (tx) =>
    tx.select().from(messageLocations).where(eq(messageLocations.channelId, channelId)),
  );

/** Every message as it would be after `change`: another server-side copy, other headers. */
const changingMail = (change: (raw: string, fetched: number) => string) => {
  let fetched = 0;
  return withSessions(stage.context, (session) => ({
    ...session,
    async *fetchMessages(scope, items): AsyncGenerator<FetchedMessage> {
      for await (const message of session.fetchMessages(scope, items)) {
        if (message.outcome !== 'message') yield message;
        else {
          const chunks: Uint8Array[] = [];
          for await (const chunk of message.raw) chunks.push(chunk);
          const text = change(Buffer.concat(chunks).toString('latin1'), fetched++);
          yield { ...message, raw: inChunks(Buffer.from(text, 'latin1')) };
        }
      }
    },
  }));
};

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const account = async (name: string) => {
  const email = `${name}@example.com`;
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  return { email, channelId: channelOf(await connectImap(stage, email, PASSWORD)) };
};

test('a message that lies in two folders is stored once and known at both', async () => {
  const { email, channelId } = await account('twice');
  await stage.sandbox.deliver('imap', email, 1);
  await stage.sandbox.deliver('imap', email, 1, { folder: 'Projects' });
  const same = changingMail((raw) =>
    raw
      .replace(/^Message-ID: .*$/m, 'Message-ID: <same@example.com>')
      .replace(/^From: .*$/m, 'From: a@b.example')
      .replace(/^Subject: .*$/m, 'Subject: one')
      .replace(/^Date: .*$/m, 'Date: Tue, 3 Mar 2026 10:00:00 +0000'),
  );
  const { queue, finish, stored, receipt, poll } = importing(same);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  await finish(channelId, importId);
  expect(idsOf(await stored(channelId))).toEqual(['<same@example.com>']);
  expect(await places(channelId)).toHaveLength(2);
  expect(await receipt(importId)).toMatchObject({ found: 1, imported: 1, alreadyHad: 0 });
  expect(await poll(channelId)).toMatchObject({ outcome: 'nothing' });
});

test('within one folder only the id counts: a shared Message-ID hides no mail', async () => {
  const { email, channelId } = await account('shared');
  await stage.sandbox.deliver('imap', email, 3);
  const same = changingMail((raw) =>
    raw
      .replace(/^Message-ID: .*$/m, 'Message-ID: <forged@example.com>')
      .replace(/^From: .*$/m, 'From: a@b.example')
      .replace(/^Subject: .*$/m, 'Subject: one')
      .replace(/^Date: .*$/m, 'Date: Tue, 3 Mar 2026 10:00:00 +0000'),
  );
  const { poll, stored } = importing(same);
  expect(await poll(channelId)).toMatchObject({ outcome: 'stored', stored: 3 });
  expect(idsOf(await stored(channelId))).toEqual(Array.from({ length: 3 }, () => '<forged@example.com>'));
});

test('a Message-ID alone, with another date, does not make two messages of two folders one', async () => {
  const { email, channelId } = await account('forged');
  await stage.sandbox.deliver('imap', email, 1);
  await stage.sandbox.deliver('imap', email, 1, { folder: 'Projects' });
  const forged = changingMail((raw, n) =>
    raw
      .replace(/^Message-ID: .*$/m, 'Message-ID: <forged@example.com>')
      .replace(/^Date: .*$/m, `Date: Tue, 3 Mar 2026 10:00:0${n} +0000`),
  );
  const { queue, finish, stored } = importing(forged);
  await finish(channelId, await queue(channelId, { cause: 'reauthorized' }));
  expect(await stored(channelId)).toHaveLength(2);
});

test('UIDVALIDITY: what is stored is known again under its new ids, what is new is imported', async () => {
  const { email, channelId } = await account('renumbered');
  const { poll, queue, finish, stored, receipt } = importing(stage.context);
  const first = await stage.sandbox.deliver('imap', email, 9);
  await poll(channelId);
  await stage.sandbox.fault('imap', email, 'uidvalidity_changed');
  const more = await stage.sandbox.deliver('imap', email, 6);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...first, ...more]));
  expect(await receipt(importId)).toMatchObject({ imported: 6, missing: 0, repaired: 0 });
  expect(await places(channelId)).toHaveLength(9 + 9 + 6);
  expect(await poll(channelId)).toMatchObject({ outcome: 'nothing' });
});

test('an expired cursor falls back to a window and never jumps to now', async () => {
  const email = 'history@example.com';
  const channelId = channelOf(await connectGmail(stage, email));
  const { poll, queue, finish, stored, receipt, told } = importing(stage.context);
  const first = await stage.sandbox.deliver('google', email, 9);
  await poll(channelId);
  const more = await stage.sandbox.deliver('google', email, 60);
  await stage.sandbox.fault('google', email, 'cursor_expired');
  const importId = await queue(channelId, { cause: 'reauthorized' });
  expect(await finish(channelId, importId)).toMatchObject({ state: 'completed' });
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...first, ...more]));
  expect(await receipt(importId)).toMatchObject({ imported: 60, missing: 0, repaired: 0 });
  expect((await told(channelId, 'gap.detected')).map(({ data }) => data['gapCause'])).toEqual([
    'reauthorized',
    'cursor_expired',
  ]);
  expect(await poll(channelId)).toMatchObject({ outcome: 'nothing' });
});

test('all that is in a folder that comes into being is new', async () => {
  const { email, channelId } = await account('folder');
  const { poll, stored } = importing(stage.context);
  await poll(channelId);
  const filed = await stage.sandbox.deliver('imap', email, 3, { folder: 'Filed', date: '2020-05-01T00:00:00Z' });
  expect(await poll(channelId)).toMatchObject({ outcome: 'stored', stored: 3 });
  expect(idsOf(await stored(channelId))).toEqual(messageIds(filed));
  const later = await stage.sandbox.deliver('imap', email, 2, { folder: 'Filed' });
  expect(await poll(channelId)).toMatchObject({ outcome: 'stored', stored: 2 });
  expect(idsOf(await stored(channelId))).toEqual(messageIds([...filed, ...later]));
});

test('gap mode keeps the cursor up and stores nothing until there is a gap', async () => {
  const email = 'gap@example.com';
  const channelId = channelOf(await connectGmail(stage, email, { spec: { import: 'gap' } }));
  const { poll, queue, finish, stored, channel } = importing(stage.context);
  const before = (await channel(channelId)).coveredUntil;
  await stage.sandbox.deliver('google', email, 5);
  expect(await poll(channelId)).toEqual({ outcome: 'nothing', stored: 0, importId: null });
  expect((await channel(channelId)).coveredUntil?.getTime()).toBeGreaterThanOrEqual(before?.getTime() ?? 0);
  const missed = await stage.sandbox.deliver('google', email, 4);
  await finish(channelId, await queue(channelId, { cause: 'reauthorized' }));
  expect(idsOf(await stored(channelId))).toEqual(messageIds(missed));
});

test('content is kept byte for byte, in encrypted parts that open only in their own place', async () => {
  const { email, channelId } = await account('large');
  await stage.sandbox.deliver('imap', email, 1, { size: 900_000 });
  await stage.sandbox.deliver('imap', email, 1, { malformed: true });
  const { context } = stage;
  const { poll, stored } = importing(context);
  await poll(channelId);
  const rows = await stored(channelId);
  expect(rows).toHaveLength(2);
  const access = await readAccess(context, TENANT, channelId);
  if (access === 'gone') throw new Error('gone');
  const session = await openChannelSession(context, access, AbortSignal.timeout(10_000));
  if (session === 'needs_refresh') throw new Error('IMAP has no token');
  const [inbox] = await takeHeads(session);
  for (const row of rows) {
    const parts = await context.database.inTenant(TENANT, (tx) =>
      tx.select().from(messageParts).where(eq(messageParts.contentId, row.contentId)).orderBy(asc(messageParts.part)),
    );
    const opened = await Promise.all(
      parts.map(({ jwe, part }) =>
        context.vault.decrypt(jwe, { tenant: TENANT, owner: row.contentId, kind: 'message_part', version: part }),
      ),
    );
    const [place] = (await places(channelId)).filter(({ messageId }) => messageId === row.id);
    const item = { providerId: row.providerId, generation: place?.generation ?? '' };
    for await (const fetched of session.fetchMessages(inbox ?? { scope: 'INBOX', name: null }, [item])) {
      if (fetched.outcome !== 'message') throw new Error(fetched.outcome);
      const chunks: Uint8Array[] = [];
      for await (const chunk of fetched.raw) chunks.push(chunk);
      expect(Buffer.concat(opened).equals(Buffer.concat(chunks))).toBe(true);
    }
    expect(row.size).toBe(Buffer.concat(opened).length);
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
  }
  await session.close();
  expect(Math.max(...rows.map(({ size }) => size))).toBeGreaterThan(3 * 256 * 1024);
});
