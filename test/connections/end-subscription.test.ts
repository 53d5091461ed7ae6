import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import postgres from 'postgres';
import { findSubscription } from '../../db/channels/subscriptions.ts';
import { renewSubscription } from '../../push/subscription.ts';
import { linksOf } from '../api/links-of.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectMicrosoft } from '../support/connect.ts';
import { openPublicAddress } from '../support/public-address.ts';
import type { PublicAddress } from '../support/public-address.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { changing } from './changing.ts';

/* Microsoft has no call that ends a grant: the end of an access at rest ends its subscription by itself. */

const TENANT = 'acme';

let stage: Stage;
let api: Api;
let address: PublicAddress;
let sql: postgres.Sql;
let at: ReturnType<typeof changing>;

beforeAll(async () => {
  address = await openPublicAddress();
  stage = await raiseStage({ variables: { MOORING_PUBLIC_URL: address.url } });
  api = await startApi(stage.context);
  address.answerBy(api);
  sql = postgres(stage.databaseUrl, { max: 2 });
  at = changing({ stage, api, sql, links: linksOf(stage, api), close: async () => {} });
}, 180_000);
afterAll(async () => {
  await sql?.end();
  await api?.close();
  address?.close();
  await stage?.close();
});

async function subscribed(email: string): Promise<string> {
  await stage.sandbox.account('microsoft', email);
  const channelId = channelOf(await connectMicrosoft(stage, email));
  await renewSubscription(stage.context, { tenantId: TENANT, channelId });
  return channelId;
}

/** How many pushes about a mailbox were sent and answered. */
const pushes = async (email: string) =>
  (await stage.sandbox.requests('microsoft', 'push', email)).filter(({ status }) => status !== null).length;

test('a subscription rests with its access, and is ended with it', async () => {
  const [email, other] = ['moving@contoso.example', 'staying@contoso.example'];
  const channelId = await subscribed(email);
  await subscribed(other);
  expect((await at.change(channelId, 'imap', email, { attested: true })).code).toBeNull();
  expect(await stage.context.database.inTenant(TENANT, (tx) => findSubscription(tx, channelId))).toBeNull();
  const before = await pushes(email);
  await stage.sandbox.deliver('microsoft', email, 1);
  await vi.waitUntil(async () => (await pushes(email)) > before, 30_000);

  await at.passHour(channelId);
  await at.endRests();
  expect(await at.restingIn(channelId)).toBe(0);
  const after = await pushes(email);
  await stage.sandbox.deliver('microsoft', email, 1);
  const othersBefore = await pushes(other);
  await stage.sandbox.deliver('microsoft', other, 1);
  await vi.waitUntil(async () => (await pushes(other)) > othersBefore, 30_000);
  expect(await pushes(email)).toBe(after);
}, 120_000);

test('is ended as well where the grant lives on, as the channel has it by another access type', async () => {
  const [email, other] = ['same-grant@contoso.example', 'staying-on@contoso.example'];
  const channelId = await subscribed(email);
  await subscribed(other);
  expect((await at.change(channelId, 'imap of microsoft', email, { attested: true })).code).toBeNull();
  await at.passHour(channelId);
  await at.endRests();
  expect(await at.restingIn(channelId)).toBe(0);
  const before = await pushes(email);
  await stage.sandbox.deliver('microsoft', email, 1);
  const othersBefore = await pushes(other);
  await stage.sandbox.deliver('microsoft', other, 1);
  await vi.waitUntil(async () => (await pushes(other)) > othersBefore, 30_000);
  expect(await pushes(email)).toBe(before);
}, 120_000);
