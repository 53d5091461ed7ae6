import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { idsOf, importing, messageIds } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { startSecondSandbox } from '../support/second-sandbox.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

/* Rule 7: a password's account is its login at its server. Nothing vouches for the same login at another server. */

const PASSWORD = secret('password');
const OTHER_PASSWORD = secret('password');
const TENANT = 'acme';

let raised: RaisedApi;
let second: Awaited<ReturnType<typeof startSecondSandbox>>;
beforeAll(async () => {
  raised = await raiseApi();
  second = await startSecondSandbox(raised.stage);
}, 60_000);
afterAll(async () => {
  await second?.stop();
  await raised?.close();
});

const at = ({ host, port, security }: RaisedApi['stage']['imap'] = raised.stage.imap) => ({ host, port, security });
const named = ({ host, port } = raised.stage.imap) => `${host}:${port}`;

const signIn = (path: string, username: string, more: object = at(), password = PASSWORD) =>
  browse(raised.api)('POST', `${path}/password`, { access_type: 'imap', username, password, ...more });

/** A channel at the stage's server, with a message in its feed; at the second one another person has the same login. */
async function victim(name: string) {
  const email = `${name}@example.com`;
  await raised.stage.sandbox.account('imap', email, { password: PASSWORD });
  await second.control.account('imap', email, { password: OTHER_PASSWORD });
  const { json } = await signIn((await raised.links.makeLink()).path, email);
  const channelId = json.channel.id as string;
  const { poll } = importing(raised.stage.context);
  await poll(channelId);
  const own = await raised.stage.sandbox.deliver('imap', email, 2);
  await second.control.deliver('imap', email, 3);
  await poll(channelId);
  return { email, channelId, own };
}

/** Nothing of it has changed: same credential, and its feed has its own mail alone. */
async function expectUntouched({ channelId, own }: Awaited<ReturnType<typeof victim>>) {
  const { poll } = importing(raised.stage.context);
  await poll(channelId);
  const { json } = await raised.api.call('GET', `/v1/channels/${channelId}`);
  expect(json).toMatchObject({ credential_version: 1, status: 'connected', server: { ...at(), kind: 'imap' } });
  const feed = await raised.api.call('GET', `/v1/messages?channel=${channelId}`);
  expect(idsOf(feed.json.data.map((one: { message_id: string }) => ({ messageId: one.message_id })))).toEqual(
    messageIds(own),
  );
}

describe('another server', () => {
  test('rule 7: a connect link makes another channel, and the first keeps its mail and its credential', async () => {
    const taken = await victim('connect');
    const link = await raised.links.makeLink();
    const { json } = await signIn(link.path, taken.email, at(second.imap), OTHER_PASSWORD);
    expect(json.channel).toMatchObject({ status: 'connected', server: at(second.imap) });
    expect(json.channel.id).not.toBe(taken.channelId);
    await expectUntouched(taken);
    const { stored, poll } = importing(raised.stage.context);
    await second.control.deliver('imap', taken.email, 1);
    await poll(json.channel.id);
    expect(await stored(json.channel.id)).toHaveLength(1);
  });

  test('rule 7: a reauthorize link refuses it, names both servers, and stays usable', async () => {
    const taken = await victim('reauthorize');
    const link = await raised.links.reauthorizeLink(taken.channelId);
    const refused = await signIn(link.path, taken.email, at(second.imap), OTHER_PASSWORD);
    const { email } = taken;
    const [expected, received] = [raised.stage.imap, second.imap].map((imap) => ({
      email,
      login: email,
      server: named(imap),
    }));
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch', expected, received } });
    const { code, detail } = refused.json;
    expect(await raised.links.resultOf(link.id)).toEqual({ status: 'failed', code, detail, expected, received });
    expect(detail).toContain(named(raised.stage.imap));
    expect(detail).toContain(named(second.imap));
    await expectUntouched(taken);
    expect((await signIn(link.path, email)).json.channel).toMatchObject({ id: taken.channelId, credential_version: 2 });
  });

  test('rule 7: an adoption of the same address refuses it and stores nothing', async () => {
    const taken = await victim('adopt');
    const { email } = taken;
    const adopt = (server: object, password: string) =>
      raised.api.call('POST', '/v1/channels', {
        tenant: TENANT,
        access_type: 'imap',
        account: { email },
        credential: { username: email, password, ...server },
      });
    expect(await adopt(at(second.imap), OTHER_PASSWORD)).toMatchObject({
      status: 409,
      json: {
        code: 'account_mismatch',
        expected: { server: named() },
        received: { server: named(second.imap) },
      },
    });
    const { json } = await raised.api.call('GET', `/v1/channels?tenant=${TENANT}&limit=200`);
    const same = json.data.filter((one: { account: { email: string } }) => one.account.email === email);
    expect(same).toHaveLength(1);
    await expectUntouched(taken);
    const again = await adopt(at(), PASSWORD);
    expect(again).toMatchObject({ status: 201, json: { id: taken.channelId, credential_version: 2 } });
  });

  test('rule 7: another port or another name of the same host is another server', async () => {
    const taken = await victim('places');
    const { tls_port: port } = raised.stage.imap as unknown as { tls_port: number };
    for (const place of [
      { ...at(), port, security: 'tls' },
      { ...at(), host: 'localhost' },
    ]) {
      const link = await raised.links.reauthorizeLink(taken.channelId);
      const refused = await signIn(link.path, taken.email, place);
      const received = { server: `${place.host}:${place.port}` };
      expect(refused.json).toMatchObject({ code: 'account_mismatch', received });
      const other = await signIn((await raised.links.makeLink()).path, taken.email, place);
      expect(other).toMatchObject({ status: 200 });
      expect(other.json.channel.id).not.toBe(taken.channelId);
    }
    await expectUntouched(taken);
  });
});

describe('the same server', () => {
  test.each([
    ['in capitals', { host: 'LOCALHOST' }, 'eda@example.com'],
    ['with a trailing dot', { host: 'localhost.' }, 'eda@example.com'],
    ['and the login in another case', { host: 'localhost' }, 'Eda@Example.com'],
  ])('%s is the same account', async (_, place, username) => {
    await raised.stage.sandbox.account('imap', 'eda@example.com', { password: PASSWORD });
    await raised.stage.sandbox.account('imap', username, { password: PASSWORD });
    const first = await signIn((await raised.links.makeLink()).path, 'eda@example.com', { ...at(), host: 'localhost' });
    const again = await signIn((await raised.links.makeLink()).path, username, { ...at(), ...place });
    expect(again.json.channel.id).toBe(first.json.channel.id);
    expect(again.json.channel.credential_version).toBe(first.json.channel.credential_version + 1);
    expect(again.json.channel.server.host).toBe('localhost');
  });

  test('is the one that a pinned form means when it names none', async () => {
    const { email, channelId } = await victim('omitted');
    const link = await raised.links.reauthorizeLink(channelId);
    expect(await signIn(link.path, email, {})).toMatchObject({ status: 200, json: { channel: { id: channelId } } });
  });

  test('two sign-ins of one new mailbox at once: one makes the channel, the other reauthorizes it', async () => {
    const email = 'both@example.com';
    await raised.stage.sandbox.account('imap', email, { password: PASSWORD });
    const links = await Promise.all(Array.from({ length: 6 }, () => raised.links.makeLink()));
    const answers = await Promise.all(links.map(({ path }) => signIn(path, email)));
    expect(answers.map(({ status }) => status)).toEqual(links.map(() => 200));
    expect(new Set(answers.map(({ json }) => json.channel.id)).size).toBe(1);
    const { json } = await raised.api.call('GET', `/v1/channels/${answers[0]?.json.channel.id}`);
    expect(json.credential_version).toBe(links.length);
  });

  test('of a channel whose row does not tell it is filled in from its secret', async () => {
    const taken = await victim('unknown');
    await raised.sql`update channels set server = null, server_key = '' where id = ${taken.channelId}`;
    const link = await raised.links.reauthorizeLink(taken.channelId);
    const early = await signIn(link.path, taken.email, at(second.imap), OTHER_PASSWORD);
    expect(early.json).toMatchObject({ code: 'account_mismatch', received: { server: named(second.imap) } });
    await checkChannel(raised.stage.context, { tenantId: TENANT, channelId: taken.channelId });
    await expectUntouched(taken);
    expect((await signIn(link.path, taken.email)).json.channel.id).toBe(taken.channelId);
  });
});
