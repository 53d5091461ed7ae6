import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNoticeLink } from '../../connections/new-link.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { browse } from '../support/api.ts';
import { codeOf, locationOf } from './links-of.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const TENANT = 'acme';

let raised: RaisedApi;
beforeAll(async () => {
  raised = await raiseApi();
}, 60_000);
afterAll(() => raised?.close());

const channelNow = (id: string) => raised.stage.context.database.inTenant(TENANT, (tx) => findChannel(tx, id));

/** A channel that waits for its person. */
async function breakChannel(id: string, email: string) {
  await raised.stage.sandbox.fault('google', email, 'access_revoked');
  const version = (await channelNow(id))?.credentialVersion ?? 0;
  await refreshCredential(raised.stage.context, { tenantId: TENANT, accessType: 'gmail', channelId: id, version });
  const channel = await channelNow(id);
  expect(channel).toMatchObject({ status: 'reauth_required' });
  return channel;
}

/** The path of a link in a mail about the channel's incident. */
async function mailLink(id: string, recipient: string): Promise<string> {
  const { context } = raised.stage;
  const now = await context.clock.now();
  return context.database.inTenant(TENANT, async (tx) => {
    const channel = await findChannel(tx, id);
    if (!channel?.incidentId) throw new Error('The channel has no incident');
    const link = { channel, incidentId: channel.incidentId, recipient, expiresAt: null };
    return new URL(await makeNoticeLink(context, tx, link, now)).pathname;
  });
}

const sessionOf = async (path: string) => (await browse(raised.api)('GET', `${path}/session`)).json;
const authorize = (path: string) => browse(raised.api)('POST', `${path}/authorize`, { access_type: 'gmail' });

test('links end with what they are for: a mail’s with its incident, the product’s with another sign-in', async () => {
  const { api, links, sql } = raised;
  const email = 'ends@example.com';
  const connect = await links.makeLink({ access_types: ['gmail'], owner: { email: 'Owner@Example.com' } });
  const connected = locationOf(await links.signIn(browse(raised.api), connect.path, email));
  const id = connected.searchParams.get('channel') ?? '';
  await breakChannel(id, email);
  const [first, second] = [await mailLink(id, 'ana@example.com'), await mailLink(id, 'ada@example.com')];
  const product = await links.reauthorizeLink(id);
  const mover = await api.call('POST', `/v1/channels/${id}/reauthorize-links`, { allow_server_change: true });
  expect(await sessionOf(first)).toMatchObject({ purpose: 'reauthorize', done: false, result: null });

  // A second person is at the provider's page while the first signs in.
  const late = browse(raised.api);
  const lateBack = await raised.stage.sandbox.consent(await links.authorizationUrl(late, second), email);
  await links.signIn(browse(raised.api), first, email);
  const repaired = { status: 'connected', channel: id, repaired: true };
  expect(await sessionOf(first)).toMatchObject({ done: true, result: { status: 'connected', channel: id } });
  expect((await sessionOf(first)).result).not.toHaveProperty('repaired');
  for (const path of [second, product.path]) {
    expect(await sessionOf(path)).toMatchObject({ done: true, result: repaired });
    expect(await authorize(path)).toMatchObject({ status: 410, json: { code: 'link_used' } });
  }
  expect(await links.resultOf(product.id)).toEqual(repaired);
  expect(codeOf(await late('GET', lateBack))).toBeNull();
  expect((await channelNow(id))?.credentialVersion).toBe(2);
  expect(await links.resultOf(mover.json.id)).toBeNull();

  // A link that is made while the channel works renews it; the next incident has links of its own.
  const again = await links.reauthorizeLink(id);
  expect(await sessionOf(again.path)).toMatchObject({ done: false });
  const renew = (path: string) => browse(raised.api)('POST', `${path}/renew`);
  const planned = () =>
    sql`select kind, recipient, incident_id, link_id from notices where kind = 'new_link' order by id`;
  // A used link is followed by no other while the channel works.
  await renew(connect.path);
  await breakChannel(id, email);
  expect(await sessionOf(second)).toMatchObject({ done: false, result: null });
  expect(Date.parse((await sessionOf(second)).expires_at)).toBeLessThanOrEqual(Date.now());
  expect(await authorize(second)).toMatchObject({ status: 410, json: { code: 'link_expired' } });
  expect(await authorize(product.path)).toMatchObject({ status: 200 });
  // A link of a former admin is followed by none.
  expect(await renew(second)).toMatchObject({ status: 202 });
  expect(await planned()).toEqual([]);
  await api.call('PUT', `/v1/tenants/${TENANT}/policy`, { admins: [{ email: 'ada@example.com' }] });
  for (const path of [second, first, again.path, '/connect/nothing']) {
    expect(await renew(path)).toMatchObject({ status: 202, json: { accepted: true } });
  }
  const incident = (await channelNow(id))?.incidentId;
  const anew = { kind: 'new_link', recipient: 'ada@example.com', incident_id: incident };
  expect(await planned()).toMatchObject([anew]);
  await sql`update links set expires_at = now() - interval '1 minute' where id = ${again.id}`;
  await renew(again.path);
  const own = { kind: 'new_link', recipient: 'owner@example.com', incident_id: null, link_id: again.id };
  expect(await planned()).toMatchObject([anew, own]);
  // During the incident a used link is followed by a new one: a mail's link goes to its person, the product's to the owner.
  await api.call('PUT', `/v1/tenants/${TENANT}/policy`, { admins: [{ email: 'ana@example.com' }] });
  for (const path of [first, connect.path]) await renew(path);
  expect((await planned()).slice(2)).toMatchObject([
    { recipient: 'ana@example.com', incident_id: incident },
    { recipient: 'owner@example.com', incident_id: incident },
  ]);
  // Nor is an expired one of a blocked account, which no sign-in helps.
  const unused = await links.reauthorizeLink(id);
  await sql`update links set expires_at = now() - interval '1 minute' where id = ${unused.id}`;
  await sql`update channels set status = 'blocked', action = 'contact_support' where id = ${id}`;
  expect((await renew(unused.path)).status).toBe(202);
  expect(await planned()).toHaveLength(4);
  await sql`update channels set status = 'reauth_required', action = 'reauthorize' where id = ${id}`;
  expect(await renew(again.path)).toMatchObject({ status: 429, json: { code: 'rate_limited' } });

  const third = await mailLink(id, 'ana@example.com');
  const returned = await links.signIn(browse(raised.api), third, email);
  expect(locationOf(returned).searchParams.get('channel')).toBe(id);

  // What is at rest of a mail's link opens nothing.
  const rows = await sql`select * from links where incident_id is not null order by recipient`;
  expect(rows.map(({ recipient }) => recipient)).toEqual(['ada@example.com', 'ana@example.com', 'ana@example.com']);
  expect(JSON.stringify(rows)).not.toContain(first.split('/').at(-1));
});
