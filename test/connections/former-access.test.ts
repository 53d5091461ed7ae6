import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeSignIn, proveSignIn } from '../../connections/complete-sign-in.ts';
import { disconnectChannel, leaveChannel } from '../../connections/disconnect-channel.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { rememberServer } from '../../credentials/remember-server.ts';
import { findLink } from '../../db/access/links.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import type { Context } from '../../runtime/context.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { browse } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { changing, WAYS } from './changing.ts';
import type { WayName } from './changing.ts';

/* What a former access must not do: outlive its channel, take a token that is in flight, or lead past the policy. */

const TENANT = 'acme';

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let links: RaisedApi['links'];
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage, api, links } = raised);
  at = changing(raised);
}, 60_000);
afterAll(() => raised?.close());

async function changed(from: WayName, to: WayName, email: string, tenant = TENANT) {
  const channelId = await at.connect(from, email, tenant);
  expect((await at.change(channelId, to, email, { attested: true })).code).toBeNull();
  return channelId;
}

const policy = (tenant: string, accessTypes: string[] | null) =>
  api.call('PUT', `/v1/tenants/${tenant}/policy`, { access_types: accessTypes });

const revokedTokens = async (name: WayName, email: string) =>
  (await stage.sandbox.requests(WAYS[name].at, 'revoke', email)).filter(({ status }) => status === 200).length;

describe('a disconnect', () => {
  test('S-09: revokes the live grant at once, also while a former one cannot be revoked', async () => {
    const [first, second] = ['first@crm.example.com', 'second@crm.example.com'];
    for (const email of [first, second]) {
      await stage.sandbox.account('salesforce', email, { password: secret('password'), org: 'acme-crm' });
    }
    const channelId = await at.connect('salesforce', first);
    const link = await at.changeLink(channelId, { access_types: ['salesforce'] });
    expect((await at.signIn(link.path, 'salesforce', second)).code).toBeNull();
    const fault = await stage.sandbox.fault('salesforce', first, 'unavailable', { kind: 'revoke' });
    await api.call('DELETE', `/v1/channels/${channelId}`);
    expect(await disconnectChannel(stage.context, { tenantId: TENANT, channelId })).toBe(false);
    expect(await revokedTokens('salesforce', second)).toBe(1);
    await stage.sandbox.mend(fault.id);
    expect(await disconnectChannel(stage.context, { tenantId: TENANT, channelId })).toBe(true);
    expect(await at.show(channelId)).toMatchObject({ status: 'disconnected', revocation: 'done' });
    expect(await at.revocations('salesforce', second)).toBe(1);
    expect(await at.restingIn(channelId)).toBe(0);
  });

  test('without a worker of the live access type revokes a former grant of another one', async () => {
    const email = 'left@example.com';
    const channelId = await changed('gmail', 'imap', email);
    await api.call('DELETE', `/v1/channels/${channelId}`);
    expect(await leaveChannel(stage.context, { tenantId: TENANT, channelId })).toBe(true);
    expect([await at.restingIn(channelId), await revokedTokens('gmail', email)]).toEqual([0, 1]);
  });

  test('by a worker that lacks the former access type leaves it to another one, for which an erasure waits', async () => {
    const email = 'left-to-another@example.com';
    const channelId = await changed('gmail', 'imap', email, 'erased');
    expect((await api.call('DELETE', '/v1/tenants/erased')).status).toBe(202);
    const lacking: Context = { ...stage.context, providers: new Map() };
    expect(await leaveChannel(lacking, { tenantId: 'erased', channelId })).toBe(true);
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([1, 0]);
    await at.endRests();
    expect([await at.restingIn(channelId), await revokedTokens('gmail', email)]).toEqual([0, 1]);
    expect((await api.call('GET', `/v1/channels/${channelId}`)).status).toBe(404);
  });
});

describe('the way back', () => {
  test('is one step: a repeated request does not go on to the access before', async () => {
    const email = 'two-changes@example.com';
    const channelId = await changed('imap', 'gmail', email);
    expect((await at.change(channelId, 'exchange', email, { attested: true })).code).toBeNull();
    expect((await at.revert(channelId)).json).toMatchObject({ access_type: 'gmail', previous_access: null });
    expect(await at.revert(channelId)).toMatchObject({ status: 409, json: { code: 'nothing_to_revert' } });
    expect((await at.show(channelId)).access_type).toBe('gmail');
    await at.endRests();
    expect(await at.restingIn(channelId)).toBe(0);
  });

  test('does not lead past the policy', async () => {
    const channelId = await changed('imap', 'gmail', 'forbidden@example.com', 'strict-tenant');
    await policy('strict-tenant', ['gmail']);
    expect(await at.revert(channelId)).toMatchObject({ status: 403, json: { code: 'access_type_not_allowed' } });
    expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 2 });
    await policy('strict-tenant', null);
    expect((await at.revert(channelId)).status).toBe(200);
  });

  test('shows when the access was last verified, which is not when the one that is left was', async () => {
    const email = 'verified@example.com';
    const channelId = await at.connect('imap', email);
    await raised.sql`update channels set last_verified_at = '2026-01-02T03:04:05Z' where id = ${channelId}`;
    expect((await at.change(channelId, 'gmail', email, { attested: true })).code).toBeNull();
    expect((await at.revert(channelId)).json.last_verified_at).toBe('2026-01-02T03:04:05.000Z');
  });
});

test('an old link to sign in again offers the present access, and the former one only as the policy allows', async () => {
  const email = 'old-link@example.com';
  const channelId = await at.connect('imap', email, 'linked');
  const link = await links.reauthorizeLink(channelId, { allow_server_change: true });
  expect((await at.change(channelId, 'gmail', email, { attested: true })).code).toBeNull();
  await policy('linked', ['gmail']);
  const { json } = await browse(api)('GET', `${link.path}/session`);
  expect(json).toMatchObject({ access_types: ['gmail'], other_access_types: [] });
  expect((await at.signIn(link.path, 'imap', email)).code).toBe('access_type_not_allowed');
  expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 2 });
});

/** A context whose refreshes hold their answer in memory until the test lets them go on. */
function withheldAnswers() {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const providers = new Map(
    [...stage.context.providers].map(([accessType, provider]) => {
      const oauth = provider.signIn.oauth.map((one) => ({
        ...one,
        async refreshRequest(...given: Parameters<typeof one.refreshRequest>) {
          const answer = await one.refreshRequest(...given);
          reached.resolve();
          await gate.promise;
          return answer;
        },
      }));
      return [accessType, { ...provider, signIn: { ...provider.signIn, oauth } }] as const;
    }),
  );
  return { context: { ...stage.context, providers }, reached: reached.promise, goOn: () => gate.resolve() };
}

describe('while the answer to a strict refresh token is awaited', () => {
  const WANTED = { tenantId: TENANT, accessType: 'gmail' } as const;

  async function changedMeanwhile(email: string) {
    await stage.sandbox.settings('google', { refresh_rotation: 'strict' });
    const channelId = await at.connect('gmail', email);
    const { context, reached, goOn } = withheldAnswers();
    const refreshing = refreshCredential(context, { ...WANTED, channelId, version: 1 });
    await reached;
    expect((await at.change(channelId, 'imap', email, { attested: true })).code).toBeNull();
    const answer = async () => {
      goOn();
      await refreshing;
      await stage.sandbox.settings('google', { refresh_rotation: 'none' });
    };
    return { channelId, answer };
  }

  test('its access at rest does not end; then the new token is revoked', async () => {
    const email = 'ending-in-flight@example.com';
    const { channelId, answer } = await changedMeanwhile(email);
    await at.passHour(channelId);
    await at.endRests();
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([1, 0]);
    await answer();
    await at.passHour(channelId);
    await at.endRests();
    expect([await at.restingIn(channelId), await revokedTokens('gmail', email)]).toEqual([0, 1]);
  });

  test('rule 3: no other refresh sends it after the way back', async () => {
    const email = 'back-in-flight@example.com';
    const { channelId, answer } = await changedMeanwhile(email);
    expect((await at.revert(channelId)).status).toBe(200);
    const sent = async () => (await stage.sandbox.requests('google', 'token', email)).length;
    const before = await sent();
    expect(await refreshCredential(stage.context, { ...WANTED, channelId, version: 3 })).toBe('busy');
    expect(await sent()).toBe(before);
    await answer();
    expect(await at.show(channelId)).toMatchObject({ status: 'connected', credential_version: 4 });
    expect(await refreshCredential(stage.context, { ...WANTED, channelId, version: 4 })).toBe('refreshed');
  });

  test('it renews the end of the grant at rest', async () => {
    const { channelId, answer } = await changedMeanwhile('renewed-at-rest@example.com');
    const soon = new Date(Date.now() + 3_600_000);
    await raised.sql`update former_accesses set expiry_warn_at = ${soon} where channel_id = ${channelId}`;
    await answer();
    const [row] = await raised.sql`select expiry_warn_at from former_accesses where channel_id = ${channelId}`;
    expect(row?.['expiry_warn_at']).not.toEqual(soon);
  });
});

test('rule 7: a sign-in whose proof compared nothing does not move the channel, attested or not', async () => {
  const email = 'raced@example.com';
  const channelId = await at.connect('imap', email);
  const made = await at.changeLink(channelId, { access_types: ['imap'], attested: true });
  const [link, channel, kept] = await stage.context.database.inTenant(TENANT, async (tx) => [
    await findLink(tx, made.id),
    await findChannel(tx, channelId),
    await findCredentialState(tx, channelId),
  ]);
  if (!link || !channel?.server) throw new Error('the channel has no link and server');
  const credential = { kind: 'password', server: channel.server, username: email, password: at.password } as const;
  const access = { ...credential, email, mailbox: email, context: {} };
  const proof = await proveSignIn(stage.context, 'imap', access, AbortSignal.timeout(20_000), {
    isPinned: true,
    movable: { channel, kept },
  });
  expect((await at.change(channelId, 'gmail', email, { attested: true })).code).toBeNull();
  const signIn = { tenantId: TENANT, link, accessType: 'imap', spec: link.spec, credential, proof, coveredUntil: null };
  expect(await completeSignIn(stage.context, signIn)).toMatchObject({ status: 'failed', code: 'state_invalid' });
  expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 2 });
});

test('a server that only the secret told is not remembered once the channel has another access', async () => {
  const email = 'remembered@example.com';
  const channelId = await at.connect('imap', email);
  const find = () => stage.context.database.inTenant(TENANT, (tx) => findChannel(tx, channelId));
  const { server = null, serverKey = '' } = (await find()) ?? {};
  await raised.sql`update channels set server = null, server_key = '' where id = ${channelId}`;
  const stale = await find();
  if (!server || !stale) throw new Error('the channel had no server');
  expect((await at.change(channelId, 'gmail', email, { attested: true })).code).toBeNull();
  await rememberServer(stage.context, stale, { server, serverKey });
  expect(await find()).toMatchObject({ server: null, serverKey: '', accessType: 'gmail' });
});
