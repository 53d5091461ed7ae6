import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, it } from 'vitest';
import { askFor } from '../../channels/wake.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { messages } from '../../db/schema/messages.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';

const HOUR_MS = 3_600_000;
/** More than one process has slots for at a token endpoint. */
const HANGING = 46;
const HANGS_FOR_MS = 20_000;

/* A real Temporal server, with the queues of a worker process: what holds the slots of one delays no other. */
let engine: Engine;
beforeAll(async () => {
  engine = await raiseEngine(await raiseStage(), { timeSkipping: false, config: { pollIntervalMs: HOUR_MS } });
}, 180_000);
afterAll(() => engine.close());

const read = (tenantId: string, channelId: string) =>
  engine.context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));

/** A channel whose first poll is done. */
async function asleep(tenantId: string, email: string) {
  const channelId = channelOf(await connectGmail(engine, email, { tenantId }));
  await until(
    'the first poll',
    async () => ((await read(tenantId, channelId))?.nextPollAt ?? new Date(0)) > new Date(),
  );
  return { tenantId, channelId };
}

it('rule 13: refreshes of one tenant that hang in every slot do not delay another tenant’s message', async () => {
  const names = Array.from({ length: HANGING }, (_, at) => `hanging-${at}@example.com`);
  const hanging = await Promise.all(names.map((email) => asleep('busy', email)));
  const quick = await asleep('quick', 'quick@example.com');
  for (const email of names)
    await engine.sandbox.fault('google', email, 'slow', { kind: 'token', ms: HANGS_FOR_MS, times: 1 });
  for (const channel of hanging) await askFor(engine.context, channel, 'refreshRequestedAt');
  await until('the hanging refreshes', async () => {
    const states = await Promise.all(hanging.map(({ channelId }) => engine.channel(channelId).describe()));
    return states.every(({ raw }) =>
      raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'refresh'),
    );
  });
  await engine.sandbox.deliver('google', 'quick@example.com', 1);
  await askFor(engine.context, quick, 'pollRequestedAt');
  const isStored = () =>
    engine.context.database.inTenant(quick.tenantId, async (tx) => {
      const found = await tx
        .select({ id: messages.id })
        .from(messages)
        .where(and(eq(messages.tenantId, quick.tenantId), eq(messages.channelId, quick.channelId)));
      return found.length === 1;
    });
  await until('the message', isStored, HANGS_FOR_MS / 3);
}, 60_000);
