import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askFor, changeChannel, inWakingTransaction } from '../../channels/wake.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { takeNudge } from '../../db/channels/nudges.ts';
import type { Transaction } from '../../db/client.ts';
import { nudges } from '../../db/schema/channels.ts';
import { createLogger } from '../../runtime/logger.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const TENANT = 'acme';

let stage: Stage;
let channel: { tenantId: string; channelId: string };

beforeAll(async () => {
  stage = await raiseStage();
  channel = { tenantId: TENANT, channelId: channelOf(await connectGmail(stage, 'ana@example.com')) };
}, 120_000);
afterAll(() => stage.close());
beforeEach(() => inTenant((tx) => takeNudge(tx, channel.channelId)));

const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => stage.context.database.inTenant(TENANT, work);
const row = () => inTenant((tx) => findChannel(tx, channel.channelId));
const nudgeCount = () =>
  inTenant(async (tx) => (await tx.select().from(nudges).where(eq(nudges.channelId, channel.channelId))).length);

/** The stage with an engine that counts signals and may be down; what is logged is kept as lines. */
function watched({ down = false } = {}) {
  const signals: string[] = [];
  const lines: string[] = [];
  const temporal = {
    ...stage.context.temporal,
    async lookAt({ id }: { id: string }) {
      signals.push(id);
      if (down) throw new Error('The engine is down');
    },
  };
  const logger = createLogger('test', 'warn', { write: (line: string) => void lines.push(line) });
  return { context: { ...stage.context, temporal, logger }, signals, lines };
}

describe('waking a channel', () => {
  it('is one signal for a hundred facts at once', async () => {
    const { context, signals } = watched();
    await Promise.all(Array.from({ length: 100 }, () => askFor(context, channel, 'pollRequestedAt')));
    expect(signals).toEqual([channel.channelId]);
    expect(await nudgeCount()).toBe(1);
  });

  it('signals after the commit, when the fact can be read', async () => {
    const { context } = watched();
    const seen = Promise.withResolvers<Date | null>();
    const lookAt = async () => seen.resolve((await row())?.checkRequestedAt ?? null);
    await askFor({ ...context, temporal: { ...context.temporal, lookAt } }, channel, 'checkRequestedAt');
    expect(await seen.promise).toBeInstanceOf(Date);
  });

  it('an engine that is down fails no request: it is logged, and the nudge is left for the reconcile', async () => {
    const { context, signals, lines } = watched({ down: true });
    const answer = await changeChannel(context, channel, async ({ wake }, found) => {
      await wake(found);
      return 'written';
    });
    expect(answer).toBe('written');
    expect(signals).toEqual([channel.channelId]);
    expect(await nudgeCount()).toBe(1);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ channelId: channel.channelId }]);
  });

  it('tells nothing of a transaction that failed', async () => {
    const { context, signals } = watched();
    const failing = inWakingTransaction(context, TENANT, async ({ tx, wake }) => {
      await wake((await findChannel(tx, channel.channelId))!);
      throw new Error('no commit');
    });
    await expect(failing).rejects.toThrow('no commit');
    expect(signals).toEqual([]);
    expect(await nudgeCount()).toBe(0);
  });

  it('does nothing about a channel that is gone', async () => {
    const { context, signals } = watched();
    expect(await changeChannel(context, { ...channel, channelId: 'chn_gone' }, async () => 'written')).toBeNull();
    expect(signals).toEqual([]);
  });
});
