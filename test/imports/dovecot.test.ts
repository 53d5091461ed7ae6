import { createHash } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messageParts } from '../../db/schema/messages.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { largeMail, shapedMail } from '../support/mail-shapes.ts';
import type { ShapedMail } from '../support/mail-shapes.ts';
import { secret } from '../support/minting.ts';
import { stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { importing, TENANT } from './importing.ts';

const EMAIL = 'shapes@dovecot.example';
const PASSWORD = secret('password');
const LONG_AGO = new Date('1969-06-01T00:00:00Z');
/** Names in modified UTF-7 (RFC 3501 section 5.1.3), with its escape, quotes, wildcards and levels. */
const FOLDERS = [
  'Kunden/Müller & Söhne',
  '日本語/見積もり',
  'a "quoted" name',
  'stars * and % signs',
  'Archive/2025/Q4',
];

/* 5,000 messages of many shapes on a server that is not ours; one story, step by step. */
describe.skipIf(!dovecotInstalled)('a large mailbox at Dovecot', { timeout: 240_000 }, () => {
  let dovecot: Dovecot;
  let stage: Stage;
  let machine: ReturnType<typeof importing>;
  let channelId = '';
  const held = new Map<string, string>();

  beforeAll(async () => {
    dovecot = await Dovecot.start();
    await dovecot.setPassword(EMAIL, PASSWORD);
    stage = await stageTrusting(dovecot);
    machine = importing(stage.context);
  }, 180_000);
  afterAll(async () => {
    await stage?.close();
    await dovecot?.stop();
  });

  /** As Dovecot gives them out: a maildir's bare line feeds become CRLF. */
  function put(folder: string, mails: Iterable<ShapedMail>): number {
    let count = 0;
    const kept = [...mails];
    dovecot.fill(EMAIL, folder, kept);
    for (const { raw, shape } of kept) {
      held.set(sha256(Buffer.from(raw.toString('latin1').replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1')), shape);
      count++;
    }
    return count;
  }

  /** Every message that is stored, by the hash of its bytes. */
  async function storedHashes(): Promise<string[]> {
    const hashes: string[] = [];
    for (const { contentId } of await machine.stored(channelId)) {
      const parts = await stage.context.database.inTenant(TENANT, (tx) =>
        tx.select().from(messageParts).where(eq(messageParts.contentId, contentId)).orderBy(asc(messageParts.part)),
      );
      const hash = createHash('sha256');
      for (const { part, jwe } of parts) {
        const binding = { tenant: TENANT, owner: contentId, kind: 'message_part', version: part } as const;
        hash.update(await stage.context.vault.decrypt(jwe, binding));
      }
      hashes.push(hash.digest('hex'));
    }
    return hashes;
  }

  /** The shapes of what is not stored, or stored and never delivered, or stored twice: none of each. */
  async function expectEveryByte(): Promise<void> {
    const stored = await storedHashes();
    const there = new Set(stored);
    const missing = new Set([...held].flatMap(([hash, shape]) => (there.has(hash) ? [] : [shape])));
    expect({ missing, strange: stored.filter((hash) => !held.has(hash)).length }).toEqual({
      missing: new Set(),
      strange: 0,
    });
    expect(stored).toHaveLength(there.size);
  }

  async function importAll(cause: 'requested' | 'reauthorized' = 'requested') {
    const window = cause === 'requested' ? { windowFrom: LONG_AGO, windowTo: new Date() } : {};
    const importId = await machine.queue(channelId, { cause, ...window });
    const answer = await machine.finish(channelId, importId);
    return { ...answer.counts, state: answer.state };
  }

  test('5,000 messages, one of 30 MB: every byte of every one', async () => {
    await dovecot.as(EMAIL, async (client) => {
      for (const folder of FOLDERS) await client.mailboxCreate(folder);
    });
    let count = put('INBOX', shapedMail(4_466));
    count += put('INBOX', shapedMail(23, new Date(0)));
    count += put('INBOX', [largeMail(30_000_000)]);
    for (const folder of FOLDERS) count += put(folder, shapedMail(102));
    expect(count).toBe(5_000);
    channelId = channelOf(await connectImap(stage, EMAIL, PASSWORD));
    expect(await importAll()).toMatchObject({
      state: 'completed',
      found: 5_000,
      imported: 5_000,
      missing: 0,
      skipped: 0,
    });
    await expectEveryByte();
  });

  test('a folder that is renamed, messages that move, mail that comes and goes: none lost, none twice', async () => {
    await machine.poll(channelId);
    await dovecot.as(EMAIL, async (client) => {
      await client.mailboxRename('Archive/2025/Q4', 'Archive/2025/Fourth quarter');
      await client.mailboxOpen('INBOX');
      await client.messageMove('1:40', 'Archive/2025', { uid: true });
      await client.messageDelete('41:50', { uid: true });
    });
    put('INBOX', shapedMail(115, new Date()));
    for (let polls = 0; polls < 3; polls++) await machine.poll(channelId);
    expect(await machine.stored(channelId)).toHaveLength(5_115);
  });

  test('a mailbox that numbers its messages anew, and a changed password', async () => {
    const before = (await machine.stored(channelId)).length;
    dovecot.renumberInbox(EMAIL);
    const changed = secret('password');
    await dovecot.setPassword(EMAIL, changed);
    put('INBOX', shapedMail(23, new Date()));
    expect(await machine.poll(channelId)).toMatchObject({ outcome: 'refused' });
    channelId = channelOf(await connectImap(stage, EMAIL, changed));
    const answer = await importAll('reauthorized');
    expect(answer).toMatchObject({ state: 'completed', found: 23, imported: 23, missing: 0 });
    expect((await machine.stored(channelId)).length).toBe(before + 23);
    await expectEveryByte();
  });
});

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
