import { afterAll, beforeAll, expect, test } from 'vitest';
import { channelOf, connectExchange } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds } from './importing.ts';
import { expectWholeGap } from './whole-gap.ts';

/** `GAP=10000` is the long form. */
const GAP = Number(process.env['GAP'] ?? 300);

/* Exchange on premises, through the sandbox: sync states, ids that change with every move, batches that stop. */
let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
}, 60_000);
afterAll(() => stage.close());

const deliver = (email: string, count: number, more = {}) => stage.sandbox.deliver('exchange', email, count, more);
const fault = (email: string, name: string, more = {}) => stage.sandbox.fault('exchange', email, name, more);

const settle = (channelId: string) => importing(stage.context).settle(channelId);

/** Connects an account, and lets its first import end. */
async function connected(email: string): Promise<string> {
  const password = secret('exchange-password');
  await stage.sandbox.account('exchange', email, { password });
  await deliver(email, 20, { date: '2026-01-01T00:00:00Z' });
  const channelId = channelOf(await connectExchange(stage, email, password));
  await settle(channelId);
  return channelId;
}

test('a mailbox begins with the connection, and a message that is moved is the same message', async () => {
  const email = 'begin@contoso.example';
  const channelId = await connected(email);
  const { stored, channel } = importing(stage.context);
  expect(await stored(channelId)).toEqual([]);
  const came = [
    ...(await deliver(email, 12)),
    ...(await deliver(email, 2, { folder: 'Projects' })),
    ...(await deliver(email, 1, { size: 3_000_000 })),
  ];
  await deliver(email, 1, { folder: 'Junk Email' });
  await fault(email, 'batch_stopped', { times: 1 });
  await settle(channelId);
  expect(idsOf(await stored(channelId))).toEqual(messageIds(came));
  const [moved] = came;
  const path = `/control/accounts/exchange/${email}/messages/${encodeURIComponent(moved!.provider_id)}`;
  await stage.sandbox.call('PATCH', path, { folder: 'Projects' });
  await settle(channelId);
  expect(idsOf(await stored(channelId))).toEqual(messageIds(came));
  expect(await channel(channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
});

test(`a gap of ${GAP} over a forgotten sync state is imported whole, each message once`, async () => {
  const email = 'gap@contoso.example';
  const channelId = await connected(email);
  await expectWholeGap(stage, { provider: 'exchange', email, channelId, count: GAP });
}, 600_000);
