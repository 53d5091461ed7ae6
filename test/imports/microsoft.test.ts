import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditChannel } from '../../imports/audit.ts';
import type { Context } from '../../runtime/context.ts';
import { channelOf, connectMicrosoft } from '../support/connect.ts';
import type { SandboxMessage } from '../support/sandbox-control.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, messageIds, TENANT } from './importing.ts';
import { expectWholeGap } from './whole-gap.ts';

/** `GAP=10000` is the long form. */
const GAP = Number(process.env['GAP'] ?? 300);
const HOUR_MS = 3_600_000;

/* Microsoft Graph, through the sandbox: no cursor as of now, deltas that are no proof, windows that are. */
let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage();
  await stage.sandbox.settings('microsoft', { token_life_s: 24 * 3_600 });
}, 60_000);
afterAll(() => stage.close());

const deliver = (email: string, count: number, more = {}) => stage.sandbox.deliver('microsoft', email, count, more);

/** Connects an account, and lets its first import end. */
async function connected(email: string, context: Context = stage.context): Promise<string> {
  await stage.sandbox.account('microsoft', email);
  const channelId = channelOf(await connectMicrosoft(stage, email));
  await settle(channelId, context);
  return channelId;
}

const settle = (channelId: string, context: Context = stage.context) => importing(context).settle(channelId);

const move = (email: string, { provider_id: id }: SandboxMessage, folder: string) =>
  stage.sandbox.call('PATCH', `/control/accounts/microsoft/${email}/messages/${encodeURIComponent(id)}`, { folder });

describe('a mailbox at Microsoft', () => {
  test('begins with the connection: what was there before stays out, what comes then is imported', async () => {
    const email = 'begin@contoso.example';
    await stage.sandbox.account('microsoft', email);
    await deliver(email, 40, { date: '2026-01-01T00:00:00Z' });
    const channelId = await connected(email);
    const { stored, channel } = importing(stage.context);
    expect(await stored(channelId)).toEqual([]);
    const came = [...(await deliver(email, 3)), ...(await deliver(email, 2, { folder: 'Projects' }))];
    await settle(channelId);
    expect(idsOf(await stored(channelId))).toEqual(messageIds(came));
    expect(await channel(channelId)).toMatchObject({ status: 'connected', importState: 'idle' });
  });

  test(`a gap of ${GAP} over an expired cursor is imported whole, each message once`, async () => {
    const email = 'gap@contoso.example';
    const channelId = await connected(email);
    await expectWholeGap(stage, { provider: 'microsoft', email, channelId, count: GAP });
  }, 600_000);

  test('a message that is moved between folders is the same message', async () => {
    const email = 'moved@contoso.example';
    const channelId = await connected(email);
    const [message] = await deliver(email, 1);
    await settle(channelId);
    await move(email, message!, 'Projects');
    await settle(channelId);
    await move(email, message!, 'INBOX');
    await settle(channelId);
    expect(await importing(stage.context).stored(channelId)).toHaveLength(1);
  });

  test('what leaves Junk is imported, also when its date is older than the last poll', async () => {
    const email = 'junk@contoso.example';
    const channelId = await connected(email);
    const [message] = await deliver(email, 1, { folder: 'Junk Email' });
    await settle(channelId);
    const { stored } = importing(stage.context);
    expect(await stored(channelId)).toEqual([]);
    await move(email, message!, 'INBOX');
    await settle(channelId);
    expect(idsOf(await stored(channelId))).toEqual(messageIds([message!]));
  });

  test('the daily comparison finds by date what no delta told', async () => {
    const { clock } = stage.context;
    const later = {
      ...stage.context,
      clock: { now: async () => new Date((await clock.now()).getTime() + 18 * HOUR_MS) },
    };
    const email = 'untold@contoso.example';
    const channelId = await connected(email);
    await stage.sandbox.setClock(9 * 3_600);
    const told = await deliver(email, 3);
    const untold = await deliver(email, 2, { unannounced: true });
    await stage.sandbox.setClock(18 * 3_600);
    await settle(channelId, later);
    const { stored } = importing(later);
    expect(idsOf(await stored(channelId))).toEqual(messageIds(told));
    await new MockActivityEnvironment().run(() => auditChannel(later, { tenantId: TENANT, channelId }));
    expect(idsOf(await stored(channelId))).toEqual(messageIds([...told, ...untold]));
    await stage.sandbox.setClock(0);
  });
});
