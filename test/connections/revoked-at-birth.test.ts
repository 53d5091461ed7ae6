import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import type { Context } from '../../runtime/context.ts';
import { endFormerAccesses } from '../../background/former-accesses.ts';
import { locationOf } from '../api/links-of.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { browse } from '../support/api.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { changing } from './changing.ts';

/*
 * A sign-in of a grant meets the revocation of the same grant, which another tenant's channel gives up. At every interleaving the
 * revocation is left out, or the sign-in is refused and the person signs in once more: no channel is connected by tokens that
 * died with the old ones.
 */

let raised: RaisedApi;
let stage: RaisedApi['stage'];
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  raised = await raiseApi();
  ({ stage } = raised);
  at = changing(raised);
}, 60_000);
afterAll(() => raised?.close());

const NEIGHBOUR = 'neighbour';

/** What gives the grant of Google up: the end of a former access, or a disconnect. */
interface GivingUp {
  prepare: (email: string) => Promise<string>;
  end: (context: Context, channelId: string) => Promise<unknown>;
}

const WAYS_TO_GIVE_UP: [string, GivingUp][] = [
  [
    'the end of a former access',
    {
      async prepare(email) {
        const channelId = await at.connect('gmail', email);
        expect((await at.change(channelId, 'imap', email, { attested: true })).code).toBeNull();
        await at.passHour(channelId);
        return channelId;
      },
      end: (context) => endFormerAccesses(context),
    },
  ],
  [
    'a disconnect',
    {
      async prepare(email) {
        const channelId = await at.connect('gmail', email);
        await raised.api.call('DELETE', `/v1/channels/${channelId}`);
        return channelId;
      },
      end: (context, channelId) => disconnectChannel(context, { tenantId: 'acme', channelId }),
    },
  ],
];

/** A context whose revocations wait for the test before they leave. */
function waitingRevocations() {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const providers = new Map(
    [...stage.context.providers].map(([accessType, provider]) => {
      const oauth = provider.signIn.oauth.map((one) => ({
        ...one,
        async revoke(...given: Parameters<typeof one.revoke>) {
          reached.resolve();
          await gate.promise;
          return one.revoke(...given);
        },
      }));
      return [accessType, { ...provider, signIn: { ...provider.signIn, oauth } }] as const;
    }),
  );
  return { context: { ...stage.context, providers }, reached: reached.promise, goOn: () => gate.resolve() };
}

/** A link of the neighbour's to a channel that has the same mailbox by a password: it moves to the grant. */
async function neighbour(email: string) {
  const channelId = await at.connect('imap', email, NEIGHBOUR);
  const link = await at.changeLink(channelId, { access_types: ['gmail'], attested: true });
  return { channelId, link };
}

async function isConnected(channelId: string): Promise<boolean> {
  const { access_type: accessType, credential_version: version } = await at.show(channelId);
  if (accessType !== 'gmail') return false;
  const input = { tenantId: NEIGHBOUR, accessType, channelId, version } as const;
  return (await refreshCredential(stage.context, input)) === 'refreshed';
}

/** A sign-in that has its tokens and waits for its account; `commit` lets it go on and answers with its code. */
async function exchanged(link: { path: string }, email: string) {
  const browser = browse(raised.api);
  const { json } = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
  const back = await stage.sandbox.consent(json.authorization_url, email);
  const asked = async () => (await stage.sandbox.requests('google', 'token', email)).length;
  const before = await asked();
  const account = JSON.stringify([NEIGHBOUR, 'gmail', email, '']);
  const release = await holdTransaction(
    raised.sql,
    (tx) => tx`select pg_advisory_xact_lock(hashtextextended(${account}, 0))`,
  );
  const returning = browser('GET', back);
  await expect.poll(waiting, { timeout: 30_000 }).toBe(1);
  expect(await asked()).toBe(before + 1);
  return {
    async commit() {
      await release();
      return locationOf(await returning).searchParams.get('code');
    },
  };
}

/** How many transactions wait for a lock of another. */
const waiting = async () =>
  (
    await raised.sql`
      select pid from pg_stat_activity
      where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`
  ).length;

describe.each(WAYS_TO_GIVE_UP)('S-09: a sign-in of a grant that is given up: %s', (name, { prepare, end }) => {
  const address = (what: string) => `${what}-${name.replaceAll(' ', '-')}@example.com`;

  test('decides after a sign-in that has not committed yet, and leaves the grant', async () => {
    const email = address('before');
    const mine = await neighbour(email);
    const leaving = await prepare(email);
    const release = await holdTransaction(
      raised.sql,
      (tx) => tx`select from channels where id = ${mine.channelId} for update`,
    );
    const signing = at.signIn(mine.link.path, 'gmail', email);
    await expect.poll(waiting, { timeout: 30_000 }).toBe(1);
    let isOver = false;
    const ending = end(stage.context, leaving).finally(() => {
      isOver = true;
    });
    await expect.poll(async () => isOver || (await waiting()) === 2, { timeout: 30_000 }).toBe(true);
    await release();
    expect((await signing).code).toBeNull();
    await ending;
    expect(await at.revocations('gmail', email)).toBe(0);
    expect(await isConnected(mine.channelId)).toBe(true);
  });

  test('has decided and its call is under way: a sign-in is refused, and the next one is connected', async () => {
    const email = address('under-way');
    const mine = await neighbour(email);
    const leaving = await prepare(email);
    const { context, reached, goOn } = waitingRevocations();
    const ending = end(context, leaving);
    await reached;
    const before = await at.show(mine.channelId);
    expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBe('state_invalid');
    expect(await at.show(mine.channelId)).toEqual(before);
    goOn();
    await ending;
    expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBeNull();
    expect(await isConnected(mine.channelId)).toBe(true);
  });

  test('is over between the tokens of a sign-in and its commit: it is refused, and the next one is connected', async () => {
    const email = address('between');
    const mine = await neighbour(email);
    const leaving = await prepare(email);
    const signing = await exchanged(mine.link, email);
    await end(stage.context, leaving);
    expect(await at.revocations('gmail', email)).toBe(1);
    expect(await signing.commit()).toBe('state_invalid');
    expect(await at.show(mine.channelId)).toMatchObject({ access_type: 'imap', credential_version: 1 });
    expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBeNull();
    expect(await isConnected(mine.channelId)).toBe(true);
  });

  test('fails at the provider: a sign-in before the next try is connected, and the grant is left', async () => {
    const email = address('failed');
    const mine = await neighbour(email);
    const leaving = await prepare(email);
    const fault = await stage.sandbox.fault('google', email, 'unavailable', { kind: 'revoke' });
    await end(stage.context, leaving);
    await stage.sandbox.mend(fault.id);
    const tried = await at.revocations('gmail', email);
    expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBeNull();
    await at.passHour(leaving);
    await end(stage.context, leaving);
    expect(await at.revocations('gmail', email)).toBe(tried);
    expect(await isConnected(mine.channelId)).toBe(true);
  });
});

test('a refused sign-in drops its grant by the same rule: another sign-in of it is not connected by a dead token', async () => {
  const email = 'dropped@example.com';
  const mine = await neighbour(email);
  const channelId = await at.connect('imap', 'someone-else@example.com');
  const wrong = await at.changeLink(channelId, { access_types: ['gmail'], attested: true });
  const signing = await exchanged(mine.link, email);
  expect((await at.signIn(wrong.path, 'gmail', email)).code).toBe('account_mismatch');
  expect(await at.revocations('gmail', email)).toBe(1);
  expect(await signing.commit()).toBe('state_invalid');
  expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBeNull();
  expect(await isConnected(mine.channelId)).toBe(true);
});

test('a claim whose process died holds the sign-ins of its grant up only for its time', async () => {
  const email = 'claimed@example.com';
  const mine = await neighbour(email);
  await WAYS_TO_GIVE_UP[0]?.[1].prepare(email);
  const [row] = await raised.sql`select grant_key from former_accesses order by id desc limit 1`;
  await raised.sql`
    insert into grant_revocations (grant_key, until) values (${row?.['grant_key']}, now() + interval '30 seconds')`;
  expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBe('state_invalid');
  await raised.sql`update grant_revocations set until = now() where grant_key = ${row?.['grant_key']}`;
  expect((await at.signIn(mine.link.path, 'gmail', email)).code).toBeNull();
  expect(await isConnected(mine.channelId)).toBe(true);
});
