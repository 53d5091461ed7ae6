import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditChannel } from '../../imports/audit.ts';
import type { Provider } from '../../providers/contract.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { idsOf, importing, TENANT } from './importing.ts';
import { dice, ModelMailbox } from './model/model-mailbox.ts';
import { modelProvider } from './model/model-provider.ts';

const HOUR_MS = 3_600_000;
const INBOX = 'INBOX';

/*
 * A change listing that lies: a message that was moved away and back between two rounds is never told again, and the
 * cursor goes past it. Only a listing by date shows it.
 */
let nowMs = Date.parse('2026-03-01T12:00:00Z');
let stage: Stage;
let mailbox: ModelMailbox;
let channelId: string;
let connected = 0;
/** Ids that no change listing of the inbox tells. */
const untold = new Set<string>();

beforeAll(async () => {
  const model = modelProvider(() => ({ mailbox, tellsTime: true, walks: false, roll: dice(3), meet: () => {} }));
  const clock = { now: async () => new Date(++nowMs) };
  stage = await raiseStage({ given: { clock, providers: new Map([['imap', lying(model)]]) } });
}, 180_000);
afterAll(() => stage.close());
beforeEach(async () => {
  untold.clear();
  mailbox = new ModelMailbox([INBOX, 'Projects'], 0, () => new Date(nowMs));
  channelId = channelOf(await connectImap(stage, `lied-to-${++connected}@example.com`, secret('password')));
  mailbox.connected = true;
  pass(HOUR_MS);
});

/** Dates that are exact to the second, so that little is looked at twice. */
function lying(model: Provider): Provider {
  return {
    ...model,
    capabilities: { ...model.capabilities, windowOverlapMs: HOUR_MS },
    async openSession(access, signal) {
      const session = await model.openSession(access, signal);
      return {
        ...session,
        async listChanges(...asked) {
          const page = await session.listChanges(...asked);
          const [{ scope }] = asked;
          return { ...page, items: page.items.filter(({ providerId }) => scope !== INBOX || !untold.has(providerId)) };
        },
      };
    },
  };
}

const pass = (ms: number) => (nowMs += ms);
const poll = () => importing(stage.context).poll(channelId);
const audit = () =>
  new MockActivityEnvironment().run(() => auditChannel(stage.context, { tenantId: TENANT, channelId }));
const stored = async () => idsOf(await importing(stage.context).stored(channelId));
const all = () => idsOf(mailbox.arrived);

/** Mail of which the second message is moved away and back before the next round. */
function deliverAndLose(count: number): void {
  const inbox = mailbox.folder(0);
  untold.add(String(inbox.nextUid + 1));
  mailbox.deliver(inbox, count);
}

describe('a message that the change listing loses', () => {
  test('is found by the daily audit, and counted as repaired', async () => {
    deliverAndLose(5);
    await poll();
    expect(await stored()).toHaveLength(4);
    pass(2 * HOUR_MS);
    await poll();
    await audit();
    expect(await stored()).toEqual(all());
    const [found] = (await importing(stage.context).imports(channelId)).filter((row) => row.audit);
    expect(await importing(stage.context).receipt(found?.id ?? '')).toMatchObject({ repaired: 1, missing: 0 });
  });

  test('before a gap is found by the comparison after it, though the gap was long and no audit came between', async () => {
    deliverAndLose(3);
    await poll();
    expect(await stored()).toHaveLength(2);
    pass(20 * HOUR_MS);
    await poll();
    pass(100 * HOUR_MS);
    mailbox.deliver(mailbox.folder(1), 4);
    const { queue, finish, receipt } = importing(stage.context);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    await finish(channelId, importId);
    expect(await stored()).toEqual(all());
    expect(await receipt(importId)).toMatchObject({ imported: 5, repaired: 1, missing: 0 });
  });

  test('within a gap is found by the comparison', async () => {
    pass(100 * HOUR_MS);
    deliverAndLose(6);
    const { queue, finish, receipt } = importing(stage.context);
    const importId = await queue(channelId, { cause: 'reauthorized' });
    await finish(channelId, importId);
    expect(await stored()).toEqual(all());
    expect(await receipt(importId)).toMatchObject({ imported: 6, repaired: 1, missing: 0 });
  });

  test('is brought by a window that is asked for', async () => {
    deliverAndLose(3);
    await poll();
    const { queue, finish } = importing(stage.context);
    const windowFrom = new Date(nowMs - HOUR_MS / 2);
    await finish(channelId, await queue(channelId, { cause: 'requested', windowFrom }));
    expect(await stored()).toEqual(all());
  });
});
