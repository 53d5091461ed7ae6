import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FetchedMessage } from '../../providers/contract.ts';
import { channelOf, connectImap, reauthorizeLink } from '../support/connect.ts';
import { atMailbox, copyMail } from '../support/mailbox.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { secret } from '../support/minting.ts';
import { startSecondSandbox } from '../support/second-sandbox.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, withSessions } from './importing.ts';

const PASSWORD = secret('password');

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
});
afterAll(() => stage.close());

const mailboxOf = (email: string, server: Mailbox['server'] = stage.imap) => ({ email, password: PASSWORD, server });

/** Moves the first message of one folder to another, where it gets a new id. */
const move = (email: string, from: string, to: string) =>
  atMailbox(mailboxOf(email), async (client) => {
    await client.mailboxOpen(from);
    await client.messageMove('1', to);
  });

const connected = async (name: string) => {
  const email = `${name}@example.com`;
  await stage.sandbox.account('imap', email, { password: PASSWORD });
  return { email, channelId: channelOf(await connectImap(stage, email, PASSWORD)) };
};

/** The same mail without a Message-ID: nothing but its content tells what it is. */
const nameless = () =>
  withSessions(stage.context, (session) => ({
    ...session,
    async *fetchMessages(scope, items): AsyncGenerator<FetchedMessage> {
      for await (const message of session.fetchMessages(scope, items)) {
        if (message.outcome !== 'message') yield message;
        else yield { ...message, raw: withoutMessageId(message.raw) };
      }
    },
  }));

async function* withoutMessageId(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of raw) chunks.push(chunk);
  yield Buffer.from(
    Buffer.concat(chunks)
      .toString('latin1')
      .replace(/^Message-ID: .*\r\n/im, ''),
    'latin1',
  );
}

describe.each([
  ['with a Message-ID', () => stage.context],
  ['without a Message-ID', nameless],
] as const)('a message %s', (name, context) => {
  const mailbox = `moved-${name.replaceAll(' ', '-').toLowerCase()}`;

  test('that is moved out and back is the same, also when nobody has looked between', async () => {
    const { email, channelId } = await connected(mailbox);
    const { poll, stored } = importing(context());
    await stage.sandbox.deliver('imap', email, 3);
    expect(await poll(channelId)).toMatchObject({ stored: 3 });
    await move(email, 'INBOX', 'Archive');
    expect(await poll(channelId)).toMatchObject({ stored: 0 });
    await move(email, 'Archive', 'INBOX');
    expect(await poll(channelId)).toMatchObject({ stored: 0 });
    await move(email, 'INBOX', 'Archive');
    await move(email, 'Archive', 'INBOX');
    expect(await poll(channelId)).toMatchObject({ stored: 0 });
    expect(await stored(channelId)).toHaveLength(3);
  });

  test('that comes again while the first is still there is another one', async () => {
    const { email, channelId } = await connected(`${mailbox}-copied`);
    const { poll, stored } = importing(context());
    await stage.sandbox.deliver('imap', email, 1);
    expect(await poll(channelId)).toMatchObject({ stored: 1 });
    await atMailbox(mailboxOf(email), async (client) => {
      await client.mailboxOpen('INBOX');
      await client.messageCopy('1', 'INBOX');
    });
    expect(await poll(channelId)).toMatchObject({ stored: 1 });
    expect(await stored(channelId)).toHaveLength(2);
  });
});

test('a mailbox that moves to a new server, with the same UIDVALIDITY and the same UIDs for other mail, loses and doubles nothing', async () => {
  const { email, channelId } = await connected('migrated');
  const delivered = await stage.sandbox.deliver('imap', email, 8);
  const { poll, stored, imports, finish, receipt } = importing(stage.context);
  await poll(channelId);
  for (let moved = 0; moved < 3; moved++) await move(email, 'INBOX', 'Archive');

  const { control, imap: server, stop } = await startSecondSandbox(stage);
  try {
    const uidValidity = Number(delivered[0]?.provider_id.split('/').at(-2));
    await control.setClock(uidValidity + 0.5 - Date.now() / 1000);
    await control.account('imap', email, { password: PASSWORD });
    await control.setClock(0);
    // New mail is there first, so that every id of the old server means another message here.
    const fresh = await control.deliver('imap', email, 4);
    expect(fresh[0]?.provider_id).toBe(delivered[0]?.provider_id);
    await copyMail(mailboxOf(email), mailboxOf(email, server), { folders: ['INBOX', 'Archive'] });
    const more = await control.deliver('imap', email, 2);

    const moved = { ...stage, imap: server };
    const link = await reauthorizeLink(stage, channelId, { allowServerChange: true });
    expect(channelOf(await connectImap(moved, email, PASSWORD, { link }))).toBe(channelId);
    const [running] = (await imports(channelId)).filter(({ state }) => state === 'running');
    expect(await finish(channelId, running?.id ?? '')).toMatchObject({ state: 'completed' });
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...delivered, ...fresh, ...more]));
    expect(await receipt(running?.id ?? '')).toMatchObject({ imported: 6, missing: 0 });
    await control.deliver('imap', email, 1);
    expect(await poll(channelId)).toMatchObject({ stored: 1 });
  } finally {
    await stop();
  }
});
