import { eq } from 'drizzle-orm';
import { changeChannel } from '../../channels/wake.ts';
import { requestDisconnect } from '../../connections/request-disconnect.ts';
import { findChannel, updateChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { letHappen } from '../../channels/happenings.ts';
import { findRunningImport } from '../../db/imports/imports.ts';
import { messages } from '../../db/schema/messages.ts';
import { listTimeline } from '../../db/events/timeline.ts';
import type { EventType } from '../../domain/event.ts';
import type { Engine } from '../support/engine.ts';

/** What tests do to a channel and ask of it, the way the API does. */
export function lifeOf(engine: Engine, channelId: string, tenantId = 'acme') {
  const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => engine.context.database.inTenant(tenantId, work);
  const read = async (): Promise<ChannelRow> => {
    const row = await inTenant((tx) => findChannel(tx, channelId));
    if (!row) throw new Error(`There is no channel ${channelId}`);
    return row;
  };
  const fact = async (write: (tx: Transaction, row: ChannelRow, now: Date) => Promise<unknown>): Promise<void> => {
    await changeChannel(engine.context, { tenantId, channelId }, async ({ tx, now, wake }, row) => {
      await write(tx, row, now);
      await wake(row);
    });
  };
  return {
    inTenant,
    read,
    fact,
    /** Whether listeners watch it: its workflow has no poll to do. */
    isWatched: async () => {
      const { nextPollAt, pollRequestedAt } = await read();
      return nextPollAt === null && pollRequestedAt === null;
    },
    credential: () => inTenant((tx) => findCredential(tx, channelId)),
    askForPoll: () => fact((tx, _row, now) => updateChannel(tx, channelId, { pollRequestedAt: now })),
    pause: () => fact((tx, row, now) => letHappen(tx, row, { type: 'paused' }, now)),
    resume: () => fact((tx, row, now) => letHappen(tx, row, { type: 'resumed' }, now, { nextPollAt: now })),
    disconnect: async () => {
      await changeChannel(engine.context, { tenantId, channelId }, (waking, row) =>
        requestDisconnect(waking, row, { erase: false }),
      );
    },
    command: async (name: 'refreshNow' | 'verify', waitMs = 20_000) =>
      engine.context.temporal.command(await read(), name, waitMs),
    /** The import under way. */
    import: () => inTenant((tx) => findRunningImport(tx, channelId)),
    stored: () =>
      inTenant(async (tx) => {
        const rows = await tx.select({ id: messages.id }).from(messages).where(eq(messages.channelId, channelId));
        return rows.length;
      }),
    told: async (type: EventType) => {
      const events = await inTenant((tx) => listTimeline(tx, { channelId, before: null, limit: 5_000 }));
      return events.filter((event) => event.type === type).length;
    },
    workflow: engine.channel(channelId),
  };
}
export type Life = ReturnType<typeof lifeOf>;
