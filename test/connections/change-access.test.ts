import { dirname } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, messageIds } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { copyMail } from '../support/mailbox.ts';
import { WrittenImap } from '../support/written-imap.ts';
import { changing, WAYS } from './changing.ts';
import type { WayName } from './changing.ts';

/*
 * A channel changes its access in place: the same channel, nothing lost, nothing twice, and only where the mailbox is the same.
 */

let raised: RaisedApi;
let hostile: WrittenImap;
let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let links: RaisedApi['links'];
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage, api, links } = raised);
  at = changing(raised);
  hostile = await WrittenImap.start(dirname(stage.imap.ca_file));
}, 60_000);
afterAll(async () => {
  await hostile?.stop();
  await raised?.close();
});
beforeEach(() => {
  hostile.folder('INBOX').messages.clear();
});

const policy = (tenant: string, accessTypes: string[] | null) =>
  api.call('PUT', `/v1/tenants/${tenant}/policy`, { access_types: accessTypes });

/** A channel with mail in its feed. */
async function channelWith(name: WayName, email: string, count: number) {
  const channelId = await at.connect(name, email);
  const own = await stage.sandbox.deliver(WAYS[name].at, email, count);
  await importing(stage.context).settle(channelId);
  expect(await at.stored(channelId)).toEqual(messageIds(own));
  return { channelId, own };
}

/** How many messages of each channel: the long form is for a change near the mapping of positions. */
const MESSAGES = Number(process.env['MESSAGES'] ?? 25);

describe('a true change', () => {
  const PAIRS: [WayName, WayName, object][] = [
    ['imap', 'gmail', {}],
    ['imap', 'gmail', { reencode: true }],
    ['imap', 'microsoft', {}],
    ['gmail', 'imap', { reencode: true }],
    ['gmail', 'imap of google', {}],
    ['imap', 'imap of google', { reencode: true }],
    ['imap of microsoft', 'imap', {}],
    ['imap of google', 'gmail', {}],
    ['microsoft', 'exchange', { reencode: true }],
    ['exchange', 'microsoft', {}],
    ['imap', 'exchange', {}],
  ];

  test.each(PAIRS)(
    'rule 10: from %s to %s (%o): the same channel, nothing lost, nothing twice',
    async (from, to, how) => {
      const email = `pair-${from}-${to}-${Object.keys(how).length}@example.com`.replaceAll(' ', '-');
      const { channelId, own } = await channelWith(from, email, MESSAGES);
      const { settle, poll, finish, told, imports } = importing(stage.context);
      const before = await at.show(channelId);
      if (WAYS[from].at !== WAYS[to].at) {
        await at.account(to, email);
        await at.copy(from, to, email, how);
      }
      const since = await stage.sandbox.deliver(WAYS[to].at, email, 2);
      const { code } = await at.change(channelId, to, email);
      expect(code).toBeNull();

      const after = await at.show(channelId);
      expect(after).toMatchObject({
        id: channelId,
        access_type: WAYS[to].accessType,
        status: 'connected',
        credential_version: before.credential_version + 1,
        account: { email },
        previous_access: { access_type: WAYS[from].accessType },
        created_at: before.created_at,
      });
      const importId = await at.runningImport(channelId);
      expect(await finish(channelId, importId)).toMatchObject({
        state: 'completed',
        counts: { imported: 2, missing: 0 },
      });
      const [{ compared, cause, windowFrom } = {}] = (await imports(channelId)).filter(({ id }) => id === importId);
      expect({ compared, cause }).toEqual({ compared: true, cause: 'access_changed' });
      const { json } = await api.call('GET', `/v1/imports/${importId}`);
      expect(json.already_had).toBeGreaterThan(0);
      expect(windowFrom).not.toBeNull();
      expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since]));

      const fresh = await stage.sandbox.deliver(WAYS[to].at, email, 3);
      await settle(channelId);
      await poll(channelId);
      expect(await at.stored(channelId)).toEqual(messageIds([...own, ...since, ...fresh]));
      const events = await told(channelId, 'channel.access_changed');
      expect(events.map(({ data }) => data)).toMatchObject([
        { from: WAYS[from].accessType, to: WAYS[to].accessType, reversal: false },
      ]);
      expect(await told(channelId, 'channel.reauthorized')).toEqual([]);
    },
    180_000,
  );

  test.each(['imap', 'exchange'] as const)(
    'rule 10: to another login of the same %s server, where the mail is; another mailbox there is refused',
    async (way) => {
      const [email, login] = [`old-login-${way}@example.com`, `new-login-${way}@example.com`];
      const { channelId, own } = await channelWith(way, email, 6);
      expect((await at.change(channelId, way, login)).code).toBe('account_mismatch');
      for (const address of [email, login]) await at.account('imap', address);
      if (way === 'exchange') await at.copy('exchange', 'imap', email);
      const mailbox = (address: string) => ({ email: address, password: at.password.reveal(), server: stage.imap });
      await copyMail(mailbox(email), mailbox(login), { folders: ['INBOX'] });
      if (way === 'exchange') await at.copy('imap', 'exchange', login);
      const link = await at.changeLink(channelId, { access_types: [way] });
      expect((await at.signIn(link.path, way, login)).code).toBeNull();
      expect(await at.show(channelId)).toMatchObject({ id: channelId, account: { email }, credential_version: 2 });
      const { finish } = importing(stage.context);
      expect(await finish(channelId, await at.runningImport(channelId))).toMatchObject({
        state: 'completed',
        counts: { imported: 0, missing: 0 },
      });
      expect(await at.stored(channelId)).toEqual(messageIds(own));
    },
  );

  test('by the second choice of a link to sign in again, which clears the trouble', async () => {
    const email = 'second-choice@example.com';
    const { channelId } = await channelWith('imap', email, 6);
    await at.account('gmail', email);
    await at.copy('imap', 'gmail', email);
    const link = await links.reauthorizeLink(channelId);
    const { json: session } = await browse(api)('GET', `${link.path}/session`);
    expect(session).toMatchObject({ purpose: 'reauthorize', access_types: ['imap'] });
    expect(session.other_access_types.toSorted()).toEqual(['exchange', 'gmail', 'microsoft']);
    expect(session.sign_in.map((way: { access_type: string }) => way.access_type)).toContain('gmail');
    expect((await at.signIn(link.path, 'gmail', email)).code).toBeNull();
    expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', status: 'connected' });
  });

  test('the old access is used for nothing any more', async () => {
    const email = 'unused@example.com';
    const { channelId } = await channelWith('gmail', email, 22);
    await at.account('imap', email);
    await at.copy('gmail', 'imap', email);
    const uses = async () =>
      (await Promise.all(['token', 'api'].map((kind) => stage.sandbox.requests('google', kind, email)))).flat().length;
    const before = await uses();
    expect((await at.change(channelId, 'imap', email)).code).toBeNull();
    await importing(stage.context).finish(channelId, await at.runningImport(channelId));
    await stage.sandbox.deliver('google', email, 1);
    await importing(stage.context).poll(channelId);
    expect(await uses()).toBe(before);
    expect(await at.stored(channelId)).toHaveLength(22);
    const token = await api.call('GET', `/v1/channels/${channelId}/access-token`);
    expect([token.status, token.json.code]).toEqual([409, 'no_token_for_access_type']);
  });
});

describe('rule 7: what is not the same mailbox', () => {
  test('another account is refused and named, nothing changes, and the link stays usable', async () => {
    const email = 'right@example.com';
    const { channelId } = await channelWith('imap', email, 6);
    const before = await at.show(channelId);
    const link = await at.changeLink(channelId, { access_types: ['gmail'] });
    await at.account('gmail', 'wrong@example.com');
    expect((await at.signIn(link.path, 'gmail', 'wrong@example.com')).code).toBe('account_mismatch');
    expect(await links.resultOf(link.id)).toMatchObject({
      expected: { email },
      received: { email: 'wrong@example.com' },
    });
    expect(await at.show(channelId)).toEqual(before);
    await at.account('gmail', email);
    expect((await at.signIn(link.path, 'gmail', email)).code).toBeNull();
  });

  test('a hostile server that has the address and takes every password is refused', async () => {
    const email = 'victim@example.com';
    const { channelId, own } = await channelWith('gmail', email, 24);
    hostile.deliver('INBOX', 40);
    const link = await at.changeLink(channelId, { access_types: ['imap'] });
    const server = { host: hostile.host, port: hostile.port, security: 'tls' };
    expect((await at.signIn(link.path, 'imap', email, { server })).code).toBe('account_mismatch');
    expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 1 });
    const asked = hostile.asked.map(({ command, rest }) => `${command} ${rest}`).join('\n');
    for (const { message_id } of own) expect(asked).not.toContain(message_id.slice(1, -1));
  });

  test('too little mail to compare needs the product’s word', async () => {
    const email = 'little@example.com';
    const { channelId } = await channelWith('gmail', email, 3);
    expect((await at.change(channelId, 'imap', email)).code).toBe('attestation_required');
    expect((await at.change(channelId, 'imap', email, { attested: true })).code).toBeNull();
  });

  test('an account that has a channel of its own is refused', async () => {
    const email = 'twice@example.com';
    const { channelId } = await channelWith('imap', email, 2);
    const other = await at.connect('gmail', email);
    const { code, link } = await at.change(channelId, 'gmail', email);
    expect(code).toBe('account_connected');
    expect((await links.resultOf(link.id)).detail).toContain(other);
  });

  test('a link to sign in again in the channel’s own way takes no other way of its access type', async () => {
    const email = 'own-way@example.com';
    const { channelId } = await channelWith('imap', email, 6);
    const link = await links.reauthorizeLink(channelId);
    await at.account('imap of google', email);
    expect((await at.signIn(link.path, 'imap of google', email)).code).toBe('account_mismatch');
  });
});

const user = (name: string, org: string) =>
  stage.sandbox.account('salesforce', `${name}@crm.example.com`, { password: 'x', org });

describe('records of an organization', () => {
  test('another user of the organization takes the channel over, one of another organization does not', async () => {
    await user('first', 'acme-crm');
    await user('second', 'acme-crm');
    await user('third', 'other-crm');
    const channelId = await at.connect('salesforce', 'first@crm.example.com');
    const own = await stage.sandbox.deliver('salesforce', 'first@crm.example.com', 6);
    await importing(stage.context).settle(channelId);
    const link = await at.changeLink(channelId, { access_types: ['salesforce'] });
    expect((await at.signIn(link.path, 'salesforce', 'third@crm.example.com')).code).toBe('account_mismatch');
    expect((await at.signIn(link.path, 'salesforce', 'second@crm.example.com')).code).toBeNull();
    const { finish } = importing(stage.context);
    expect(await finish(channelId, await at.runningImport(channelId))).toMatchObject({
      state: 'completed',
      counts: { imported: 0, missing: 0 },
    });
    expect(await at.stored(channelId)).toEqual(messageIds(own));
    expect(await at.show(channelId)).toMatchObject({ access_type: 'salesforce', credential_version: 2 });
  });
});

describe('the tenant’s policy', () => {
  test('names the access types that a link may offer, when it is made and when it is used', async () => {
    const email = 'policied@example.com';
    const channelId = await at.connect('imap', email, 'policied');
    await policy('policied', ['imap']);
    const refused = await api.call('POST', `/v1/channels/${channelId}/reauthorize-links`, {
      purpose: 'change_access',
      access_types: ['gmail'],
    });
    expect([refused.status, refused.json.code]).toEqual([403, 'access_type_not_allowed']);
    await policy('policied', ['imap', 'gmail']);
    const link = await at.changeLink(channelId);
    const session = async () => (await browse(api)('GET', `${link.path}/session`)).json;
    expect((await session()).access_types.toSorted()).toEqual(['gmail', 'imap']);
    await at.account('gmail', email);
    const browser = browse(api);
    const { json } = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    await policy('policied', ['imap']);
    const back = await stage.sandbox.consent(json.authorization_url, email);
    const returned = await browser('GET', back);
    expect(new URL(returned.headers.get('location') ?? '').searchParams.get('code')).toBe('access_type_not_allowed');
    expect((await session()).access_types).toEqual(['imap']);
    expect((await at.signIn(link.path, 'gmail', email)).code).toBe('access_type_not_allowed');
    const again = await links.reauthorizeLink(channelId);
    expect((await browse(api)('GET', `${again.path}/session`)).json.other_access_types).toEqual([]);
    expect(await at.show(channelId)).toMatchObject({ access_type: 'imap', credential_version: 1 });
  });

  test('a channel of records is offered no mailbox, nor a mailbox records', async () => {
    const channelId = await at.connect('imap', 'no-records@example.com');
    const refused = await api.call('POST', `/v1/channels/${channelId}/reauthorize-links`, {
      purpose: 'change_access',
      access_types: ['salesforce'],
    });
    expect(refused.json.code).toBe('access_type_not_allowed');
  });
});
