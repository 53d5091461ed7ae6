import { eq } from 'drizzle-orm';
import { disconnectLocked } from '../../api/routes/channels.ts';
import { findChannel, lockChannel, updateChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { letHappen } from '../../channels/happenings.ts';
import { findRunningImport } from '../../db/imports/imports.ts';
import { nudge } from '../../db/channels/nudges.ts';
import { messages } from '../../db/schema/messages.ts';
import { listTimeline } from '../../db/events/timeline.ts';
import type { EventType } from '../../domain/event.ts';
import type { Engine } from '../support/engine.ts';

const TENANT = 'acme';

/** What tests do to a channel and ask of it, the way the API does. */
export function lifeOf(engine: Engine, channelId: string) {
  const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => engine.context.database.inTenant(TENANT, work);
  const read = async (): Promise<ChannelRow> => {
    const row = await inTenant((tx) => findChannel(tx, channelId));
    if (!row) throw new Error(`There is no channel ${channelId}`);
    return row;
  };
  /** Writes a fact with its nudge, and signals when the nudge is new. True when it was. */
  const fact = async (write: (tx: Transaction, row: ChannelRow, now: Date) => Promise<unknown>): Promise<boolean> => {
    const now = await engine.context.clock.now();
    const { row, isNew } = await inTenant(async (tx) => {
      const row = await lockChannel(tx, channelId);
      if (!row) throw new Error(`There is no channel ${channelId}`);
      await write(tx, row, now);
      return { row, isNew: await nudge(tx, TENANT, channelId, now) };
    });
    if (isNew) await engine.context.temporal.lookAt(row);
    return isNew;
  };
  return {
    inTenant,
    read,
    fact,
    credential: () => inTenant((tx) => findCredential(tx, channelId)),
    askForPoll: () => fact((tx, _row, now) => updateChannel(tx, channelId, { pollRequestedAt: now })),
    pause: () => fact((tx, row, now) => letHappen(tx, row, { type: 'paused' }, now)),
    resume: () => fact((tx, row, now) => letHappen(tx, row, { type: 'resumed' }, now, { nextPollAt: now })),
    disconnect: async () => {
      const now = await engine.context.clock.now();
      const { row } = await inTenant(async (tx) => {
        const locked = await lockChannel(tx, channelId);
        if (!locked) throw new Error(`There is no channel ${channelId}`);
        return disconnectLocked(tx, locked, { erase: false, now });
      });
      await engine.context.temporal.lookAt(row);
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
