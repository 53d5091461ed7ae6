import { and, asc, desc, eq, lt, sql } from 'drizzle-orm';
import type { InferSelectModel } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { isAfter } from './feed.ts';
import type { FeedPosition } from './feed.ts';
import { events } from '../schema/events.ts';

export type EventRow = InferSelectModel<typeof events>;

/**
 * A channel's events, newest first, before the place `before` in the order of writing; what is written meanwhile is newer and
 * disturbs no later page. The diary shows an event before it is settled.
 */
export async function listTimeline(
  tx: Transaction,
  { channelId, before, limit }: { channelId: string; before: bigint | null; limit: number },
): Promise<EventRow[]> {
  const older = before === null ? undefined : lt(events.seq, sql`${before.toString()}::bigint`);
  return tx
    .select()
    .from(events)
    .where(and(eq(events.channelId, channelId), older))
    .orderBy(desc(events.seq))
    .limit(limit);
}

/** The settled events after `position`, oldest first (rule 12). `tenantId` null: all that is seen. */
export async function listEvents(
  tx: Transaction,
  { tenantId, position, limit }: { tenantId: string | null; position: Pick<FeedPosition, 'number'>; limit: number },
): Promise<EventRow[]> {
  return tx
    .select()
    .from(events)
    .where(and(isAfter(events, position), tenantId === null ? undefined : eq(events.tenantId, tenantId)))
    .orderBy(asc(events.number))
    .limit(limit);
}
