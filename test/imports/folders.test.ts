import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelOf, connectImap, connectOAuth } from '../support/connect.ts';
import { Dovecot, dovecotInstalled } from '../support/dovecot.ts';
import { shapedMail } from '../support/mail-shapes.ts';
import { secret } from '../support/minting.ts';
import { raiseStage, stageTrusting } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds } from './importing.ts';

const EMAIL = 'folders@dovecot.example';
const PASSWORD = secret('password');
const folder = (i: number) => `Ablage ${i % 10}/Vorgänge & 案件 ${i}`;
/** Theirs, and what holds them; INBOX and Sent are there already. */
const FOLDERS = Array.from({ length: 200 }, (_, i) => folder(i));

/* A mailbox as tidy people have it; the server keeps its names in UTF-8 and sends them in modified UTF-7. */
describe.skipIf(!dovecotInstalled)('200 folders', { timeout: 120_000 }, () => {
  let dovecot: Dovecot;
  let stage: Stage;
  let machine: ReturnType<typeof importing>;
  let channelId = '';

  beforeAll(async () => {
    dovecot = await Dovecot.start({ folderNames: 'utf-8' });
    await dovecot.setPassword(EMAIL, PASSWORD);
    await dovecot.as(EMAIL, async (client) => {
      for (const name of FOLDERS) await client.mailboxCreate(name);
    });
    stage = await stageTrusting(dovecot);
    machine = importing(stage.context);
    channelId = channelOf(await connectImap(stage, EMAIL, PASSWORD));
  }, 180_000);
  afterAll(async () => {
    await stage?.close();
    await dovecot?.stop();
  });

  /** A poll, and the import that it becomes where it takes longer. */
  async function catchUp(): Promise<void> {
    const { outcome, importId } = await machine.poll(channelId);
    if (outcome === 'more' && importId) await machine.finish(channelId, importId);
  }

  const countByFolder = async () => {
    const stored = await machine.stored(channelId);
    return new Map([...Map.groupBy(stored, ({ folder }) => folder)].map(([name, rows]) => [name, rows.length]));
  };

  test('each is listed under its name, and what comes into any of them is stored by the next poll', async () => {
    for (const name of FOLDERS) dovecot.fill(EMAIL, name, shapedMail(1, new Date()));
    await catchUp();
    expect(await countByFolder()).toEqual(new Map(FOLDERS.map((name) => [name, 1])));
  });

  test('a folder that is deleted takes nothing with it, and one that comes back under its name is read anew', async () => {
    const [gone = '', other = ''] = FOLDERS;
    await dovecot.as(EMAIL, async (client) => {
      await client.mailboxDelete(gone);
      dovecot.fill(EMAIL, other, shapedMail(2, new Date()));
    });
    await catchUp();
    expect(await machine.channel(channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
    await dovecot.as(EMAIL, (client) => client.mailboxCreate(gone));
    dovecot.fill(EMAIL, gone, shapedMail(3, new Date()));
    await catchUp();
    const counts = await countByFolder();
    expect([counts.get(gone), counts.get(other)]).toEqual([4, 3]);
    expect(await machine.stored(channelId)).toHaveLength(205);
  });
});

/* Gmail over IMAP that shows “All Mail”, where its drafts are as well. */
describe('all mail of Gmail', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  }, 60_000);
  afterAll(() => stage?.close());

  test('is imported once, without its drafts, in polls and in windows', async () => {
    const email = 'drafts@example.com';
    await stage.sandbox.account('google', email, { shows_all_mail: true });
    const way = { accessType: 'imap', provider: 'google' } as const;
    const channelId = channelOf(await connectOAuth(stage, way, email, {}));
    const machine = importing(stage.context);
    const settle = async () => {
      const { importId } = await machine.poll(channelId);
      if (importId !== null) await machine.finish(channelId, importId);
      return machine.stored(channelId);
    };
    const come = async () => {
      const inbox = await stage.sandbox.deliver('google', email, 2);
      await stage.sandbox.deliver('google', email, 3, { folder: 'Drafts' });
      return messageIds(inbox);
    };
    const polled = await come();
    expect(idsOf(await settle())).toEqual(polled);
    await stage.sandbox.fault('google', email, 'uidvalidity_changed');
    const listed = await come();
    expect(idsOf(await settle())).toEqual([...polled, ...listed].toSorted());
    const { messages } = await stage.sandbox.call<{ messages: { folder: string }[] }>(
      'GET',
      `/control/accounts/google/${email}/messages`,
    );
    expect(messages.filter(({ folder }) => folder.includes('DRAFT'))).toHaveLength(6);
  });
});
