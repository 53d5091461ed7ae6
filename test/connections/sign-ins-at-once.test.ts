import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { checkChannel } from '../../credentials/check.ts';
import { refreshUntilDone } from '../credentials/refresh-until-done.ts';
import { browse } from '../support/api.ts';
import type { ApiAnswer } from '../support/api.ts';
import { until } from '../support/engine.ts';
import { secret } from '../support/minting.ts';
import { grantOfProduct } from '../support/product-grant.ts';
import { startSecondSandbox } from '../support/second-sandbox.ts';

/* Sign-ins, adoptions and moves of one account at once: one makes the channel, each of the others reauthorizes it. */

const PASSWORD = secret('password');

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

type Started = () => Promise<ApiAnswer>;
const times = <T>(count: number, make: () => Promise<T>) => Promise.all(Array.from({ length: count }, make));

/** Starts requests while the tenant's row is locked, and lets go of it when `waiting` of them wait in their transaction. */
async function together(tenant: string, starts: Started[], waiting = starts.length): Promise<ApiAnswer[]> {
  const { sql } = raised;
  const answers = await sql.begin(async (holding) => {
    await holding`select from tenants where id = ${tenant} for update`;
    const running = starts.map((start) => start());
    await until(`${waiting} transactions to wait`, async () => {
      const [row] = await sql`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row?.['waiting'] >= waiting;
    });
    return { running };
  });
  return Promise.all(answers.running);
}

/** A connect link at which `email` is back from Google's consent page; the callback is what is left. */
async function atGoogle(tenant: string, email: string) {
  const { links, api, stage } = raised;
  const link = await links.makeLink({ tenant, access_types: ['gmail'] });
  const browser = browse(api);
  const back = await stage.sandbox.consent(await links.authorizationUrl(browser, link.path), email);
  return { linkId: link.id, start: () => browser('GET', back) };
}

const at = ({ host, port, security } = raised.stage.imap) => ({ host, port, security });

async function passwordForm(tenant: string, username: string, server: object = at()) {
  const link = await raised.links.makeLink({ tenant, access_types: ['imap'] });
  return { linkId: link.id, start: submitted(link.path, username, server) };
}

const submitted =
  (path: string, username: string, server: object): Started =>
  () =>
    browse(raised.api)('POST', `${path}/password`, { access_type: 'imap', username, password: PASSWORD, ...server });

const adoption = (tenant: string, accessType: string, email: string, credential: object): Started => {
  const body = { tenant, access_type: accessType, account: { email }, credential };
  return () => raised.api.call('POST', '/v1/channels', body);
};

/** The one live channel of the account, whose links name it, and whose last credential works. */
async function expectOne(tenant: string, { linkIds, answers }: { linkIds: string[]; answers: ApiAnswer[] }) {
  const { api, links, stage } = raised;
  expect(answers.filter(({ status }) => status >= 400).map(({ text }) => text)).toEqual([]);
  const { json } = await api.call('GET', `/v1/channels?tenant=${tenant}`);
  expect(json.data).toHaveLength(1);
  const [{ id: channelId, access_type: accessType, credential_version: version }] = json.data;
  expect(version).toBe(answers.length);
  for (const id of linkIds) {
    const link = await api.call('GET', `/v1/links/${id}`);
    expect(link.json).toMatchObject({ done: true, result: { status: 'connected', channel: channelId } });
  }
  for (const { status, json: adopted } of answers) if (status === 201) expect(adopted.id).toBe(channelId);
  if (accessType === 'gmail') {
    const input = { tenantId: tenant, channelId, accessType, version };
    expect(await refreshUntilDone(stage.context, input)).toBe('refreshed');
  }
  expect(await checkChannel(stage.context, { tenantId: tenant, channelId })).toMatchObject({ ok: true });
  expect(await links.resultOf(linkIds[0] ?? '')).toMatchObject({ channel: channelId });
}

describe('one new mailbox', () => {
  test('rule 7: six callbacks of Google at once', async () => {
    const email = 'six@example.com';
    await raised.stage.sandbox.account('google', email, { password: PASSWORD });
    const forms = await times(6, () => atGoogle('six', email));
    const answers = await together(
      'six',
      forms.map(({ start }) => start),
    );
    await expectOne('six', { linkIds: forms.map(({ linkId }) => linkId), answers });
    const revoked = await raised.stage.sandbox.requests('google', 'revoke');
    expect(revoked).toEqual([]);
  });

  test('callbacks of Google beside adoptions with tokens of their own', async () => {
    const email = 'mixed@example.com';
    const tokens = await times(4, () => grantOfProduct(raised.stage, email));
    const forms = await times(3, () => atGoogle('mixed', email));
    const adoptions = tokens.map((token) => adoption('mixed', 'gmail', email, { refresh_token: token }));
    const answers = await Promise.all([...adoptions, ...forms.map(({ start }) => start)].map((start) => start()));
    await expectOne('mixed', { linkIds: forms.map(({ linkId }) => linkId), answers });
  });

  test('password forms beside adoptions of the same password', async () => {
    const email = 'typed@example.com';
    await raised.stage.sandbox.account('imap', email, { password: PASSWORD });
    const forms = await times(4, () => passwordForm('typed', email));
    const credential = { username: email, password: PASSWORD, ...at() };
    const adoptions = Array.from({ length: 4 }, () => adoption('typed', 'imap', email, credential));
    const answers = await together('typed', [...forms.map(({ start }) => start), ...adoptions]);
    await expectOne('typed', { linkIds: forms.map(({ linkId }) => linkId), answers });
  });
});

const MOVING = { allow_server_change: true, attested: true };

async function connected(tenant: string, email: string, server = raised.stage.imap): Promise<string> {
  for (const control of [raised.stage.sandbox, second.control]) {
    await control.account('imap', email, { password: PASSWORD });
  }
  const { json } = await (await passwordForm(tenant, email, at(server))).start();
  return json.channel.id;
}

async function move(channelId: string, username: string, server: object) {
  const { json } = await raised.api.call('POST', `/v1/channels/${channelId}/reauthorize-links`, MOVING);
  return { linkId: json.id as string, start: submitted(new URL(json.url).pathname, username, server) };
}

describe('a channel that moves', () => {
  test('to a server where its account is being connected: one channel has the account, and the other link says so', async () => {
    const email = 'moving@example.com';
    const channelId = await connected('moving', email);
    const form = await passwordForm('moving', email, at(second.imap));
    const moving = await move(channelId, email, at(second.imap));
    // The sign-in has inserted its channel and waits for its tenant; then the move comes.
    const answers = await together('moving', [form.start, moving.start]);
    const [made, moved] = answers.map(({ status }) => status);
    expect([
      [200, 409],
      [200, 200],
    ]).toContainEqual([made, moved]);
    const { json } = await raised.api.call('GET', '/v1/channels?tenant=moving');
    const there = json.data.filter((one: { server: { port: number } }) => one.server.port === second.imap.port);
    expect(there).toHaveLength(1);
    expect(await raised.links.resultOf(form.linkId)).toMatchObject({ status: 'connected', channel: there[0].id });
    expect(await raised.links.resultOf(moving.linkId)).toMatchObject(
      moved === 200 ? { status: 'connected', channel: channelId } : { status: 'failed', code: 'account_connected' },
    );
  });

  test('to another’s server, which moves to its own: neither waits for the other', async () => {
    const email = 'swapping@example.com';
    const here = await connected('swapping', email);
    const there = await connected('swapping', email, second.imap);
    const moves = [await move(here, email, at(second.imap)), await move(there, email, at())];
    const answers = await Promise.all(moves.map(({ start }) => start()));
    expect(answers.map(({ json }) => json.code)).toEqual(['account_connected', 'account_connected']);
  });

  test('to an address that another channel has: the sign-in is refused and says which', async () => {
    const email = 'renamed@example.com';
    const channelId = await raised.links.connect(email, 'renamed');
    await raised.sql`update channels set mailbox_key = 'before@example.com' where id = ${channelId}`;
    const other = await raised.links.connect(email, 'renamed');
    expect(other).not.toBe(channelId);
    const link = await raised.links.reauthorizeLink(channelId);
    await raised.links.signIn(browse(raised.api), link.path, email);
    const result = await raised.links.resultOf(link.id);
    expect(result).toMatchObject({ status: 'failed', code: 'account_connected' });
    expect(result.detail).toContain(other);
  });
});
