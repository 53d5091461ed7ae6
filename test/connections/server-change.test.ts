import { dirname } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { idsOf, importing, messageIds, withSessions } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { copyMail } from '../support/mailbox.ts';
import { secret } from '../support/minting.ts';
import { startSecondSandbox } from '../support/second-sandbox.ts';
import type { Stage } from '../support/stage.ts';
import { WrittenImap } from '../support/written-imap.ts';

/*
 * A channel goes to another server only with the product's word, and only where its mail is. What a hostile server can do:
 * offer what an attacker knows of the mailbox, as often as it likes.
 */

const PASSWORD = secret('password');
const DAY_MS = 86_400_000;

let raised: RaisedApi;
let second: Awaited<ReturnType<typeof startSecondSandbox>>;
let hostile: WrittenImap;
let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let links: RaisedApi['links'];

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage, api, links } = raised);
  second = await startSecondSandbox(stage);
  hostile = await WrittenImap.start(dirname(stage.imap.ca_file));
}, 60_000);
afterAll(async () => {
  await hostile?.stop();
  await second?.stop();
  await raised?.close();
});
beforeEach(() => {
  hostile.folder('INBOX').messages.clear();
  hostile.folder('INBOX').uidNext = 1;
  hostile.asked = [];
});

const at = ({ host, port, security }: Stage['imap'] = stage.imap) => ({ host, port, security });
const atHostile = () => ({ host: hostile.host, port: hostile.port, security: 'tls' });
const mailbox = (email: string, server = stage.imap) => ({ email, password: PASSWORD, server });

const signIn = (path: string, username: string, server: object = at()) =>
  browse(api)('POST', `${path}/password`, { access_type: 'imap', username, password: PASSWORD, ...server });

async function connect(name: string) {
  const email = `${name}@example.com`;
  for (const control of [stage.sandbox, second.control]) await control.account('imap', email, { password: PASSWORD });
  const { json } = await signIn((await links.makeLink()).path, email);
  return { email, channelId: json.channel.id as string };
}

/** A channel with mail in its feed. */
async function channelWith(name: string, count: number, more: object = {}) {
  const channel = await connect(name);
  const own = await stage.sandbox.deliver('imap', channel.email, count, more);
  await importing(stage.context).poll(channel.channelId);
  return { ...channel, own };
}

async function movingLink(channelId: string, more: object = { allow_server_change: true }) {
  const { json } = await api.call('POST', `/v1/channels/${channelId}/reauthorize-links`, more);
  return { id: json.id as string, path: new URL(json.url).pathname };
}

async function runningImport(channelId: string): Promise<string> {
  const running = (await importing(stage.context).imports(channelId)).find(({ state }) => state === 'running');
  return running?.id ?? '';
}

const feedOf = async (channelId: string): Promise<string[]> => {
  const { json } = await api.call('GET', `/v1/messages?channel=${channelId}&limit=200`);
  return idsOf(json.data.map((one: { message_id: string }) => ({ messageId: one.message_id })));
};

type Delivered = { message_id: string }[];

/** Puts copies of a channel's mail at the hostile server, as an attacker would who knows it. */
async function offer(channelId: string, messages: Delivered, times = 1): Promise<void> {
  const folder = hostile.folder('INBOX');
  const rows = await importing(stage.context).stored(channelId);
  const copies = rows.filter(({ messageId }) => messages.some(({ message_id }) => message_id === messageId));
  expect(copies).toHaveLength(messages.length);
  for (const { sender, subject, date, messageId } of copies) {
    const fields = [`From: ${sender?.email}`, `Subject: ${subject}`, `Date: ${date?.toUTCString()}`];
    const raw = [...fields, `Message-ID: ${messageId}`, '', 'copied'].join('\r\n');
    for (let time = 0; time < times; time++) {
      folder.messages.set(folder.messages.size + 1, { raw, internalDate: '"29-Nov-2026 10:00:00 +0000"' });
    }
  }
  folder.uidNext = folder.messages.size + 1;
}

describe('a true move', () => {
  test('rule 10: keeps the channel, loses nothing and doubles nothing, also of what only the new server had for days', async () => {
    const { email, channelId, own } = await channelWith('moved', 25, { date: daysAgo(0) });
    // Connected long ago; the old server has had nothing for eight days, the new one has.
    await stage.context.database.inTenant('acme', async (tx) => {
      const back = new Date(Date.now() - 30 * DAY_MS).toISOString();
      await tx.execute(sql`update channels set owned_from = ${back}, created_at = ${back} where id = ${channelId}`);
      await tx.execute(
        sql`update messages set received_at = received_at - interval '8 days' where channel_id = ${channelId}`,
      );
    });
    await copyMail(mailbox(email), mailbox(email, second.imap), { folders: ['INBOX'], into: () => 'Archive 2026' });
    const since = await second.control.deliver('imap', email, 3, { date: daysAgo(6) });
    const early = await second.control.deliver('imap', email, 2, { folder: 'Long ago', date: daysAgo(300) });
    const link = await movingLink(channelId);
    const { json } = await signIn(link.path, email, at(second.imap));
    expect(json.channel).toMatchObject({ id: channelId, credential_version: 2, server: at(second.imap) });

    const { finish, poll } = importing(stage.context);
    const importId = await runningImport(channelId);
    expect(await finish(channelId, importId)).toMatchObject({
      state: 'completed',
      counts: { imported: 3, missing: 0 },
    });
    expect(await feedOf(channelId)).toEqual(messageIds([...own, ...since]));
    const fresh = await second.control.deliver('imap', email, 1);
    expect(await poll(channelId)).toMatchObject({ stored: 1 });
    expect(await feedOf(channelId)).toEqual(messageIds([...own, ...since, ...fresh]));
    expect(early).toHaveLength(2);
  });

  test('takes an import that broke and has left the lane back into it, and lists again', async () => {
    const { email, channelId, own } = await channelWith('owing', 4);
    const missed = await stage.sandbox.deliver('imap', email, 3, { folder: 'Projects' });
    const { queue, finish, imports } = importing(stage.context);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    const broken = withSessions(stage.context, (session) => ({
      ...session,
      listWindow: () => Promise.reject(new TypeError('our reader of this page is broken')),
    }));
    await importing(broken).slice(channelId, importId, 4);
    const open = async () => (await imports(channelId)).filter(({ state }) => state !== 'completed');
    expect(await open()).toMatchObject([{ id: importId, state: 'stalled', owed: true }]);
    await copyMail(mailbox(email), mailbox(email, second.imap), {
      folders: ['INBOX', 'Projects'],
      into: (folder) => `Old ${folder}`,
    });
    await movedBy(channelId, email, { allow_server_change: true, attested: true });
    expect(await open()).toMatchObject([{ id: importId, state: 'running', owed: false, stalledAt: null }]);
    expect(await finish(channelId, importId)).toMatchObject({
      state: 'completed',
      counts: { imported: 3, missing: 0 },
    });
    expect(await feedOf(channelId)).toEqual(messageIds([...own, ...missed]));
  });

  test('is refused where the new server’s account has a channel of its own', async () => {
    const { email, channelId } = await channelWith('twofold', 6);
    await copyMail(mailbox(email), mailbox(email, second.imap), { folders: ['INBOX'] });
    const other = await signIn((await links.makeLink()).path, email, at(second.imap));
    const link = await movingLink(channelId);
    const refused = await signIn(link.path, email, at(second.imap));
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_connected' } });
    expect(refused.json.detail).toContain(other.json.channel.id);
  });
});

describe('a hostile server', () => {
  const cases: [string, (channelId: string, own: Delivered) => Promise<void> | void][] = [
    [
      'with a few copied messages among its own',
      async (channelId, own) => {
        hostile.deliver('INBOX', 40);
        await offer(channelId, own.slice(0, 6));
      },
    ],
    ['with one message many times', (channelId, own) => offer(channelId, own.slice(0, 1), 100)],
    ['with nothing', () => undefined],
  ];
  test.each(cases)('rule 7: %s is refused, and its mail is never shown', async (name, prepare) => {
    const { email, channelId, own } = await channelWith(`hostile-${name.replaceAll(' ', '-')}`, 24);
    await prepare(channelId, own);
    const link = await movingLink(channelId);
    const refused = await signIn(link.path, email, atHostile());
    expect(refused).toMatchObject({
      status: 409,
      json: {
        code: 'account_mismatch',
        expected: { login: email, server: `${stage.imap.host}:${stage.imap.port}` },
        received: { login: email, server: `${hostile.host}:${hostile.port}` },
      },
    });
    await importing(stage.context).poll(channelId);
    expect(await feedOf(channelId)).toEqual(messageIds(own));
    expect((await signIn(link.path, email)).json.channel).toMatchObject({ id: channelId, credential_version: 2 });
  });

  test('rule 7: learns nothing of what is stored', async () => {
    const { email, channelId, own } = await channelWith('silent', 8);
    hostile.deliver('INBOX', 5);
    await signIn((await movingLink(channelId)).path, email, atHostile());
    const told = hostile.asked.map(({ command, rest }) => `${command} ${rest}`).join('\n');
    expect(told).toContain('HEADER.FIELDS');
    for (const { message_id } of own) expect(told).not.toContain(message_id.slice(1, -1));
  });

  test('rule 7: a login that is no address does not become the one its link was made for', async () => {
    const first = await signIn((await links.makeLink()).path, 'victor@example.com', atHostile());
    const link = await links.makeLink({ owner: { email: 'victor@example.com' } });
    const { json } = await signIn(link.path, 'mallory', atHostile());
    expect(json.channel.account).toMatchObject({ login: 'mallory' });
    expect(json.channel.id).not.toBe(first.json.channel.id);
  });
});

describe('where there is too little to compare', () => {
  test.each([
    ['few messages are stored', 4, {}],
    ['nothing is imported', 8, { import: 'off' }],
  ])('%s: only with the product’s own word', async (name, count, patch) => {
    const { email, channelId } = await channelWith(`little-${name.replaceAll(' ', '-')}`, count);
    await api.call('PATCH', `/v1/channels/${channelId}`, patch);
    const link = await movingLink(channelId);
    const refused = await signIn(link.path, email, at(second.imap));
    expect(refused).toMatchObject({ status: 409, json: { code: 'attestation_required' } });
    expect(refused.json.detail).toContain('attested');
    expect((await movedBy(channelId, email, { attested: true })).json.code).toBe('account_mismatch');
    const moved = await movedBy(channelId, email, { allow_server_change: true, attested: true });
    expect(moved.json.channel).toMatchObject({ id: channelId, credential_version: 2, server: at(second.imap) });
  });

  test('the product’s word does not stand in for mail that could be compared', async () => {
    const { email, channelId } = await channelWith('plenty', 9);
    const refused = await movedBy(channelId, email, { allow_server_change: true, attested: true });
    expect(refused.json.code).toBe('account_mismatch');
  });
});

const movedBy = async (channelId: string, email: string, more: object) =>
  signIn((await movingLink(channelId, more)).path, email, at(second.imap));

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
