import { DefaultLogger } from '@temporalio/worker';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pollChannel } from '../../imports/poll.ts';
import type { PollAnswer } from '../../imports/poll.ts';
import { runSlice } from '../../imports/slice.ts';
import type { SliceAnswer } from '../../imports/slice.ts';
import type { Context } from '../../runtime/context.ts';
import { findChannel } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { readReceipts } from '../../db/imports/items.ts';
import { queueImport } from '../../db/imports/imports.ts';
import type { ImportRow, NewImport } from '../../db/imports/imports.ts';
import { imports } from '../../db/schema/imports.ts';
import { messages } from '../../db/schema/messages.ts';
import { events } from '../../db/schema/events.ts';
import { asc, eq } from 'drizzle-orm';
import type { AccessType } from '../../domain/access-type.ts';
import type { Receipt } from '../../domain/receipt.ts';
import type { Providers } from '../../providers/registry.ts';
import type { Session } from '../../providers/contract.ts';

export const TENANT = 'acme';

const activity = (attempt = 1) => new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') });

/** What the channel's and the import's workflow do, without a workflow: their activities, called as Temporal would. */
export function importing(context: Context) {
  const inTenant = <T>(work: (tx: Transaction) => Promise<T>) => context.database.inTenant(TENANT, work);
  const self = {
    poll: (channelId: string): Promise<PollAnswer> =>
      activity().run(() => pollChannel(context, { tenantId: TENANT, channelId })),
    /** @param attempt above 1: the one before did not come to its end */
    slice: (channelId: string, importId: string, attempt = 1, accessType?: AccessType): Promise<SliceAnswer> =>
      activity(attempt).run(() =>
        runSlice(context, { tenantId: TENANT, channelId, importId, ...(accessType && { accessType }) }),
      ),
    /** Slice after slice, without the waits between them. */
    finish: async (channelId: string, importId: string): Promise<SliceAnswer> => {
      for (let slices = 0; slices < 30; slices++) {
        const answer = await self.slice(channelId, importId);
        if (answer.done) return answer;
      }
      throw new Error('30 slices, and the import is not done');
    },
    /** Polls, and finishes the import that a poll leaves. */
    settle: async (channelId: string): Promise<void> => {
      const { importId } = await self.poll(channelId);
      if (importId !== null) await self.finish(channelId, importId);
    },
    queue: (channelId: string, wanted: Partial<NewImport> & Pick<NewImport, 'cause'>): Promise<string> =>
      inTenant(async (tx) =>
        queueImport(tx, {
          tenantId: TENANT,
          channelId,
          windowFrom: wanted.cause === 'requested' ? null : ((await findChannel(tx, channelId))?.coveredUntil ?? null),
          windowTo: null,
          movesCursor: wanted.cause !== 'requested',
          backfill: true,
          now: await context.clock.now(),
          ...wanted,
        }),
      ),
    channel: async (channelId: string): Promise<ChannelRow> => {
      const row = await inTenant((tx) => findChannel(tx, channelId));
      if (!row) throw new Error(`no channel ${channelId}`);
      return row;
    },
    stored: (channelId: string) =>
      inTenant((tx) => tx.select().from(messages).where(eq(messages.channelId, channelId)).orderBy(asc(messages.id))),
    imports: (channelId: string): Promise<ImportRow[]> =>
      inTenant((tx) => tx.select().from(imports).where(eq(imports.channelId, channelId)).orderBy(asc(imports.id))),
    receipt: (importId: string): Promise<Receipt | undefined> =>
      inTenant(async (tx) => (await readReceipts(tx, [importId])).get(importId)),
    told: (channelId: string, type: string) =>
      inTenant(async (tx) =>
        (await tx.select().from(events).where(eq(events.channelId, channelId)).orderBy(asc(events.seq))).filter(
          (event) => event.type === type,
        ),
      ),
  };
  return self;
}

/** The same dependencies, with every session of theirs changed: one message that fails, a listing that forgets. */
export function withSessions(context: Context, change: (session: Session) => Session): Context {
  const providers: Providers = new Map(
    [...context.providers].map(([accessType, provider]) => [
      accessType,
      { ...provider, openSession: async (access, signal) => change(await provider.openSession(access, signal)) },
    ]),
  );
  return { ...context, providers };
}

export const idsOf = (rows: { messageId: string | null }[]) => rows.map(({ messageId }) => messageId ?? '').toSorted();
export const messageIds = (delivered: { message_id: string }[]) =>
  delivered.map(({ message_id }) => message_id).toSorted();
