import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { idsOf, importing, messageIds } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { startSecondSandbox } from '../support/second-sandbox.ts';

/*
 * An Exchange server vouches for nothing at another address. A hostile one has an account of the same name, whose password
 * the attacker knows, and any mail that the attacker likes.
 */

const PASSWORD = secret('exchange-password');
const OTHER_PASSWORD = secret('exchange-password');
const DAY_MS = 86_400_000;

let raised: RaisedApi;
let second: Awaited<ReturnType<typeof startSecondSandbox>>;
let stage: RaisedApi['stage'];
let links: RaisedApi['links'];
beforeAll(async () => {
  raised = await raiseApi();
  ({ stage, links } = raised);
  second = await startSecondSandbox(stage);
}, 60_000);
afterAll(async () => {
  await second?.stop();
  await raised?.close();
});

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const hostOf = (url: string) => new URL(url).host;
const urlOf = async (channelId: string) =>
  (await raised.api.call('GET', `/v1/channels/${channelId}`)).json.server.url as string;

const signIn = (path: string, username: string, url = stage.exchangeUrl, password = PASSWORD) =>
  browse(raised.api)('POST', `${path}/password`, { access_type: 'exchange', username, password, url });
const atOther = (path: string, username: string) => signIn(path, username, second.exchangeUrl, OTHER_PASSWORD);
const moveLink = (channelId: string, more: object = {}) =>
  links.reauthorizeLink(channelId, { allow_server_change: true, ...more });

/** A channel with its own mail in its feed, and an account of the same name at the other server. */
async function victim(name: string, count = 24) {
  const email = `${name}@contoso.example`;
  await stage.sandbox.account('exchange', email, { password: PASSWORD });
  await second.control.account('exchange', email, { password: OTHER_PASSWORD });
  const { json } = await signIn((await links.makeLink()).path, email);
  const channelId = json.channel.id as string;
  await importing(stage.context).settle(channelId);
  const own = await stage.sandbox.deliver('exchange', email, count);
  await importing(stage.context).settle(channelId);
  return { email, channelId, own };
}
type Victim = Awaited<ReturnType<typeof victim>>;

async function feedOf(channelId: string): Promise<string[]> {
  const { json } = await raised.api.call('GET', `/v1/messages?channel=${channelId}&limit=200`);
  return idsOf(json.data.map((one: { message_id: string }) => ({ messageId: one.message_id })));
}

async function expectUntouched({ channelId, own }: Victim, version = 1) {
  await importing(stage.context).settle(channelId);
  const { json } = await raised.api.call('GET', `/v1/channels/${channelId}`);
  expect(json).toMatchObject({ credential_version: version, status: 'connected', server: { url: stage.exchangeUrl } });
  expect(await feedOf(channelId)).toEqual(messageIds(own));
}

/** Puts copies of a channel's mail into the account at the other server. */
async function copy({ email, channelId, own }: Victim, count = own.length, times = 1) {
  const stored = await importing(stage.context).stored(channelId);
  const taken = own.slice(0, count).map(({ message_id }) => message_id);
  for (const { sender, subject, date, messageId } of stored) {
    if (messageId === null || !taken.includes(messageId)) continue;
    const fields = [`From: ${sender?.email}`, `Subject: ${subject}`, `Date: ${date?.toUTCString()}`];
    const raw = [...fields, `Message-ID: ${messageId}`, '', 'copied'].join('\r\n');
    const more = { raw: Buffer.from(raw).toString('base64'), ...(date === null ? {} : { date: date.toISOString() }) };
    for (let time = 0; time < times; time++) await second.control.deliver('exchange', email, 1, more);
  }
}

describe('the same address at another server', () => {
  test('rule 7: a connect link makes another channel, and the first keeps its mail and its credential', async () => {
    const taken = await victim('connect', 2);
    await second.control.deliver('exchange', taken.email, 3);
    const { json } = await atOther((await links.makeLink()).path, taken.email);
    expect(json.channel).toMatchObject({ status: 'connected', server: { url: second.exchangeUrl } });
    expect(json.channel.id).not.toBe(taken.channelId);
    await expectUntouched(taken);
  });

  test('rule 7: a reauthorize link refuses it, names both servers, and stays usable', async () => {
    const taken = await victim('reauthorize', 2);
    const { email, channelId } = taken;
    const link = await links.reauthorizeLink(channelId);
    const [expected, received] = [stage.exchangeUrl, second.exchangeUrl].map((url) => ({ server: hostOf(url) }));
    for (const username of [email, email.toUpperCase()]) {
      const refused = await atOther(link.path, username);
      expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch', expected, received } });
    }
    // A login that is no address gets the channel's from the other server's directory.
    const refused = await atOther(link.path, 'CONTOSO\\reauthorize');
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch', received } });
    await expectUntouched(taken);
    expect((await signIn(link.path, email)).json.channel).toMatchObject({ id: channelId, credential_version: 2 });
  });

  test('rule 7: an adoption refuses it and stores nothing', async () => {
    const taken = await victim('adopt', 2);
    const { email } = taken;
    const refused = await raised.api.call('POST', '/v1/channels', {
      tenant: 'acme',
      access_type: 'exchange',
      account: { email },
      credential: { username: email, password: OTHER_PASSWORD, url: second.exchangeUrl },
    });
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch' } });
    await expectUntouched(taken);
  });

  test('rule 7: another name of the same host is another server, another path is not', async () => {
    const taken = await victim('places', 2);
    const { email, channelId } = taken;
    const link = await links.reauthorizeLink(channelId);
    const renamed = stage.exchangeUrl.replace('127.0.0.1', 'localhost');
    expect((await signIn(link.path, email, renamed)).json).toMatchObject({ code: 'account_mismatch' });
    const otherPath = stage.exchangeUrl.replace('/EWS/Exchange.asmx', '/ews/exchange.asmx');
    expect((await signIn(link.path, email, otherPath)).json.channel).toMatchObject({ id: channelId });
  });
});

describe('a channel that may move', () => {
  test('rule 10: keeps itself, loses nothing and doubles nothing, also of what only the new server had', async () => {
    const moved = await victim('moved', 25);
    const { email, channelId, own } = moved;
    await copy(moved);
    const since = await second.control.deliver('exchange', email, 3);
    const early = await second.control.deliver('exchange', email, 2, { folder: 'Long ago', date: daysAgo(300) });
    const { json } = await atOther((await moveLink(channelId)).path, email);
    expect(json.channel).toMatchObject({ id: channelId, credential_version: 2, server: { url: second.exchangeUrl } });
    const { settle, imports } = importing(stage.context);
    const running = (await imports(channelId)).find(({ state }) => state === 'running');
    expect(await importing(stage.context).finish(channelId, running?.id ?? '')).toMatchObject({ done: true });
    await settle(channelId);
    expect(await feedOf(channelId)).toEqual(messageIds([...own, ...since]));
    const fresh = await second.control.deliver('exchange', email, 1);
    await stage.sandbox.deliver('exchange', email, 1);
    await settle(channelId);
    expect(await feedOf(channelId)).toEqual(messageIds([...own, ...since, ...fresh]));
    expect(early).toHaveLength(2);
    expect(await urlOf(channelId)).toBe(second.exchangeUrl);
  });

  const hostile: [string, (taken: Victim) => Promise<void>][] = [
    [
      'with a few copied messages among its own',
      async (taken) => {
        await copy(taken, 6);
        await second.control.deliver('exchange', taken.email, 40);
      },
    ],
    ['with one message many times', (taken) => copy(taken, 1, 60)],
    ['with nothing', async () => {}],
  ];
  test.each(hostile)('rule 7: a server %s is refused, and its mail is never shown', async (name, prepare) => {
    const taken = await victim(`hostile-${name.replaceAll(' ', '-')}`);
    await prepare(taken);
    const link = await moveLink(taken.channelId);
    const refused = await atOther(link.path, taken.email);
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_mismatch' } });
    await expectUntouched(taken);
    const { json } = await signIn(link.path, taken.email);
    expect(json.channel).toMatchObject({ id: taken.channelId, credential_version: 2 });
  });

  test('is compared by its newest messages first, however many are older', async () => {
    const taken = await victim('newest');
    await second.control.deliver('exchange', taken.email, 1_500, { date: daysAgo(20) });
    await copy(taken);
    const moved = await atOther((await moveLink(taken.channelId)).path, taken.email);
    expect(moved.json.channel).toMatchObject({ id: taken.channelId });
    const asked = await second.control.requests('exchange', 'api', taken.email);
    // Ten items a request, and two requests for each ten: the older ones alone would be 300.
    expect(asked.filter(({ operation }) => operation === 'GetItem').length).toBeLessThan(40);
  });

  test('with few messages stored it moves with the product’s word alone', async () => {
    const { email, channelId } = await victim('little', 4);
    const refused = await atOther((await moveLink(channelId)).path, email);
    expect(refused).toMatchObject({ status: 409, json: { code: 'attestation_required' } });
    const { path } = await links.reauthorizeLink(channelId, { attested: true });
    expect((await atOther(path, email)).json).toMatchObject({ code: 'account_mismatch' });
    const moved = await atOther((await moveLink(channelId, { attested: true })).path, email);
    expect(moved.json.channel).toMatchObject({ id: channelId, server: { url: second.exchangeUrl } });
  });

  test('the product’s word does not stand in for mail that could be compared', async () => {
    const { email, channelId } = await victim('plenty', 9);
    const refused = await atOther((await moveLink(channelId, { attested: true })).path, email);
    expect(refused.json).toMatchObject({ code: 'account_mismatch' });
  });

  test('is refused where the new account has a channel of its own', async () => {
    const taken = await victim('twofold', 6);
    await copy(taken);
    const other = await atOther((await links.makeLink()).path, taken.email);
    const refused = await atOther((await moveLink(taken.channelId)).path, taken.email);
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_connected' } });
    expect(refused.json.detail).toContain(other.json.channel.id);
  });
});
