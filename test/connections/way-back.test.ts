import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { checkChannel } from '../../credentials/check.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { rewrapVault } from '../../credentials/rewrap.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing, messageIds } from '../imports/importing.ts';
import { changing, WAYS } from './changing.ts';
import type { WayName } from './changing.ts';

/*
 * For an hour a channel can go back to the access that it had before a change. Then the access before ends, and its grant is
 * revoked exactly when nothing else needs it.
 */

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage, api } = raised);
  at = changing(raised);
}, 60_000);
afterAll(() => raised?.close());

const TENANT = 'acme';

/** A channel with mail, and the same mail at the mailbox of the other way. */
async function channelOfBoth(from: WayName, to: WayName, email: string, { count = 6, tenant = TENANT } = {}) {
  const channelId = await at.connect(from, email, tenant);
  const own = await stage.sandbox.deliver(WAYS[from].at, email, count);
  if (tenant === TENANT) await importing(stage.context).settle(channelId);
  await at.account(to, email);
  if (WAYS[from].at !== WAYS[to].at) await at.copy(from, to, email);
  return { channelId, own };
}

async function changed(from: WayName, to: WayName, email: string) {
  const channel = await channelOfBoth(from, to, email);
  expect((await at.change(channel.channelId, to, email)).code).toBeNull();
  return channel;
}

const catchUp = async (channelId: string) =>
  importing(stage.context).finish(channelId, await at.runningImport(channelId));

async function refresh(channelId: string) {
  const { credential_version: version, access_type: accessType } = await at.show(channelId);
  return refreshCredential(stage.context, { tenantId: TENANT, accessType, channelId, version });
}

async function disconnect(channelId: string, tenantId = TENANT): Promise<string> {
  await api.call('DELETE', `/v1/channels/${channelId}`);
  expect(await disconnectChannel(stage.context, { tenantId, channelId })).toBe(true);
  return (await at.show(channelId)).revocation as string;
}

describe('the way back', () => {
  test('leads to the access before with a version more, and the access that is left ends at once', async () => {
    const email = 'back@example.com';
    const { channelId, own } = await changed('gmail', 'imap', email);
    await catchUp(channelId);
    const meanwhile = await stage.sandbox.deliver('google', email, 2);
    const back = await at.revert(channelId);
    expect(back).toMatchObject({
      status: 200,
      json: { id: channelId, access_type: 'gmail', credential_version: 3, previous_access: null, server: null },
    });
    const token = await stage.context.database.inTenant(TENANT, (tx) =>
      tx.execute(`select access_token_jwe from credentials where channel_id = '${channelId}'`),
    );
    expect(token[0]).toEqual({ access_token_jwe: null });
    expect(await refresh(channelId)).toBe('refreshed');
    expect(await catchUp(channelId)).toMatchObject({ state: 'completed', counts: { imported: 2, missing: 0 } });
    expect(await at.stored(channelId)).toEqual(messageIds([...own, ...meanwhile]));
    const events = await importing(stage.context).told(channelId, 'channel.access_changed');
    expect(events.map(({ data }) => data)).toMatchObject([
      { from: 'gmail', to: 'imap', reversal: false },
      { from: 'imap', to: 'gmail', reversal: true },
    ]);
    await at.endRests();
    expect(await at.restingIn(channelId)).toBe(0);
    expect(await at.revert(channelId)).toMatchObject({ status: 409, json: { code: 'nothing_to_revert' } });
    expect(await refresh(channelId)).toBe('refreshed');
  });

  test('to a password: nothing is asked of a person, and the grant that is left is revoked', async () => {
    const email = 'back-to-imap@example.com';
    const { channelId } = await changed('imap', 'gmail', email);
    expect((await at.show(channelId)).previous_access.access_type).toBe('imap');
    expect((await at.revert(channelId)).json).toMatchObject({ access_type: 'imap', credential_version: 3 });
    expect(await catchUp(channelId)).toMatchObject({ state: 'completed', counts: { imported: 0, missing: 0 } });
    expect(await at.revocations('gmail', email)).toBe(0);
    await at.endRests();
    expect(await at.revocations('gmail', email)).toBe(1);
    expect(await at.restingIn(channelId)).toBe(0);
  });

  test('is over after an hour, and where nothing was changed', async () => {
    const { channelId } = await changed('imap', 'gmail', 'late@example.com');
    await at.passHour(channelId);
    expect((await at.show(channelId)).previous_access).toBeNull();
    expect(await at.revert(channelId)).toMatchObject({ status: 409, json: { code: 'nothing_to_revert' } });
    expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 2 });
    const never = await at.connect('imap', 'never@example.com');
    expect((await at.revert(never)).json.code).toBe('nothing_to_revert');
  });

  test('is refused where another channel has the account meanwhile', async () => {
    const email = 'taken@example.com';
    const { channelId } = await changed('imap', 'gmail', email);
    const other = await at.connect('imap', email);
    const refused = await at.revert(channelId);
    expect(refused).toMatchObject({ status: 409, json: { code: 'account_connected' } });
    expect(refused.json.detail).toContain(other);
    expect(await at.show(channelId)).toMatchObject({ access_type: 'gmail', credential_version: 2 });
  });

  test('of many requests at once one goes back', async () => {
    const { channelId } = await changed('imap', 'gmail', 'at-once@example.com');
    const answers = await Promise.all(Array.from({ length: 5 }, () => at.revert(channelId)));
    expect(answers.map(({ status }) => `${status}`).toSorted()).toEqual(['200', '409', '409', '409', '409']);
    expect((await at.show(channelId)).credential_version).toBe(3);
  });
});

/** A context whose refreshes wait before their token leaves, or once their answer is in memory. */
function waitingRefreshes(at: 'before' | 'after') {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const wait = async (where: 'before' | 'after') => {
    if (where !== at) return;
    reached.resolve();
    await gate.promise;
  };
  const providers = new Map(
    [...stage.context.providers].map(([accessType, provider]) => {
      const oauth = provider.signIn.oauth.map((one) => ({
        ...one,
        async refreshRequest(...given: Parameters<typeof one.refreshRequest>) {
          await wait('before');
          const answer = await one.refreshRequest(...given);
          await wait('after');
          return answer;
        },
      }));
      return [accessType, { ...provider, signIn: { ...provider.signIn, oauth } }] as const;
    }),
  );
  return { context: { ...stage.context, providers }, reached: reached.promise, goOn: () => gate.resolve() };
}

const input = (channelId: string) => ({ tenantId: TENANT, accessType: 'gmail', channelId, version: 1 }) as const;

describe('a refresh that is under way', () => {
  test('rules 2 and 4: its answer goes to the access at rest, which works on the way back, and never to the new one', async () => {
    await stage.sandbox.settings('google', { refresh_rotation: 'strict' });
    const email = 'rotating@example.com';
    const { channelId } = await channelOfBoth('gmail', 'imap', email);
    const { context, reached, goOn } = waitingRefreshes('after');
    const refreshing = refreshCredential(context, input(channelId));
    await reached;
    expect((await at.change(channelId, 'imap', email)).code).toBeNull();
    goOn();
    await refreshing;
    expect(await at.show(channelId)).toMatchObject({ access_type: 'imap', credential_version: 2 });
    expect((await at.revert(channelId)).status).toBe(200);
    expect(await refresh(channelId)).toBe('refreshed');
    expect(await at.show(channelId)).toMatchObject({ status: 'connected', credential_version: 4 });
    await stage.sandbox.settings('google', { refresh_rotation: 'none' });
  });

  test('rule 2: its answer comes after the way back from the access that it refreshed, and is not the live one', async () => {
    const email = 'left-behind@example.com';
    const { channelId } = await channelOfBoth('imap', 'gmail', email);
    expect((await at.change(channelId, 'gmail', email)).code).toBeNull();
    const { context, reached, goOn } = waitingRefreshes('after');
    const refreshing = refreshCredential(context, { ...input(channelId), version: 2 });
    await reached;
    expect((await at.revert(channelId)).status).toBe(200);
    goOn();
    await refreshing;
    expect(await at.show(channelId)).toMatchObject({ access_type: 'imap', credential_version: 3 });
    expect(await checkChannel(stage.context, { tenantId: TENANT, channelId })).toMatchObject({ ok: true });
  });

  test('sends nothing where the change came first', async () => {
    const email = 'unsent@example.com';
    const { channelId } = await channelOfBoth('gmail', 'imap', email);
    const { context, reached, goOn } = waitingRefreshes('before');
    const before = (await stage.sandbox.requests('google', 'token', email)).length;
    const refreshing = refreshCredential(context, input(channelId));
    await reached;
    expect((await at.change(channelId, 'imap', email)).code).toBeNull();
    goOn();
    expect(await refreshing).toBe('busy');
    expect(await stage.sandbox.requests('google', 'token', email)).toHaveLength(before);
  });
});

describe('the end of an access at rest', () => {
  test('revokes its grant after the hour and not before, and shreds its secret', async () => {
    const email = 'ends@example.com';
    const { channelId } = await changed('gmail', 'imap', email);
    await at.endRests();
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([1, 0]);
    await at.passHour(channelId);
    await at.endRests();
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([0, 1]);
    await at.endRests();
    expect(await at.revocations('gmail', email)).toBe(1);
    expect(await at.show(channelId)).toMatchObject({ access_type: 'imap', status: 'connected' });
  });

  test('leaves a grant on which another channel rests, of whichever tenant; that one’s disconnect revokes it', async () => {
    const email = 'shared-grant@example.com';
    const { channelId } = await changed('gmail', 'imap', email);
    const other = await at.connect('gmail', email, 'neighbour');
    await at.passHour(channelId);
    await at.endRests();
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([0, 0]);
    expect(await disconnect(other, 'neighbour')).toBe('done');
    expect(await at.revocations('gmail', email)).toBe(1);
  });

  test('leaves a grant that the channel itself has by another access type', async () => {
    const email = 'own-grant@example.com';
    const { channelId } = await changed('gmail', 'imap of google', email);
    await at.passHour(channelId);
    await at.endRests();
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([0, 0]);
    expect(await refresh(channelId)).toBe('refreshed');
  });

  test('of two that end at once on one grant, the last revokes it once', async () => {
    const email = 'both@example.com';
    const first = await changed('gmail', 'imap', email);
    const second = await at.connect('gmail', email, 'neighbour');
    await stage.sandbox.account('exchange', email, { password: 'x' });
    expect((await at.change(second, 'exchange', email, { attested: true })).code).toBeNull();
    await Promise.all([at.passHour(first.channelId), at.passHour(second)]);
    await Promise.all([at.endRests(), at.endRests()]);
    await at.endRests();
    expect(await at.revocations('gmail', email)).toBe(1);
    expect([await at.restingIn(first.channelId), await at.restingIn(second)]).toEqual([0, 0]);
  });

  test('is tried for a day where the provider takes no revocation, and then shredded all the same', async () => {
    const email = 'unrevoked@example.com';
    const { channelId } = await changed('gmail', 'imap', email);
    const fault = await stage.sandbox.fault('google', email, 'unavailable', { kind: 'revoke' });
    await at.passHour(channelId);
    await at.endRests();
    expect(await at.restingIn(channelId)).toBe(1);
    await raised.sql`update former_accesses set rests_until = now() - interval '25 hours', ends_at = now() where channel_id = ${channelId}`;
    await at.endRests();
    expect(await at.restingIn(channelId)).toBe(0);
    await stage.sandbox.mend(fault.id);
  });
});

describe('a disconnect', () => {
  test('ends the access at rest as well', async () => {
    const email = 'leaving@example.com';
    const { channelId } = await changed('gmail', 'imap', email);
    expect(await disconnect(channelId)).toBe('unsupported');
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([0, 1]);
    expect((await at.revert(channelId)).json.code).toBe('disconnected');
  });

  test('of another channel on the grant at rest is shared, and the rest revokes it later', async () => {
    const email = 'resting-grant@example.com';
    const other = await at.connect('gmail', email, 'neighbour');
    const { channelId } = await changed('gmail', 'imap', email);
    expect(await disconnect(other, 'neighbour')).toBe('shared');
    expect(await at.revocations('gmail', email)).toBe(0);
    await at.passHour(channelId);
    await at.endRests();
    expect(await at.revocations('gmail', email)).toBe(1);
  });

  test('revokes a grant once that the channel has live and at rest', async () => {
    const email = 'live-and-resting@example.com';
    const { channelId } = await changed('gmail', 'imap of google', email);
    expect(await disconnect(channelId)).toBe('done');
    expect([await at.restingIn(channelId), await at.revocations('gmail', email)]).toEqual([0, 1]);
  });
});

test('S-22: the secret at rest is among what is put under the current keys', async () => {
  const email = 'wrapped@example.com';
  const { channelId } = await changed('gmail', 'imap', email);
  const { counts, rejected } = await rewrapVault(stage.context);
  expect(rejected).toEqual([]);
  expect(counts.some(({ table, count }) => table === 'former_accesses' && count > 0)).toBe(true);
  expect((await at.revert(channelId)).status).toBe(200);
  expect(await refresh(channelId)).toBe('refreshed');
});
